"""The OpenAPI document of all that the gateway offers: its table of addresses, and what each service says.

The services behind it describe their own addresses; the gateway asks them over HTTP, as it asks for
everything. What it adds is what only it knows: the public address, who may come, and what it refuses.
"""

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from pydantic_core import to_json

from services.gateway import described, described_clients
from services.gateway.addresses import PARAMETERS, ROUTES, Route
from services.gateway.admission import ALL_SCOPES, CASEWORK
from shared.runtime.clock import Clock
from shared.runtime.openapi import JSON, PROBLEM_SCHEMA, Document, refused
from shared.runtime.refusals import Unavailable

FRESH = timedelta(minutes=5)
TOKEN_PATH = "/oauth/token"  # noqa: S105 - an address
SCHEMA = "#/components/schemas/"
ALWAYS = (400, 404, 413, 415, 421, 429, 431, 503)  # refused before anybody is asked who they are
AUTHORISED = (401, 403)
OPEN = (400, 415, 421, 429, 503)
OAUTH = (400, 401, 413, 415, 421, 429, 503)
OAUTH_FORM = frozenset({400, 401, 429})  # answered as RFC 6749 has it
OWN = {**described.OWN, **described_clients.OWN}
Ask = Callable[[str], Document]


@dataclass(slots=True, kw_only=True)
class Describer:
    """Makes the document, and keeps it for a while.

    Attributes:
        ask: gives the document of a service inside.
        url: the gateway's public address.
    """

    ask: Ask
    url: str
    clock: Clock
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _made: bytes = b""
    _until: datetime | None = None

    def document(self) -> bytes:
        """Return the document; while a service is away, the one of before.

        Raises:
            Unavailable: there was none.
        """
        with self._lock:
            if self._until is None or self.clock() >= self._until:
                self._made = self._compose()
                self._until = self.clock() + FRESH
            return self._made

    def _compose(self) -> bytes:
        try:
            insides = {name: self.ask(name) for name in ("exchange", "audit")}
        except Unavailable:
            if not self._made:
                raise
            return self._made
        return to_json(compose(insides, self.url))


def compose(insides: Mapping[str, Document], url: str) -> Document:
    """Write one document of the gateway's addresses.

    Args:
        insides: what each service says of itself.
        url: the gateway's public address.
    """
    paths: dict[str, Document] = {}
    for line, operation in described.OPEN.items():
        method, path = line.split(" ")
        paths.setdefault(path, {})[method.lower()] = _open(method, path, operation)
    offered = {name: dict(_offered(document)) for name, document in insides.items()}
    for route in ROUTES:
        line = f"{route.method} {_shape(route.target)}"
        inner = (
            OWN.get(f"{route.method} {route.template}", {"responses": {}})
            if route.service == "gateway"
            else offered[route.service][line]
        )
        paths.setdefault(route.template, {})[route.method.lower()] = _complete(route, inner)
    schemas = {"Problem": PROBLEM_SCHEMA, "OAuthError": described.OAUTH_ERROR}
    for name, document in insides.items():
        shapes = _prefixed(document["components"]["schemas"], name)
        schemas |= {f"{name}.{each}": shapes[each] for each in shapes if each != "Problem"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Rogatory gateway", "version": "1", "description": _ABOUT},
        "servers": [{"url": url}],
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": _SCHEMES},
    }


_ABOUT = (
    "Every call but those of the authorization server carries an access token in Authorization "
    "(scheme DPoP) and a proof of possession in DPoP, made for this very call (RFC 9449, FAPI 2.0). "
    "client/INTEGRATING.md shows both, by SDK and by hand. Every refusal is a problem (RFC 9457); "
    "its code is stable. Repeat what was answered 429 or 503 after Retry-After seconds."
)
_SCHEMES: Document = {
    "oauth": {
        "type": "oauth2",
        "description": "private_key_jwt (RFC 7523), tokens bound by DPoP (RFC 9449); 300 seconds.",
        "flows": {
            "clientCredentials": {
                "tokenUrl": TOKEN_PATH,
                "scopes": dict.fromkeys(sorted(ALL_SCOPES), ""),
            }
        },
    },
    "proof": {
        "type": "apiKey",
        "in": "header",
        "name": "DPoP",
        "description": "A new proof for every call: htm, htu, iat, jti, ath (RFC 9449, 4.2).",
    },
}
_OFFICER: Document = {
    "name": "X-Officer",
    "in": "header",
    "description": "Who acts, as the national system asserts it; stands in the audit event.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 100, "pattern": "^[ -~]+$"},
    "example": "QM-preparer",
}
_PURPOSE: Document = {
    "name": "X-Purpose",
    "in": "header",
    "required": True,
    "description": "What the access is for; stands in the audit event.",
    "schema": {"type": "string", "minLength": 1, "maxLength": 500, "pattern": "^[ -~]+$"},
    "example": "Review 2026/7",
}


