"""Every setting of the service in one typed place: its name, default, bounds and what it is for."""

from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal, cast

from pydantic import Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    EnvSettingsSource,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
)

from digitnet.errors import ConfigurationError
from service.settings_sources import (
    PREFIX,
    SETTINGS_FILE,
    Expected,
    Names,
    RateLimit,
    Seconds,
    Switch,
    Whole,
    environment_of,
    expected_of,
    file_source,
    refusal,
)

__all__ = ["PREFIX", "SETTINGS_FILE", "SHIPPED_MODEL", "Config", "expected"]

SHIPPED_MODEL = Path(__file__).resolve().parent.parent / "models" / "mnist.safetensors"

# gunicorn counts these in whole seconds.
WholeSeconds = Annotated[Whole, Field(ge=1, le=3600)]
OptionalFile = Annotated[Path | None, Expected("the path of a file")]


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

    host: Annotated[str, Expected("an address or the name of a host")] = Field(
        "127.0.0.1", min_length=1, description="Address to listen on; 0.0.0.0: all."
    )
    port: Whole = Field(8000, ge=0, le=65535, description="Port; 0 takes a free one.")
    model: Annotated[Path, Expected("the path of a file")] = Field(SHIPPED_MODEL, description="Model file.")
    watch_seconds: Annotated[Whole, Field(ge=0, le=3600)] = Field(
        2, description="Time between two looks whether the model's file is a new one; 0: only at SIGHUP."
    )
    workers: Whole = Field(2, ge=1, le=64, description="Processes.")
    threads: Whole = Field(64, ge=1, le=512, description="Threads of a process; each waits for one client.")
    readers: Whole = Field(
        2, ge=1, le=64, description="Pictures a process reads at once; one can take 700 MB meanwhile."
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        "info", description="What the server tells about itself on standard error."
    )
    log_format: Literal["json", "text"] = Field(
        "json", description="How a line of the log is written: for programs or for people."
    )

    page: Switch = Field(True, description="Whether the page for people is served.")
    metrics: Switch = Field(True, description="Whether /metrics is served.")
    feedback: OptionalFile = Field(
        None, description="SQLite file that keeps corrections; without one none are taken."
    )
    max_corrections: Whole = Field(
        100_000, ge=1, le=10**8, description="Corrections that the file may hold; more is a 507."
    )

    api_keys: OptionalFile = Field(
        None, description="File with the hashes of keys; with one, programs must send a key."
    )
    rate_limit: RateLimit = Field(
        "",
        description="How often a client may ask, in each process; more is a 429. Empty: no limit.",
    )
    proxies: Whole = Field(
        0, ge=0, le=8, description="Proxies in front whose X-Forwarded-For and -Proto are believed."
    )
    trusted_hosts: Names = Field(
        "", description="Hosts that a request may name, commas between; .example.com: all below. Empty: any."
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
    max_rows: Whole = Field(4096, ge=1, le=10**6, description="Rows of a tensor sent to /v2; more is a 413.")
    max_waiting: Whole = Field(
        64,
        ge=0,
        le=10_000,
        description="Pictures of a process that may wait for a reader; more is a 503.",
    )
    max_memory_mib: Whole = Field(
        4096, ge=0, le=2**20, description="Address space of a process, in MiB; 0: as much as there is."
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
    reading_seconds: Seconds = Field(
        60, description="Time for all pictures of a request, waiting included; longer is a 503."
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
            raise ConfigurationError(refusal(type(self).model_fields, name, values)) from None
        if self.max_images > self.max_parts:
            raise ConfigurationError(
                f"max_images is {self.max_images}, but each picture of a form is a part, and max_parts is "
                f"{self.max_parts}. Raise max_parts with it."
            )

    @cached_property
    def hosts(self) -> list[str]:
        """The trusted hosts one by one; empty where any will do."""
        return [name.strip() for name in self.trusted_hosts.split(",") if name.strip()]

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
        environment = environment_of(settings_cls.model_fields)
        cast(EnvSettingsSource, env_settings).env_vars = {
            PREFIX.lower() + name: value for name, value in environment.items()
        }
        file = environment.get("settings")
        return (init_settings, env_settings, *([file_source(settings_cls, file)] if file else []))


def expected(name: str) -> str:
    """What a setting may be, in words, from its type and bounds.

    >>> expected("max_images"), expected("turn_seconds")
    ('a whole number from 1 to 10000', 'a number above 0 and at most 3600')
    >>> expected("log_format"), expected("metrics"), expected("feedback")
    ('json or text', 'true or false', 'the path of a file')
    """
    return expected_of(Config.model_fields[name])
