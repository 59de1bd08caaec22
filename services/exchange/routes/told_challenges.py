"""Examples of challenges."""

from collections.abc import Mapping

from shared.runtime.openapi import Told

_JWS = "eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJhY3QiOiIuLi4ifQ.c2lnbmF0dXJl"
_ID = "01a20150-3a10-7c63-8c66-804dc68564d2"
_PACKAGE = "01a20143-90a0-7d11-a3f2-5b9c21a07e44"
_AT = "2026-11-21T12:00:00.000Z"
_LIST = {
    "challenges": [
        {
            "challenge_id": _ID,
            "stage": "suspensive",
            "holds": True,
            "suspends": "BY_LAW",
            "who": "HOLDER",
            "court": "Federal Court of QN",
            "file_number": "1C 7/2026",
            "measures": [],
            "packages": [_PACKAGE],
            "items": [],
            "lodged_at": _AT,
            "until": None,
            "changed_at": _AT,
        }
    ]
}
_PATH = "/v1/requests/{request_id}"

TOLD_CHALLENGES: Mapping[str, Told] = {
    f"GET {_PATH}/challenges": Told(answer=_LIST),
    f"POST {_PATH}/challenges": Told(
        body={
            "statement": {
                "who": "HOLDER",
                "court": "Federal Court of QN",
                "file_number": "1C 7/2026",
                "packages": [_PACKAGE],
                "text": "The holder of the account appeals against the transfer.",
            },
            "approval": _JWS,
        },
        answer=_LIST,
    ),
    f"POST {_PATH}/challenges/{{challenge}}/outcome": Told(
        body={
            "statement": {"challenge_id": _ID, "state": "dismissed", "text": "Unfounded."},
            "approval": _JWS,
        },
        answer=_LIST,
    ),
    f"POST {_PATH}/appeal-waiver": Told(
        body={
            "statement": {"court": "Federal Court of QN", "text": "The holder waives."},
            "approval": _JWS,
        },
        answer=_LIST,
    ),
}
