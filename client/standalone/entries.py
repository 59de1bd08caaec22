"""What leaves say (spec/leaves.md), one after the other: dates, numbers, transfers, commitments."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from client.standalone.forms import demand, read_canonical, unb64u

NAMES = frozenset(
    (
        "about", "case_prev", "case_ref", "case_seq", "channel", "commit", "count", "direction",
        "entry_hash", "entry_type", "epoch", "event_id", "event_time", "log", "nonce", "outcome", "peer",
        "peer_prev", "peer_receipt", "peer_seq", "reason", "seq", "seq_time", "size", "transfer_id",
        "type", "v",
    )
)  # fmt: skip
TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")
SAME = ("channel", "epoch", "seq", "entry_type", "entry_hash", "about", "outcome")
KEPT = (*SAME, "type", "peer_receipt")

Leaf = dict[str, Any]
Place = tuple[str, int, int]


def read_leaf(body: bytes) -> Leaf:
    """Read a leaf: canonical, all members and no other."""
    leaf = read_canonical(body)
    demand(isinstance(leaf, dict) and leaf.keys() == NAMES, "this is no leaf")
    demand(leaf["v"] == 1 and TIME.fullmatch(leaf["seq_time"]), "this is no leaf of this version")
    return dict(leaf)


def place_of(leaf: Leaf) -> Place:
    """Give the place of a transfer in its channel."""
    return str(leaf["channel"]), int(leaf["epoch"]), int(leaf["seq"])


class Story:
    """The leaves of a log in order: their times, the numbers of cases and peers, the transfers."""

    def __init__(self, origin: str) -> None:
        self.origin = origin
        self.time = ""
        self.transfers: dict[Place, tuple[int, Leaf]] = {}
        self.counters: dict[tuple[str, str], tuple[int, int]] = {}
        self.continues: dict[str, Any] | None = None  # the end of the log before this one
        self.roots: list[tuple[int, str]] = []  # of the index: over how many entries, and which

    def add(self, index: int, leaf: Leaf) -> None:
        """Take the leaf at an index; all before it were taken."""
        demand(leaf["log"] == self.origin, "it is of another log")
        demand(leaf["seq_time"] >= self.time, "its time is before that of the entry before")
        self.time = leaf["seq_time"]
        demand(
            (leaf["type"] == "log.opened") == (index == 0),
            "a log is opened once, by its first entry",
        )
        for kind, owner in (("case", leaf["case_ref"]), ("peer", leaf["peer"])):
            self._count(index, kind, owner, (leaf[f"{kind}_seq"], leaf[f"{kind}_prev"]))
        if leaf["type"] == "index.root":
            demand(leaf["count"] <= index, "it says the root of entries behind it")
            self.roots.append((leaf["count"], leaf["commit"]["index_root"]))
        if index == 0:
            self.continues = leaf["peer_receipt"]
        self.keep(index, leaf)

    def keep(self, index: int, leaf: Leaf) -> None:
        """Keep the leaf of a transfer."""
        if leaf["type"] in {"transfer.intent", "transfer.received"}:
            place = place_of(leaf)
            demand(place not in self.transfers, "this transfer stands in the log already")
            self.transfers[place] = index, {name: leaf[name] for name in KEPT}

    def _count(
        self, index: int, kind: str, owner: str | None, told: tuple[int | None, int | None]
    ) -> None:
        if owner is None:
            demand(told == (None, None), f"a number of no {kind}")
            return
        before = self.counters.get((kind, owner))
        expected = (0, None) if before is None else (before[0] + 1, before[1])
        self.counters[kind, owner] = expected[0], index
        demand(
            told == expected, f"{kind}: number {told[0]} after {told[1]}, expected {expected[0]}"
        )


def check_counterpart(own: Leaf, other: Leaf, stands: dict[str, Any]) -> None:
    """Check that the other country's leaf is of the same entry, and stands where ours says."""
    demand(other["type"] == "transfer.intent" and other["direction"] == "out", "it is no intent")
    demand(other["log"] == stands["origin"], "it is a leaf of another log")
    for name in SAME:
        demand(other[name] == own[name], f"it is a leaf of another entry ({name})")
    demand(own["peer_receipt"] == stands, "our leaf says that it stands elsewhere")


def check_opening(leaf: Leaf, opening: dict[str, str]) -> None:
    """Check that a leaf commits to what an opening says (spec/leaves.md, 3)."""
    name, value, salt = opening["name"].encode(), opening["value"].encode(), unb64u(opening["salt"])
    demand(len(salt) == 32, "a salt is 32 bytes")
    parts = (salt, len(name).to_bytes(2, "big"), name, len(value).to_bytes(4, "big"), value)
    made = hashlib.sha256(b"rogatory-commit/v1\x00" + b"".join(parts)).hexdigest()
    demand(
        leaf["commit"].get(opening["name"]) == made,
        f"the leaf commits to another {opening['name']}",
    )


def check_chain(links: list[dict[str, Any]]) -> dict[Place, str]:
    """Check that the chain of one direction is unbroken (spec/channel.md); give its hashes by place."""
    made: dict[Place, str] = {}
    before: dict[str, Any] | None = None
    for link in links:
        demand(link.keys() == {"channel", "epoch", "seq", "prev", "hash"}, "this is no link")
        if before is None:
            follows = (link["epoch"], link["seq"], link["prev"]) == (0, 0, "0" * 96)
        elif link["epoch"] == before["epoch"]:
            follows = link["seq"] == before["seq"] + 1 and link["prev"] == before["hash"]
        else:
            known = link["prev"] == "0" * 96 or link["prev"] in made.values()
            follows = (link["epoch"], link["seq"]) == (before["epoch"] + 1, 0) and known
        demand(follows, f"entry {link['epoch']}/{link['seq']} does not follow from the one before")
        demand(before is None or link["channel"] == before["channel"], "a link of another channel")
        made[place_of(link)] = link["hash"]
        before = link
    return made
