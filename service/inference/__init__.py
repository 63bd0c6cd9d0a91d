"""The Open Inference Protocol v2 at /v2: what KServe, Triton and their clients speak, over REST."""

from service.inference.addresses import blueprint

__all__ = ["blueprint"]
