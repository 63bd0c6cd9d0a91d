"""API keys: who sends one is served, a withdrawn one is not, and none is ever written down."""

import hashlib
import http.client
import logging
import os
import re
import subprocess
import sys
import time

import pytest

from digitnet.errors import ConfigurationError
from service.access import key_file

URL = "/api/v1/predict"
KEY, OTHER = "digitnet_" + "k" * 43, "digitnet_" + "o" * 43


def line(name, key):
    return f"{name} sha256:{hashlib.sha256(key.encode()).hexdigest()}\n"


@pytest.fixture
def keys(tmp_path):
    """A file with one key."""
    path = tmp_path / "keys.txt"
    path.write_text("# those who may ask\n\n" + line("phone", KEY))
    path.chmod(0o640)
    return path


@pytest.fixture
def client(app_with, keys):
    return app_with(api_keys=keys).test_client()


def send(client, draw, **headers):
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return client.post(URL, data=draw("1"), content_type="image/png", headers=headers)


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": f"Bearer {KEY}"},
        {"Authorization": f"bearer  {KEY}"},
        {"X_API_Key": KEY},
        {"X_API_Key": KEY, "Authorization": "Basic dTpw"},
    ],
)
def test_who_sends_a_key_is_served(client, draw, headers):
    assert send(client, draw, **headers).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X_API_Key": ""},
        {"X_API_Key": OTHER},
        {"X_API_Key": KEY[:-1]},
        {"X_API_Key": KEY + "k"},
        {"X_API_Key": KEY.upper()},
        {"X_API_Key": hashlib.sha256(KEY.encode()).hexdigest()},
        {"X_API_Key": "phone"},
        {"X_API_Key": "\u00fc\u00ff"},
        {"Authorization": KEY},
        {"Authorization": f"Basic {KEY}"},
        {"Authorization": "Bearer"},
        {"Authorization": f"Bearer {OTHER}"},
        {"Authorization": f"Bearer {KEY}, Bearer {OTHER}"},
        {"Cookie": f"key={KEY}"},
    ],
)
def test_all_others_are_refused_in_the_same_words(client, problem, draw, headers):
    answer = send(client, draw, **headers)
    assert problem(answer, 401) == (
        "This address needs a valid API key. Send it as Authorization: Bearer KEY, or as X-API-Key: KEY; "
        "who runs the service hands keys out."
    )
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_a_key_in_the_address_does_not_count(client, problem):
    problem(client.post(f"{URL}?key={KEY}&api_key={KEY}&X-API-Key={KEY}"), 401)


@pytest.mark.parametrize(
    "address",
    [
        URL,
        "/api/v1/nowhere",
        "/api/v9/anything",
        "/v2",
        "/v2/",
        "/v2/models/mnist/infer",
        "/metrics",
        "/api/docsx",
    ],
)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS", "HEAD"])
def test_addresses_for_programs_are_closed(client, address, method):
    assert client.open(address, method=method).status_code == 401


@pytest.mark.parametrize("address", ["/", "/health/live", "/health/ready", "/static/style.css"])
def test_what_is_for_people_and_for_those_who_watch_is_open(client, address):
    assert client.get(address, buffered=True).status_code in (200, 503)


def test_what_may_be_open_is(client, draw):
    for address in (
        "/api",
        "/api/",
        "/api/docs",
        "/api/docs/",
        "/api/openapi.json",
        "/v2/health/live",
        "/v2/health/ready",
    ):
        assert client.get(address).status_code != 401
    assert client.post("/", data=draw("1"), content_type="image/png").status_code == 200


def test_no_way_of_writing_an_address_opens_it(client):
    for address in (
        "//api/v1/predict",
        "/api//v1/predict",
        "/%61pi/v1/predict",
        "/./api/v1/predict",
        "/v2//",
    ):
        answer = client.post(address, data=b"x", content_type="image/png")
        assert answer.status_code in (308, 401, 404), address


