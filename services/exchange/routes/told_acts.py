"""Examples of the acts on a request."""

from collections.abc import Mapping
from typing import Any

from services.exchange.acts.table import PERFORMANCES
from shared.protocol.law.lifecycle import State, transition
from shared.runtime.openapi import Told

_JWS = "eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJhY3QiOiIuLi4ifQ.c2lnbmF0dXJl"
_ID = "01a1fdfa-4600-7c63-8c66-804dc68564d2"
_SAID: Mapping[str, Mapping[str, Any]] = {
    "submit": {"approval": _JWS},
    "return": {"reasons": "The time range is missing."},
    "approve": {"approval": _JWS},
    "approve-unvalidated": {
        "prepared": _JWS,
        "approval": _JWS,
        "reason": "A child is threatened; no judge could be reached at three in the morning.",
    },
    "acknowledge": {"reference": "QN-88/26"},
    "forward": {"authority": "Regional court of QN", "reference": "7 Gs 12/26"},
    "review": {"reviewer": "Section 3"},
    "ask": {"fields": ["D01"], "text": "Which law punishes it?", "due": 1796817600},
    "answer": {"query_id": _ID, "text": "Section 263a of the Criminal Code, enclosed."},
    "propose": {
        "terms": [{"code": "COND-01", "text": "To be used in these proceedings only."}],
        "text": "On this condition all of it can be granted.",
    },
    "settle": {"set_id": _ID, "digest": "ab" * 32, "verdict": "accepted"},
    "accept": {"measures": ["M01"], "note": "Under way."},
    "refuse": {
        "codes": ["REF-05"],
        "reasons": "What he did is no offence in this country, under any name.",
    },
    "postpone": {
        "codes": ["POST-01"],
        "reasons": "Our own proceedings against the same group would suffer.",
        "expected": "three months",
        "review": 1801915200,
    },
    "resume": {"note": "The own proceedings have ended."},
    "execute": {
        "order": {
            "type": "order for disclosure",
            "number": "7 Gs 12/26",
            "court": "Regional court of QN",
            "date": "2026-11-20",
        }
    },
    "substitute": {"instead": "MEA-28", "reasons": "The police holds these data already."},
    "fulfil": {"note": "That was all."},
    "close": {"note": "With thanks."},
    "withdraw": {"codes": ["WD-01"], "reasons": "No longer needed.", "data": "none"},
    "reopen": {"text": "The assurance that was asked for is enclosed."},
    "supplement": {"supplement_id": _ID, "text": "A second account became known."},
}


def told_acts(request: Mapping[str, Any]) -> Mapping[str, Told]:
    """Return the example of every act on a request."""
    return {
        f"POST /v1/requests/{{request_id}}/{row.act}": Told(
            body=_body(row.act, signed=row.signs is not None),
            answer={**request, **_after(row.act)},
        )
        for row in PERFORMANCES.values()
    }


def _body(act: str, *, signed: bool) -> Any:  # noqa: ANN401 - JSON
    said = _SAID.get(act)
    return {"statement": said, "approval": _JWS} if signed else said


def _after(act: Any) -> Mapping[str, str]:  # noqa: ANN401 - an act
    arrow = transition(act)
    theirs = {role[:2] for role in arrow.roles} == {"RD"}
    return {"state": arrow.target or State.EXECUTING, "direction": "in" if theirs else "out"}
