"""The OpenAPI document: valid, the same each time, and about every address that programs use."""

import copy
import io
import os
import subprocess
import sys
import threading

import jsonschema_rs
import pytest
import schemathesis

URL = "/api/v1/predict"
# Addresses that the document leaves out, each with the reason.
ELSEWHERE = {
    "/": "the page, for people",
    "/static/<path:filename>": "files of the page",
    "/api": "leads to the page of the documentation",
    "/api/": "leads to that page",
    "/api/docs": "the document as a page",
    "/api/docs/": "leads to that page",
    "/api/docs/<name>": "files of that page",
    "/api/openapi.json": "the document itself",
    "/feedback": "corrections from the page",
    "/feedback/<which>": "corrections from the page",
    "/feedback/<which>/delete": "corrections from the page",
}


@pytest.fixture
def document(client):
    return client.get("/api/openapi.json").get_json()


def operations(document):
    for path, item in document["paths"].items():
        for method, operation in item.items():
            yield f"{method.upper()} {path}", operation


def check(document, schema, value):
    """Check a value by a schema of the document, which may refer to others there."""
    jsonschema_rs.validate({**schema, "components": document["components"]}, value)


def test_it_is_valid_openapi_3_1(document):
    assert document["openapi"].startswith("3.1.")
    schemathesis.openapi.from_dict(document).validate()
    for name, schema in document["components"]["schemas"].items():
        jsonschema_rs.meta.validate(schema)
        assert schema["title"] == name
    broken = copy.deepcopy(document)
    del broken["paths"][URL]["post"]["responses"]["200"]["description"]
    with pytest.raises(Exception, match="description"):
        schemathesis.openapi.from_dict(broken).validate()


def test_it_is_the_same_in_every_process(root):
    program = (
        "from types import SimpleNamespace; from service import create_app, config; "
        "app = create_app(config.Config(), recognizer=SimpleNamespace(name='fake', version='1.2.3')); "
        "print(app.test_client().get('/api/openapi.json').text, end='')"
    )
    answers = [
        subprocess.run(
            [sys.executable, "-c", program],
            cwd=root,
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    ]
    assert answers[0] == answers[1]
    assert URL in answers[0]


def test_every_address_is_described_or_has_a_reason_not_to_be(app_with, document):
    rules = {
        rule.rule
        for rule in app_with().url_map.iter_rules()
        if not rule.rule.startswith("/v2")  # described by its own standard
    }
    described = {path.replace("{", "<").replace("}", ">") for path in document["paths"]}
    assert rules - described == set(ELSEWHERE) & rules
    assert described <= rules


def test_operations_have_names_of_their_own_and_words(document):
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(set(names)) == len(names)
    for name, operation in operations(document):
        assert operation["summary"].endswith("."), name
        assert "<" not in operation["summary"] + operation.get("description", ""), name
        for status, answer in operation["responses"].items():
            assert answer["description"], (name, status)
            if int(status) >= 400:
                assert list(answer["content"]) == ["application/problem+json"], (name, status)


def test_the_example_of_a_body_is_one(real_client, document):
    body = document["paths"][URL]["post"]["requestBody"]["content"]["application/json"]
    check(document, body["schema"], body["example"])
    [entry] = real_client.post(URL, json=body["example"]).get_json()["predictions"]
    assert (entry["filename"], entry["text"], entry["accepted"]) == ("7.png", "7", True)


def test_keys_are_asked_for_where_the_service_asks_for_them(app_with, document, key_file):
    assert "security" not in document
    assert "securitySchemes" not in document["components"]
    described = app_with(api_keys=key_file).test_client().get("/api/openapi.json").get_json()
    schemathesis.openapi.from_dict(described).validate()
    assert set(described["components"]["securitySchemes"]) == {"key", "bearer"}
    assert described["security"] == [{"key": []}, {"bearer": []}]
    assert "security" not in described["paths"][URL]["post"]
    assert described["paths"]["/health/live"]["get"]["security"] == []


def test_a_key_is_asked_for_exactly_where_the_document_says_so(app_with, key_file, problem):
    client = app_with(api_keys=key_file).test_client()
    document = client.get("/api/openapi.json").get_json()
    closed = set()
    for name, operation in operations(document):
        method, path = name.split()
        answer = client.open(path, method=method)
        if "security" in operation:
            assert answer.status_code == 200, name
            continue
        closed.add(name)
        problem(answer, 401)
        assert set(operation["responses"]["401"]["headers"]) <= set(answer.headers.keys())
        assert client.open(path, method=method, headers={"X-API-Key": "a key"}).status_code != 401
        assert client.open(path, method=method, headers={"Authorization": "Bearer a key"}).status_code != 401
    assert {f"POST {URL}", "GET /metrics"} <= closed


def form(*files):
    return {"data": {"image": [(io.BytesIO(data), name) for name, data in files]}}


def provocations(draw, bad_images):
    """Requests and the status that each provokes."""
    picture = draw("1")
    yield {"data": b""}, 400
    yield {"data": picture, "content_type": "image/png", "query_string": "top_k=11"}, 400
    yield {"data": picture, "content_type": "image/png", "headers": {"Accept": "image/png"}}, 406
    yield {"data": picture, "content_type": "text/html"}, 415
    yield form(*[(f"{number}.png", picture) for number in range(65)]), 413
    yield {"data": b"x" * (10 * 1024 * 1024 + 1), "content_type": "image/png"}, 413
    for name, (data, status) in bad_images.items():
        yield form((name, data)), status
    yield {"data": picture, "content_type": "image/png"}, 200


def test_every_status_that_can_be_provoked_is_described(real_client, draw, bad_images):
    document = real_client.get("/api/openapi.json").get_json()
    responses = document["paths"][URL]["post"]["responses"]
    seen = set()
    for request, status in provocations(draw, bad_images):
        answer = real_client.post(URL, **request)
        assert answer.status_code == status
        described = responses[str(status)]["content"][answer.mimetype]["schema"]
        check(document, described, answer.get_json(force=True))
        seen.add(status)
    assert {200, 400, 406, 413, 415, 422} <= seen


def test_a_service_that_is_busy_or_not_ready_is_described(app_with, draw):
    class Stuck:
        name, version = "stuck", "0"
        started, go_on = threading.Event(), threading.Event()

        def recognize(self, _image):
            self.started.set()
            self.go_on.wait(30)
            raise RuntimeError("gone")

    app = app_with(Stuck(), readers=1, turn_seconds=0.05)
    app.config["PROPAGATE_EXCEPTIONS"] = False
    document = app.test_client().get("/api/openapi.json").get_json()
    picture = {"data": draw("1"), "content_type": "image/png"}
    first = threading.Thread(target=lambda: app.test_client().post(URL, **picture))
    first.start()
    assert Stuck.started.wait(30)
    answer = app.test_client().post(URL, **picture)
    Stuck.go_on.set()
    first.join(30)
    described = document["paths"][URL]["post"]["responses"]["503"]
    assert answer.status_code == 503
    assert set(described["headers"]) == {"Retry-After"}
    check(document, described["headers"]["Retry-After"]["schema"], int(answer.headers["Retry-After"]))
    assert app.test_client().get("/health/ready").status_code == 503
    assert "503" in document["paths"]["/health/ready"]["get"]["responses"]


def test_it_is_json_to_be_asked_for_by_get(client):
    answer = client.get("/api/openapi.json")
    assert answer.content_type == "application/json"
    assert client.head("/api/openapi.json").data == b""
    assert client.post("/api/openapi.json").status_code == 405
