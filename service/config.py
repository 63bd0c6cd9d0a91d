"""Every setting of the service in one typed place: its name, default, bounds and what it is for."""

import os
import re
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, cast, get_args

from pydantic import BeforeValidator, Field, Strict, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from digitnet.errors import ConfigurationError

SHIPPED_MODEL = Path(__file__).resolve().parent.parent / "models" / "mnist.safetensors"
PREFIX = "DIGITNET_"
SETTINGS_FILE = PREFIX + "SETTINGS"  # the variable that names the file


def _number(value: object) -> object:
    """The number that a text of digits is; all else stays as it is, for pydantic to refuse.

    pydantic itself would also read "1_0", "10.0" and true as whole numbers.
    """
    if not (isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value.strip())):
        return value
    return float(value) if "." in value else int(value)


Whole = Annotated[int, Strict(), BeforeValidator(_number)]
Seconds = Annotated[float, Strict(), BeforeValidator(_number), Field(gt=0, le=3600)]
# gunicorn counts these in whole seconds.
WholeSeconds = Annotated[Whole, Field(ge=1, le=3600)]


class Config(BaseSettings):
    """What one service works with. A value comes from the first of these that has it:

    1. what the constructor is given, as by the command line: ``Config(max_images=8)``,
    2. the environment: ``DIGITNET_MAX_IMAGES=8``; spaces around a value do not count, and a variable
       that holds nothing else counts as absent,
    3. the TOML file that ``DIGITNET_SETTINGS`` names: ``max_images = 8``,
    4. the default.

    Raises `ConfigurationError` with one sentence about the first value that cannot work, and for a name
    that is no setting: in the file any, in the environment one that differs little from a setting's.

    >>> Config(max_images=0)
    Traceback (most recent call last):
    digitnet.errors.ConfigurationError: max_images is 0, but it must be a whole number from 1 to 10000.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, extra="forbid", frozen=True, str_strip_whitespace=True
    )

    host: str = Field("127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0: all.")
    port: Whole = Field(8000, ge=0, le=65535, description="Port; 0 takes a free one.")
    model: Path = Field(SHIPPED_MODEL, description="Model file.")
    workers: Whole = Field(2, ge=1, le=64, description="Processes.")
    threads: Whole = Field(64, ge=1, le=512, description="Threads of a process; each waits for one client.")
    readers: Whole = Field(
        2, ge=1, le=64, description="Pictures a process reads at once; one can take 700 MB meanwhile."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="What the server tells about itself on standard error."
    )

    max_body_bytes: Whole = Field(
        10 * 1024 * 1024, ge=1, le=2**30, description="Bytes of a request's body; more is a 413."
    )
    max_parts: Whole = Field(64, ge=1, le=10_000, description="Parts of a form; more is a 413.")
    max_images: Whole = Field(64, ge=1, le=10_000, description="Pictures of a request; more is a 413.")
    max_pixels: Whole = Field(
        25_000_000,
        ge=1,
        le=10**9,
        description="Pixels of a picture, looked at before decoding; more is a 413.",
    )
    max_total_pixels: Whole = Field(
        100_000_000, ge=1, le=10**10, description="Pixels of a request's pictures together; more is a 413."
    )
    max_line_bytes: Whole = Field(
        2048, ge=64, le=8190, description="Bytes of a request line, which holds the address; more is a 414."
    )
    max_headers: Whole = Field(64, ge=1, le=1000, description="Header fields of a request; more is a 431.")
    max_header_bytes: Whole = Field(
        8190, ge=64, le=65536, description="Bytes of one header field; more is a 431."
    )

    header_seconds: Seconds = Field(10, description="Time a client has to send a request's header.")
    silence_seconds: Seconds = Field(
        10, description="Time between two pieces of a body, or of an answer that the client takes."
    )
    request_seconds: Seconds = Field(
        120, description="Time to send a body and be answered; 120: 10 MiB at 700 kbit/s."
    )
    keepalive_seconds: WholeSeconds = Field(5, description="Time a connection without a request stays open.")
    turn_seconds: Seconds = Field(
        10, description="Time a picture waits for one of the readers; longer is a 503 with Retry-After."
    )
    stop_seconds: WholeSeconds = Field(15, description="Time requests under way have to finish at a stop.")
    hang_seconds: WholeSeconds = Field(
        60, description="Time after which a process whose main loop is silent is replaced."
    )

    def __init__(self, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            name = str(error.errors()[0]["loc"][0])
            raise ConfigurationError(_refusal(name, values)) from None
        if self.max_images > self.max_parts:
            raise ConfigurationError(
                f"max_images is {self.max_images}, but each picture of a form is a part, and max_parts is "
                f"{self.max_parts}. Raise max_parts with it."
            )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources in the order in which they count."""
        environment = _environment()
        cast(EnvSettingsSource, env_settings).env_vars = {
            PREFIX.lower() + name: value for name, value in environment.items()
        }
        file = environment.get("settings")
        return (init_settings, env_settings, *([_file_source(settings_cls, file)] if file else []))


def expected(name: str) -> str:
    """What a setting may be, in words, from its type and bounds.

    >>> expected("max_images"), expected("turn_seconds")
    ('a whole number from 1 to 10000', 'a number above 0 and at most 3600')
    """
    field: FieldInfo = Config.model_fields[name]
    bounds = {
        kind: getattr(entry, kind)
        for entry in field.metadata
        for kind in ("gt", "ge", "le")
        if hasattr(entry, kind)
    }
    if field.annotation is int:
        return f"a whole number from {bounds['ge']} to {bounds['le']}"
    if field.annotation is float:
        return f"a number above {bounds['gt']} and at most {bounds['le']}"
    if field.annotation is Path:
        return "the path of a file"
    return " or ".join(get_args(field.annotation)) or "an address or the name of a host"


def _environment() -> dict[str, str]:
    """What the environment says, by the settings' names; nothing for a variable that is blank."""
    said = {
        key[len(PREFIX) :].lower(): value.strip()
        for key, value in os.environ.items()
        if key.upper().startswith(PREFIX) and value.strip()
    }
    known = [*Config.model_fields, "settings"]
    for name in said.keys() - known:
        if near := get_close_matches(name, known, n=1, cutoff=0.8):
            raise ConfigurationError(
                f"{PREFIX}{name.upper()} is no setting. If {PREFIX}{near[0].upper()} is meant, correct the "
                "name; otherwise remove it."
            )
    return said


def _file_source(settings_cls: type[BaseSettings], file: str) -> TomlConfigSettingsSource:
    path, which = Path(file), f"The settings file {file!r}, named by --settings or {SETTINGS_FILE},"
    try:
        # pydantic-settings takes a file that is missing for an empty one.
        path.read_bytes()
        return TomlConfigSettingsSource(settings_cls, path)
    except OSError as error:
        raise ConfigurationError(f"{which} cannot be read: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigurationError(
            f"{which} is no TOML: {error}. It holds a setting a line, such as max_images = 8."
        ) from error


def _refusal(name: str, values: dict[str, Any]) -> str:
    """One sentence about a value: where it stands, what it is and what it may be."""
    environment = _environment()
    file = environment.get("settings", "")
    if name in values:
        where, value = name, values[name]
    elif name in environment and name in Config.model_fields:
        where, value = PREFIX + name.upper(), environment[name]
    else:
        where, value = f"{name} in {file}", tomllib.loads(Path(file).read_text("utf-8"))[name]
    if name not in Config.model_fields:
        return f"{where} is no setting. python -m service --help lists all."
    return f"{where} is {value!r}, but it must be {expected(name)}."
