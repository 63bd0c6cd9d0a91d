"""Make an API key for the service, and the line that lets it in."""

from __future__ import annotations

import hashlib
import re
import secrets

import click


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.argument("name")
def main(name: str) -> None:
    """Make an API key for the service, and the line that lets it in.

    NAME says whose key it is, in letters, digits, dots and dashes. The line goes to standard output, to be
    appended to the file that the setting api_keys names. The key itself is shown on standard error and kept
    nowhere: the file holds its hash only.

    \b
    Example:
      python scripts/new_key.py phone >> keys.txt
    """
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,64}", name):
        raise click.ClickException(
            f"The name is {name!r}, but it must be 1 to 64 letters, digits, dots, dashes and underscores."
        )
    # The prefix lets people and programs that look for lost secrets see what it is.
    key = "digitnet_" + secrets.token_urlsafe(32)
    click.echo(f"The key of {name}, shown this once: {key}", err=True)
    click.echo(f"{name} sha256:{hashlib.sha256(key.encode()).hexdigest()}")


if __name__ == "__main__":
    main()
