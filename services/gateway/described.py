"""What the gateway itself answers, told for its OpenAPI document: one entry for each address of its own.

An entry is an OpenAPI operation. What is refused at every address is added in `describing`.
"""

from collections.abc import Mapping

from shared.runtime.openapi import JSON, Document

FORM = "application/x-www-form-urlencoded"
AT = "2026-11-21T12:00:00.000Z"
THUMBPRINT = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
_JWK = {"kty": "EC", "crv": "P-256", "x": "…", "y": "…", "kid": THUMBPRINT, "alg": "ES256"}
_JWT = "eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJpc3MiOiIuLi4ifQ.c2lnbmF0dXJl"


def _object(*required: str, **properties: object) -> Document:
    return {"type": "object", "required": list(required), "properties": properties}


_TEXT = {"type": "string"}
_NUMBER = {"type": "integer"}
_ANY: Document = {"type": "object"}


def _said(
    summary: str,
    schema: Document,
    example: object,
    *,
    status: int = 200,
    media: str = JSON,
    **more: object,
) -> Document:
    """Write an operation that answers with one shape."""
    content = {media: {"schema": schema, "example": example}}
    answer = {"description": "Done.", "content": content}
    return {"summary": summary, "responses": {str(status): answer}, **more}


def _takes(schema: Document, example: object, media: str = JSON) -> Document:
    return {"required": True, "content": {media: {"schema": schema, "example": example}}}


OAUTH_ERROR: Document = _object("error", error=_TEXT, error_description=_TEXT)
_ASSERTION = {
    "client_id": "urn:rogatory:QM:preparer",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": _JWT,
}
_AUTHENTICATED = dict.fromkeys(_ASSERTION, _TEXT)
_NAMES = ("client_assertion_type", "client_assertion")
_DPOP: Document = {
    "name": "DPoP",
    "in": "header",
    "required": True,
    "description": "Proof of possession of the key that the token is to be bound to (RFC 9449).",
    "schema": _TEXT,
    "example": _JWT,
}
_STATUS = _said("Whether the gateway runs.", _object("status", status=_TEXT), {"status": "ok"})
_READY = _object("status", "parts", status=_TEXT, parts=_ANY)

OPEN: Mapping[str, Document] = {
    "POST /oauth/token": _said(
        "Give a token to a client that proves who it is (RFC 6749, 4.4).",
        _object(
            "access_token",
            "token_type",
            "expires_in",
            "scope",
            access_token=_TEXT,
            token_type=_TEXT,
            expires_in=_NUMBER,
            scope=_TEXT,
        ),
        {
            "access_token": _JWT,
            "token_type": "DPoP",
            "expires_in": 300,
            "scope": "requests:read requests:write",
        },
        parameters=[_DPOP],
        requestBody=_takes(
            _object("grant_type", *_NAMES, grant_type=_TEXT, scope=_TEXT, **_AUTHENTICATED),
            {"grant_type": "client_credentials", **_ASSERTION},
            FORM,
        ),
    ),
    "POST /oauth/revoke": _said(
        "Take back a token of one's own (RFC 7009).",
        _ANY,
        {},
        requestBody=_takes(
            _object("token", *_NAMES, token=_TEXT, **_AUTHENTICATED),
            {"token": _JWT, **_ASSERTION},
            FORM,
        ),
    ),
    "GET /.well-known/oauth-authorization-server": _said(
        "Where everything is (RFC 8414).",
        _object(
            "issuer",
            "token_endpoint",
            issuer=_TEXT,
            token_endpoint=_TEXT,
            revocation_endpoint=_TEXT,
            jwks_uri=_TEXT,
        ),
        {"issuer": "https://gateway.qm.example", "token_endpoint": "…/oauth/token"},
    ),
    "GET /.well-known/jwks.json": _said(
        "The keys that verify our access tokens (RFC 7517).",
        _object("keys", keys={"type": "array", "items": _ANY}),
        {"keys": [_JWK]},
    ),
    "GET /healthz": _STATUS,
    "GET /readyz": _said(
        "Whether calls are taken; 503 names the part that is not ready.",
        _READY,
        {"status": "ok", "parts": {"directory": "ok"}},
    ),
    "GET /openapi.json": _said("This document.", _ANY, {"openapi": "3.1.0"}),
    "GET /docs": _said(
        "This document as a page; it loads nothing from elsewhere.",
        _TEXT,
        "<!doctype html>…",
        media="text/html",
    ),
}

OWN: Mapping[str, Document] = {
    "GET /v1/ops/health": _said(
        "How the parts of the node are.",
        _object("gateway", "exchange", "audit", gateway=_ANY, exchange=_ANY, audit=_ANY),
        {
            "gateway": {"directory": "ok", "view": {"level": "green"}, "denials_waiting": 0},
            "exchange": {"status": "ok", "parts": {}},
            "audit": {"status": "ok", "parts": {}},
        },
    ),
    "POST /v1/ops/directory/refresh": _said(
        "Ask the directory of countries now, and say how our view of it stands.",
        _object("state", "level", "says", state=_TEXT, level=_TEXT, says=_ANY),
        {"state": "ok", "level": "green", "says": [], "members": {"QM": "active"}},
    ),
    "GET /federation/metadata/{metadata}": _said(
        "A mirror of the trust repository: signed metadata (The Update Framework).", _ANY, {}
    ),
    "GET /federation/targets/members/{document}": _said(
        "A mirror of the trust repository: a country's document by its digest.", _ANY, {}
    ),
    "GET /v1/directory": _said(
        "The trust bundle: every country's document, with all that proves it.",
        _object("v", "roots", "targets", "roles", "members", v=_NUMBER, targets=_TEXT),
        {"v": 1, "roots": ["eyJ…"], "targets": "eyJ…", "roles": {}, "members": {"QM": "eyJ…"}},
    ),
}
