"""The web service: a page and an HTTP interface that read handwritten digits from pictures."""

from typing import TYPE_CHECKING

from flask import Flask

if TYPE_CHECKING:
    from digitnet import Recognizer
    from service.config import Config


def create_app(config: "Config | None" = None, *, recognizer: "Recognizer | None" = None) -> Flask:
    """Build the application; `recognizer` replaces the one that is otherwise loaded from `config.model`.

    Without `config`, the environment and the file it names decide. Raises `ConfigurationError` for a
    setting that cannot work, `ModelFileError` where the model cannot be loaded and `CorrectionsError` where
    corrections cannot be kept, all of `digitnet.errors`.
    """
    # digitnet brings NumPy, which reads the number of its threads from the environment when it is
    # imported. Importing it here and not above leaves a server time to set that number.
    from service import (
        access,
        api,
        correction,
        documentation,
        errors,
        feedback,
        headers,
        health,
        inference,
        metrics,
        observed,
        pages,
        served_model,
        uploads,
    )
    from service.config import Config
    from service.model_watch import ModelWatch
    from service.openapi import Api
    from service.turns import Turns

    config = config or Config()
    app = Api(__name__, config)
    app.request_class = uploads.UploadRequest
    app.config.update(
        MAX_CONTENT_LENGTH=config.max_body_bytes,
        SEND_FILE_MAX_AGE_DEFAULT=365 * 24 * 3600,  # static files: their address changes with their content
        DIGITNET=config,
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True  # pages without the templates' empty lines
    app.json.sort_keys = False  # type: ignore[attr-defined]  # answers keep the order they are documented in
    watch = ModelWatch(config)
    given, recognizer = recognizer, recognizer or watch.load()
    served_model.register(app, recognizer, None if given else watch)
    correction.register(app, recognizer)
    app.extensions["readers"] = Turns(config.readers, config.max_waiting)

    counters = metrics.register(app)
    if not counters.shared:  # otherwise each process says for itself which model it serves
        counters.serves(served_model.of(app).recognizer)
    observed.register(app, counters)
    errors.register(app)
    headers.register(app)
    uploads.register(app)
    access.register(app)
    app.register_api(api.blueprint)
    app.register_api(health.blueprint)
    app.register_blueprint(pages.blueprint)
    app.register_blueprint(documentation.blueprint)
    app.register_blueprint(inference.blueprint)
    app.register_api(feedback.programs)
    app.register_blueprint(feedback.blueprint)
    if config.metrics:
        app.register_api(metrics.blueprint)
    return app
