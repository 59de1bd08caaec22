"""Examples of conditions, and of what becomes of evidence that was received."""

from collections.abc import Mapping
from typing import Any

from shared.runtime.openapi import Told

_JWS = "eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJhY3QiOiIuLi4ifQ.c2lnbmF0dXJl"
_ID = "01a1fdfa-4600-7c63-8c66-804dc68564d2"
_AT = "2026-11-21T12:00:00Z"
_TERM = {
    "code": "COND-01",
    "text": "To be used in these proceedings only.",
    "parameters": {},
    "measures": [],
}
_SET = {
    "set_id": _ID,
    "state": "ACCEPTED",
    "digest": "ab" * 32,
    "measures": ["M01"],
    "terms": [{"term": _TERM, "state": "ACCEPTED"}],
    "text": "On this condition all of it can be granted.",
    "proposed_at": _AT,
    "settled_at": _AT,
}
_ONWARD = {
    "onward_id": _ID,
    "state": "CONSENTED",
    "recipient": "QP",
    "purpose": "Proceedings 12 Js 5/26 against the same group",
    "items": [_ID],
    "urgent": False,
    "until": None,
    "token": "ab" * 48,
}
_USE = {
    "package_id": _ID,
    "terms": [_TERM],
    "retain_until": "2027-11-30",
    "restricted": None,
    "ordered": None,
    "hold": None,
    "reason": None,
    "destroyed_at": None,
    "shredded_at": None,
    "certificate": None,
    "countersigned": None,
    "onward": [_ONWARD],
}
_WANTED = {"recipient": "QP", "purpose": _ONWARD["purpose"]}


def told_uses(request: Mapping[str, Any], package: Mapping[str, Any]) -> Mapping[str, Told]:
    """Return the examples; `request` and `package` are those of the others."""
    of_request = {
        "use-report-request": {"codes": ["COND-01"], "text": "In which proceedings was it used?"},
        "use-report": {"codes": [], "text": "In case 77 alone, as evidence at the trial of 4 May."},
        "breach": {"codes": ["COND-01"], "text": "It was opened for a private dispute."},
    }
    plain = {
        "onward": {**_WANTED, "text": "The same group is tried there."},
        "export": {**_WANTED, "items": [_ID]},
        "deletion-request": {"measure": "restrict", "text": "The holder's appeal was upheld."},
    }
    signed = {
        "onward-consent": {"onward_id": _ID, "verdict": "consent"},
        "legal-hold": {"hold": True, "text": "The appeal is pending."},
        "review-retention": {"until": "2028-11-30", "text": "The trial begins in March 2028."},
        "destroy": {"reason": "not_needed", "text": "The judgment is final."},
        "give-back": {"text": "The original disk went back by courier."},
    }
    return {
        "GET /v1/requests/{request_id}/conditions": Told(
            answer={"request_id": _ID, "sets": [_SET]}
        ),
        "GET /v1/packages/{package_id}/use": Told(answer=_USE),
        **{
            f"POST /v1/requests/{{request_id}}/{name}": Told(body=body, answer=request)
            for name, body in of_request.items()
        },
        **{
            f"POST /v1/packages/{{package_id}}/{name}": Told(body=body, answer=package)
            for name, body in plain.items()
        },
        **{
            f"POST /v1/packages/{{package_id}}/{name}": Told(
                body={"statement": body, "approval": _JWS}, answer=package
            )
            for name, body in signed.items()
        },
    }
