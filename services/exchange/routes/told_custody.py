"""The example of an account of custody for the OpenAPI document: one file, sealed and sent."""

from collections.abc import Mapping
from typing import Any

from shared.runtime.openapi import Told

_PACKAGE, _ITEM = "01a20143-90a0-7d11-a3f2-5b9c21a07e44", "01a20144-0c11-7a52-9d3e-2f6b8c4d1e90"
_AT = "2026-11-21T12:00:00.000Z"
_SHA256 = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"
_RECORD: Mapping[str, Any] = {
    "v": 1,
    "package_id": _PACKAGE,
    "item_id": _ITEM,
    "root_item_id": _ITEM,
    "country": "QN",
    "n": 0,
    "recorded_at": _AT,
    "act": "RECEIVED_FROM_PROVIDER",
    "performer": {"person": "QN-7", "role": "investigator", "authority": "Police of QN"},
    "tool": {"name": "export of the provider"},
    "authorisation": {"type": "order", "number": "3 Gs 12/26", "court": "District Court"},
    "started_at": _AT,
    "ended_at": _AT,
    "outputs": {"sha256": _SHA256},
    "size": 1024,
    "media_type": "text/csv",
    "salt": "00" * 16,
    "prev": "0" * 64,
}
CUSTODY: Mapping[str, Told] = {
    "GET /v1/packages/{package_id}/custody": Told(
        answer={
            "custody": {
                "v": 1,
                "package_id": _PACKAGE,
                "request_id": "01a1fdfa-4600-7c63-8c66-804dc68564d2",
                "sender": "QN",
                "sender_name": "Ministry of Justice of QN",
                "receiver": "QM",
                "receiver_name": "Ministry of Justice of QM",
                "shown_by": "QN",
                "made_at": _AT,
                "state": "RELEASED",
                "asked": {"reference": "QM-2026-0042", "authority": "Prosecutor of QM"},
                "exhibits": [{"item_id": _ITEM, "path": "data/statements.csv"}],
                "handovers": [],
                "conditions": [],
                "left_out": [],
                "records": [_RECORD],
            },
            "signature": "MIIH…",
        }
    ),
}
