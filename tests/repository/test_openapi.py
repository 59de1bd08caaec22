"""The OpenAPI documents say all that there is: every address, every shape, an example of each."""

import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest

from services.audit.main import ROUTERS as AUDIT
from services.audit.routes.told import TOLD as TOLD_BY_AUDIT
from services.exchange.main import ROUTERS as EXCHANGE
from services.exchange.routes.told import TOLD as TOLD_BY_EXCHANGE
from services.gateway.addresses import OWN, ROUTES
from services.gateway.describing import OWN as TOLD_BY_GATEWAY
from services.gateway.describing import compose
from shared.runtime import openapi
from shared.runtime.app import create_app

Document = dict[str, Any]
PARTS = {"exchange": (EXCHANGE, TOLD_BY_EXCHANGE), "audit": (AUDIT, TOLD_BY_AUDIT)}
PAGES = re.compile(r"/docs/.+")  # what a page is made of


def inside(service: str) -> Document:
    routers, told = PARTS[service]
    app = create_app(service, routers=routers, readiness=dict)
    return openapi.complete(app.openapi(), told)


@pytest.fixture(scope="module")
def document() -> Document:
    return compose({name: inside(name) for name in PARTS}, "https://gateway.example")


def operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def bodies(operation: Document) -> Iterator[Document]:
    """Every body of an operation that is JSON, with its schema."""
    answers = [operation.get("requestBody", {}), *operation["responses"].values()]
    for answer in answers:
        for media, content in answer.get("content", {}).items():
            if media.endswith("json"):
                yield content


def test_every_public_address_is_told(document: Document) -> None:
    told = {line for line, _ in operations(document)}
    routes = {f"{route.method} {route.template}" for route in ROUTES}
    pages = {f"{method} {path}" for path, method in OWN.items() if not PAGES.fullmatch(path)}
    assert told == routes | pages


def test_the_gateway_tells_of_its_own_addresses_and_of_no_others() -> None:
    own = {f"{route.method} {route.template}" for route in ROUTES if route.service == "gateway"}
    assert set(TOLD_BY_GATEWAY) == own


@pytest.mark.parametrize("service", PARTS)
def test_a_service_tells_of_the_addresses_that_it_has(service: str) -> None:
    served = {line for line, _ in operations(inside(service))}
    silent = {line for line in served if line.startswith(("DELETE", "GET /healthz", "GET /readyz"))}
    assert set(PARTS[service][1]) == served - silent


def test_every_operation_is_complete(document: Document) -> None:
    flaws = []
    for line, operation in operations(document):
        flaws += [f"{line}: no {each}" for each in ("summary", "tags") if not operation.get(each)]
        flaws += [
            f"{line}: a body without a schema or an example"
            for content in bodies(operation)
            if "schema" not in content or "example" not in content
        ]
        if not any(status.startswith("2") for status in operation["responses"]):
            flaws.append(f"{line}: no answer")
    assert flaws == []


def test_every_example_has_the_shape_that_is_told(document: Document) -> None:
    checked = 0
    for line, operation in operations(document):
        for content in bodies(operation):
            schema = {**content["schema"], "components": document["components"]}
            assert jsonschema_rs.is_valid(schema, content["example"]), (line, content["example"])
            checked += 1
    assert checked > len(ROUTES)


def test_every_call_on_behalf_of_a_client_is_secured(document: Document) -> None:
    for route in ROUTES:
        operation = document["paths"][route.template][route.method.lower()]
        asked = {name for each in operation.get("security", []) for name in each.get("oauth", [])}
        assert asked == route.scopes
        assert {"401", "403"} <= operation["responses"].keys() or not route.scopes


def test_the_names_of_operations_are_their_own(document: Document) -> None:
    names = [operation["operationId"] for _, operation in operations(document)]
    assert len(names) == len(set(names))
