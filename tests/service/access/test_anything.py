"""All checks together: nothing that a header may hold is more than a client error."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service import create_app
from service.config import Config

NAMES = [
    "Host",
    "Origin",
    "Sec-Fetch-Site",
    "Authorization",
    "X-API-Key",
    "X-Forwarded-For",
    "X-Forwarded-Proto",
    "X-Forwarded-Host",
    "Content-Encoding",
    "Content-Type",
]
WORDS = (
    'a.example : 8000 [ ] ::1 http:// https:// null same-origin none , = " gzip deflate ; % \\ 192.0.2.1 é ÿ'
)
PIECES = [*WORDS.split(), "Bearer ", "Basic ", "Digest ", " "]
VALUES = st.one_of(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=60),
)


@pytest.fixture(scope="module")
def closed_client(tmp_path_factory):
    """A client of a service with every check that there is."""

    class Recognizer:
        name, version = "none", "0"

    path = tmp_path_factory.mktemp("keys") / "keys.txt"
    path.write_text("phone sha256:" + "0" * 64)
    path.chmod(0o600)
    config = Config(api_keys=path, rate_limit="1000000/hour", trusted_hosts="a.example,[::1]", proxies=1)
    return create_app(config, recognizer=Recognizer()).test_client()


@settings(max_examples=200, deadline=None)
@given(headers=st.dictionaries(st.sampled_from(NAMES), VALUES, max_size=6), data=st.data())
def test_no_header_is_more_than_a_client_error(closed_client, headers, data):
    address = data.draw(st.sampled_from(["/", "/api/v1/predict", "/v2", "/metrics", "/health/live"]))
    answer = closed_client.open(
        address, method=data.draw(st.sampled_from(["GET", "POST"])), headers=headers, data=b"x"
    )
    assert answer.status_code < 500, answer.text
    if address != "/" and not address.startswith("/health/"):
        assert answer.status_code != 200  # nobody guesses the key


def test_the_first_question_that_is_not_answered_well_decides(closed_client):
    """Host, then site, then rate, then key."""

    def ask(**headers):
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        return closed_client.post("/api/v1/predict", headers=headers)

    assert ask(Host="evil.example", Sec_Fetch_Site="cross-site").status_code == 400
    assert ask(Host="a.example", Sec_Fetch_Site="cross-site").status_code == 403
    refused = ask(Host="a.example")
    assert refused.status_code == 401
    assert int(refused.headers["X-RateLimit-Remaining"]) < 1_000_000
