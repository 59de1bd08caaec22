"""Examples for the OpenAPI document of the log."""

from collections.abc import Mapping

from shared.runtime.openapi import OCTETS, TEXT, Told

SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
AT = "2026-11-21T12:00:00.000Z"
EVENT_ID = "01a1fdfa-4600-7c63-8c66-804dc68564d2"
PROOF = "c2sp.org/tlog-proof@v1\nindex 41\n…"
CHECKPOINT = "qm.rogatory.example/log\n42\nn4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg=\n\n— …"
_HASH = "n4bQgYhMfWWaL+qgxVrQFaO/TxsrC4Is0V1sFbDwCgg="
_LEAF = "eyJ2IjoxfQ"
_PROVEN = {"index": 41, "leaf": _LEAF, "proof": PROOF}
_SHOWN = {
    "index": 41,
    "leaf": _LEAF,
    "path": [_HASH],
    "openings": [{"name": "client", "value": "urn:rogatory:QM:preparer", "salt": "c2FsdA"}],
}
_PAGE = {"size": 42, "checkpoint": CHECKPOINT, "entries": [_SHOWN], "next": None}
_INSPECTION = {
    "run_id": EVENT_ID,
    "state": "clean",
    "checked": 42,
    "size": 42,
    "started_at": AT,
    "ended_at": AT,
    "age": 60,
    "bad": None,
    "detail": None,
}
_STAGE = {"size": 42, "lag": 0, "age": 1}
_NOTE = Told(gives=TEXT)
_TILE = Told(gives=OCTETS)

TOLD: Mapping[str, Told] = {
    "GET /ops/condition": Told(
        answer={
            "disk": {"free": 52613349376, "total": 105226698752},
            "database": {"kind": "sqlite", "version": "3.51.3", "journal": "wal", "size": 4194304},
            "certificates": [],
        }
    ),
    "POST /entries": Told(
        body={"events": [{"event_id": EVENT_ID, "type": "access.denied", "event_time": AT}]},
        answer={"results": [{"event_id": EVENT_ID, **_PROVEN}], "refused": []},
    ),
    "POST /erasures": Told(
        body={"case_id": EVENT_ID, "ground": "period_over"},
        answer={"erasure_id": EVENT_ID, "count": 3, "closed": 0, **_PROVEN},
    ),
    "GET /checkpoint": _NOTE,
    "GET /status": Told(
        answer={
            "alarm": None,
            "unwitnessed_for": 2,
            "limit": 14400,
            "blocked": False,
            "sizes": {
                "integrated": 42,
                "signed": 42,
                "witnessed": 42,
                "published": 42,
                "indexed": 40,
                "stamped": 40,
            },
        }
    ),
    "GET /proofs/published": Told(answer={"proofs": {"41": PROOF}, "lost": []}),
    "GET /tile/entries/{path}": _TILE,
    "GET /tile/{path}": _TILE,
    "GET /proofs/consistency": Told(answer={"from": 40, "to": 42, "hashes": [_HASH]}),
    "GET /logs/{digest}/checkpoint": _NOTE,
    "GET /logs/{digest}/tile/entries/{path}": _TILE,
    "GET /logs/{digest}/tile/{path}": _TILE,
    "GET /oversight/entries": Told(answer=_PAGE),
    "GET /oversight/counterparts": Told(answer={"counterparts": [_PROVEN], "next": None}),
    "GET /oversight/key": Told(
        answer={"key": "a2V5", "digest": SHA256, "field": "log_case_key", "index": 0}
    ),
    "GET /oversight/proof": Told(answer={"size": 42, **_PROVEN}),
    "GET /oversight/find": Told(
        answer={
            **_PAGE,
            "covered": 40,
            "index": {**_PROVEN, "trie": {"end": "AA", "steps": [[3, "AA"]]}},
        }
    ),
    "GET /oversight/timestamps": Told(
        answer={"stamps": [{"size": 42, "record": "…"}], "next": None}
    ),
    "GET /ops/stages": Told(
        answer={
            "leading": True,
            "alarm": None,
            "stages": {"integrated": _STAGE, "signed": _STAGE},
            "inbox": {"depth": 0, "oldest": None},
            "epoch": 1,
            "unwitnessed_for": 2,
            "limit": 14400,
            "quorum": "witnesses",
            "witnesses": [
                {
                    "name": "w0",
                    "outcome": "cosigned",
                    "detail": "",
                    "asked_ago": 1,
                    "size": 42,
                    "age": 1,
                }
            ],
            "inspection": _INSPECTION,
            "cosigned": [
                {
                    "country": "QN",
                    "origin": "qn.rogatory.example/log",
                    "size": 40,
                    "age": 3,
                    "evidence": 0,
                }
            ],
            "stamps": [
                {
                    "authority": "tsa",
                    "size": 42,
                    "time": "2026-11-21T12:00:00Z",
                    "trouble": None,
                    "since": None,
                }
            ],
        }
    ),
    "POST /ops/inspections": Told(answer={**_INSPECTION, "state": "running", "ended_at": None}),
    "GET /ops/inspections/newest": Told(answer=_INSPECTION),
    "POST /witness/add-checkpoint": Told(takes=OCTETS, gives=TEXT, plain=(400, 403, 404, 409, 422)),
    "GET /witness/{digest}/checkpoint": _NOTE,
    "GET /oversight/evidence": Told(
        answer={
            "evidence": [
                {
                    "name": f"{SHA256}.json",
                    "origin": "qn.rogatory.example/log",
                    "found_at": AT,
                    "file": "e30",
                }
            ]
        }
    ),
}
