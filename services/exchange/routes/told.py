"""Examples for the OpenAPI document of the exchange: one case, told from draft to hand-over."""

from collections.abc import Mapping

from services.exchange.routes.told_acts import told_acts
from services.exchange.routes.told_challenges import TOLD_CHALLENGES
from services.exchange.routes.told_clocks import TOLD_CLOCKS
from services.exchange.routes.told_custody import CUSTODY
from services.exchange.routes.told_findings import TOLD_FINDINGS
from services.exchange.routes.told_request import DRAFT
from services.exchange.routes.told_urgent import TOLD_URGENT
from services.exchange.routes.told_uses import told_uses
from shared.runtime.openapi import JSON, OCTETS, Told

REQUEST_ID = "01a1fdfa-4600-7c63-8c66-804dc68564d2"
PACKAGE_ID = "01a20143-90a0-7d11-a3f2-5b9c21a07e44"
ITEM_ID = "01a20144-0c11-7a52-9d3e-2f6b8c4d1e90"
SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
SHA384 = "ab" * 48
AT = "2026-11-21T12:00:00.000Z"

_ENTRY = {"channel": "QM>QN", "epoch": 0, "seq": 1, "hash": SHA384}
REQUEST = {
    "request_id": REQUEST_ID,
    "direction": "out",
    "peer": "QN",
    "state": "S00",
    "version": 1,
    "digest": SHA256,
    "document": {"v": 2, "request_id": REQUEST_ID, "from": "QM", "to": "QN"},
    "kind": "MLA",
    "urgency": "ROUTINE",
    "instrument": "BUD",
    "disagreement": None,
    "open_acts": ["amend", "submit"],
    "measures": [
        {
            "measure_id": "M01",
            "code": "MEA-03",
            "description": "Subscriber data",
            "state": "S00",
        }
    ],
    "approvals": [],
    "entry": None,
    "created_at": AT,
    "updated_at": AT,
    "waiting_for": "the preparer, to submit it with an approval",
    "history": [{"at": AT, "state": "S00", "by": "urn:rogatory:QM:preparer"}],
}
PACKAGE = {
    "package_id": PACKAGE_ID,
    "direction": "out",
    "peer": "QM",
    "request_id": REQUEST_ID,
    "state": "COLLECTING",
    "version": 1,
    "title": "Account statements",
    "measures": ["M01"],
    "segment_size": 67108864,
    "items": 0,
    "size": 0,
    "segments": 0,
    "digest": None,
    "tagmanifest_sha256": None,
    "progress": None,
    "error": None,
    "entry": None,
    "waiting_for": "the preparer, to add files and close it",
    "approvals": [],
    "history": [{"at": AT, "state": "COLLECTING", "by": "urn:rogatory:QN:preparer"}],
    "created_at": AT,
    "updated_at": AT,
}
ITEM = {
    "item_id": ITEM_ID,
    "path": "data/statements.csv",
    "original_name": "Statements.csv",
    "size": 1024,
    "sha256": SHA256,
    "media_type": "text/csv",
    "segments": 1,
    "answers": {"measure_id": "M01", "category": "DC-SUB", "identifier": "+99 1"},
}
_CONDITION = {
    "disk": {"free": 52613349376, "total": 105226698752},
    "database": {"kind": "sqlite", "version": "3.51.3", "journal": "wal", "size": 4194304},
    "certificates": [{"name": "bag-seal", "not_after": 1826798400, "days_left": 363}],
}
_SELFTEST = {
    "peer": "QN",
    "entry": _ENTRY,
    "state": "DELIVERED",
    "sent_at": AT,
    "outcome": "RelayAcceptance",
    "receipted_at": AT,
    "reason": None,
}
_LETTER = {
    "direction": "in",
    "type": "acknowledgement",
    "at": AT,
    "hash": SHA384,
    "body": {
        "request_id": REQUEST_ID,
        "states": [],
        "reference": "QN-7",
        "note": "",
        "authority": "",
    },
}
_APPROVAL = {"approval": "eyJhbGciOiJFUzI1NiIsImtpZCI6Ii4uLiJ9.eyJhY3QiOiIuLi4ifQ.c2lnbmF0dXJl"}
_ITEM = {
    name: ITEM[name]
    for name in ("path", "original_name", "size", "sha256", "media_type", "answers")
}
_SEGMENT = "/v1/packages/{package_id}/items/{item_id}/segments/{n}"

