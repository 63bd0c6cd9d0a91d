"""Which addresses are for machines that watch, which for programs, and which for everybody."""

from flask import request

HEALTH = ("/health/", "/v2/health/")
METRICS = "/metrics"
# What describes the interface for programs, and tells nothing else.
DESCRIPTIONS = ("/api/docs", "/api/openapi.json")


def is_health() -> bool:
    """Whether the request asks how the service is."""
    return request.path.startswith(HEALTH)


def is_metrics() -> bool:
    """Whether the request asks for figures about the service."""
    return request.path == METRICS


def is_for_programs() -> bool:
    """Whether the address is one that a program asks: with API keys, those are what a key is for.

    All below /api and /v2 is, so that an address that is added there is closed until somebody opens it.
    """
    path = request.path
    if path == "/api/":  # leads to what describes the interface
        return False
    if is_health() or any(path == open_ or path.startswith(open_ + "/") for open_ in DESCRIPTIONS):
        return False
    return is_metrics() or path == "/v2" or path.startswith(("/api/", "/v2/"))
