"""Networks and models in ONNX, the format that other programs run, and back.

Needs the package onnx: ``pip install 'digitnet[onnx]'``. The guide ``docs/guide/onnx.md`` shows the way from
a picture to digits in ONNX Runtime.

    >>> import tempfile
    >>> from pathlib import Path
    >>> import numpy as np
    >>> from digitnet.nn import Dense, Network, ReLU
    >>> network = Network([Dense(2, 3), ReLU(), Dense(3, 1)], rng=np.random.default_rng(0))
    >>> path = Path(tempfile.mkdtemp()) / "tiny.onnx"
    >>> export_network(network, path)
    >>> bool((import_network(path).parameters == network.parameters).all())
    True
"""

try:
    import onnx as _onnx  # noqa: F401
except ImportError as error:
    raise ImportError("ONNX files need the package onnx: pip install 'digitnet[onnx]'.") from error

from digitnet.onnx_file.reading import import_model, import_network
from digitnet.onnx_file.writing import export_model, export_network, model_to_onnx, network_to_onnx

__all__ = [
    "export_model",
    "export_network",
    "import_model",
    "import_network",
    "model_to_onnx",
    "network_to_onnx",
]
