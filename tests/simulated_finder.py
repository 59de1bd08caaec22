"""What a node answers who is asked for all entries of a case or about a peer; and what a bad one does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.protocol import leaves
from shared.protocol.canonical import b64, b64u
from shared.protocol.commitments import Opening
from shared.protocol.indexes import INDEX_ROOT, INDEX_ROOT_FIELD, case_key, peer_key
from shared.protocol.logproofs import format_proof
from shared.protocol.merkle import inclusion_ranges, leaf_hash, root
from tests.plain_index import Index
from tests.scripted_gateway import Answer, Call, answer
from tests.simulated_node import Node

PAGE = 4

Facts = Callable[[leaves.Leaf], leaves.Leaf]


@dataclass(kw_only=True)
class Finder:
    """The index of a simulated country's log, as its node keeps and shows it.

    `seen_as` is how the node reads its own leaves while it makes the index: a bad one reads other facts.
    `bent` may change each page before it is sent.
    """

    country: Node
    seen_as: Facts = lambda leaf: leaf
    bent: Callable[[dict[str, Any]], object] = lambda _page: None
    openings: dict[int, Sequence[Opening]] = field(default_factory=dict)
    note: str = ""  # the checkpoint of the answer; made when one begins
    _indexes: dict[int, Index] = field(default_factory=dict)  # by the place of their leaf

    def log_index(self) -> int:
        """Make the index of all leaves so far, and log its root."""
        index = Index.from_leaves(map(self.seen_as, self.country.log))
        place = self.country.record(
            type=INDEX_ROOT, count=index.size, commit={INDEX_ROOT_FIELD: index.root().hex()}
        )
        self._indexes[place] = index
        return place

    def __call__(self, call: Call) -> Answer:
        asked = {name: values[0] for name, values in call.query.items()}
        page = self.page(asked)
        self.bent(page)
        return answer(page)

    def page(self, asked: dict[str, str]) -> dict[str, Any]:
        hashes = [leaf_hash(body) for body in self.country.bodies]
        size, start = len(hashes), int(asked.get("from", 0))
        self.note = self.note if start else self.country.checkpoint()
        place = max(self._indexes, default=None)
        covered = self._indexes[place].size if place is not None else 0
        listed = [
            index
            for index, leaf in enumerate(map(self.seen_as, self.country.log))
            if index >= start and (index >= covered or self._is(leaf, asked))
        ]
        more = listed[PAGE:]
        return {
            "size": size,
            "checkpoint": self.note,
            "covered": covered,
            "index": None if place is None or start else self._proof(place, asked, hashes),
            "entries": [self._entry(index, hashes) for index in listed[:PAGE]],
            "next": more[0] if more else None,
        }

    def _is(self, leaf: leaves.Leaf, asked: dict[str, str]) -> bool:
        return leaf.case_ref == asked["case"] if "case" in asked else leaf.peer == asked["peer"]

    def _proof(self, place: int, asked: dict[str, str], hashes: list[bytes]) -> dict[str, Any]:
        key = case_key(asked["case"]) if "case" in asked else peer_key(asked["peer"])
        return {
            "index": place,
            "leaf": b64u(self.country.bodies[place]),
            "proof": format_proof(place, _path(place, hashes), self.note),
            "trie": self._indexes[place].prove(key).to_json(),
        }

    def _entry(self, index: int, hashes: list[bytes]) -> dict[str, Any]:
        return {
            "index": index,
            "leaf": b64u(self.country.bodies[index]),
            "path": [b64(each) for each in _path(index, hashes)],
            "openings": [
                {"name": each.name, "value": each.value, "salt": b64u(each.salt)}
                for each in self.openings.get(index, ())
            ],
        }

    def proof(self, call: Call) -> Answer:
        """One entry with its log proof."""
        index = int(call.query["index"][0])
        hashes = [leaf_hash(body) for body in self.country.bodies]
        text = format_proof(index, _path(index, hashes), self.note)
        return answer({"leaf": b64u(self.country.bodies[index]), "proof": text})


def _path(index: int, hashes: list[bytes]) -> list[bytes]:
    return [root(hashes[first:last]) for first, last in inclusion_ranges(index, len(hashes))]
