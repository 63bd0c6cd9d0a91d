"""Taking pictures out of requests: limits, malformed bodies, and nothing on the disk."""

import io
import random
import tempfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from service import create_app
from service.config import Config

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
UNNAMED = b'Content-Disposition: form-data; name="image"'


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


@pytest.mark.parametrize("header", [IMAGE, UNNAMED])
def test_the_most_pictures_of_a_request(app_with, problem, draw, header):
    client = app_with(max_images=2).test_client()
    assert post_raw(client, multipart(*[(header, draw("1"))] * 2)).status_code == 200
    detail = problem(post_raw(client, multipart(*[(header, draw("1"))] * 3)), 413)
    assert "3 pictures" in detail
    assert "at most 2" in detail


def test_the_most_parts_of_a_form(client, problem, draw):
    field = (b'Content-Disposition: form-data; name="x"', b"1")
    picture = (IMAGE, draw("1"))
    assert post_raw(client, multipart(*[field] * 63, picture)).status_code == 200
    for parts in ([*[field] * 64, picture], [picture] * 65, [field] * 1000):
        assert "more than 64 parts" in problem(post_raw(client, multipart(*parts)), 413)


def test_sixty_four_pictures_at_once(client, draw):
    answer = post_raw(client, multipart(*[(IMAGE, draw("1"))] * 64))
    assert len(answer.get_json()["predictions"]) == 64


def test_the_most_pixels_of_a_picture(model, draw, problem):
    width, height = Image.open(io.BytesIO(draw("1"))).size
    for most, status in ((width * height, 200), (width * height - 1, 413)):
        client = create_app(Config(model=model, max_pixels=most)).test_client()
        answer = client.post(URL, data=draw("1"), content_type="image/png")
        assert answer.status_code == status
    assert "pixels" in problem(answer, 413)


def test_the_most_pixels_of_all_pictures_together(app_with, problem, draw):
    width, height = Image.open(io.BytesIO(draw("1"))).size
    body = multipart(*[(IMAGE, draw("1"))] * 3)
    total = 3 * width * height
    assert post_raw(app_with(max_total_pixels=total).test_client(), body).status_code == 200
    detail = problem(post_raw(app_with(max_total_pixels=total - 1).test_client(), body), 413)
    assert f"{total - 1:,} pixels together" in detail


def test_parts_with_other_names_may_be_long(client, draw):
    long = (b'Content-Disposition: form-data; name="x"', b"1" * 600 * KIB)
    assert post_raw(client, multipart(long, (IMAGE, draw("1")))).status_code == 200


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


@pytest.mark.parametrize(
    "header",
    [
        UNNAMED,
        UNNAMED + b"\r\nContent-Type: image/png",
        UNNAMED + b"\r\nContent-Type: text/plain; charset=utf-8",
        UNNAMED + b'; filename=""',
    ],
)
def test_a_picture_needs_no_file_name(client, draw, header):
    picture = draw("1") + bytes(range(256))  # bytes that are no text stay as they are
    answer = post_raw(client, multipart((header, picture), (IMAGE, draw("88")), (header, draw("888"))))
    entries = answer.get_json()["predictions"]
    assert [entry["filename"] for entry in entries] == [None, "a.png", None]
    assert [len(entry["digits"]) for entry in entries] == [1, 1, 2]


@pytest.mark.parametrize("header", [IMAGE, UNNAMED, UNNAMED + b"\r\nContent-Type: text/plain"])
def test_an_image_part_that_is_text_is_no_picture(client, problem, draw, header):
    assert "plain text" in problem(post_raw(client, multipart((header, b"hello"))), 415)
    beside = multipart((IMAGE, draw("1")), (header, b"hello"))
    assert problem(post_raw(client, beside), 415).startswith("Image 2 of 2")


@pytest.mark.parametrize("header", [UNNAMED, UNNAMED + b'; filename=""'])
def test_a_form_in_which_no_file_was_chosen(client, problem, draw, header):
    assert "holds no picture" in problem(post_raw(client, multipart((header, b""))), 400)
    assert "holds no picture" in problem(post_raw(client, multipart(*[(header, b"")] * 3)), 400)
    # Beside a picture such a part is nothing.
    answer = post_raw(client, multipart((header, b""), (IMAGE, draw("1"))))
    assert len(answer.get_json()["predictions"]) == 1


def test_a_file_that_is_empty_is_named(client, problem, draw):
    assert "empty" in problem(post_raw(client, multipart((IMAGE, b""))), 400)
    detail = problem(post_raw(client, multipart((UNNAMED, draw("1")), (IMAGE, b""))), 400)
    assert detail.startswith('Image 2 of 2 ("a.png"): ')


@pytest.mark.parametrize("kind", [None, "image/png", "application/octet-stream"])
@pytest.mark.parametrize("send", [post_raw, chunked])
def test_an_empty_body(client, problem, kind, send):
    assert "holds no picture" in problem(send(client, b"", kind), 400)


@pytest.mark.parametrize("kind", ["application/xml", "text/plain", "application/x-www-form-urlencoded", None])
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


def test_a_form_made_to_be_slow_is_not(client):
    """Line ends, beginnings of a boundary and many headers are where a careless parser looks twice."""
    for piece in (b"\r\n", b"\r\n--", b"\r\n--bb", b"--b", b"--b\r\n", b"a: b\r\n"):
        filled = piece * (1_000_000 // len(piece))
        for body in (multipart((IMAGE, filled)), multipart((IMAGE, filled), end=b""), b"--b\r\n" + filled):
            assert 400 <= post_raw(client, body).status_code < 500
