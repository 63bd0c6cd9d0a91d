"""How the service writes its log: a line an event, as JSON for programs or as text for people."""

import json
import logging
import re
import select
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from typing import Any, TextIO, cast

from gunicorn.glogging import Logger as GunicornLogger

from service import request_context
from service.config import Config

LONGEST_PATH = 256  # no address of the service is longer, and a pipe takes lines up to 4096 bytes at once
# What every record has; all else was said by whoever wrote the line.
OF_LOGGING = frozenset({*vars(logging.makeLogRecord({})), "message", "asctime"})
Event = dict[str, object]
_encode = json.JSONEncoder(default=str).encode
PLAIN = re.compile(r"[A-Za-z0-9_./:+-]+")  # what stands in a line of text without quotes


class LogHandler(logging.StreamHandler[TextIO]):
    """Writes to a stream that can take more, and leaves a line out where it cannot.

    A pipe that nobody empties, or whose reader is gone, must not stop the service.
    """

    _left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write a line, and first how many were left out before it."""
        if self._is_free():
            super().emit(record)

    def emit_line(self, line: str) -> None:
        """The same for a line that is ready."""
        with self.lock or nullcontext():
            if self._is_free():
                try:
                    self.stream.write(line + self.terminator)
                    self.stream.flush()
                except Exception:  # as logging itself does: who answers a request cannot mend its log
                    self.handleError(logging.makeLogRecord({"msg": line}))

    def _is_free(self) -> bool:
        if not self._has_room():
            self._left_out += 1
            return False
        if self._left_out:
            said = {"msg": "log lines left out", "levelname": "WARNING", "lines": self._left_out}
            self._left_out = 0
            super().emit(logging.makeLogRecord(said))
        return True

    def _has_room(self) -> bool:
        waiter = select.poll()
        waiter.register(self.stream, select.POLLOUT)
        return [events for _, events in waiter.poll(0)] == [select.POLLOUT]  # no error besides


class Logger(GunicornLogger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's logger in this format: requests go to standard output, a line each, all else to error.

    A line never holds a query, a header field or anything of a body.
    """

    formatter: "Formatter"

    def _set_handler(self, log: logging.Logger, output: Any, fmt: Any, stream: Any = None) -> None:
        super()._set_handler(log, None, fmt)  # takes an earlier one away
        if output is not None:
            handler = LogHandler(stream or sys.stderr)
            handler.setFormatter(self.formatter)
            handler._gunicorn = True  # type: ignore[attr-defined]  # gunicorn's mark of its own
            log.addHandler(handler)

    def access(self, resp: Any, _req: Any, environ: dict[str, Any], request_time: timedelta) -> None:
        """Write down a request that has been answered."""
        self.answered(
            method=environ["REQUEST_METHOD"],
            path=environ["PATH_INFO"].encode("latin-1").decode("utf-8", "replace")[:LONGEST_PATH],
            status=resp.status_code,
            bytes=resp.sent,
            milliseconds=round(request_time.total_seconds() * 1000, 1),
            client=environ.get("REMOTE_ADDR") or "",
        )

    def answered(self, **said: object) -> None:
        """The line of a request; its id and its number of images come from the request's context.

        It is written as it is: on its way as a record of Python's logging it took 20 µs, and so 10.
        """
        line = self.formatter.line(time.time(), "info", "request", said)
        for handler in self.access_log.handlers:  # one, of `_set_handler`
            cast(LogHandler, handler).emit_line(line)


def logger_class(form: str) -> type[Logger]:
    """The logger for gunicorn, which builds it itself."""
    return type("ServiceLogger", (Logger,), {"formatter": Formatter(form)})


class Formatter(logging.Formatter):
    """Turns a record of Python's logging into a line: time, level, event, the request's id, then the rest.

    `form` is "json" or "text".
    """

    def __init__(self, form: str) -> None:
        super().__init__()
        self._write = FORMATS[form]

    def format(self, record: logging.LogRecord) -> str:
        """The line, without its end; an exception is `exception` in it."""
        said = {name: value for name, value in vars(record).items() if name not in OF_LOGGING}
        if record.exc_info and record.exc_info[1]:
            said["exception"] = "".join(traceback.format_exception(record.exc_info[1])).rstrip("\n")
        return self.line(record.created, record.levelname.lower(), record.getMessage(), said)

    def line(self, moment: float, level: str, event: str, said: Event) -> str:
        """The same of an event that is no record; `moment` is in Unix time."""
        utc = datetime.fromtimestamp(moment, UTC).replace(tzinfo=None)
        begins = {"time": utc.isoformat(timespec="microseconds") + "Z", "level": level, "event": event}
        return self._write({**begins, **request_context.current(), **said})  # the request's id comes first


def configure(config: Config) -> None:
    """Send what the service and its libraries report to standard error, in the format of the settings."""
    handler = LogHandler(sys.stderr)
    handler.setFormatter(Formatter(config.log_format))
    level = logging.getLevelNamesMapping()[config.log_level.upper()]
    # Libraries such as Pillow tell details of pictures at lower levels.
    logging.basicConfig(handlers=[handler], level=max(level, logging.WARNING), force=True)
    logging.getLogger("service").setLevel(level)
    logging.captureWarnings(True)


def _as_json(event: Event) -> str:
    return _encode(event)  # all that is not ASCII is escaped, line ends among them


def _as_text(event: Event) -> str:
    time, level, said = (str(event.pop(name)) for name in ("time", "level", "event"))
    trace = str(event.pop("exception", ""))
    line = [time, f"{level:7}", _escaped(said), *(f"{name}={_value(event[name])}" for name in event)]
    # Only a trace has more lines than one, and they are indented: nothing a client sends looks like a line.
    return "\n".join([" ".join(line), *(f"    {_escaped(part)}" for part in trace.split("\n") if part)])


def _value(value: object) -> str:
    return str(value) if PLAIN.fullmatch(str(value)) else json.dumps(value, default=str)


def _escaped(text: object) -> str:
    """A text without control characters: what a terminal would obey is written out.

    >>> _escaped("gone\\n\\x1b[2J")
    'gone\\\\n\\\\u001b[2J'
    """
    return "".join(sign if sign.isprintable() else json.dumps(sign)[1:-1] for sign in str(text))


FORMATS: dict[str, Callable[[Event], str]] = {"json": _as_json, "text": _as_text}
