"""The registry of clients, told for the OpenAPI document: see `described`."""

from collections.abc import Mapping

from shared.runtime.openapi import NUMBER, TEXT_TYPE, Document, said, shaped, taken

AT = "2026-11-21T12:00:00.000Z"
CLIENT = "urn:rogatory:QM:preparer"
PROPOSAL_ID = "01a1fdfa-4600-7c63-8c66-804dc68564d2"
KID = "cn-I_WNMClehiVp51i_0VpOENW1upEerA8sEam5hn-s"


def _list(of: Document) -> Document:
    return {"type": "array", "items": of}


def _or_null(of: Document) -> Document:
    return {"anyOf": [of, {"type": "null"}]}


_SCOPES = _list(TEXT_TYPE)
_JWK: Document = {
    "type": "object",
    "description": "A public JWK (RFC 7517): ES256, PS256, Ed25519.",
}
_KEY = shaped("kid", "jwk", "nbf", "exp", kid=TEXT_TYPE, jwk=_JWK, nbf=NUMBER, exp=NUMBER)
_PERSON = shaped("client_id", "officer", client_id=TEXT_TYPE, officer=TEXT_TYPE)
_WHAT = {"act": TEXT_TYPE, "client_id": TEXT_TYPE, "reason": TEXT_TYPE}
_ACT: Document = {
    "type": "string",
    "enum": ["add", "rotate", "scopes", "suspend", "resume", "retire"],
}
_REASON: Document = {"type": "string", "minLength": 1, "maxLength": 500}
_KEYS: Document = {"type": "array", "items": _JWK, "maxItems": 2}
_OVERLAP: Document = {"type": "integer", "description": "Seconds the keys before still count."}
DECISION = shaped(
    "verdict",
    "by",
    "at",
    "reason",
    verdict=TEXT_TYPE,
    by=_PERSON,
    at=TEXT_TYPE,
    reason=_or_null(TEXT_TYPE),
)
PROPOSAL = shaped(
    "proposal_id",
    "act",
    "client_id",
    "status",
    "proposed_by",
    "decision",
    proposal_id=TEXT_TYPE,
    **_WHAT,
    role=_or_null(TEXT_TYPE),
    scopes=_SCOPES,
    keys=_list(_KEY),
    overlap=_or_null(NUMBER),
    status=TEXT_TYPE,
    proposed_by=_PERSON,
    proposed_at=TEXT_TYPE,
    expires_at=TEXT_TYPE,
    decision=_or_null(DECISION),
)
CLIENT_SHAPE = shaped(
    "client_id",
    "role",
    "scopes",
    "status",
    "keys",
    client_id=TEXT_TYPE,
    role=TEXT_TYPE,
    scopes=_SCOPES,
    status=TEXT_TYPE,
    tokens_not_before=NUMBER,
    keys=_list(_KEY),
)
_JWK_EXAMPLE = {"kty": "EC", "crv": "P-256", "x": "…", "y": "…"}
_KEY_EXAMPLE = {"kid": KID, "jwk": _JWK_EXAMPLE, "nbf": 1795262400, "exp": 1826798400}
_BY = {"client_id": "urn:rogatory:QM:ops", "officer": "QM-ops"}
_PROPOSED = {
    "proposal_id": PROPOSAL_ID,
    "act": "add",
    "client_id": CLIENT,
    "role": "preparer",
    "scopes": ["packages:prepare", "requests:read"],
    "keys": [_KEY_EXAMPLE],
    "overlap": None,
    "reason": "A second office joins.",
    "status": "open",
    "proposed_by": _BY,
    "proposed_at": AT,
    "expires_at": "2026-12-05T12:00:00.000Z",
    "decision": None,
}
_DECIDED = {
    **_PROPOSED,
    "status": "approved",
    "decision": {
        "verdict": "approved",
        "by": {"client_id": "urn:rogatory:QM:registrar", "officer": "QM-registrar"},
        "at": AT,
        "reason": None,
    },
}
_CLIENT = {
    "client_id": CLIENT,
    "role": "preparer",
    "scopes": ["packages:prepare", "requests:read"],
    "status": "active",
    "tokens_not_before": 0,
    "keys": [_KEY_EXAMPLE],
}
_PROPOSAL_BODY = shaped(
    "act",
    "client_id",
    "reason",
    act=_ACT,
    client_id=TEXT_TYPE,
    role=TEXT_TYPE,
    scopes=_SCOPES,
    keys=_KEYS,
    overlap=_OVERLAP,
    reason=_REASON,
)
_WRITES = (409, 422)

OWN: Mapping[str, Document] = {
    "GET /v1/clients": said(
        "Every client, with its keys.",
        shaped("clients", clients=_list(CLIENT_SHAPE)),
        {"clients": [_CLIENT]},
    ),
    "GET /v1/clients/self": said(
        "What the registry has of the client that calls.", CLIENT_SHAPE, _CLIENT
    ),
    "GET /v1/clients/{client}": said(
        "One client, and everything that was proposed about it.",
        {"allOf": [CLIENT_SHAPE, shaped("history", history=_list(PROPOSAL))]},
        {**_CLIENT, "history": [_DECIDED]},
    ),
    "POST /v1/clients/self/keys": said(
        "Propose new keys for oneself; they count once the registrar has approved them.",
        PROPOSAL,
        {**_PROPOSED, "act": "rotate", "role": None, "scopes": []},
        status=201,
        refuses=_WRITES,
        requestBody=taken(
            shaped("keys", "reason", keys=_KEYS, overlap=_OVERLAP, reason=_REASON),
            {"keys": [_JWK_EXAMPLE], "reason": "The year is over."},
        ),
    ),
    "POST /v1/clients/proposals": said(
        "Propose to add or change a client; to suspend takes effect at once.",
        PROPOSAL,
        _PROPOSED,
        status=201,
        refuses=_WRITES,
        requestBody=taken(
            _PROPOSAL_BODY,
            {
                "act": "add",
                "client_id": CLIENT,
                "role": "preparer",
                "scopes": ["packages:prepare", "requests:read"],
                "keys": [_JWK_EXAMPLE],
                "reason": "A second office joins.",
            },
        ),
    ),
    "GET /v1/clients/proposals": said(
        "Every proposal, the newest first.",
        shaped("proposals", proposals=_list(PROPOSAL)),
        {"proposals": [_PROPOSED]},
    ),
    "GET /v1/clients/proposals/{id}": said("One proposal.", PROPOSAL, _PROPOSED),
    "POST /v1/clients/proposals/{id}/approve": said(
        "Approve a proposal that another officer of another client made.",
        PROPOSAL,
        _DECIDED,
        refuses=_WRITES,
        requestBody={**taken(shaped(), {}), "required": False},
    ),
    "POST /v1/clients/proposals/{id}/reject": said(
        "Reject a proposal, with the reason.",
        PROPOSAL,
        {**_DECIDED, "status": "rejected"},
        refuses=_WRITES,
        requestBody=taken(
            shaped("reason", reason=_REASON), {"reason": "Nobody knows this office."}
        ),
    ),
}
