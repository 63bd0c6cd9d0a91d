"""Names of files and numbers of bytes, as people read them."""

from hypothesis import given
from hypothesis import strategies as st

from service.uploads import readable_name, readable_size

KIB = 1024


@given(st.text(max_size=300))
def test_a_readable_name_is_short_and_printable(name):
    shown = readable_name(name)
    assert shown is None or 0 < len(shown) <= 120
    assert shown is None or shown.encode("utf-8")
    assert not set(shown or "") & set("/\\\n\r\x00\x1b\u202e")


def test_a_readable_name_has_no_folders():
    names = ["a/b/c.png", r"C:\fakepath\c.png", "../c.png", "\nc.png"]
    assert [readable_name(name) for name in names] == ["c.png"] * 4
    assert [readable_name(name) for name in (None, "", "folder/", "\x00")] == [None] * 4


def test_readable_sizes():
    assert [readable_size(size) for size in (10 * KIB * KIB, 3 * KIB, 1000)] == [
        "10 MiB",
        "3 KiB",
        "1000 bytes",
    ]
