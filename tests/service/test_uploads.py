"""Taking pictures out of requests: limits, malformed bodies, and nothing on the disk."""

import io
import random
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.uploads import readable_name, readable_size

URL = "/api/v1/predict"
KIB = 1024


def chunked(client, data, content_type="image/png"):
    """Post without Content-Length, as a server hands over a body that came in chunks."""
    return client.post(
        URL,
        input_stream=io.BytesIO(data),
        content_type=content_type,
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )


def multipart(*parts, end=b"--b--\r\n"):
    """A form written by hand: each part is its headers and its content."""
    return b"".join(b"--b\r\n" + headers + b"\r\n\r\n" + data + b"\r\n" for headers, data in parts) + end


def post_raw(client, body, content_type="multipart/form-data; boundary=b"):
    return client.post(URL, data=body, content_type=content_type)


IMAGE = b'Content-Disposition: form-data; name="image"; filename="a.png"'


@pytest.mark.parametrize("send", [post_raw, chunked])
def test_a_body_may_be_as_long_as_the_limit_and_not_a_byte_longer(app_with, problem, draw, send):
    data = draw("1")
    client = app_with(max_body_bytes=len(data)).test_client()
    assert send(client, data, content_type="image/png").status_code == 200
    client = app_with(max_body_bytes=len(data) - 1).test_client()
    detail = problem(send(client, data, content_type="image/png"), 413)
    assert f"at most {len(data) - 1} bytes" in detail


@pytest.mark.parametrize("send", [post_raw, chunked])
def test_a_form_meets_the_same_limit(app_with, problem, draw, send):
    body = multipart((IMAGE, draw("1")))
    kind = "multipart/form-data; boundary=b"
    assert send(app_with(max_body_bytes=len(body)).test_client(), body, kind).status_code == 200
    problem(send(app_with(max_body_bytes=len(body) - 1).test_client(), body, kind), 413)


def test_too_many_pictures(app_with, problem, draw):
    client = app_with(max_images=2).test_client()
    assert post_raw(client, multipart(*[(IMAGE, draw("1"))] * 2)).status_code == 200
    detail = problem(post_raw(client, multipart(*[(IMAGE, draw("1"))] * 3)), 413)
    assert "3 pictures" in detail
    assert "at most 2" in detail


def test_a_thousand_parts(client, problem):
    field = (b'Content-Disposition: form-data; name="x"', b"1")
    assert "80 parts" in problem(post_raw(client, multipart(*[field] * 1000)), 413)


def test_a_text_field_may_not_grow_large(client, problem):
    problem(post_raw(client, multipart((b'Content-Disposition: form-data; name="x"', b"1" * 600 * KIB))), 413)


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (multipart((IMAGE, b"x")), "multipart/form-data"),
        (multipart((IMAGE, b"x")), "multipart/form-data; boundary=other"),
        (multipart((IMAGE, b"x")), "multipart/form-data; boundary=\xff"),
        (multipart((IMAGE, b"x"), end=b""), "multipart/form-data; boundary=b"),
        (multipart((IMAGE, b"x"))[:40], "multipart/form-data; boundary=b"),
        (multipart((b"Content-Type: image/png", b"x")), "multipart/form-data; boundary=b"),
        (multipart((IMAGE + b"\r\nX: \xff\xfe", b"x")), "multipart/form-data; boundary=b"),
        (b"nonsense", "multipart/form-data; boundary=b"),
    ],
)
def test_a_malformed_form_is_called_so(client, problem, body, kind):
    assert "malformed" in problem(post_raw(client, body, kind), 400)


def test_a_form_without_an_image_part_says_what_was_expected(client, problem):
    other = multipart((IMAGE.replace(b'"image"', b'"file"'), b"x"))
    assert 'parts named "image"' in problem(post_raw(client, other), 400)
    assert 'parts named "image"' in problem(post_raw(client, multipart()), 400)


def test_an_image_part_that_is_text_is_told_to_be_a_file(client, problem):
    text = multipart((b'Content-Disposition: form-data; name="image"', b"hello"))
    assert "file name" in problem(post_raw(client, text), 400)


def test_a_form_in_which_no_file_was_chosen(client, problem):
    empty = multipart((b'Content-Disposition: form-data; name="image"; filename=""', b""))
    assert "holds no picture" in problem(post_raw(client, empty), 400)


@pytest.mark.parametrize("kind", [None, "image/png", "application/octet-stream"])
@pytest.mark.parametrize("send", [post_raw, chunked])
def test_an_empty_body(client, problem, kind, send):
    assert "holds no picture" in problem(send(client, b"", kind), 400)


@pytest.mark.parametrize(
    "kind", ["application/json", "text/plain", "application/x-www-form-urlencoded", None]
)
def test_another_content_type(client, problem, kind):
    detail = problem(post_raw(client, b"{}", kind), 415)
    assert (kind or "not given") in detail
    assert "image/png" in detail


def test_a_body_that_ends_before_its_announced_length(client, problem, draw):
    answer = client.post(
        URL,
        input_stream=io.BytesIO(draw("1")),
        content_type="image/png",
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": "100000"},
    )
    assert "ended after" in problem(answer, 400)


def test_a_server_that_fails_to_read_the_body(client, problem):
    class Broken(io.BytesIO):
        def read(self, _size=-1):
            raise RuntimeError("bad chunk")

        readinto = read

    answer = client.post(
        URL,
        input_stream=Broken(),
        content_type="image/png",
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert "malformed" in problem(answer, 400)


def test_what_was_refused_is_read_and_thrown_away_within_bounds(app_with):
    client = app_with(max_body_bytes=100 * KIB).test_client()
    for size, read in ((300 * KIB, 300 * KIB), (3000 * KIB, 400 * KIB)):
        body = io.BytesIO(bytes(size))
        answer = client.post(
            "/nowhere",
            input_stream=body,
            content_type="image/png",
            environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": str(size)},
        )
        assert answer.status_code == 404
        assert read <= body.tell() <= read + 64 * KIB


def test_nothing_is_written_to_disk(client, draw, monkeypatch, tmp_path):
    def refuse(*_args, **_kwargs):
        raise AssertionError("a temporary file was opened")

    for name in ("TemporaryFile", "NamedTemporaryFile", "SpooledTemporaryFile", "mkstemp"):
        monkeypatch.setattr(tempfile, name, refuse)
    monkeypatch.setattr("werkzeug.formparser.SpooledTemporaryFile", refuse)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    nine_mib = draw("1") + random.Random(1).randbytes(9 * KIB * KIB)
    assert post_raw(client, multipart((IMAGE, nine_mib))).status_code == 200
    assert list(tmp_path.iterdir()) == []


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_no_damage_to_a_form_is_more_than_a_client_error(shared_client, data):
    body = bytearray(multipart((IMAGE, b"picture"), (b'Content-Disposition: form-data; name="x"', b"1")))
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    answer = post_raw(shared_client, bytes(body))
    assert 400 <= answer.status_code < 500, answer.text


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
