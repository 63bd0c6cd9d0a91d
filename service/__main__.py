"""`python -m service`: serves digitnet with gunicorn, and says in one sentence why it cannot."""

import os
import socket
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from service.config import Config

HELP = """Serve the page and the HTTP interface that read handwritten digits.

\b
Open the address it prints in a browser, or send a picture from a shell:
  curl -F image=@digits.png http://127.0.0.1:8000/api/v1/predict

Every setting is an option here, a variable of the environment (DIGITNET_MAX_IMAGES=8 for
--max-images 8) and a line of a TOML file (max_images = 8). Of several, the option counts before the
variable, and the variable before the file. A variable that is blank counts as absent.

Ctrl+C or SIGTERM stops it: requests under way are still answered. A second Ctrl+C does not wait for them.
"""


def command() -> click.Command:
    """The command line, with an option for every field of `service.config.Config`."""
    from service.config import SETTINGS_FILE, Config, expected

    file = f"TOML file with settings; {SETTINGS_FILE} names it as well."
    options: list[click.Parameter] = [click.Option(["--settings"], metavar="FILE", help=file)]
    for name, field in Config.model_fields.items():
        options.append(
            click.Option(
                ["--" + name.replace("_", "-")],
                metavar=_metavar(field.annotation),
                help=f"{field.description} DIGITNET_{name.upper()}: {expected(name)}.  "
                f"[default: {shown_default(field.default)}]",
            )
        )
    return click.Command(
        "service",
        params=options,
        callback=serve,
        help=HELP,
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )


def _metavar(kind: Any) -> str:
    kinds = {
        int: "INTEGER",
        float: "SECONDS",
        str: "TEXT",
        bool: "BOOLEAN",
        Path: "FILE",
        Path | None: "FILE",
    }
    return kinds.get(kind, "WORD")


def shown_default(default: object) -> str:
    """A default as one would write it.

    >>> [shown_default(value) for value in (True, 1.5, 8, "", None)]
    ['true', '1.5', '8', 'none', 'none']
    """
    if isinstance(default, Path):
        return f"models/{default.name}"
    if isinstance(default, bool):
        return str(default).lower()
    if default in ("", None):
        return "none"
    return f"{default:g}" if isinstance(default, float) else str(default)


def serve(settings: str | None, **options: str | None) -> None:
    """Serve with these settings until a signal stops it; values that are None were not given."""
    from digitnet.errors import DigitnetError
    from service.config import SETTINGS_FILE, Config
    from service.counter_folder import counter_folder

    if settings is not None:
        os.environ[SETTINGS_FILE] = settings
    try:
        config = Config(**{name: value for name, value in options.items() if value is not None})
        with counter_folder() if config.metrics else nullcontext():
            _serve(config)
    except DigitnetError as error:
        raise click.ClickException(str(error)) from error


def _serve(config: "Config") -> None:
    # These bring prometheus_client, which must find the folder of the counters when it is imported.
    from service import create_app
    from service.server import Server

    app = create_app(config)
    Server(app, _listen(config.host, config.port), config).run()


def _listen(host: str, port: int) -> socket.socket:
    """A socket bound before the server starts: a taken port is one sentence, and port 0 has its number."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except (OSError, UnicodeError) as error:  # a host name that IDNA cannot encode is a UnicodeError
        reason = getattr(error, "strerror", None) or str(error)
        raise click.ClickException(
            f"Cannot listen on {host}, port {port}: {reason}. Choose another with --host and --port."
        ) from error
    return listener


if __name__ == "__main__":
    # One picture is a small sum: more than one BLAS thread would only fight over the processors. NumPy
    # reads these names when it is imported, so they come before every import that brings it.
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    from service.allocator import give_back

    give_back()
    command().main(prog_name="python -m service")
