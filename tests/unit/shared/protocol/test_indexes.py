"""The index of a log, against a map that is made by reading the whole log."""

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol import merkle, tries
from shared.protocol.errors import LogProofError
from shared.protocol.indexes import (
    case_key,
    index_hash,
    peer_key,
    verify_absent,
    verify_present,
)
from shared.protocol.leaves import Leaf
from tests.plain_index import Index, keys_of
from tests.unit.shared.protocol.worked_leaves import LEAF, PLAIN

CASES = [f"{n:064x}" for n in range(5)]
PEERS = ["QN", "QX", "QY"]


def leaf(case: str | None, peer: str | None) -> Leaf:
    return replace(PLAIN, case_ref=case, peer=peer)


leaves = st.lists(
    st.builds(leaf, st.sampled_from([*CASES, None]), st.sampled_from([*PEERS, None])), max_size=40
)


def naive(log: list[Leaf]) -> dict[bytes, list[int]]:
    found: dict[bytes, list[int]] = defaultdict(list)
    for index, each in enumerate(log):
        if each.case_ref is not None:
            found[case_key(each.case_ref)].append(index)
        if each.peer is not None:
            found[peer_key(each.peer)].append(index)
    return found


EVERY = [*map(case_key, CASES), *map(peer_key, PEERS), case_key("ff" * 32), peer_key("ZZ")]


@given(leaves)
def test_the_index_says_what_reading_the_whole_log_says(log: list[Leaf]) -> None:
    index, expected = Index.from_leaves(log), naive(log)
    for key in EVERY:
        proof = index.prove(key)
        if key in expected:
            verify_present(index.root(), key, expected[key], proof)
            with pytest.raises(LogProofError):
                verify_absent(index.root(), key, proof)
        else:
            verify_absent(index.root(), key, proof)


@given(leaves, st.sets(st.integers(0, 40)))
def test_when_it_is_looked_at_changes_nothing(log: list[Leaf], looks: set[int]) -> None:
    index = Index()
    for each in log:
        if index.size in looks:
            index.root()
        index.add(each)
    assert index.root() == Index.from_leaves(log).root()
    assert index.size == len(log)


LOG = [leaf(CASES[n % 3], PEERS[n % 2]) for n in range(20)]
INDEX = Index.from_leaves(LOG)
KEY = case_key(CASES[1])
INDICES = [*range(1, 20, 3)]
PROOF = INDEX.prove(KEY)


@pytest.mark.parametrize(
    "indices",
    [
        [],
        INDICES[1:],
        INDICES[:-1],
        [*INDICES[:3], *INDICES[4:]],
        [*INDICES, 20],
        [*INDICES[:-1], 18],
        [1, *INDICES],
        INDICES[::-1],
        [-1, *INDICES],
        [*INDICES, 2**63],
    ],
)
def test_another_list_is_refused(indices: list[int]) -> None:
    verify_present(INDEX.root(), KEY, INDICES, PROOF)
    with pytest.raises(LogProofError):
        verify_present(INDEX.root(), KEY, indices, PROOF)


def test_what_is_there_is_not_absent_and_the_other_way_round() -> None:
    nobody = case_key("ff" * 32)
    with pytest.raises(LogProofError):
        verify_absent(INDEX.root(), KEY, PROOF)
    with pytest.raises(LogProofError):
        verify_present(INDEX.root(), nobody, INDICES, INDEX.prove(nobody))
    with pytest.raises(LogProofError):
        verify_absent(INDEX.root(), KEY, INDEX.prove(nobody))


def test_a_proof_of_yesterday_is_none_of_today() -> None:
    grown = Index.from_leaves([*LOG, leaf(CASES[1], None)])
    with pytest.raises(LogProofError):
        verify_present(grown.root(), KEY, INDICES, PROOF)
    verify_present(grown.root(), KEY, [*INDICES, 20], grown.prove(KEY))


def test_an_empty_log_has_an_index() -> None:
    assert Index().root() == tries.EMPTY
    verify_absent(tries.EMPTY, KEY, Index().prove(KEY))


def test_a_leaf_stands_under_its_case_and_its_peer() -> None:
    assert keys_of(LEAF) == [case_key("12" * 32), peer_key("QN")]
    assert keys_of(PLAIN) == []


def test_keys_and_values_as_they_are_specified() -> None:
    # printf 'peer\0QN' | sha256sum
    assert peer_key("QN").hex().startswith("2429bb90fa25b48b5f1289be6fc8a637")
    assert case_key("12" * 32).hex().startswith("08702b3e066ff36ab00d03b88e194ed5")
    assert index_hash(258) == merkle.leaf_hash(b"\0\0\0\0\0\0\1\2")
    assert INDEX.root().hex().startswith("7c56627d8308267a2e2eb9545f1161fc")