def test_without_a_file_a_key_is_not_looked_at(app_with, draw):
    assert send(app_with().test_client(), draw, X_API_Key="anything").status_code == 200


def test_every_key_of_the_file_counts(client, keys, draw):
    keys.write_text("".join(line(f"client-{number}", f"key {number}") for number in range(50)))
    for number in (0, 25, 49):
        assert send(client, draw, X_API_Key=f"key {number}").status_code == 200
    assert send(client, draw, X_API_Key="key 50").status_code == 401


def test_a_line_may_be_written_with_capitals_tabs_and_a_comment(client, keys, draw):
    keys.write_text("\ttablet\t sha256:" + line("", OTHER).strip()[7:].upper() + "  # on the wall\r\n")
    assert send(client, draw, X_API_Key=OTHER).status_code == 200


def test_each_key_is_compared_and_in_constant_time(keys, monkeypatch):
    """Also when the first one was right: how long it takes must not tell which it was."""
    keys.write_text(line("a", KEY) + line("b", OTHER) + line("c", "third"))
    compared = []

    def compare(one, other):
        compared.append(other)
        return one == other

    file = key_file.KeyFile(keys, logging.getLogger("test"))
    monkeypatch.setattr(key_file.hmac, "compare_digest", compare)
    for key, name in ((KEY, "a"), ("third", "c"), ("wrong", None)):
        compared.clear()
        assert file.name_of(key) == name
        assert len(compared) == 3


def test_a_key_that_is_withdrawn_or_added_counts_at_once(client, keys, draw):
    keys.write_text(line("tablet", OTHER))
    assert send(client, draw, X_API_Key=KEY).status_code == 401
    assert send(client, draw, X_API_Key=OTHER).status_code == 200
    new = keys.with_name("new")
    new.write_text(line("tablet", OTHER) + line("phone", KEY))
    new.replace(keys)
    assert send(client, draw, X_API_Key=KEY).status_code == 200


@pytest.mark.parametrize("content", [b"", b"# none\n", b"phone\n", b"\xff\xfe\n", None])
def test_a_new_file_that_is_broken_leaves_the_old_keys(client, keys, draw, caplog, content):
    keys.unlink() if content is None else keys.write_bytes(content)
    with caplog.at_level(logging.ERROR):
        for _ in range(3):
            assert send(client, draw, X_API_Key=KEY).status_code == 200
            assert send(client, draw, X_API_Key=OTHER).status_code == 401
    [record] = caplog.records  # said once, not at each request
    assert "stay as they were" in record.getMessage()
    keys.write_text(line("tablet", OTHER))
    assert send(client, draw, X_API_Key=KEY).status_code == 401


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("", "holds no key"),
        ("# nothing\n", "holds no key"),
        (line("phone", KEY) + "tablet\n", "Line 2 "),
        ("phone " + KEY, "Line 1 "),
        ("phone sha256:abc\n", "Line 1 "),
        ("phone md5:" + "0" * 64, "Line 1 "),
        ("the phone sha256:" + "0" * 64, "Line 1 "),
        ("\n" + line("phone", KEY) + line("phone", OTHER), "Line 3 "),
        (line("phone", KEY) + line("tablet", KEY), "Line 2 "),
        ("sha256:" + "0" * 64, "Line 1 "),
    ],
)
def test_a_file_that_cannot_be_used_stops_the_start(app_with, tmp_path, content, sentence):
    path = tmp_path / "keys.txt"
    path.write_text(content)
    with pytest.raises(ConfigurationError, match=sentence) as caught:
        app_with(api_keys=path)
    assert KEY not in str(caught.value)
    assert str(caught.value).endswith(".")


def test_a_file_that_is_not_there_stops_the_start(app_with, tmp_path):
    for path in (tmp_path / "none.txt", tmp_path):
        with pytest.raises(ConfigurationError, match="cannot be read"):
            app_with(api_keys=path)