TOLD: Mapping[str, Told] = {
    "GET /v1/requests": Told(answer={"requests": [REQUEST]}),
    "POST /v1/requests": Told(body=DRAFT, answer=REQUEST),
    "GET /v1/requests/{request_id}": Told(answer=REQUEST),
    "PUT /v1/requests/{request_id}": Told(body=DRAFT, answer={**REQUEST, "version": 2}),
    "GET /v1/requests/{request_id}/messages": Told(answer={"messages": [_LETTER]}),
    **told_acts(REQUEST),
    **TOLD_CHALLENGES,
    **TOLD_URGENT,
    **TOLD_FINDINGS,
    **told_uses(REQUEST, PACKAGE),
    **TOLD_CLOCKS,
    **CUSTODY,
    "GET /v1/packages": Told(answer={"packages": [PACKAGE]}),
    "POST /v1/packages": Told(
        body={"request_id": REQUEST_ID, "measures": ["M01"], "title": "Account statements"},
        answer=PACKAGE,
    ),
    "GET /v1/packages/{package_id}": Told(answer=PACKAGE),
    "GET /v1/packages/{package_id}/items": Told(answer={"items": [ITEM]}),
    "PUT /v1/packages/{package_id}/items/{item_id}": Told(body=_ITEM, answer=ITEM, also=(201,)),
    "GET /v1/packages/{package_id}/items/{item_id}/segments": Told(answer={"missing": [[0, 3]]}),
    f"PUT {_SEGMENT}": Told(takes=OCTETS, answer={"item_id": ITEM_ID, "segment": 0}, also=(201,)),
    f"GET {_SEGMENT}": Told(gives=OCTETS),
    "PUT /v1/packages/{package_id}/case": Told(
        takes=JSON, body={"@context": {}, "@graph": []}, answer=PACKAGE
    ),
    "POST /v1/packages/{package_id}/close": Told(answer={**PACKAGE, "state": "CLOSING"}),
    "POST /v1/packages/{package_id}/prepare": Told(
        body=_APPROVAL, answer={**PACKAGE, "state": "FILTERED"}
    ),
    "POST /v1/packages/{package_id}/clear": Told(
        body=_APPROVAL, answer={**PACKAGE, "state": "CLEARED"}
    ),
    "POST /v1/packages/{package_id}/release": Told(
        body=_APPROVAL, answer={**PACKAGE, "state": "SEALED"}
    ),
    "GET /v1/packages/{package_id}/tags": Told(answer={"bagit.txt": "QmFnSXQtVmVyc2lvbjogMS4w"}),
    "GET /v1/packages/{package_id}/chain": Told(
        answer={"files": {"chain/root.json": "eyJzaWduZWQiOnt9fQ"}}
    ),
    "POST /v1/packages/{package_id}/handover": Told(
        body={"tagmanifest_sha256": SHA256}, answer={**PACKAGE, "state": "IN_USE"}
    ),
    "GET /v1/inbox": Told(answer={"packages": [], "requests": [{**REQUEST, "direction": "in"}]}),
    "POST /peer/v1/entries": Told(
        takes=JSON,
        body={"entry": "eyJ…", "leaf": "AAE…", "proof": "c2sp.org/tlog-proof@v1\n…"},
        answer={"hash": SHA384},
        also=(200,),
    ),
    "GET /peer/v1/heads": Told(
        answer={
            "heads": [{"channel": "QM>QN", "epoch": 0, "seq": 1, "hash": SHA384, "entry": "eyJ…"}]
        }
    ),
    "GET /peer/v1/entries": Told(
        answer={"entries": [{"entry": "eyJ…", "leaf": "AAE", "proof": "c2sp.org/tlog-proof@v1\n"}]}
    ),
    "GET /peer/v1/packages/{package_id}/index": Told(gives=OCTETS),
    "GET /peer/v1/packages/{package_id}/segments/{item_id}/{n}": Told(gives=OCTETS),
    "GET /v1/audit/channels/{peer}/links": Told(
        answer={
            "links": [
                {
                    "channel": "QM>QN",
                    "epoch": 0,
                    "seq": 1,
                    "prev": SHA384,
                    "hash": SHA384,
                    "type": "request",
                    "at": AT,
                }
            ]
        }
    ),
    "GET /v1/audit/channels/evidence": Told(
        answer={"evidence": [{"peer": "QN", "found_at": AT, "notes": ["…", "…"], "file": None}]}
    ),
    "POST /v1/ops/peers/{peer}/selftest": Told(
        answer={**_SELFTEST, "state": "SIGNED", "outcome": None, "receipted_at": None}
    ),
    "GET /v1/ops/peers/{peer}/selftest": Told(answer=_SELFTEST),
    "GET /ops/condition": Told(answer=_CONDITION),
    "GET /v1/ops/channels": Told(
        answer={
            "channels": [
                {
                    "channel": "QM>QN",
                    "direction": "out",
                    "epoch": 0,
                    "seq": 1,
                    "hash": SHA384,
                    "entries": 2,
                    "first_break": None,
                    "frozen": None,
                    "contradictions": [],
                    "last_error": None,
                }
            ],
            "outbox": {"events": 0, "since": None},
        }
    ),
}
