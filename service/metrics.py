"""What the service counts, as Prometheus reads it at /metrics: all its processes together."""

import os
import platform
import time
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, cast

from flask import Flask, Response, current_app
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead

from digitnet import __version__
from service.counter_folder import FOLDER
from service.openapi import OPERATING, api_blueprint

if TYPE_CHECKING:
    from digitnet import Prediction, Recognizer

METHODS = {
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "OPTIONS",
    "PATCH",
}  # clients may invent others without end
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120)
IMAGES = (1, 2, 4, 8, 16, 32, 64, 128)
ROWS = (1, 8, 64, 512, 4096)
CONFIDENCES = (0.1, 0.3, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99, 0.999, 1)
_EXTENSION = "digitnet_metrics"

blueprint = api_blueprint("metrics", __name__, OPERATING)


class Metrics:
    """The counters of one application. Without a shared folder they are those of this process alone."""

    def __init__(self) -> None:
        self._registry = registry = CollectorRegistry()
        self.shared = FOLDER in os.environ

        def counter(name: str, what: str, *labels: str) -> Counter:
            return Counter(f"digitnet_{name}", what, labels, registry=registry)

        def histogram(name: str, what: str, buckets: tuple[float, ...], *labels: str) -> Histogram:
            return Histogram(f"digitnet_{name}", what, labels, registry=registry, buckets=buckets)

        def gauge(name: str, what: str, *labels: str, mode: str = "livesum") -> Gauge:
            return Gauge(
                f"digitnet_{name}",
                what,
                labels,
                registry=registry,
                multiprocess_mode=mode,  # type: ignore[arg-type]
            )

        # Rules, known methods and statuses are few, and to look two metrics up by them takes 5 µs.
        self._of_requests = cache(self._of)
        where = ("endpoint", "method", "status")
        self._requests = counter("requests", "Requests that were answered.", *where)
        self._seconds = histogram(
            "request_seconds", "Time to read and answer a request.", SECONDS, "endpoint"
        )
        self._malformed = counter(
            "malformed_requests", "Requests refused before they reached an address: no valid HTTP.", "status"
        )
        self._overloads = counter("overloads", "Requests refused since the service had no room.", "reason")
        self._request_images = histogram("request_images", "Images of a request.", IMAGES)
        self._tensor_rows = histogram("tensor_rows", "Rows of a tensor for the network.", ROWS)
        self._images = counter("images", "Images that were read.")
        self._digits = counter("digits", "Digits that were found in them.")
        self._rejected = counter("rejected_images", "Images whose answer was not accepted.")
        self._confidence = histogram("image_confidence", "Confidence of an image's answer.", CONFIDENCES)
        self.waiting = gauge("images_waiting", "Images that wait for a reader.")
        self.reading = gauge("images_reading", "Images that are being read.")
        self._models = gauge("model_processes", "Processes that serve this model.", "name", "version")
        self._reloads = counter("model_reloads", "New model files, in each process.", "outcome")
        self._deaths = counter("worker_deaths", "Processes that ended without being asked to.")
        build = gauge("build_info", "Versions of the program.", "version", "python", mode="max")
        build.labels(__version__, platform.python_version()).set(1)
        gauge("start_time_seconds", "When the service started, in Unix time.", mode="max").set(time.time())
        # What has no label is there from the start; these shall be too.
        for outcome in ("ok", "refused"):
            self._reloads.labels(outcome)
        for reason in ("memory", "queue", "turn", "reading"):
            self._overloads.labels(reason)

    def answered(self, rule: str, method: str, status: int, seconds: float) -> None:
        """A request has been answered; `rule` is "" where no address fits."""
        known = method if method in METHODS else "other"
        counter, histogram = self._of_requests(rule or "none", known, status)
        counter.inc()
        histogram.observe(seconds)

    def _of(self, endpoint: str, method: str, status: int) -> tuple[Counter, Histogram]:
        return self._requests.labels(endpoint, method, str(status)), self._seconds.labels(endpoint)

    def malformed(self, status: int) -> None:
        """The server answered in place of the application: with 500 or 503 it failed, else it refused."""
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            self.overloaded("memory")
        elif status != HTTPStatus.INTERNAL_SERVER_ERROR:
            self._malformed.labels(str(int(status))).inc()

    def overloaded(self, reason: str) -> None:
        """A request was answered 503: of memory, queue, turn or reading, which was lacking?"""
        self._overloads.labels(reason).inc()

    def asked(self, images: int) -> None:
        """A request has so many images."""
        self._request_images.observe(images)

    def asked_for_rows(self, rows: int) -> None:
        """A tensor has so many rows, each of which is a digit."""
        self._tensor_rows.observe(rows)

    def read(self, prediction: "Prediction") -> None:
        """An image has been read."""
        self._images.inc()
        self._digits.inc(len(prediction.digits))
        self._confidence.observe(float(prediction.confidence))
        if not prediction.accepted:
            self._rejected.inc()

    def serves(self, recognizer: "Recognizer", instead_of: "Recognizer | None" = None) -> None:
        """This process now answers with a model."""
        if instead_of is not None:
            self._models.labels(instead_of.name, instead_of.version).set(0)
        self._models.labels(recognizer.name, recognizer.version).set(1)

    def reloaded(self, outcome: str) -> None:
        """A new model file was taken ("ok") or refused."""
        self._reloads.labels(outcome).inc()

    def died(self, pid: int, *, asked: bool) -> None:
        """A process is gone: what it counted stays, what it was doing does not."""
        if self.shared:
            mark_process_dead(pid)  # type: ignore[no-untyped-call]
        if not asked:
            self._deaths.inc()

    def text(self) -> bytes:
        """Everything in Prometheus's format."""
        registry = self._registry
        if self.shared:
            registry = CollectorRegistry()
            _Collector(registry)  # type: ignore[no-untyped-call]
        return generate_latest(registry)


class _Collector(MultiProcessCollector):
    """Reads what all processes count, but for a file that its process has only just made, or died making."""

    def collect(self) -> Iterable[Metric]:
        """The counts of all processes."""
        files = [str(file) for file in Path(self._path).glob("*.db") if _has_content(file)]
        return cast("Iterable[Metric]", self.merge(files))  # type: ignore[no-untyped-call]


def _has_content(file: Path) -> bool:
    try:
        return file.stat().st_size > 0
    except FileNotFoundError:  # of a process that has ended meanwhile
        return False


TEXT = {
    "description": "Counters, gauges and histograms in the text format of Prometheus.",
    "content": {"text/plain": {"schema": {"type": "string"}}},
}


@blueprint.get("/metrics", responses={200: TEXT})
def metrics() -> Response:
    """What has been counted so far."""
    return Response(current().text(), content_type=CONTENT_TYPE_LATEST)


def register(app: Flask) -> Metrics:
    """Give the application its counters."""
    app.extensions[_EXTENSION] = Metrics()
    return of(app)


def of(app: Flask) -> Metrics:
    """The counters of an application."""
    return cast(Metrics, app.extensions[_EXTENSION])


def current() -> Metrics:
    """The counters of the application that answers the current request."""
    return of(current_app)
