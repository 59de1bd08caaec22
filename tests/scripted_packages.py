"""What a gateway says about requests and packages, kept in memory: the other side of a client's tests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from shared.protocol import bag
from shared.protocol.canonical import b64u, parse
from shared.protocol.digests import parse_content_digest, sha256
from tests.scripted_gateway import Answer, Call, answer, octets, problem
from tests.simulated_case import Case

REQUEST = "019a9c3e-0000-7000-8000-000000000001"
PACKAGE = "019a9c3e-0000-7000-8000-000000000002"
DIGEST = "ab" * 48
MIB = 2**20
_ITEM = re.compile(r"/v1/packages/[^/]+/items/(?P<item>[^/]+)(?:/segments(?:/(?P<n>\d+))?)?")


def request(**changes: object) -> dict[str, Any]:
    return {
        "request_id": REQUEST,
        "direction": "out",
        "peer": "QN",
        "state": "S01",
        "version": 1,
        "digest": "ab" * 32,
        "measures": [
            {"measure_id": "M01", "code": "a", "description": "b", "state": "S14"},
            {"measure_id": "M02", "code": "a", "description": "b", "state": "S12"},
        ],
        "approvals": [{"act": "request.prepare", "officer": "A", "at": "then"}],
        "waiting_for": "the second officer",
        "history": [{"at": "then", "state": "S00", "by": "urn:x"}],
        **changes,
    }


def package(**changes: object) -> dict[str, Any]:
    return {
        "package_id": PACKAGE,
        "direction": "out",
        "peer": "QM",
        "request_id": REQUEST,
        "state": "COLLECTING",
        "version": 1,
        "segment_size": MIB,
        "size": 0,
        "digest": None,
        "progress": None,
        "error": None,
        "waiting_for": None,
        "approvals": [],
        "history": [],
        **changes,
    }


@dataclass
class Collection:
    """A package that is being filled: declared items, segments that came."""

    items: dict[str, dict[str, Any]] = field(default_factory=dict)
    segments: dict[tuple[str, int], bytes] = field(default_factory=dict)

    def __call__(self, call: Call) -> Answer:
        if call.path == f"/v1/packages/{PACKAGE}/items":
            return answer({"items": list(self.items.values())})
        found = _ITEM.fullmatch(call.path)
        if found is None:
            return problem(404, "not_found", detail=f"Nothing at {call.path}.")
        item, n = found["item"], found["n"]
        if n is not None:
            return self._segment(call, item, int(n))
        if call.method == "GET":
            return answer({"missing": self._missing(item)})
        known = item in self.items
        declared = parse(call.body)
        assert isinstance(declared, dict)
        self.items[item] = {"item_id": item, **declared}
        return answer(self.items[item], 200 if known else 201)

    def _segment(self, call: Call, item: str, n: int) -> Answer:
        digest = parse_content_digest(call.headers["Content-Digest"])
        if digest != sha256(call.body):
            return problem(422, "digest_mismatch", detail="Other bytes came.")
        known = (item, n) in self.segments
        self.segments[item, n] = call.body
        return answer({"item_id": item, "segment": n}, 200 if known else 201)

    def _missing(self, item: str) -> list[list[int]]:
        count = max(1, -(-self.items[item]["size"] // MIB))
        return [[n, n] for n in range(count) if (item, n) not in self.segments]

    def content(self, path: str) -> bytes:
        """Give what came for a file, by its path in the bag."""
        (item,) = [key for key, each in self.items.items() if each["path"] == path]
        parts = sorted((n, part) for (owner, n), part in self.segments.items() if owner == item)
        return b"".join(part for _, part in parts)


@dataclass
class Delivery:
    """A received package that can be fetched."""

    case: Case
    evidence: dict[str, bytes] = field(default_factory=dict)
    confirmed: list[str] = field(default_factory=list)
    served: list[tuple[str, int]] = field(default_factory=list)
    grants: list[str | None] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.evidence = self.evidence or dict(self.case.evidence)

    @property
    def base(self) -> str:
        return f"/v1/packages/{self.case.package_id}"

    def record(self) -> dict[str, Any]:
        size = sum(map(len, self.evidence.values()))
        owner = {"package_id": self.case.package_id, "request_id": self.case.request_id}
        return package(
            **owner, direction="in", peer="QN", state="VERIFIED", size=size, digest=DIGEST
        )

    def __call__(self, call: Call) -> Answer:
        files = self.case.bag_files()
        if call.path.endswith("/tags") or "/segments/" in call.path:
            self.grants.append(call.headers.get("Officer-Grant"))
        said = {
            self.base: lambda: answer(self.record()),
            f"/v1/requests/{self.case.request_id}": lambda: answer(request()),
            f"{self.base}/tags": lambda: octets(bag.tag_set(self.case.tags)),
            f"{self.base}/chain": lambda: answer(
                {"files": {path: b64u(files[path]) for path in files if path.startswith("chain/")}}
            ),
            f"{self.base}/items": lambda: answer({"items": self._items()}),
            f"{self.base}/handover": lambda: self._hand_over(call),
        }.get(call.path)
        return said() if said else self._segment(call)

    def _items(self) -> list[dict[str, Any]]:
        return [
            {
                "item_id": item.item_id,
                "path": item.path,
                "original_name": item.path,
                "size": len(self.evidence[item.path]),
                "sha256": item.sha256.hex(),
                "media_type": item.media_type,
                "segments": 1,
            }
            for item in self.case.items
            if item.path in self.evidence
        ]

    def _segment(self, call: Call) -> Answer:
        found = _ITEM.fullmatch(call.path)
        assert found
        paths = {item.item_id: item.path for item in self.case.items}
        path, n = paths[found["item"]], int(found["n"])  # type: ignore[index]
        self.served.append((path, n))
        return octets(self.evidence[path][n * MIB : (n + 1) * MIB])

    def _hand_over(self, call: Call) -> Answer:
        body = parse(call.body)
        assert isinstance(body, dict)
        self.confirmed.append(str(body["tagmanifest_sha256"]))
        return answer(self.record(), 202)
