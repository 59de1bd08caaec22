"""Roots that are computed as the log is read, against the index in its plain form."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol import tries
from shared.protocol.errors import LogProofError
from shared.protocol.indexroots import IndexRoots, Omission
from tests.plain_index import Index
from tests.unit.shared.protocol.worked_leaves import PLAIN

CASES = [f"{n:064x}" for n in range(6)]
PEERS = ["QN", "QX", "QY"]
Facts = list[tuple[str | None, str | None]]

facts = st.lists(
    st.tuples(st.sampled_from([*CASES, None]), st.sampled_from([*PEERS, None])), max_size=40
)


def plain(log: Facts) -> bytes:
    """The root in its plain form."""
    leaves = (replace(PLAIN, case_ref=case, peer=peer) for case, peer in log)
    return Index.from_leaves(leaves).root()


def reading(log: Facts) -> IndexRoots:
    roots = IndexRoots()
    for case, peer in log:
        roots.add(case, peer)
    return roots


@given(facts, st.lists(st.integers(0, 40), max_size=4))
def test_every_root_is_the_plain_one(log: Facts, sizes: list[int]) -> None:
    roots = reading(log)
    for size in sorted(min(each, len(log)) for each in sizes):
        assert roots.root(size) == plain(log[:size])
    assert roots.root(len(log)) == plain(log)


@given(st.lists(facts, max_size=4))
def test_reading_and_asking_take_turns(parts: list[Facts]) -> None:
    roots, log = IndexRoots(), Facts()
    for part in parts:
        for case, peer in part:
            roots.add(case, peer)
        log += part
        assert (roots.size, roots.root(len(log))) == (len(log), plain(log))


@pytest.mark.parametrize("size", [-1, 2, 5])
def test_sizes_neither_descend_nor_run_ahead(size: int) -> None:
    roots = reading([(CASES[0], "QN")] * 4)
    roots.root(3)
    with pytest.raises(LogProofError, match="fewer leaves"):
        roots.root(size)


LOG: Facts = [
    (None, None),
    (CASES[0], "QN"),
    (CASES[1], None),
    (CASES[0], "QX"),
    (CASES[2], "QN"),
    (CASES[2], "QN"),
    (CASES[3], "QY"),
    (None, "QN"),
    (CASES[0], "QX"),
]
BEFORE = 4  # leaves under the root before


@pytest.mark.parametrize(
    ("hidden", "indices", "names"),
    [
        ({5: (None, None)}, (5,), (CASES[2], "QN")),
        ({8: (None, "QX")}, (8,), (CASES[0],)),
        ({8: (CASES[0], None)}, (8,), ("QX",)),
        ({6: (None, None)}, (6,), (CASES[3], "QY")),
        ({4: (None, None), 5: (None, None)}, (4, 5), (CASES[2], "QN")),
        ({4: (None, "QN"), 5: (None, "QN")}, (4, 5), (CASES[2],)),
        ({7: (None, None)}, (7,), ("QN",)),
    ],
    ids=["a leaf", "its case", "its peer", "new keys", "a case", "a new case", "a leaf of no case"],
)
def test_what_was_left_out_is_named(
    hidden: dict[int, tuple[str | None, str | None]],
    indices: tuple[int, ...],
    names: tuple[str, ...],
) -> None:
    roots = reading(LOG)
    roots.root(BEFORE)
    true = roots.root(len(LOG))
    told = plain([hidden.get(index, each) for index, each in enumerate(LOG)])
    found = roots.omission(told)
    assert found is not None
    assert (found.indices, set(found.names)) == (indices, set(names))
    assert roots.root(len(LOG)) == true  # trying has changed nothing


def test_an_index_of_nothing_leaves_all_out() -> None:
    roots = reading([(None, "QN")])
    roots.root(1)
    assert roots.omission(tries.EMPTY) == Omission(indices=(0,), names=("QN",))


def test_what_cannot_be_named_is_not() -> None:
    roots = reading(LOG)
    roots.root(BEFORE)
    roots.root(len(LOG))
    assert roots.omission(bytes(32)) is None
    assert roots.omission(plain(LOG[:3])) is None  # left out before the root before


def test_only_so_many_leaves_are_tried_one_by_one() -> None:
    log: Facts = [(None, "QN"), *[(None, "QX")] * 5]
    roots = reading(log)
    roots.root(len(log))
    near = plain([*log[:-2], (None, None), log[-1]])
    far = plain([log[0], (None, None), *log[2:]])
    assert roots.omission(near, tried=2) == Omission(indices=(4,), names=("QX",))
    assert roots.omission(far, tried=2) is None
