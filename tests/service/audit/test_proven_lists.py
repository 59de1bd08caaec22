"""All entries of a case or a peer, proven under every root of the index that is still given out."""

from dataclasses import replace

import pytest

from services.audit.finding import Found, Wanted, find
from services.audit.indexing import KEPT
from shared.protocol import leaves
from shared.protocol.errors import FormatError
from shared.protocol.indexes import (
    case_key,
    peer_key,
    read_index_root,
    verify_absent,
    verify_present,
)
from shared.protocol.logproofs import verify_log_proof
from shared.runtime.refusals import NotFound, Unavailable
from tests.service.audit.indexed import busy, indexer, settle
from tests.service.audit.logbook import CONFIDENTIAL, KEY, Logbook, request_id


def ask(logbook: Logbook, wanted: Wanted) -> Found:
    return find(wanted, database=logbook.database, confidential=CONFIDENTIAL)


def check(found: Found, key: bytes) -> list[int]:
    """The indexes of a key that an answer of one page proves."""
    assert found.proof
    proven = verify_log_proof(found.proof.proof, found.proof.leaf, KEY.vkeys())
    assert (proven.index, proven.checkpoint.size) == (found.proof.index, found.page.size)
    said = read_index_root(proven.index, leaves.parse(found.proof.leaf))
    assert said.size == found.covered
    listed = [each.index for each in found.page.entries if each.index < said.size]
    if listed:
        verify_present(said.root, key, listed, found.proof.trie)
    else:
        verify_absent(said.root, key, found.proof.trie)
    tail = [each.index for each in found.page.entries if each.index >= said.size]
    assert tail == list(range(said.size, found.page.size))
    return listed


def test_a_case_is_found_whole_or_is_proven_absent(logbook: Logbook) -> None:
    busy(logbook, 1, 30)
    settle(logbook, indexer(logbook))
    case_ref = CONFIDENTIAL.case_ref(request_id(1))
    found = ask(logbook, Wanted(case=request_id(1)))
    assert check(found, case_key(case_ref)) == [1, 7, 13, 19, 25]
    assert ask(logbook, Wanted(case=case_ref)) == found
    assert check(ask(logbook, Wanted(peer="QN")), peer_key("QN")) == list(range(2, 31, 4))
    assert check(ask(logbook, Wanted(case="ab" * 32)), case_key("ab" * 32)) == []
    assert check(ask(logbook, Wanted(peer="ZZ")), peer_key("ZZ")) == []


def test_before_there_is_an_index_everything_is_shown(logbook: Logbook) -> None:
    busy(logbook, 1, 3)
    found = ask(logbook, Wanted(peer="QN"))
    assert (found.covered, found.proof) == (0, None)
    assert [each.index for each in found.page.entries] == [0, 1, 2, 3]


@pytest.mark.parametrize(
    "wanted",
    [Wanted(), Wanted(case=request_id(1), peer="QN"), Wanted(case="x"), Wanted(peer="Nowhere")],
)
def test_one_case_or_one_peer_is_asked_for(logbook: Logbook, wanted: Wanted) -> None:
    with pytest.raises(FormatError):
        ask(logbook, wanted)


def test_pages_belong_to_the_answer_that_began(logbook: Logbook) -> None:
    job = indexer(logbook)
    busy(logbook, 1, 30)
    settle(logbook, job)
    first = ask(logbook, Wanted(peer="QX", limit=6))
    assert [each.index for each in first.page.entries] == [1, 3, 5, 7, 9, 11]
    busy(logbook, 40, 9)
    settle(logbook, job)
    pinned = Wanted(peer="QX", size=first.page.size, covered=first.covered)
    second = ask(logbook, replace(pinned, start=first.page.following or 0))
    assert [each.index for each in second.page.entries] == [*range(13, 31, 2), 31]
    assert (second.proof, second.page.following) == (None, None)
    whole = ask(logbook, pinned)
    assert check(whole, peer_key("QX")) == list(range(1, 30, 2))


def test_a_root_that_was_just_published_is_proven_while_the_next_is_made(logbook: Logbook) -> None:
    job = indexer(logbook)
    busy(logbook, 1, 30)
    settle(logbook, job)
    given = ask(logbook, Wanted(peer="QX"))
    busy(logbook, 40, 9)
    assert job.work()  # the next root waits in the inbox
    again = ask(logbook, Wanted(peer="QX", size=given.page.size))
    assert again == given
    assert check(ask(logbook, Wanted(peer="QX")), peer_key("QX")) == list(range(1, 30, 2))
    settle(logbook, job)
    assert ask(logbook, Wanted(peer="QX", size=given.page.size)) == given


def test_an_old_root_is_not_for_ever(logbook: Logbook) -> None:
    job = indexer(logbook)
    busy(logbook, 1, 30)
    settle(logbook, job)
    given = ask(logbook, Wanted(peer="QX"))
    for turn in range(2):
        logbook.clock.back(seconds=-KEPT.total_seconds())
        busy(logbook, 40 + 10 * turn, 9)
        settle(logbook, job)
    with pytest.raises(Unavailable) as refused:
        ask(logbook, Wanted(peer="QX", size=given.page.size))
    assert refused.value.code == "index_changing"


@pytest.mark.parametrize("covered", [7, 31, 2**53 - 1])
def test_an_index_that_never_was_is_not_found(logbook: Logbook, covered: int) -> None:
    busy(logbook, 1, 30)
    settle(logbook, indexer(logbook))
    size = 31 if covered == 31 else None  # the root over 31 entries stands behind them
    with pytest.raises(NotFound):
        ask(logbook, Wanted(peer="QX", size=size, covered=covered))
