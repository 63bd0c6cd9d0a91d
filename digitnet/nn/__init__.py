"""The neural network, from scratch: imports NumPy, the project's errors and nothing else."""

from digitnet.nn.activations import Activation, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh, softmax
from digitnet.nn.averaging import WeightAverage
from digitnet.nn.batch_norm import BatchNorm
from digitnet.nn.gradcheck import GradientCheck, check_gradients, relative_error
from digitnet.nn.layers import Dense, Dropout, Layer, ParameterSpec
from digitnet.nn.losses import BinaryCrossEntropy, Loss, MeanSquaredError, SoftmaxCrossEntropy
from digitnet.nn.network import Network, build_layers
from digitnet.nn.optimizers import SGD, Adam, AdamW, Optimizer
from digitnet.nn.schedules import (
    Constant,
    Cosine,
    ExponentialDecay,
    OneCycle,
    Schedule,
    StepDecay,
    TimeDecay,
)

__all__ = [
    "SGD",
    "Activation",
    "Adam",
    "AdamW",
    "BatchNorm",
    "BinaryCrossEntropy",
    "Constant",
    "Cosine",
    "Dense",
    "Dropout",
    "ExponentialDecay",
    "GradientCheck",
    "Layer",
    "LeakyReLU",
    "Loss",
    "MeanSquaredError",
    "Network",
    "OneCycle",
    "Optimizer",
    "ParameterSpec",
    "ReLU",
    "Schedule",
    "Sigmoid",
    "Softmax",
    "SoftmaxCrossEntropy",
    "StepDecay",
    "Tanh",
    "TimeDecay",
    "WeightAverage",
    "build_layers",
    "check_gradients",
    "relative_error",
    "softmax",
]