def test_the_command_says_so_in_one_sentence(root, tmp_path):
    command = [sys.executable, "-m", "service", "--port", "0", "--api-keys", str(tmp_path / "none.txt")]
    result = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith("Error: The file of API keys")
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("mode", "warned"), [(0o600, False), (0o640, False), (0o644, True), (0o602, True)])
def test_a_file_that_everybody_may_open_is_worth_a_warning(app_with, keys, caplog, mode, warned):
    keys.chmod(mode)
    if not os.access(keys, os.R_OK):
        pytest.skip("The file cannot be read with this mode.")
    with caplog.at_level(logging.WARNING):
        app_with(api_keys=keys)
    assert bool(caplog.records) == warned


def test_a_key_is_a_client_of_its_own_for_the_rate(app_with, keys, draw):
    keys.write_text(line("phone", KEY) + line("tablet", OTHER))
    client = app_with(api_keys=keys, rate_limit="2/hour").test_client()
    assert [send(client, draw, X_API_Key=KEY).status_code for _ in range(3)] == [200, 200, 429]
    assert [send(client, draw, X_API_Key=OTHER).status_code for _ in range(3)] == [200, 200, 429]
    # Who tries keys is counted by the address, and is stopped before the next one is looked at.
    assert [send(client, draw, X_API_Key=f"guess {n}").status_code for n in range(3)] == [401, 401, 429]


@pytest.fixture
def logged_server(root, model, tmp_path):
    """Start a server with these options, all of whose words go into a file; give its port and that file."""
    processes = []

    def start(*options):
        log = tmp_path / "log.txt"
        command = [sys.executable, "-m", "service", "--port", "0", "--model", str(model), *options]
        with log.open("wb") as file:
            processes.append(subprocess.Popen(command, cwd=root, stdout=file, stderr=subprocess.STDOUT))
        deadline = time.monotonic() + 60
        while not (found := re.search(r"serves http://127.0.0.1:(\d+)", log.read_text())):
            assert processes[-1].poll() is None, log.read_text()
            assert time.monotonic() < deadline
            time.sleep(0.05)
        return int(found[1]), log

    yield start
    for process in processes:
        process.terminate()
        process.wait(30)


def test_a_key_made_by_the_script_opens_the_service_and_is_in_no_log(root, logged_server, tmp_path, draw):
    made = subprocess.run(
        [sys.executable, "scripts/new_key.py", "phone"], cwd=root, capture_output=True, text=True, check=True
    )
    key = made.stderr.split()[-1]
    assert key.startswith("digitnet_")
    assert len(key) == 52
    path = tmp_path / "keys.txt"
    path.write_text(made.stdout)
    path.chmod(0o600)
    port, log = logged_server("--api-keys", str(path), "--log-level", "debug")

    def ask(key):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
        headers = {"Authorization": f"Bearer {key}", "Content-Type": "image/png"}
        connection.request("POST", URL, draw("7"), headers)
        answer = connection.getresponse()
        answer.read()
        connection.close()
        return answer.status

    assert ask(key) == 200
    assert ask("digitnet_wrong") == 401
    path.write_text(line("another", OTHER))
    assert {ask(key) for _ in range(10)} == {401}  # whichever process answers
    assert ask(OTHER) == 200
    told = log.read_text()
    assert "401" in told
    for secret in (key, OTHER, "digitnet_wrong", made.stdout.split(":")[1].strip()):
        assert secret not in told


def test_the_script_makes_another_key_each_time_and_takes_no_other_names(root):
    def make(name):
        command = [sys.executable, "scripts/new_key.py", name]
        return subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)

    assert make("phone").stderr != make("phone").stderr
    for name in ("", "the phone", "phöne", "a" * 65, "a#b"):
        refused = make(name)
        assert refused.returncode == 1
        assert refused.stdout == ""
        assert "must be 1 to 64" in refused.stderr
