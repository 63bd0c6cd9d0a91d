"""What the lines of the log say about the request that a thread answers at the moment."""

from contextvars import ContextVar

# A mapping is never changed, only replaced: one thread's is never another's.
_said: ContextVar[dict[str, object]] = ContextVar("digitnet_request")
_NOTHING: dict[str, object] = {}


def begin(**said: object) -> None:
    """Forget the request before, and say this about the one that begins."""
    _said.set(said)


def add(**said: object) -> None:
    """Say more.

    >>> begin(request_id="a1")
    >>> add(images=2)
    >>> current()
    {'request_id': 'a1', 'images': 2}
    """
    _said.set({**current(), **said})


def current() -> dict[str, object]:
    """What is said by now."""
    return _said.get(_NOTHING)