def _offered(document: Document) -> Iterator[tuple[str, Document]]:
    """Give every operation by method and path without the names of its parameters."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            yield f"{method.upper()} {_shape(path)}", operation


def _shape(path: str) -> str:
    return re.sub(r"{\w+}", "{}", path)


def _open(method: str, path: str, inner: Document) -> Document:
    """Complete an operation that answers before anybody is asked who they are."""
    operation = {**inner, "responses": dict(inner["responses"])}
    authorization = path.startswith("/oauth/")
    for status in OAUTH if authorization else OPEN:
        error = {"schema": {"$ref": f"{SCHEMA}OAuthError"}, "example": {"error": "invalid_client"}}
        response = refused(status)
        if authorization and status in OAUTH_FORM:
            response["content"] = {JSON: error}
        operation["responses"].setdefault(str(status), response)
    return _named(operation, method, path)


def _complete(route: Route, inner: Document) -> Document:
    """Add to an operation what only the gateway knows."""
    operation: Document = _prefixed(inner, route.service)
    operation["parameters"] = _parameters(route, operation.get("parameters", []))
    if route.scopes:
        operation["security"] = [{"oauth": [each], "proof": []} for each in sorted(route.scopes)]
    responses = operation["responses"]
    for status in (*ALWAYS, *(AUTHORISED if route.scopes else ())):
        responses.setdefault(str(status), refused(status))
    operation["responses"] = dict(sorted(responses.items()))
    if route.method in {"POST", "PUT"}:
        operation["x-max-body-size"] = route.body_limit
    return _named(operation, route.method, route.template)


def _parameters(route: Route, inner: Sequence[Document]) -> list[Document]:
    """Name those of the path as the gateway does, and add the headers that it reads."""
    names: list[str] = re.findall(r"{(\w+)}", route.template)
    placed: list[Document] = [
        {"name": name, "in": "path", "required": True, "schema": _place(name)} for name in names
    ]
    kept = [each for each in inner if each["in"] != "path" and each["name"] != "content-length"]
    headers = [{**_OFFICER, "required": route.scopes <= CASEWORK}] if route.scopes else []
    return [*placed, *kept, *headers, *([_PURPOSE] if route.purpose else [])]


def _place(name: str) -> Document:
    if name == "tile":  # has slashes, which OpenAPI has no way to say
        return {"type": "string", "description": "Level, index and width (C2SP tlog-tiles)."}
    return {"type": "string", "pattern": f"^(?:{PARAMETERS[name]})$"}


def _named(operation: Document, method: str, path: str) -> Document:
    """Give an operation a name for generated clients, and the group that it is shown in."""
    words = re.findall(r"\w+", path)
    operation["operationId"] = "_".join([method.lower(), *words])
    operation["tags"] = [_TAGS.get(words[0], _TAGS.get(words[min(1, len(words) - 1)], "node"))]
    return operation


_TAGS = {
    "oauth": "authorization server",
    "well": "authorization server",
    "log": "log",
    "logs": "log",
    "witness": "log",
    "peer": "peers",
    "federation": "peers",
    "requests": "requests",
    "packages": "packages",
    "inbox": "packages",
    "audit": "oversight",
    "ops": "operators",
    "clients": "clients",
}


def _prefixed(value: Any, service: str) -> Any:  # noqa: ANN401 - JSON of any shape
    """Copy a value; shapes are named after their service, so that two of one name do not meet."""
    if isinstance(value, list):
        return [_prefixed(each, service) for each in value]
    if not isinstance(value, dict):
        return value
    made = {}
    for name, each in value.items():
        shared = name == "$ref" and each.startswith(SCHEMA) and each != f"{SCHEMA}Problem"
        made[name] = (
            each.replace(SCHEMA, f"{SCHEMA}{service}.") if shared else _prefixed(each, service)
        )
    return made
