"""What the gateway itself answers, told for its OpenAPI document: one entry for each address of its own.

An entry is an OpenAPI operation. What is refused at every address is added in `describing`.
"""

from collections.abc import Mapping

from shared.runtime.openapi import ANY, NUMBER, TEXT_TYPE, Document, said, shaped, taken

FORM = "application/x-www-form-urlencoded"
AT = "2026-11-21T12:00:00.000Z"
THUMBPRINT = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"
_JWK = {"kty": "EC", "crv": "P-256", "x": "…", "y": "…", "kid": THUMBPRINT, "alg": "ES256"}
_JWT = "eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJpc3MiOiIuLi4ifQ.c2lnbmF0dXJl"


OAUTH_ERROR: Document = shaped("error", error=TEXT_TYPE, error_description=TEXT_TYPE)
_ASSERTION = {
    "client_id": "urn:rogatory:QM:preparer",
    "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
    "client_assertion": _JWT,
}
_AUTHENTICATED = dict.fromkeys(_ASSERTION, TEXT_TYPE)
_NAMES = ("client_assertion_type", "client_assertion")
_DPOP: Document = {
    "name": "DPoP",
    "in": "header",
    "required": True,
    "description": "Proof of possession of the key that the token is to be bound to (RFC 9449).",
    "schema": TEXT_TYPE,
    "example": _JWT,
}
_STATUS = said("Whether the gateway runs.", shaped("status", status=TEXT_TYPE), {"status": "ok"})
_READY = shaped("status", "parts", status=TEXT_TYPE, parts=ANY)

OPEN: Mapping[str, Document] = {
    "POST /oauth/token": said(
        "Give a token to a client that proves who it is (RFC 6749, 4.4).",
        shaped(
            "access_token",
            "token_type",
            "expires_in",
            "scope",
            access_token=TEXT_TYPE,
            token_type=TEXT_TYPE,
            expires_in=NUMBER,
            scope=TEXT_TYPE,
        ),
        {
            "access_token": _JWT,
            "token_type": "DPoP",
            "expires_in": 300,
            "scope": "requests:read requests:write",
        },
        parameters=[_DPOP],
        requestBody=taken(
            shaped("grant_type", *_NAMES, grant_type=TEXT_TYPE, scope=TEXT_TYPE, **_AUTHENTICATED),
            {"grant_type": "client_credentials", **_ASSERTION},
            FORM,
        ),
    ),
    "POST /oauth/revoke": said(
        "Take back a token of one's own (RFC 7009).",
        ANY,
        {},
        requestBody=taken(
            shaped("token", *_NAMES, token=TEXT_TYPE, **_AUTHENTICATED),
            {"token": _JWT, **_ASSERTION},
            FORM,
        ),
    ),
    "GET /.well-known/oauth-authorization-server": said(
        "Where everything is (RFC 8414).",
        shaped(
            "issuer",
            "token_endpoint",
            issuer=TEXT_TYPE,
            token_endpoint=TEXT_TYPE,
            revocation_endpoint=TEXT_TYPE,
            jwks_uri=TEXT_TYPE,
        ),
        {"issuer": "https://gateway.qm.example", "token_endpoint": "…/oauth/token"},
    ),
    "GET /.well-known/jwks.json": said(
        "The keys that verify our access tokens (RFC 7517).",
        shaped("keys", keys={"type": "array", "items": ANY}),
        {"keys": [_JWK]},
    ),
    "GET /healthz": _STATUS,
    "GET /readyz": said(
        "Whether calls are taken; 503 names the part that is not ready.",
        _READY,
        {"status": "ok", "parts": {"directory": "ok"}},
    ),
    "GET /openapi.json": said("This document.", ANY, {"openapi": "3.1.0"}),
    "GET /docs": said(
        "This document as a page; it loads nothing from elsewhere.",
        TEXT_TYPE,
        "<!doctype html>…",
        media="text/html",
    ),
}

OWN: Mapping[str, Document] = {
    "GET /v1/ops/condition": said(
        "The ground that the gateway stands on: disk, database, certificates.",
        shaped("disk", "database", "certificates", disk=ANY, database=ANY),
        {
            "disk": {"free": 1, "total": 2},
            "database": {"kind": "sqlite", "version": "3", "journal": "wal", "size": 1},
            "certificates": [{"name": "tls", "not_after": 1, "days_left": 90}],
        },
    ),
    "GET /v1/ops/peers/{peer}": said(
        "The way to a peer, step by step: directory, dns, tcp, tls, token.",
        shaped("country", "steps", country=TEXT_TYPE, steps={"type": "array", "items": ANY}),
        {"country": "QN", "steps": [{"name": "dns", "result": "ok", "detail": "…", "next": None}]},
    ),
    "GET /v1/ops/health": said(
        "How the parts of the node are.",
        shaped("gateway", "exchange", "audit", gateway=ANY, exchange=ANY, audit=ANY),
        {
            "gateway": {"directory": "ok", "view": {"level": "green"}, "denials_waiting": 0},
            "exchange": {"status": "ok", "parts": {}},
            "audit": {"status": "ok", "parts": {}},
        },
    ),
    "GET /v1/directory": said(
        "The trust bundle: every country's document, with all that proves it.",
        shaped("v", "roots", "targets", "roles", "members", v=NUMBER, targets=TEXT_TYPE),
        {"v": 1, "roots": ["eyJ…"], "targets": "eyJ…", "roles": {}, "members": {"QM": "eyJ…"}},
    ),
    "POST /v1/ops/directory/refresh": said(
        "Ask the directory of countries now, and say how our view of it stands.",
        shaped(
            "state",
            "level",
            "says",
            state=TEXT_TYPE,
            level=TEXT_TYPE,
            says={"type": "array", "items": TEXT_TYPE},
            members=ANY,
        ),
        {"state": "ok", "level": "green", "says": [], "source": "…", "members": {"QM": "active"}},
        refuses=(502,),
    ),
    "GET /federation/metadata/{metadata}": said(
        "A signed file of the trust repository, as this node verified it last (TUF).",
        ANY,
        {"signatures": [], "signed": {"_type": "timestamp"}},
    ),
    "GET /federation/targets/members/{document}": said(
        "A country's document, by its SHA-256, as this node verified it last.",
        ANY,
        {"v": 1, "country": "QM"},
    ),
    "GET /federation/targets/pairs/{profile}": said(
        "A profile on which this country and another agree, by its SHA-256 (TOML).",
        TEXT_TYPE,
        'schema = 1\nrequesting = "QM"\nrequested = "QN"\n',
        media="application/toml",
    ),
}
