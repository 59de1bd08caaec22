"""The page of the API: from this gateway alone, under a policy that lets in nothing else."""

import pytest

from services.gateway.routes import pages
from tests.service.gateway.calling import http_client
from tests.service.gateway.conftest import World


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/docs", "text/html"),
        ("/docs/start.js", "text/javascript"),
        ("/docs/swagger-ui-bundle.js", "text/javascript"),
        ("/docs/swagger-ui.css", "text/css"),
        ("/docs/favicon.png", "image/png"),
    ],
)
def test_a_page_comes_whole_under_its_own_policy(world: World, path: str, kind: str) -> None:
    client = http_client(world.qm.url, str(world.qm.certificates.ca))
    answer = client.get(path)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(kind)
    assert answer.headers.get_list("content-security-policy") == [pages.POLICY]
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content


@pytest.mark.parametrize("path", ["/docs/", "/docs/index.html", "/docs/redoc.standalone.js"])
def test_there_is_nothing_beside_the_page(world: World, path: str) -> None:
    client = http_client(world.qm.url, str(world.qm.certificates.ca))
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


def test_the_page_names_no_other_place() -> None:
    for text in (pages.PAGE, pages.START):
        assert "//" not in text.replace("<!doctype", "")
    assert "http" not in pages.POLICY


def test_only_get_is_taken(world: World) -> None:
    client = http_client(world.qm.url, str(world.qm.certificates.ca))
    answer = client.post("/docs")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET")
