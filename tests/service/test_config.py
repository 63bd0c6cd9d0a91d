"""Settings: defaults, the environment, and a sentence for each value that cannot work."""

import pytest

from digitnet.errors import ConfigurationError
from service.config import Config


def test_an_empty_environment_gives_the_defaults():
    config = Config.from_environment({})
    assert config == Config()
    assert config.model.parts[-2:] == ("models", "mnist.safetensors")
    assert (config.max_body_bytes, config.max_pixels, config.max_images) == (10 * 1024 * 1024, 25_000_000, 64)


def test_the_environment_says_otherwise(tmp_path):
    config = Config.from_environment(
        {
            "DIGITNET_MODEL": str(tmp_path / "own.safetensors"),
            "DIGITNET_MAX_BODY_BYTES": "2000",
            "DIGITNET_MAX_PIXELS": "3000",
            "DIGITNET_MAX_IMAGES": "4",
        }
    )
    assert config == Config(tmp_path / "own.safetensors", 2000, 3000, 4)


def test_a_form_may_have_some_parts_besides_its_images():
    assert Config(max_images=5).max_parts > 5


@pytest.mark.parametrize("name", ["DIGITNET_MAX_BODY_BYTES", "DIGITNET_MAX_PIXELS", "DIGITNET_MAX_IMAGES"])
@pytest.mark.parametrize("value", ["many", "0", "-3", "1.5", "10MB"])
def test_a_wrong_value_is_refused_with_its_name_and_what_was_expected(name, value):
    with pytest.raises(ConfigurationError, match=rf"{name} is '{value}'.*whole number of at least 1"):
        Config.from_environment({name: value})


def test_a_wrong_value_in_code_is_refused_too():
    with pytest.raises(ConfigurationError, match="max_images is 0"):
        Config(max_images=0)
