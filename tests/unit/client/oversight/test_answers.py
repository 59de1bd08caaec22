"""An answer about a case is taken apart page by page: whatever is missing or bent in it is found."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from client.oversight.answers import Answer, Sought
from shared.protocol.canonical import b64
from shared.protocol.errors import ProtocolError
from shared.protocol.identities import ClosedLog, NamedLog
from shared.protocol.merkle import leaf_hash, root
from tests.simulated_case import standard_case
from tests.simulated_finder import Finder

Bend = Callable[[dict[str, Any]], object]


def _drop(place: int) -> Bend:
    return lambda page: page["entries"].pop(place) if len(page["entries"]) > 1 else None


def _first(change: Bend) -> Bend:
    """Change first pages alone."""
    return lambda page: change(page) if page["index"] else None


def _later(change: Bend) -> Bend:
    return lambda page: None if page["index"] else change(page)


def _last(change: Bend) -> Bend:
    return lambda page: change(page) if page["next"] is None else None


FLAWS: dict[str, Bend] = {
    "an entry is missing from the list": _first(_drop(1)),
    "an entry is missing after the index": _last(_drop(1)),
    "the last entry is missing": _last(_drop(-1)),
    "the answer ends early": _first(lambda page: page.update(next=None)),
    "an entry comes twice": _first(lambda page: page["entries"].append(page["entries"][-1])),
    "an entry stands elsewhere": _first(
        lambda page: page["entries"][0].update(index=page["entries"][0]["index"] + 1)
    ),
    "an entry is another": _first(
        lambda page: page["entries"][0].update(leaf=page["entries"][1]["leaf"])
    ),
    "no index": _first(lambda page: page.update(index=None)),
    "an index over less": _first(lambda page: page.update(covered=page["covered"] - 1)),
    "a page of another answer": _later(lambda page: page.update(size=page["size"] - 1)),
    "it does not go on": _later(lambda page: page.update(entries=[], next=page["size"] - 1)),
    "it goes back": _first(lambda page: page.update(next=0)),
    "the entry is no index": _first(
        lambda page: page["index"].update(leaf=page["entries"][0]["leaf"])
    ),
    "the proof is another key's": _first(
        lambda page: page["index"]["trie"].update(steps=page["index"]["trie"]["steps"][1:])
    ),
    "the path is no path": _first(lambda page: page["entries"][0].update(path=[1])),
}


@pytest.fixture
def finder() -> Finder:
    """The standard case with an index and some entries after it."""
    made = Finder(country=deepcopy(standard_case().qm))
    made.log_index()
    for _ in range(8):
        made.country.record(type="access.denied")
    return made


def read(finder: Finder, log: NamedLog | None = None) -> Answer:
    """All entries about QN."""
    asked = {"peer": "QN"}
    answer = Answer.begin(
        page := _bent(finder, asked), Sought(peer="QN"), log or finder.country.member().log
    )
    answer.take(page)
    while answer.following is not None:
        answer.take(_bent(finder, asked | {"from": str(answer.following)}))
    return answer


def _bent(finder: Finder, asked: dict[str, str]) -> dict[str, Any]:
    page = finder.page(asked)
    finder.bent(page)
    return page


def test_a_whole_answer_holds(finder: Finder) -> None:
    log = finder.country.log
    found = [each.event.index for each in read(finder).told]
    assert found == [index for index, leaf in enumerate(log) if leaf.peer == "QN"]
    assert len(found) > 5


@pytest.mark.parametrize("flaw", FLAWS)
def test_what_does_not_hold_is_refused(finder: Finder, flaw: str) -> None:
    finder.bent = FLAWS[flaw]
    with pytest.raises(ProtocolError):
        read(finder)


@pytest.mark.parametrize(
    ("more", "code"), [(0, None), (1, "bad_log_proof"), (-1, "inconsistent_log")]
)
def test_a_closed_log_is_read_to_its_end(finder: Finder, more: int, code: str | None) -> None:
    hashes = [leaf_hash(body) for body in finder.country.bodies]
    log = finder.country.member().log
    told = log.model_dump(exclude={"unwitnessed_limit"})
    closed = ClosedLog(**told, size=len(hashes) + more, root=b64(root(hashes)))
    if code is None:
        assert read(finder, closed).told
    else:
        with pytest.raises(ProtocolError) as refused:
            read(finder, closed)
        assert refused.value.code == code
