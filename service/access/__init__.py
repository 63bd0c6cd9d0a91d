"""Who may ask, how often and from where: what is checked before anything of a request's body is read."""

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from service.access import hosts, keys, origins, rates
from service.config import Config


def register(app: Flask) -> None:
    """Check every request, the cheapest question first: host, origin, rate, key.

    The rate comes before the key, so that whoever tries keys is slowed down as well. Raises
    `ConfigurationError` where the file with the keys cannot be used.
    """
    config: Config = app.config["DIGITNET"]
    if config.proxies:
        # Not X-Forwarded-Host: a proxy that does not know that header hands on what the client wrote into
        # it, and the trusted hosts would mean nothing. Host itself has to come through as it was sent.
        app.wsgi_app = ProxyFix(  # type: ignore[method-assign]  # how Flask wants it done
            app.wsgi_app, x_for=config.proxies, x_proto=config.proxies
        )
    hosts.register(app)
    origins.register(app)
    keys.register(app)
    rates.register(app)
    if config.api_keys:
        app.before_request(keys.check)
