"""The neural network, from scratch: imports NumPy, the project's errors and nothing else."""

from digitnet.nn.activations import Activation, LeakyReLU, ReLU, Sigmoid, Softmax, Tanh, softmax
from digitnet.nn.adam import Adam, AdamW
from digitnet.nn.architecture import build_layers, dense_layers
from digitnet.nn.arrays import array_module, to_numpy
from digitnet.nn.averaging import WeightAverage
from digitnet.nn.batch_norm import BatchNorm
from digitnet.nn.cross_entropy import BinaryCrossEntropy, SoftmaxCrossEntropy
from digitnet.nn.dropout import Dropout
from digitnet.nn.frozen import FrozenNetwork
from digitnet.nn.gradcheck import GradientCheck, check_gradients, relative_error
from digitnet.nn.gradient_clip import GradientClip
from digitnet.nn.initializers import (
    Initializer,
    glorot_normal,
    glorot_uniform,
    he_normal,
    he_uniform,
    normal,
    ones,
    zeros,
)
from digitnet.nn.layers import Dense, Layer, ParameterSpec
from digitnet.nn.losses import Loss, MeanSquaredError
from digitnet.nn.network import Network
from digitnet.nn.optimizers import Block, Optimizer
from digitnet.nn.schedules import (
    Constant,
    Cosine,
    ExponentialDecay,
    OneCycle,
    Schedule,
    StepDecay,
    TimeDecay,
)
from digitnet.nn.sgd import SGD

__all__ = [
    "SGD",
    "Activation",
    "Adam",
    "AdamW",
    "BatchNorm",
    "BinaryCrossEntropy",
    "Block",
    "Constant",
    "Cosine",
    "Dense",
    "Dropout",
    "ExponentialDecay",
    "FrozenNetwork",
    "GradientCheck",
    "GradientClip",
    "Initializer",
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
    "array_module",
    "build_layers",
    "check_gradients",
    "dense_layers",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "normal",
    "ones",
    "relative_error",
    "softmax",
    "to_numpy",
    "zeros",
]
