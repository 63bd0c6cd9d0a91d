"""Watches the model's file, and takes a new one once all of it is good; no request waits or is lost."""

import logging
import time
from contextlib import suppress
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TYPE_CHECKING

from digitnet import Recognizer
from digitnet.errors import ModelFileError
from service.config import Config
from service.self_test import failure

if TYPE_CHECKING:
    from service.metrics import Metrics
    from service.served_model import ServedModel

log = logging.getLogger("service")

# A file whose times are younger may change again without a trace in them: they are only so fine.
SETTLED_SECONDS = 2

Signature = tuple[tuple[int, ...], ...]


class ModelWatch:
    """The file of the served model, for one process.

    Every process looks for itself, the master too: what it forks later starts with the model of its last
    look. The master alone reports, so that a new file is one line of the log and counts once.
    """

    def __init__(self, config: Config) -> None:
        self._config = config
        self._seen = _settled(self._signature())
        self._refused = ""  # what was said last of a file that was refused
        self._calls: SimpleQueue[bool] = SimpleQueue()  # its put may interrupt its put, as a signal can

    def load(self) -> Recognizer:
        """The recognizer with what is in the file now; raises ModelFileError."""
        return Recognizer.load(self._config.model, max_pixels=self._config.max_pixels)

    def call(self) -> None:
        """Have the thread look now; fit for a signal handler."""
        self._calls.put(True)

    def start(self, served: "ServedModel", metrics: "Metrics") -> None:
        """Look now, and go on looking in a thread of its own."""
        self.look(served, metrics)
        Thread(target=self._keep_looking, args=(served, metrics), name="model-watch", daemon=True).start()

    def _keep_looking(self, served: "ServedModel", metrics: "Metrics") -> None:
        while True:
            called = False
            with suppress(Empty):
                called = self._calls.get(timeout=self._config.watch_seconds or None)
            self.look(served, metrics, anyway=called)

    def look(
        self, served: "ServedModel", metrics: "Metrics", *, anyway: bool = False, report: bool = False
    ) -> None:
        """Take the model in the file if it is another and a good one; refuse it, and say why, if not."""
        try:
            self._look(served, metrics, anyway, report)
        except Exception:  # what looks again and again must not end
            log.exception("the look for a new model failed")

    def _look(self, served: "ServedModel", metrics: "Metrics", anyway: bool, report: bool) -> None:
        signature = self._signature()
        if signature == self._seen and not anyway:
            return
        try:
            new = self._checked(served.recognizer)
        except Exception as error:  # whatever is wrong with it: the old one goes on
            self._seen = None  # it may still be on its way, model and card one after the other
            self._refuse(error, metrics, report)
            return
        self._seen, self._refused = _settled(signature), ""
        old = served.recognizer
        if (new.name, new.version) == (old.name, old.version):
            return
        served.recognizer = new
        if report:
            metrics.reloaded("ok")
            log.info("model reloaded", extra={"model": new.name, "version": new.version, "old": old.version})
        else:
            metrics.serves(new, instead_of=old)

    def _checked(self, old: Recognizer) -> Recognizer:
        new = self.load()
        if wrong := failure(new):
            raise ModelFileError(f"The model {self._config.model} is refused: {wrong}")
        if self._config.feedback and new.model.geometry != old.model.geometry:
            raise ModelFileError(
                f"The model {self._config.model} is refused: it takes pictures of another layout than those "
                "of the corrections that are kept. Restart the service with another --feedback file."
            )
        return new

    def _refuse(self, error: Exception, metrics: "Metrics", report: bool) -> None:
        said = str(error) if isinstance(error, ModelFileError) else f"{type(error).__name__}: {error}"
        if said == self._refused:
            return
        self._refused = said
        if report:
            metrics.reloaded("refused")
        # Memory is short in one process and not in the other; all else the master has said already.
        level = logging.WARNING if report or isinstance(error, MemoryError) else logging.DEBUG
        log.log(level, "model refused", extra={"reason": said})

    def _signature(self) -> Signature:
        model = self._config.model
        found: list[tuple[int, ...]] = []
        for path in (model, model.with_suffix(".md")):
            try:
                stat = path.stat()
                found.append((stat.st_dev, stat.st_ino, stat.st_size, stat.st_mtime_ns))
            except OSError:
                found.append(())
        return tuple(found)


def _settled(signature: Signature) -> Signature | None:
    """The signature if the files are old enough for a change to show in it; None else, which equals none."""
    now = time.time_ns()
    old = all(now - times[-1] > SETTLED_SECONDS * 10**9 for times in signature if times)
    return signature if old else None
