"""Settings: defaults, the environment, the file, and a sentence for each value that cannot work."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from digitnet.errors import ConfigurationError
from service.config import Config, expected

WHOLE = [name for name, field in Config.model_fields.items() if field.annotation is int]
SECONDS = [name for name, field in Config.model_fields.items() if field.annotation is float]


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch):
    """What the environment of these tests says does not count."""
    for name in list(os.environ):
        if name.upper().startswith("DIGITNET_"):
            monkeypatch.delenv(name)


@pytest.fixture
def settings_file(tmp_path, monkeypatch):
    """Write a file of settings that DIGITNET_SETTINGS names."""

    def write(text):
        path = tmp_path / "digitnet.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        monkeypatch.setenv("DIGITNET_SETTINGS", str(path))
        return path

    return write


def test_the_defaults():
    config = Config()
    assert config.model.parts[-2:] == ("models", "mnist.safetensors")
    assert (config.host, config.port, config.workers, config.threads) == ("127.0.0.1", 8000, 2, 64)
    assert (config.max_body_bytes, config.max_parts, config.max_images) == (10 * 1024 * 1024, 64, 64)
    assert (config.max_pixels, config.max_total_pixels) == (25_000_000, 100_000_000)


def test_every_setting_has_a_sentence_and_says_what_it_may_be():
    for name, field in Config.model_fields.items():
        assert field.description[0].isupper(), name
        assert field.description.endswith("."), name
        assert expected(name), name


@pytest.mark.parametrize("name", WHOLE)
def test_the_bounds_of_a_whole_number_are_taken_and_what_lies_beyond_is_not(name, monkeypatch):
    least, most = (int(word) for word in expected(name).split() if word.isdigit())
    monkeypatch.setenv("DIGITNET_MAX_PARTS", "10000")  # for the most pictures there must be parts
    for value in (least, most):
        monkeypatch.setenv(f"DIGITNET_{name.upper()}", str(value))
        if name == "max_parts":
            monkeypatch.setenv("DIGITNET_MAX_IMAGES", "1")
        assert getattr(Config(), name) == value
    for value in (least - 1, most + 1):
        monkeypatch.setenv(f"DIGITNET_{name.upper()}", str(value))
        with pytest.raises(ConfigurationError, match=f"DIGITNET_{name.upper()} is '{value}'"):
            Config()


@pytest.mark.parametrize("name", SECONDS)
@pytest.mark.parametrize("value", ["0", "3601", "nan", "inf", "1e3", "-1", "10s", "ten", "."])
def test_seconds_that_are_none(name, value, monkeypatch):
    monkeypatch.setenv(f"DIGITNET_{name.upper()}", value)
    sentence = f"DIGITNET_{name.upper()} is '{value}', but it must be a number above 0 and at most 3600."
    with pytest.raises(ConfigurationError) as caught:
        Config()
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "value",
    ["many", "0", "-3", "+3", "1.5", "8.0", "10MB", "10 MB", "1e3", "0x10", "1_000", "1,000", "٣", "true"],
)
def test_a_number_is_written_in_digits_without_unit(value, monkeypatch):
    monkeypatch.setenv("DIGITNET_MAX_IMAGES", value)
    with pytest.raises(ConfigurationError) as caught:
        Config()
    assert str(caught.value) == (
        f"DIGITNET_MAX_IMAGES is {value!r}, but it must be a whole number from 1 to 10000."
    )


@pytest.mark.parametrize("value", ["", " ", "\t\n"])
@pytest.mark.parametrize(
    "name", ["DIGITNET_MAX_IMAGES", "DIGITNET_MODEL", "DIGITNET_HOST", "DIGITNET_SETTINGS"]
)
def test_a_blank_variable_counts_as_absent(name, value, monkeypatch):
    monkeypatch.setenv(name, value)
    assert Config() == Config.model_construct()


def test_spaces_around_a_value_and_the_case_of_a_name_do_not_count(monkeypatch):
    monkeypatch.setenv("DIGITNET_MAX_IMAGES", " 8\n")
    monkeypatch.setenv("digitnet_log_level", " debug ")
    monkeypatch.setenv("DIGITNET_MODEL", " my model.safetensors ")
    config = Config()
    assert (config.max_images, config.log_level) == (8, "debug")
    assert config.model == Path("my model.safetensors")


@pytest.mark.parametrize("value", ["DEBUG", "verbose", "1"])
def test_one_of_several_words(value, monkeypatch):
    monkeypatch.setenv("DIGITNET_LOG_LEVEL", value)
    with pytest.raises(
        ConfigurationError, match=f"is '{value}', but it must be debug or info or warning or error"
    ):
        Config()


@pytest.mark.parametrize(
    "name", ["DIGITNET_MAX_IMAGE", "DIGITNET_MAX_BODY_BYTE", "DIGITNET_MODLE", "DIGITNET_SETTING"]
)
def test_a_name_that_differs_little_from_a_setting_is_refused(name, monkeypatch):
    monkeypatch.setenv(name, "8")
    with pytest.raises(ConfigurationError, match=f"{name} is no setting. If DIGITNET_"):
        Config()


def test_variables_of_other_programs_are_left_alone(monkeypatch):
    for name in ("MNIST_DIR", "PHOTOS_DIR", "REQUIRE_ALL", "CHROMIUM", "SERVICE_HOST", "PORT_8000_TCP"):
        monkeypatch.setenv(f"DIGITNET_{name}", "x")
    assert Config() == Config.model_construct()


def test_the_constructor_counts_before_the_environment_and_that_before_the_file(settings_file, monkeypatch):
    settings_file("max_images = 7\nworkers = 3\nthreads = 9\nmodel = 'own.safetensors'\nturn_seconds = 0.5")
    monkeypatch.setenv("DIGITNET_MAX_IMAGES", "8")
    monkeypatch.setenv("DIGITNET_WORKERS", "4")
    monkeypatch.setenv("DIGITNET_THREADS", "  ")
    config = Config(max_images=9)
    assert (config.max_images, config.workers, config.threads) == (9, 4, 9)
    assert (config.model, config.turn_seconds, config.port) == (Path("own.safetensors"), 0.5, 8000)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("max_images = 0", "max_images in {file} is 0, but it must be a whole number from 1 to 10000."),
        ("max_images = true", "max_images in {file} is True, but it must be a whole number from 1 to 10000."),
        ("max_images = [8]", "max_images in {file} is [8], but it must be a whole number from 1 to 10000."),
        ("max_image = 8", "max_image in {file} is no setting. python -m service --help lists all."),
        ("[service]\nport = 1", "service in {file} is no setting. python -m service --help lists all."),
        ("settings = 'x'", "settings in {file} is no setting. python -m service --help lists all."),
    ],
)
def test_a_wrong_line_of_the_file(settings_file, text, sentence):
    file = settings_file(text)
    with pytest.raises(ConfigurationError) as caught:
        Config()
    assert str(caught.value) == sentence.format(file=file)


@pytest.mark.parametrize("text", ["max_images: 8", "max_images = 8\nmax_images = 9", b"\xff\xfe"])
def test_a_file_that_is_no_toml(settings_file, text):
    settings_file(text)
    with pytest.raises(ConfigurationError, match="DIGITNET_SETTINGS, is no TOML"):
        Config()


def test_a_file_that_cannot_be_read(tmp_path, monkeypatch):
    for path, reason in ((tmp_path / "nothing.toml", "No such file"), (tmp_path, "Is a directory")):
        monkeypatch.setenv("DIGITNET_SETTINGS", str(path))
        with pytest.raises(ConfigurationError, match=f"cannot be read: {reason}"):
            Config()


def test_a_wrong_value_in_code_is_refused_too():
    with pytest.raises(ConfigurationError, match="max_images is 0"):
        Config(max_images=0)
    with pytest.raises(ConfigurationError, match="max_image is no setting"):
        Config(max_image=8)


def test_more_pictures_than_parts_are_refused():
    assert Config(max_images=100, max_parts=100).max_images == 100
    with pytest.raises(ConfigurationError, match=r"max_images is 101.*max_parts is 100.*Raise max_parts"):
        Config(max_images=101, max_parts=100)


def test_settings_do_not_change_under_way():
    config = Config()
    with pytest.raises(ValidationError, match="frozen"):
        config.port = 1
