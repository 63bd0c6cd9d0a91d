"""/api/docs: what it says without JavaScript, and the files that it is made of."""

import gzip
import re

import pytest

from service.headers import HEADERS

PAGE = "/api/docs"


@pytest.mark.parametrize("address", ["/api", "/api/", "/api/docs/"])
@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_other_addresses_lead_to_the_page(client, address, method):
    answer = client.open(address, method=method)
    assert (answer.status_code, answer.headers["Location"]) == (308, PAGE)


def test_without_javascript_it_names_every_address_and_the_document(client):
    answer = client.get(PAGE)
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert 'href="/api/openapi.json"' in answer.text
    document = client.get("/api/openapi.json").get_json()
    for path, item in document["paths"].items():
        assert f"<code>{path}</code>" in answer.text
        for operation in item.values():
            assert operation["summary"] in answer.text
    assert "curl -F image=@picture.png http://localhost/api/v1/predict" in answer.text
    assert "YOUR-KEY" not in answer.text


def test_commands_have_a_key_where_one_is_asked_for(app_with, key_file):
    page = app_with(api_keys=key_file).test_client().get(PAGE).text
    assert "curl -H &#39;X-API-Key: YOUR-KEY&#39; -F image=@picture.png" in page
    assert "<pre>curl http://localhost/health/live</pre>" in page


def test_the_host_that_a_client_names_is_shown_as_text(client):
    page = client.get(PAGE, headers={"Host": "a.example:8000"}).text
    assert "http://a.example:8000/api/v1/predict" in page
    assert "<script>alert" not in client.get(PAGE, headers={"Host": "<script>alert(1)</script>"}).text


def test_it_has_the_policy_of_all_other_answers_and_nothing_inline(client):
    answer = client.get(PAGE)
    assert answer.headers["Content-Security-Policy"] == HEADERS["Content-Security-Policy"]
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert not re.search(r"<script(?![^>]* src=)|<style|\son\w+=|\sstyle=", answer.text)
    assert not re.search(r'(src|href)="(?!/)', answer.text), "all it loads is from here"


def files_of(client):
    return re.findall(r'(?:src|href)="(/api/docs/[^"]+)"', client.get(PAGE).text)


def test_browsers_may_keep_its_files(client):
    addresses = files_of(client)
    assert len(addresses) == 5
    for address in addresses:
        answer = client.get(address)
        assert answer.status_code == 200
        assert answer.mimetype in ("text/css", "text/javascript")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.cache_control.max_age > 10_000_000
        again = client.get(address, headers={"If-None-Match": answer.headers["ETag"]})
        assert (again.status_code, again.data) == (304, b"")


def test_its_files_are_packed_for_those_who_can_unpack_them(client):
    for address in files_of(client):
        plain = client.get(address)
        packed = client.get(address, headers={"Accept-Encoding": "br, gzip"})
        assert "Content-Encoding" not in plain.headers
        assert packed.headers["Content-Encoding"] == "gzip"
        assert gzip.decompress(packed.data) == plain.data
        assert plain.headers["ETag"] != packed.headers["ETag"]
        assert "Accept-Encoding" in plain.vary
        assert "Accept-Encoding" in packed.vary
        refused = client.get(address, headers={"Accept-Encoding": "gzip;q=0"})
        assert refused.data == plain.data


@pytest.mark.parametrize(
    "name", ["nothing.js", "swagger-ui-standalone-preset.js", "../openapi.json", "..%2f..%2fconfig.py", "."]
)
def test_no_other_file_is_served(client, problem, name):
    answer = client.get(f"/api/docs/{name}")
    if answer.status_code != 200:
        problem(answer, 404)
    else:
        assert answer.get_json()["openapi"], "the path of another address"
