"""Examples of findings and gates."""

from collections.abc import Mapping

from shared.protocol.canonical import Json
from shared.runtime.openapi import Told

_JWS = "eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJhY3QiOiIuLi4ifQ.c2lnbmF0dXJl"
_TEXT = (
    "The number is the only trace that is left, and the subscriber's name is the least with which "
    "whoever used it can be found."
)
_ITEM = "01a20144-0c11-7a52-9d3e-2f6b8c4d1e90"
_SAID = {"gate": "G04", "role": "RD-CA", "verdict": "pass", "text": _TEXT}
_OVERRIDE = {"gate": "G03", "role": "RD-CA", "verdict": "override", "text": _TEXT, "items": [_ITEM]}
_FOUND = {**_SAID, "officer": "QN-approver", "items": [], "at": "2026-11-21T12:00:00Z"}
_SEEN = {"item_id": _ITEM, "verdict": "clean", "officer": "QN-privilege"}
_FINDINGS = {"object_id": _ITEM, "findings": [_FOUND], "filtered": []}
_OPEN: Mapping[str, Json] = {
    "gate": "G04",
    "title": "necessity and proportionality",
    "state": "open",
    "rule": "EER 5(2); EIO 6; LED 4",
    "note": None,
    "detail": None,
    "next": None,
    "role": None,
    "items": [],
    "by": [],
}
_WAITS: Mapping[str, Json] = {
    **_OPEN,
    "gate": "G11",
    "title": "privilege",
    "state": "waits",
    "rule": "EIO 11(1)(a); EER 5(9)-(10), 10(5)",
    "note": "filter_missing",
    "detail": "2 items were not yet looked at for privileged material.",
    "role": "RD-PRIV",
}

TOLD_FINDINGS: Mapping[str, Told] = {
    "GET /v1/requests/{request_id}/findings": Told(answer=_FINDINGS),
    "POST /v1/requests/{request_id}/findings": Told(
        body={"statement": _SAID, "approval": _JWS}, answer=_FINDINGS
    ),
    "GET /v1/requests/{request_id}/gates": Told(answer={"moment": "accept", "gates": [_OPEN]}),
    "GET /v1/packages/{package_id}/findings": Told(answer={**_FINDINGS, "filtered": [_SEEN]}),
    "POST /v1/packages/{package_id}/findings": Told(
        body={"statement": _OVERRIDE, "approval": _JWS}, answer=_FINDINGS
    ),
    "POST /v1/packages/{package_id}/filter": Told(
        body={"statement": {"items": [{"item_id": _ITEM, "verdict": "clean"}]}, "approval": _JWS},
        answer={**_FINDINGS, "findings": [], "filtered": [_SEEN]},
    ),
    "GET /v1/packages/{package_id}/gates": Told(answer={"moment": "clear", "gates": [_WAITS]}),
}
