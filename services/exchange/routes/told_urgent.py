"""Examples of emergencies and preservations."""

from collections.abc import Mapping

from shared.runtime.openapi import Told

_JWS = "eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJhY3QiOiIuLi4ifQ.c2lnbmF0dXJl"
_ID = "01a1fdfa-4600-7c63-8c66-804dc68564d2"
_AT = "2026-11-21T12:00:00.000Z"
_EMERGENCY = {
    "request_id": _ID,
    "state": "CALLBACK_CONFIRMED",
    "unvalidated": True,
    "validated_at": None,
    "called_at": _AT,
    "call": "+49 30 23125000",
}
_KEPT = {
    "request_id": _ID,
    "state": "PRESERVED",
    "until": "2027-01-20T12:00:00.000Z",
    "extensions": 0,
    "linked": None,
}
_PATH = "/v1/requests/{request_id}"

TOLD_URGENT: Mapping[str, Told] = {
    f"GET {_PATH}/emergency": Told(answer=_EMERGENCY),
    f"POST {_PATH}/call-back": Told(
        body={
            "statement": {
                "number": "+49 30 23125000",
                "spoke_with": "Duty prosecutor",
                "confirmed": True,
                "text": "The request is theirs; the child is still missing.",
            },
            "approval": _JWS,
        },
        answer=_EMERGENCY,
    ),
    f"POST {_PATH}/validation": Told(
        body={
            "statement": {
                "granted": True,
                "authority": "Investigating judge of QM",
                "text": "Validated after 31 hours.",
            },
            "approval": _JWS,
        },
        answer={**_EMERGENCY, "state": "FORMALISED", "validated_at": _AT},
    ),
    f"GET {_PATH}/preservation": Told(answer=_KEPT),
    f"POST {_PATH}/preservation": Told(
        body={"state": "ordered", "text": "The provider was ordered to keep it."}, answer=_KEPT
    ),
    f"POST {_PATH}/subject-notice": Told(
        body={"state": "deferred", "ground": "s. 12 of the Act", "review": "2027-05-20"},
        answer={
            "request_id": _ID,
            "due_at": "2027-05-20T00:00:00.000Z",
            "sent_at": None,
            "remedies": False,
            "ground": "s. 12 of the Act",
            "review": "2027-05-20",
        },
    ),
    f"POST {_PATH}/costs": Told(
        body={"state": "claimed", "amount": 420, "currency": "EUR", "text": "Copying of a disk."}
    ),
}
