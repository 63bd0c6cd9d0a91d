"""Glyphs of fonts: where the ink is, how large it is, and which characters a font does not have."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont

from digitnet.errors import ConfigurationError, DataError
from digitnet.synthesis.font_files import FontFile
from digitnet.synthesis.fonts import (
    DIGIT_CHARACTERS,
    NON_DIGIT_CHARACTERS,
    Glyph,
    font_glyphs,
    render_glyph,
    without_lookalikes,
)

# A font with Latin, Greek and much more, and one with signs of mathematics that lacks both.
FOLDER = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
SANS = FontFile("sans", (FOLDER / "DejaVuSans.ttf",))
MONO = FontFile("mono", (FOLDER / "DejaVuSansMono.ttf",))
SIGNS_ONLY = FontFile("signs", (FOLDER / "STIXSizOneSymReg.ttf",))


@pytest.mark.parametrize("character", "038mg+~Ω")
def test_ink_is_bright_tight_and_has_a_margin_of_two_pixels(character: str) -> None:
    ink = render_glyph(SANS, character)
    assert ink is not None
    assert ink.dtype == np.float32
    assert (ink.min(), ink.max()) == (0, 1)
    assert len(np.unique(ink)) > 2, "antialiased"
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    assert (rows[0], rows[-1], columns[0], columns[-1]) == (2, ink.shape[0] - 3, 2, ink.shape[1] - 3)


def test_ink_has_the_shape_of_the_character() -> None:
    zero, one, seven = (render_glyph(SANS, digit) for digit in "017")
    assert zero is not None
    assert one is not None
    assert seven is not None
    middle = zero[zero.shape[0] // 2]
    assert middle[zero.shape[1] // 2] == 0, "a 0 is empty inside"
    assert np.count_nonzero(np.diff(np.r_[0, middle > 0.5, 0])) == 4, "and has two walls"
    assert one.sum() < zero.sum()
    assert seven[:12].sum() > 2 * seven[-12:].sum(), "a 7 is heavy at the top"


@pytest.mark.parametrize("height", [8, 28, 96, 300])
@pytest.mark.parametrize("font", [SANS, MONO], ids=lambda font: font.family)
def test_digits_are_as_high_as_asked_and_signs_keep_their_proportion(font: FontFile, height: int) -> None:
    heights = {}
    for character in "08-":
        ink = render_glyph(font, character, height=height)
        assert ink is not None
        heights[character] = ink.shape[0] - 4
    assert heights["0"] == pytest.approx(height, abs=2)
    assert heights["8"] == pytest.approx(height, abs=2)
    assert heights["-"] < height / 5


@pytest.mark.parametrize("character", ["漢", "\ufffe", "\u3042", "\U0001f9ff"])
def test_a_character_that_the_font_lacks_gives_nothing_rather_than_a_box(character: str) -> None:
    face = ImageFont.truetype(SANS.paths[0], 50)
    image = Image.new("L", (80, 80))
    ImageDraw.Draw(image).text((5, 5), character, fill=255, font=face)
    assert image.getbbox() is not None, "this font does show a box for it"
    assert render_glyph(SANS, character) is None


@pytest.mark.parametrize("character", [" ", "\n", "\u2003", "\x00"])
def test_a_character_without_ink_gives_nothing(character: str) -> None:
    assert render_glyph(SANS, character) is None


def test_a_further_file_of_the_family_lends_what_the_first_lacks_at_the_same_scale() -> None:
    assert render_glyph(MONO, "ﬃ") is None
    together = dataclasses.replace(MONO, paths=(*MONO.paths, *SANS.paths))
    assert render_glyph(together, "ﬃ") is not None
    np.testing.assert_array_equal(render_glyph(together, "5"), render_glyph(MONO, "5"))


def test_glyphs_come_font_by_font_and_leave_out_what_is_missing() -> None:
    glyphs = font_glyphs([SANS, MONO], "7漢é")
    assert [(glyph.family, glyph.character) for glyph in glyphs] == [
        ("sans", "7"), ("sans", "é"), ("mono", "7"), ("mono", "é"),
    ]  # fmt: skip
    np.testing.assert_array_equal(glyphs[2].ink, render_glyph(MONO, "7"))


def test_all_the_characters_that_training_uses_can_be_drawn() -> None:
    assert len(font_glyphs([SANS], DIGIT_CHARACTERS)) == 10
    assert len(font_glyphs([SANS], NON_DIGIT_CHARACTERS, height=24)) == len(NON_DIGIT_CHARACTERS)


def test_what_people_take_for_digits_is_no_example_of_a_non_digit() -> None:
    assert not set(NON_DIGIT_CHARACTERS) & set("0123456789OoIlZzSsbgq|/\\()ΟοΙι")
    assert set("AHMNY+B") < set(NON_DIGIT_CHARACTERS), "digitnet once took these for digits"
    assert len(set(NON_DIGIT_CHARACTERS)) == len(NON_DIGIT_CHARACTERS)


def test_glyphs_that_look_just_like_a_digit_are_left_out() -> None:
    digits = font_glyphs([SANS], DIGIT_CHARACTERS)
    others = font_glyphs([MONO], "OlM#")
    disguised = Glyph(digits[7].ink[::-1], "ㄥ", "made")
    seven = Glyph(digits[7].ink, "フ", "made")
    kept = without_lookalikes([*others, disguised, seven], digits, similarity=0.999)
    assert [glyph.character for glyph in kept] == ["O", "l", "M", "#", "ㄥ"]
    strict = without_lookalikes([*others, disguised, seven], digits, similarity=0.9)
    assert [glyph.character for glyph in strict] == ["l", "M", "#", "ㄥ"]
    assert without_lookalikes(others, []) == others
    assert without_lookalikes([], digits) == []


@pytest.mark.parametrize("character", ["", "12"])
def test_one_character_is_drawn_at_a_time(character: str) -> None:
    with pytest.raises(ConfigurationError, match="single character"):
        render_glyph(SANS, character)


@pytest.mark.parametrize("height", [0, 7, 100_000])
def test_heights_that_cannot_work_are_refused(height: int) -> None:
    with pytest.raises(ConfigurationError, match="8 to 1024"):
        render_glyph(SANS, "1", height=height)


def test_a_font_without_digits_is_refused() -> None:
    with pytest.raises(DataError, match="does not have the ten digits"):
        render_glyph(SIGNS_ONLY, "(")


def test_files_that_are_no_fonts_are_data_errors(tmp_path: Path) -> None:
    (tmp_path / "page.woff").write_text("<html>")
    for name in ("page.woff", "none.woff"):
        with pytest.raises(DataError, match=r"cannot be read as a font.*fetch the fonts again"):
            render_glyph(FontFile("bad", (tmp_path / name,)), "1")
