"""A form is read in two pieces, since that is quicker, and with the same parts as in one."""

import random

import pytest
from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder

from service.forms import end_of, parts_of


def whole(body, boundary):
    """The parts of a form as Werkzeug finds them in one piece."""
    decoder = MultipartDecoder(boundary, max_parts=3)
    decoder.receive_data(body)
    decoder.receive_data(None)
    found = []
    while not isinstance(event := decoder.next_event(), Epilogue):
        if isinstance(event, Field | File):
            found.append([event.name, getattr(event, "filename", None), b""])
        elif isinstance(event, Data):
            found[-1][2] += event.data
    return found


def in_two(body, boundary):
    return [[*part] for part in parts_of(body, boundary, 3)]


def test_a_form_that_is_read_in_two_pieces_has_the_parts_that_it_has_in_one():
    seed = random.SystemRandom().randrange(10**6)
    print(f"seed {seed}")
    rng = random.Random(seed)
    head = b'--%b\r\nContent-Disposition: form-data; name="image"'
    pieces = [
        b"\r\n",
        b"\n",
        b"\r",
        b"--",
        b"--%b",
        b"\r\n--%b\r\n",
        b"\r\n--%b--\r\n",
        b"\r\n\r\n",
        b"a",
        b" ",
    ]
    pieces += [
        head + b'; filename="x"\r\n\r\n',
        b"\r\n" * 600,
        *(b"q" * size for size in (1000, 1023, 1030, 3000)),
    ]
    read, apart = 0, 0
    for turn in range(4000):
        boundary = [b"b", b"b", b"-", b"b-", b""][turn % 5]
        middle = b"".join(rng.choice(pieces) for _ in range(rng.randrange(8)))
        end = rng.choice([b"", b"\r\n--%b--", b"\r\n--%b--\r\n", b"\n--%b--"])
        body = (head + b"\r\n\r\n" + middle + end).replace(b"%b", boundary)
        apart += end_of(body, boundary) < len(body)
        try:
            expected = whole(body, boundary)
        except (ValueError, RequestEntityTooLarge) as error:
            with pytest.raises(type(error)):
                in_two(body, boundary)
        else:
            assert in_two(body, boundary) == expected, body
            read += 1
    assert read > 500
    assert apart > 500
