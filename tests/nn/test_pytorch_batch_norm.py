"""BatchNorm over several batches against PyTorch 2.13.0 (CPU, float64).

The constants are what this program computed, for k = 0, 1, 2 one after another::

    torch.set_default_dtype(torch.float64)
    layer = torch.nn.BatchNorm1d(2, eps=1e-3, momentum=0.2)
    layer.weight.data, layer.bias.data = torch.tensor([1.5, -0.5]), torch.tensor([0.25, 1.0])
    x = (5 * torch.sin(1.3 * torch.arange(8.0) + k) + k).reshape(4, 2).requires_grad_()
    layer.weight.grad = layer.bias.grad = None
    outputs = layer(x)
    outputs.backward(torch.cos(torch.arange(8.0) + k).reshape(4, 2))
    outputs, x.grad, layer.weight.grad, layer.bias.grad, layer.running_mean, layer.running_var
    layer.eval()(x)      # after the last batch: PREDICTED
"""

import numpy as np

from digitnet.nn import BatchNorm, Dense, Network

BATCHES = [
    {
        "outputs": [
            [-0.08919719455903583, 0.35347978116489315],
            [1.0199647145514097, 1.756287393268948],
            [-1.990053925722978, 0.9892814659372847],
            [2.059286405730604, 0.900951359628874],
        ],
        "grad_input": [
            [0.37575940212158176, 0.062321615438764195],
            [-0.3684418721042485, 0.04209417245715502],
            [-0.10482529745247071, -0.02108322942926946],
            [0.09750776743513738, -0.08333255846664978],
        ],
        "grad_gain": [1.694536287326501, 2.351497291398749],
        "grad_shift": [0.8903798292396117, 0.5878742490742253],
        "running_mean": [0.15764751536897903, 0.20250259416759664],
        "running_variance": [4.0398527487454725, 3.109229729922774],
    },
    {
        "outputs": [
            [2.054066963462646, 0.565003521015946],
            [-1.7046466748110751, 1.5995215183020464],
            [-0.6524602471669171, 0.44989112103393286],
            [1.3030399585153456, 1.385583839648075],
        ],
        "grad_input": [
            [-0.17433563998252305, 0.08359853645542378],
            [-0.22726580371216082, 0.013547240677567327],
            [0.282437212984319, -0.07022231287426518],
            [0.11916423071036483, -0.02692346425872592],
        ],
        "grad_gain": [2.298481623000416, 1.5903033381617007],
        "grad_shift": [0.5878742490742253, -0.255120204569002],
        "running_mean": [0.5513125951920106, 0.3810475571926385],
        "running_variance": [4.982014418569856, 7.138043368171193],
    },
    {
        "outputs": [
            [1.7975024000926112, 0.9812308391581221],
            [-1.778121732625891, 1.1490233843022521],
            [1.580239988394809, 0.23886274684951767],
            [-0.5996206558615294, 1.630883029690108],
        ],
        "grad_input": [
            [-0.26698087218043604, 0.12336454179733176],
            [-0.045307477414775754, -0.10273508405501498],
            [0.26911821820451476, -0.022022984682541543],
            [0.043170131390697024, 0.0013935269402247377],
        ],
        "grad_gain": [1.3883715664275276, 2.175572167595433],
        "grad_shift": [-0.255120204569002, -0.8635583186785916],
        "running_mean": [0.926748865600969, 0.5229160871156151],
        "running_variance": [8.234081737134293, 8.475437341395125],
    },
]
PREDICTED = [
    [3.187469671771741, 0.8817840499962604],
    [-1.7860455820543142, 1.0673722393226661],
    [2.8852684675751132, 0.06068231423734074],
    [-0.14680922376244981, 1.600336674781822],
]


def test_outputs_gradients_and_running_statistics_are_pytorchs():
    layer = BatchNorm(2, epsilon=1e-3, momentum=0.2)
    Network([layer, Dense(2, 1)], rng=np.random.default_rng(0), dtype=np.float64)
    layer.gain[...], layer.shift[...] = [1.5, -0.5], [0.25, 1.0]
    for k, expected in enumerate(BATCHES):
        inputs = (5 * np.sin(1.3 * np.arange(8.0) + k) + k).reshape(4, 2)
        found = {"outputs": layer.forward(inputs, training=True).copy()}
        found["grad_input"] = layer.backward(np.cos(np.arange(8.0) + k).reshape(4, 2))
        found |= {name: getattr(layer, name) for name in expected if name not in found}
        for name, values in expected.items():
            np.testing.assert_allclose(found[name], values, rtol=0, atol=1e-12, err_msg=f"{name}, batch {k}")
    np.testing.assert_allclose(layer.forward(inputs), PREDICTED, rtol=0, atol=1e-12)
