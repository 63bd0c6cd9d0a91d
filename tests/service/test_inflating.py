"""Compressed bodies: the same pictures, the same limits, and no memory for a bomb."""

import gzip
import io
import tracemalloc
import urllib.error
import urllib.request
import zlib
from pathlib import Path

import psutil
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

URL = "/api/v1/predict"
MIB = 1024 * 1024
COMPRESS = {"gzip": gzip.compress, "x-gzip": gzip.compress, "deflate": zlib.compress}


def post(client, body, coding, **options):
    headers = {"Content-Encoding": coding}
    return client.post(URL, data=body, headers=headers, content_type="image/png", **options)


def bomb(size):
    """A gzip body of `size` bytes that stands for a thousand times as many zeros, and goes on."""
    zeros = zlib.compressobj(9, wbits=-zlib.MAX_WBITS)
    block = zeros.compress(bytes(MIB)) + zeros.flush(zlib.Z_FULL_FLUSH)
    header = gzip.compress(b"")[:10]
    return (header + block * (size // len(block) + 1))[:size]


@pytest.mark.parametrize("coding", [*COMPRESS, "GZIP", " gzip ", "identity, gzip"])
def test_a_compressed_picture_is_read_like_any_other(client, draw, coding):
    compress = COMPRESS.get(coding, gzip.compress)
    answer = post(client, compress(draw("88")), coding)
    assert answer.status_code == 200
    assert answer.json == client.post(URL, data=draw("88"), content_type="image/png").json


@pytest.mark.parametrize("coding", ["identity", "", ","])
def test_a_body_that_is_sent_as_it_is_may_say_so(client, draw, coding):
    assert post(client, draw("1"), coding).status_code == 200


def test_a_compressed_form(client, draw):
    head = b'--b\r\nContent-Disposition: form-data; name="image"; filename="a.png"\r\n\r\n'
    body = gzip.compress(head + draw("1") + b"\r\n--b--\r\n")
    answer = client.post(
        URL,
        data=body,
        headers={"Content-Encoding": "gzip"},
        content_type="multipart/form-data; boundary=b",
    )
    assert [entry["filename"] for entry in answer.json["predictions"]] == ["a.png"]


def test_a_compressed_body_in_chunks(client, draw):
    answer = client.post(
        URL,
        input_stream=io.BytesIO(gzip.compress(draw("1"))),
        headers={"Content-Encoding": "gzip"},
        content_type="image/png",
        environ_overrides={"wsgi.input_terminated": True, "CONTENT_LENGTH": ""},
    )
    assert answer.status_code == 200


@pytest.mark.parametrize("coding", ["br", "zstd", "compress", "gzip, gzip", "deflate, gzip", "gzip;q=1", "é"])
def test_another_coding_is_refused_with_those_that_are_taken(client, problem, draw, coding):
    answer = post(client, draw("1"), coding.encode().decode("latin-1"))
    assert "one layer of gzip or deflate" in problem(answer, 415)
    assert answer.headers["Accept-Encoding"] == "gzip, deflate"


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_the_limit_holds_for_what_is_inflated(app_with, problem, draw, coding):
    picture = draw("1") + bytes(100_000)
    body = COMPRESS[coding](picture)
    assert len(body) < len(picture) // 10
    assert post(app_with(max_body_bytes=len(picture)).test_client(), body, coding).status_code == 200
    answer = post(app_with(max_body_bytes=len(picture) - 1).test_client(), body, coding)
    detail = problem(answer, 413)
    assert f"at most {len(picture) - 1} bytes" in detail
    assert "inflated" in detail


def test_the_limit_holds_for_what_is_sent_as_well(app_with, problem, draw):
    body = gzip.compress(draw("1"), compresslevel=0)  # longer than what it holds
    client = app_with(max_body_bytes=len(body) - 1).test_client()
    problem(post(client, body, "gzip"), 413)


@pytest.mark.parametrize("coding", ["gzip", "deflate"])
def test_what_is_damaged_cut_off_or_followed_by_more_is_refused(client, problem, draw, coding):
    body = COMPRESS[coding](draw("1"))
    broken = bytearray(body)
    broken[-2] ^= 0xFF  # in the checksum or the length that close it
    raw = zlib.compress(draw("1"), wbits=-zlib.MAX_WBITS)
    other = COMPRESS["deflate" if coding == "gzip" else "gzip"](draw("1"))
    for bad in (
        b"",
        body[:-1],
        body[:5],
        body + b"\0",
        body + b"x" * 100,
        bytes(broken),
        raw,
        other,
        draw("1"),
    ):
        assert "damaged" in problem(post(client, bad, coding), 400)


def test_a_second_stream_after_deflate_is_refused(client, problem, draw):
    assert "damaged" in problem(post(client, zlib.compress(draw("1")) * 2, "deflate"), 400)


def test_a_gzip_body_of_several_members_is_one_body(app_with, client, problem, draw):
    picture = draw("1") + bytes(2000)
    members = [gzip.compress(picture[place : place + 100]) for place in range(0, len(picture), 100)]
    assert post(client, b"".join(members), "gzip").status_code == 200
    small = app_with(max_body_bytes=len(picture) - 1).test_client()
    problem(post(small, gzip.compress(picture[:1000]) + gzip.compress(picture[1000:]), "gzip"), 413)
    assert "damaged" in problem(post(client, b"".join(members)[:-1], "gzip"), 400)


def test_the_most_members_of_a_gzip_body(client, problem, draw):
    picture, empty = gzip.compress(draw("1")), gzip.compress(b"")
    assert post(client, picture + empty * 1023, "gzip").status_code == 200
    assert "more than 1024 gzip members" in problem(post(client, picture + empty * 1024, "gzip"), 413)


def test_a_bomb_takes_no_more_memory_than_two_bodies_and_a_piece(client, problem):
    """Two: what was sent, and what of it was inflated."""
    body = bomb(10 * MIB)
    tracemalloc.start()
    try:
        problem(post(client, body, "gzip"), 413)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    # The test's client holds the body once more; a buffer that grows leaves some room.
    assert peak < 35 * MIB


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the kernel tells no peak of memory")
def test_bombs_leave_a_server_as_small_as_it_was(run_server, model):

    def peak(process):
        lines = Path(f"/proc/{process.pid}/status").read_text("ascii").splitlines()
        return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024

    with run_server("--model", str(model), "--workers", "1") as server:
        assert server.is_alive()
        [worker] = psutil.Process(server.process.pid).children()
        before, body = peak(worker), bomb(10 * MIB)  # of 10 GiB
        for _ in range(5):
            headers = {"Content-Encoding": "gzip", "Content-Type": "image/png"}
            request = urllib.request.Request(server.url + URL, data=body, headers=headers)
            with pytest.raises(urllib.error.HTTPError) as caught:
                urllib.request.urlopen(request, timeout=60)
            with caught.value as answer:
                assert answer.code == 413
                assert b"inflated" in answer.read()
        assert peak(worker) - before < 64  # MiB


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_no_damage_to_a_compressed_body_is_more_than_a_client_error(shared_client, data):
    coding = data.draw(st.sampled_from(["gzip", "deflate"]))
    body = bytearray(COMPRESS[coding](b"picture " * 50) * 2)
    for _ in range(data.draw(st.integers(1, 6))):
        place = data.draw(st.integers(0, len(body) - 1))
        body[place : place + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=4))
    answer = post(shared_client, bytes(body), coding)
    assert 400 <= answer.status_code < 500, answer.text


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=2000), st.integers(1, 300), st.sampled_from([0, 1, 9]))
def test_what_was_compressed_comes_back(content, times, level):
    from service.inflating import inflate

    body = content * times
    for coding, compress in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        assert inflate(compress(body, level), coding, len(body)).read() == body
