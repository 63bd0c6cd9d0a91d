"""Losses and their gradients against PyTorch 2.13.0 (CPU, float64).

The constants are ``loss.item()`` and ``predictions.grad.tolist()`` of this program::

    torch.set_default_dtype(torch.float64)
    logits = (3 * torch.sin(torch.arange(12.0))).reshape(4, 3).requires_grad_()
    labels = torch.tensor([2, 0, 1, 1])
    targets = ((torch.cos(torch.arange(12.0)) + 1) / 2).reshape(4, 3)
    loss = torch.nn.CrossEntropyLoss(label_smoothing=0.1)(logits, labels)      # and 0.0
    loss = torch.nn.BCEWithLogitsLoss()(logits, targets)
    loss = torch.nn.MSELoss()(logits, targets)
    loss.backward()
    probabilities = torch.sigmoid(logits.detach()).requires_grad_()
    torch.nn.BCELoss()(probabilities, targets).backward()
"""

import numpy as np
import pytest

from digitnet.nn import BinaryCrossEntropy, MeanSquaredError, SoftmaxCrossEntropy

LOGITS = 3 * np.sin(np.arange(12.0)).reshape(4, 3)
PROBABILITIES = 1 / (1 + np.exp(-LOGITS))
LABELS = np.array([2, 0, 1, 1])
TARGETS = (np.cos(np.arange(12.0)).reshape(4, 3) + 1) / 2
# loss, predictions, targets, PyTorch's loss, PyTorch's gradient
CASES = [
    (
        SoftmaxCrossEntropy(),
        LOGITS,
        LABELS,
        1.2489588645103724,
        [
            [0.008685329978126302, 0.1084238786420059, -0.11710920862013219],
            [-0.02365404546921651, 0.015306798727772124, 0.00834724674144439],
            [0.003994798061215863, -0.18369937521097762, 0.17970457714976176],
            [0.23337238727780746, -0.23674709706295136, 0.0033747097851439148],
        ],
    ),
    (
        SoftmaxCrossEntropy(label_smoothing=0.1),
        LOGITS,
        LABELS,
        1.3259326295973124,
        [
            [0.00035199664479296927, 0.10009054530867256, -0.10044254195346553],
            [-0.0069873788025498484, 0.0069734653944387905, 1.391340811105618e-05],
            [-0.00433853527211747, -0.16703270854431096, 0.17137124381642843],
            [0.22503905394447413, -0.2200804303962847, -0.004958623548189418],
        ],
    ),
    (
        BinaryCrossEntropy(from_logits=True),
        LOGITS,
        TARGETS,
        1.1057017997773695,
        [
            [-0.041666666666666664, 0.01297370692054492, 0.05389383307220905],
            [0.04994027018475383, -0.00663121291453678, -0.04904310923080879],
            [-0.05651507686247372, 6.358668383239323e-05, 0.0436550707427202],
            [0.0608745102062791, 0.006923638824657528, -0.037898804041069184],
        ],
    ),
    (
        BinaryCrossEntropy(),
        PROBABILITIES,
        TARGETS,
        1.1057017997773697,
        [
            [-0.16666666666666666, 0.18894478646423482, 0.9359181777978689],
            [0.20884655506306374, -0.07815955975892265, -0.9717005523122024],
            [-0.26815143504814654, 0.0005924298367106293, 0.9388385675538485],
            [0.34902297344037353, 0.05061140034850146, -0.8388799972631985],
        ],
    ),
    (
        MeanSquaredError(),
        LOGITS,
        TARGETS,
        4.676313296926446,
        [
            [-0.16666666666666666, 0.29237696691493653, 0.40599428312510266],
            [0.06972604541330404, -0.40726427924866304, -0.5864339861201714],
            [-0.3030552729869934, 0.18233477816411914, 0.423470792795742],
            [0.19865343111126804, -0.28542126135498047, -0.5836972447743559],
        ],
    ),
]


@pytest.mark.parametrize(("loss", "predictions", "targets", "value", "gradient"), CASES)
def test_value_and_gradient_are_pytorchs(loss, predictions, targets, value, gradient):
    assert loss.forward(predictions, targets) == pytest.approx(value, rel=1e-13)
    np.testing.assert_allclose(loss.backward(), gradient, rtol=0, atol=1e-13)
