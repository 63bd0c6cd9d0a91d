"""What an inference request asks for: JSON, and perhaps binary data behind it."""

from dataclasses import dataclass, replace
from typing import Any

from werkzeug.exceptions import BadRequest

from service.inference.json_body import member, read_object
from service.inference.models import Model, Spec
from service.inference.sentences import listed, quoted
from service.inference.tensors import NUMBERS, Tensor, described

LENGTH = "Inference-Header-Content-Length"


@dataclass(frozen=True)
class WantedOutput:
    """An output to answer with; `classes`, where it is not 0, asks for that many of the likeliest."""

    spec: Spec
    binary: bool
    classes: int = 0


@dataclass(frozen=True)
class Asked:
    """A request that makes sense but for the elements of its tensor; `id` is None where it has none."""

    id: str | None
    tensor: Tensor
    outputs: list[WantedOutput]


def read(body: bytes, length: str | None, model: Model) -> Asked:
    """What a body asks of a model; raises a 400 that says what is wrong with it.

    Args:
        body: of the request, inflated.
        length: how many bytes of it are JSON, as the header says; None for all of them. "0" is a body
            that is nothing but the bytes of the input.
        model: for which it is meant.
    """
    if length is None:
        size = len(body)
    elif length.isascii() and length.isdigit() and len(length) <= 10 and int(length) <= len(body):
        size = int(length)
    else:
        raise BadRequest(
            f"{LENGTH} must be the number of bytes of the JSON, at most the {len(body):,} of the whole body."
        )
    if length is not None and size == 0:
        return Asked(None, _bare(body, model), [WantedOutput(spec, True) for spec in model.outputs])
    header = read_object(body[:size])
    parameters = member(header, "parameters", dict, 'The "parameters" of the request') or {}
    binary = member(parameters, "binary_data_output", bool, 'The parameter "binary_data_output"') or False
    return Asked(
        id=member(header, "id", str, 'The "id" of the request'),
        tensor=_tensor(header, memoryview(body)[size:], model),
        outputs=_outputs(header, binary, model),
    )


def _bare(body: bytes, model: Model) -> Tensor:
    """The input of a request without JSON: rows of the input's own datatype, or one element of bytes."""
    spec = model.input
    if spec.datatype == "BYTES":
        return Tensor(spec.name, spec.datatype, (1,), None, body, whole=True)
    row = int(NUMBERS[spec.datatype][-1]) * spec.shape[1]
    if len(body) % row:
        raise BadRequest(
            f"The body has {len(body):,} bytes, but a row of the input {spec.name} has {row:,} as "
            f"{spec.datatype}. Send whole rows, or JSON before them."
        )
    return Tensor(spec.name, spec.datatype, (len(body) // row, spec.shape[1]), None, body)


def _tensor(header: dict[str, Any], rest: memoryview, model: Model) -> Tensor:
    """The one input, with its bytes where it is binary."""
    entries = _entries(header, "inputs")
    if len(entries) != 1:
        raise BadRequest(
            f"The request has {len(entries):,} inputs, but the model {model.name} takes one, "
            f"{model.input.name}."
        )
    tensor = described(entries[0])
    parameters = _parameters(entries[0], f"the input {quoted(tensor.name)}")
    size = member(parameters, "binary_data_size", int, 'The parameter "binary_data_size"')
    if (size is None) == (tensor.data is None):
        raise BadRequest(
            f'The input {quoted(tensor.name)} needs either "data" or the parameter "binary_data_size".'
        )
    if (size or 0) != len(rest):
        raise BadRequest(
            f"The inputs name {size or 0:,} bytes of binary data, but {len(rest):,} bytes follow the JSON."
        )
    return replace(tensor, raw=rest)


def _outputs(header: dict[str, Any], binary: bool, model: Model) -> list[WantedOutput]:
    """The outputs in the order asked for; all where none is named."""
    specs = {spec.name: spec for spec in model.outputs}
    wanted = []
    for entry in _entries(header, "outputs"):
        name = entry.get("name")
        # The name may be of any type, and then perhaps not one that a dictionary can look for.
        spec = specs.pop(name, None) if type(name) is str else None
        if spec is None:
            raise BadRequest(
                f"The request wants an output {quoted(name)}, which the model {model.name} does not have, or "
                f"wants it twice. The outputs are {listed([spec.name for spec in model.outputs])}."
            )
        parameters = _parameters(entry, f"the output {spec.name}")
        own = member(parameters, "binary_data", bool, 'The parameter "binary_data"')
        wanted.append(WantedOutput(spec, binary if own is None else own, _classes(parameters, spec)))
    return wanted or [WantedOutput(spec, binary) for spec in model.outputs]


def _classes(parameters: dict[str, Any], spec: Spec) -> int:
    classes = member(parameters, "classification", int, 'The parameter "classification"')
    if classes is None:
        return 0
    if spec.datatype == "BYTES" or len(spec.shape) < 2:
        raise BadRequest(f"The output {spec.name} has no classes. Ask for those of probabilities.")
    if classes < 1:
        raise BadRequest(f'The parameter "classification" is {classes:,}, but must be 1 or more.')
    return min(int(classes), spec.shape[1])


def _entries(header: dict[str, Any], name: str) -> list[dict[str, Any]]:
    entries = member(header, name, list, f'The "{name}" of the request') or []
    if not all(type(entry) is dict for entry in entries):
        raise BadRequest(f'The "{name}" of the request must be an array of JSON objects.')
    return entries


def _parameters(entry: dict[str, Any], what: str) -> dict[str, Any]:
    """The parameters of an input or output; those that are not known change nothing, but for one."""
    parameters = member(entry, "parameters", dict, f'The "parameters" of {what}') or {}
    if "shared_memory_region" in parameters:
        raise BadRequest(f"For {what} the request names shared memory, which is not served. Send the data.")
    return parameters
