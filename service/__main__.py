"""`python -m service`: serves digitnet with gunicorn, and says in one sentence why it cannot."""

import os
import socket
from dataclasses import replace
from pathlib import Path

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; 0.0.0.0: all.")
@click.option(
    "--port", default=8000, show_default=True, type=click.IntRange(0, 65535), help="Port; 0 takes a free one."
)
@click.option(
    "--model", type=click.Path(path_type=Path), help="Model file [default: models/mnist.safetensors]"
)
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 64), help="Processes.")
@click.option(
    "--threads",
    default=64,
    show_default=True,
    type=click.IntRange(1, 512),
    help="Threads of a process; each waits for one client.",
)
@click.option(
    "--log-level",
    default="info",
    show_default=True,
    type=click.Choice(["debug", "info", "warning", "error"]),
    help="What the server tells about itself on standard error.",
)
def main(host: str, port: int, model: Path | None, workers: int, threads: int, log_level: str) -> None:
    """Serve the page and the HTTP interface that read handwritten digits.

    \b
    Open the address it prints in a browser, or send a picture from a shell:
      curl -F image=@digits.png http://127.0.0.1:8000/api/v1/predict

    \b
    The environment sets the limits (and the model, where --model does not):
      DIGITNET_MODEL           model file
      DIGITNET_MAX_BODY_BYTES  bytes of a request       (10485760)
      DIGITNET_MAX_PIXELS      pixels of a picture      (25000000)
      DIGITNET_MAX_IMAGES      pictures of a request    (64)

    Ctrl+C or SIGTERM stops it: requests under way are still answered.
    """
    # One picture is a small sum: more than one BLAS thread would only fight over the processors. NumPy
    # reads these names when it is imported, so they come before every import that brings it.
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from digitnet.errors import DigitnetError
    from service import create_app
    from service.config import Config
    from service.server import Server

    try:
        config = Config.from_environment()
        if model is not None:
            config = replace(config, model=model)
        app = create_app(config)
    except DigitnetError as error:
        raise click.ClickException(str(error)) from error
    listener = _listen(host, port)
    Server(app, listener, workers=workers, threads=threads, log_level=log_level).run()


def _listen(host: str, port: int) -> socket.socket:
    """A socket bound before the server starts: a taken port is one sentence, and port 0 has its number."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        reason = error.strerror or str(error)
        raise click.ClickException(
            f"Cannot listen on {host}, port {port}: {reason}. Choose another with --host and --port."
        ) from error
    return listener


if __name__ == "__main__":
    main(prog_name="python -m service")
