"""Where settings come from, the kinds of value that they have, and what is said of a wrong one."""

import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import AfterValidator, BeforeValidator, Field, Strict
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, TomlConfigSettingsSource

from digitnet.errors import ConfigurationError

PREFIX = "DIGITNET_"
SETTINGS_FILE = PREFIX + "SETTINGS"  # the variable that names the file

Fields = Mapping[str, FieldInfo]


@dataclass(frozen=True)
class Expected:
    """What a value may be, in words, where its type and bounds do not tell."""

    words: str


def _number(value: object) -> object:
    """The number that a text of digits is; all else stays as it is, for pydantic to refuse.

    pydantic itself would also read "1_0", "10.0" and true as whole numbers.
    """
    if not (isinstance(value, str) and re.fullmatch(r"[0-9]+(\.[0-9]+)?", value.strip())):
        return value
    return float(value) if "." in value else int(value)


def _switch(value: object) -> object:
    """True for "true" and False for "false"; pydantic itself would also read "on", "1" and "y"."""
    return {"true": True, "false": False}.get(value.strip(), value) if isinstance(value, str) else value


def _rate(value: str) -> str:
    if value:
        from limits import parse_many  # takes a while, and most have no rate limit

        parse_many(value)
    return value


def _names(value: object) -> object:
    """Names with commas between; a list of them, as a TOML file may have it, is joined."""
    if isinstance(value, list) and all(isinstance(name, str) for name in value):
        value = ",".join(value)
    return value


Whole = Annotated[int, Strict(), BeforeValidator(_number)]
Seconds = Annotated[float, Strict(), BeforeValidator(_number), Field(gt=0, le=3600)]
Switch = Annotated[bool, Strict(), BeforeValidator(_switch), Expected("true or false")]
RateLimit = Annotated[str, AfterValidator(_rate), Expected("a rate such as 10/second or 600/minute")]
Names = Annotated[
    str,
    BeforeValidator(_names),
    Field(pattern=r"^[A-Za-z0-9.:\[\]-]*( *, *[A-Za-z0-9.:\[\]-]+)*$"),
    Expected("names of hosts with commas between"),
]


def expected_of(field: FieldInfo) -> str:
    """What a setting may be, in words, from its type and bounds."""
    for entry in field.metadata:
        if isinstance(entry, Expected):
            return entry.words
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
    return " or ".join(get_args(field.annotation))


def environment_of(fields: Fields) -> dict[str, str]:
    """What the environment says, by the settings' names; nothing for a variable that is blank.

    Raises ConfigurationError for a name that differs little from a setting's.
    """
    said = {
        key[len(PREFIX) :].lower(): value.strip()
        for key, value in os.environ.items()
        if key.upper().startswith(PREFIX) and value.strip()
    }
    known = [*fields, "settings"]
    for name in said.keys() - known:
        if near := get_close_matches(name, known, n=1, cutoff=0.8):
            raise ConfigurationError(
                f"{PREFIX}{name.upper()} is no setting. If {PREFIX}{near[0].upper()} is meant, correct the "
                "name; otherwise remove it."
            )
    return said


def file_source(settings_cls: type[BaseSettings], file: str) -> TomlConfigSettingsSource:
    """The settings of a TOML file; raises ConfigurationError where it cannot be read or is none."""
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


def refusal(fields: Fields, name: str, values: dict[str, Any]) -> str:
    """One sentence about a value: where it stands, what it is and what it may be."""
    environment = environment_of(fields)
    file = environment.get("settings", "")
    if name in values:
        where, value = name, values[name]
    elif name in environment and name in fields:
        where, value = PREFIX + name.upper(), environment[name]
    else:
        where, value = f"{name} in {file}", tomllib.loads(Path(file).read_text("utf-8"))[name]
    if name not in fields:
        return f"{where} is no setting. python -m service --help lists all."
    return f"{where} is {value!r}, but it must be {expected_of(fields[name])}."
