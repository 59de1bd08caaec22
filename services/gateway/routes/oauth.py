"""The authorization server: metadata, keys, tokens, revocation (RFC 8414, 7517, 6749, 7009)."""

from collections.abc import Callable, Mapping

from anyio import to_thread
from fastapi import APIRouter
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response

from services.gateway.admission import ALL_SCOPES
from services.gateway.entrance import Entrance
from services.gateway.issuing import GRANT, REVOKE_PATH, TOKEN_PATH, Form, Issuer, read_form
from services.gateway.routes.calls import read_call
from services.gateway.routes.recording import mark, record, went_away
from shared.protocol import jose
from shared.runtime import logs
from shared.runtime.refusals import Malformed, Refusal, Unauthenticated

FORM_LIMIT = 16 * 2**10  # bytes
METHOD = "private_key_jwt"
KEPT = {"Cache-Control": "public, max-age=300"}
UNKNOWN = (
    "The client is not authenticated. The log of this gateway says why; its operators can read it."
)

router = APIRouter(max_body_size=FORM_LIMIT)


@router.get("/.well-known/oauth-authorization-server")
def metadata(request: Request) -> JSONResponse:
    """Tell clients where everything is (RFC 8414)."""
    url = _issuer(request).url
    return JSONResponse(
        {
            "issuer": url,
            "token_endpoint": url + TOKEN_PATH,
            "token_endpoint_auth_methods_supported": [METHOD],
            "token_endpoint_auth_signing_alg_values_supported": list(jose.ALGORITHMS),
            "revocation_endpoint": url + REVOKE_PATH,
            "revocation_endpoint_auth_methods_supported": [METHOD],
            "revocation_endpoint_auth_signing_alg_values_supported": list(jose.ALGORITHMS),
            "jwks_uri": url + "/.well-known/jwks.json",
            "grant_types_supported": [GRANT],
            "response_types_supported": [],
            "scopes_supported": sorted(ALL_SCOPES),
            "dpop_signing_alg_values_supported": list(jose.ALGORITHMS),
            "tls_client_certificate_bound_access_tokens": _issuer(request).binds_certificates,
        },
        headers=KEPT,
    )


@router.get("/.well-known/jwks.json")
def keys(request: Request) -> JSONResponse:
    """Give the keys that verify our access tokens."""
    keys = _issuer(request).public_keys()
    return JSONResponse(
        {"keys": [{**key, "use": "sig", "alg": jose.MINTED} for key in keys]},
        headers=KEPT,
    )


@router.post(TOKEN_PATH)
async def token(request: Request) -> Response:
    """Give a token to a client that proves who it is."""
    body = await _body(request)
    proof, certificate = request.headers.get("dpop"), read_call(request).certificate
    return await to_thread.run_sync(
        _answer, request, lambda: _issuer(request).issue(_form(request, body), proof, certificate)
    )


@router.post(REVOKE_PATH)
async def revoke(request: Request) -> Response:
    """Take back a client's own token."""
    body = await _body(request)
    return await to_thread.run_sync(
        _answer, request, lambda: _issuer(request).revoke(_form(request, body))
    )


async def _body(request: Request) -> bytes:
    try:
        return await request.body()
    except ClientDisconnect:
        # Nobody reads the answer; that it was tried is recorded.
        raise await record(request, went_away(request)) from None


def _issuer(request: Request) -> Issuer:
    issuer: Issuer = request.app.state.issuer
    return issuer


def _form(request: Request, body: bytes) -> Form:
    if "authorization" in request.headers:
        raise Malformed("invalid_request", "Clients authenticate with an assertion only.")
    query: bytes = request.scope["query_string"]
    return read_form(request.headers.get("content-type", ""), query, body)


def _answer(request: Request, act: Callable[[], Mapping[str, str | int] | None]) -> Response:
    """Answer as RFC 6749, 5 has it; a refusal is recorded."""
    try:
        return JSONResponse(act() or {})
    except Refusal as refusal:
        return _refused(request, refusal)


def _refused(request: Request, refusal: Refusal) -> Response:
    """Write an error (RFC 6749, 5.2)."""
    entrance: Entrance = request.app.state.entrance
    mark(request)
    refusal = entrance.refuse(refusal, read_call(request))
    logs.log().info("refused", code=refusal.code, status=refusal.status, detail=refusal.detail)
    return JSONResponse(
        {"error": refusal.code, "error_description": _told(refusal)},
        refusal.status,
        refusal.headers,
    )


def _told(refusal: Refusal) -> str:
    """Say what is wrong, but to nobody who is not known: whether a client or key exists is not theirs."""
    return UNKNOWN if refusal.status == Unauthenticated.status else refusal.detail
