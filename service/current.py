"""The application and the request themselves, for whoever looks at them more than once.

Each look through Flask's `current_app` and `request` takes a microsecond, and there were forty to a picture.
"""

from typing import cast

import flask


def app() -> flask.Flask:
    """The application that answers the current request."""
    return cast(flask.Flask, flask.current_app._get_current_object())  # type: ignore[attr-defined]


def request() -> flask.Request:
    """The current request."""
    return cast(flask.Request, flask.request._get_current_object())  # type: ignore[attr-defined]
