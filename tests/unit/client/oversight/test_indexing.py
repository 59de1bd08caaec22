"""A mirror computes every root of the index that its log has said, and names what one leaves out."""

from copy import deepcopy
from dataclasses import replace
from typing import Any

import pytest

from client.oversight.findings import Check, Failure, Findings
from client.oversight.indexing import IndexCheck
from shared.protocol import tries
from shared.protocol.indexes import INDEX_ROOT, INDEX_ROOT_FIELD
from shared.protocol.leaves import Leaf
from shared.protocol.scanning import scan
from tests.simulated_case import standard_case
from tests.simulated_finder import Finder
from tests.simulated_node import Node

REQUEST = "01890a5d-ac96-774b-9000-00000000000"


@pytest.fixture
def finder() -> Finder:
    return Finder(country=deepcopy(standard_case().qm))


def grow(finder: Finder, count: int = 9) -> int:
    """Some entries of three cases, two of them with a peer, and the root of the index after them."""
    for number in range(count):
        peer = "QX" if number % 3 else None
        finder.country.record(type="request.sent", case_id=f"{REQUEST}{number % 3}", peer=peer)
    return finder.log_index()


def checked(country: Node, check: IndexCheck, findings: Findings, first: int = 0) -> None:
    bodies = country.bodies[first:]
    check.begin(len(bodies))
    for index, body in enumerate(bodies, first):
        check.add(scan(body), index, findings)
    check.finish(len(country.bodies), findings)


def failures(country: Node) -> list[Failure]:
    findings = Findings()
    checked(country, IndexCheck(), findings)
    return findings.failures


def test_roots_that_hold(finder: Finder) -> None:
    findings = Findings()
    grow(finder)
    newest = grow(finder)
    finder.country.record(type="access.denied")
    checked(finder.country, IndexCheck(), findings)
    assert findings.failures == []
    size = len(finder.country.bodies)
    detail = f"2 roots, the newest over {newest} of {size} entries"
    assert findings.details[Check.INDEX] == detail


def test_a_log_without_an_index_has_no_roots(finder: Finder) -> None:
    findings = Findings()
    checked(finder.country, IndexCheck(), findings)
    assert (findings.failures, findings.details[Check.INDEX]) == ([], "0 roots")


@pytest.mark.parametrize("which", ["case", "peer", "both"])
def test_an_entry_that_was_left_out_is_named(finder: Finder, which: str) -> None:
    grow(finder)
    hidden = len(finder.country.log) + 4
    fields = {"case": ["case_ref"], "peer": ["peer"], "both": ["case_ref", "peer"]}[which]

    def seen_as(leaf: Leaf) -> Leaf:
        left_out = leaf is finder.country.log[hidden]
        return replace(leaf, **dict.fromkeys(fields)) if left_out else leaf  # type: ignore[arg-type]

    for number in range(9):
        peer = "QX" if number % 3 else None
        finder.country.record(type="request.sent", case_id=f"{REQUEST}{number % 3}", peer=peer)
    finder.seen_as = seen_as
    wrong, again = finder.log_index(), grow(finder)
    case = finder.country.log[hidden].case_ref
    names = {"case": f"case {case}", "peer": "peer QX", "both": f"case {case} and peer QX"}[which]
    first, second = failures(finder.country)
    assert first.place == f"entry {wrong}"
    assert first.detail == (
        f"the index of the first {wrong} entries has another root:"
        f" entry {hidden} left out of {names}"
    )
    assert second.place == f"entry {again}"
    assert second.detail == f"the index of the first {again} entries has another root"


def test_a_case_that_was_hidden_is_named(finder: Finder) -> None:
    grow(finder)
    country = finder.country
    hidden = [country.record(type="request.sent", case_id=f"{REQUEST}7") for _ in range(12)]
    case = country.log[hidden[0]].case_ref
    finder.seen_as = lambda leaf: replace(leaf, case_ref=None) if leaf.case_ref == case else leaf
    finder.log_index()
    (flaw,) = failures(country)
    entries = ", ".join(map(str, hidden[:10]))
    assert flaw.detail.endswith(f": entries {entries} and 2 more left out of case {case}")


def test_an_index_of_something_else_is_found(finder: Finder) -> None:
    finder.seen_as = lambda leaf: replace(leaf, case_ref=None, peer=None)
    place = grow(finder)
    (flaw,) = failures(finder.country)
    assert flaw.detail == f"the index of the first {place} entries has another root"


@pytest.mark.parametrize(
    "told",
    [
        {"count": 10**6, "commit": {INDEX_ROOT_FIELD: tries.EMPTY.hex()}},
        {"count": None, "commit": {INDEX_ROOT_FIELD: tries.EMPTY.hex()}},
        {"count": 0, "commit": {}},
    ],
    ids=["beyond itself", "without a count", "without a root"],
)
def test_an_entry_that_says_no_root_is_found(finder: Finder, told: dict[str, Any]) -> None:
    place = finder.country.record(type=INDEX_ROOT, **told)
    (flaw,) = failures(finder.country)
    assert (flaw.place, flaw.detail) == (
        f"entry {place}",
        "it says no root of the index of entries in front of it",
    )


def test_an_index_does_not_shrink(finder: Finder) -> None:
    grow(finder)
    commit = {INDEX_ROOT_FIELD: tries.EMPTY.hex()}
    finder.country.record(type=INDEX_ROOT, count=0, commit=commit)
    (flaw,) = failures(finder.country)
    assert flaw.detail == "an index covers fewer leaves than the one before"


def test_an_entry_that_cannot_be_read_is_in_no_index(finder: Finder) -> None:
    grow(finder)
    findings, check = Findings(), IndexCheck()
    for index, body in enumerate(finder.country.bodies):
        check.add(None if index == 3 else scan(body), index, findings)
    check.finish(len(finder.country.bodies), findings)
    assert len(findings.failures) == 1


def test_a_process_beside_says_the_same_and_goes_on(finder: Finder) -> None:
    hidden = len(finder.country.log)
    grow(finder, 100)
    findings, check = Findings(), IndexCheck(long=1, batch=8)
    checked(finder.country, check, findings)
    assert findings.failures == []
    first = len(finder.country.bodies)
    finder.seen_as = lambda leaf: (
        replace(leaf, peer=None) if leaf is finder.country.log[hidden + 1] else leaf
    )
    wrong = grow(finder, 60)
    checked(finder.country, check, findings, first)
    assert [each.place for each in findings.failures] == [f"entry {wrong}"]
    assert findings.details[Check.INDEX].startswith("2 roots, the newest over")
