"""The tree, against the vectors of transparency-dev/merkle, RFC 6962's own, and a second construction."""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol import merkle
from shared.protocol.canonical import unb64
from shared.protocol.errors import InconsistentLogError, LogProofError
from shared.protocol.merkle import EMPTY_ROOT, Frontier, leaf_hash, node_hash

VECTORS = Path(__file__).parents[5] / "shared/vectors/merkle/testdata"
LARGEST = 300
LEAVES = [leaf_hash(b"%d" % n) for n in range(LARGEST)]

# The classic test tree of Certificate Transparency: leaves, and the root over the first n.
CLASSIC = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657"]
CLASSIC += ["606162636465666768696a6b6c6d6e6f"]
CLASSIC_ROOTS = ["6e340b9c", "fac54203", "aeb6bcfe", "d37ee418", "4e3bbb1f", "76e67dad", "ddb89be4"]
CLASSIC_ROOTS += ["5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"]


def _vectors(kind: str) -> Iterator[tuple[Path, dict[str, Any]]]:
    if not VECTORS.is_dir():
        pytest.skip(f"the vectors of transparency-dev/merkle are not there: {VECTORS}")
    for path in sorted((VECTORS / kind).rglob("*.json")):
        yield path, json.loads(path.read_bytes())  # noqa: TID251 - others' files, in their layout


def _hashes(texts: Sequence[str] | None) -> list[bytes]:
    return [unb64(each) for each in texts or []]


def _holds(check: Callable[..., None], *proof: object) -> bool:
    try:
        check(*proof)
    except LogProofError:
        return False
    return True


def grown(size: int) -> tuple[dict[merkle.Node, bytes], list[bytes]]:
    """All complete subtrees of a tree, and the root at each size."""
    frontier = Frontier()
    nodes: dict[merkle.Node, bytes] = {}
    roots = [frontier.root()]
    for leaf in LEAVES[:size]:
        nodes.update(frontier.add(leaf))
        roots.append(frontier.root())
    return nodes, roots


NODES, ROOTS = grown(LARGEST)


def included(index: int, size: int) -> list[bytes]:
    return merkle.hash_ranges(merkle.inclusion_ranges(index, size), NODES)


def extended(old: int, new: int) -> list[bytes]:
    return merkle.hash_ranges(merkle.consistency_ranges(old, new), NODES)


def naive_root(leaves: Sequence[bytes]) -> bytes:
    """RFC 9162, 2.1.1, word for word."""
    if len(leaves) == 1:
        return leaves[0]
    split = 1
    while split * 2 < len(leaves):
        split *= 2
    return node_hash(naive_root(leaves[:split]), naive_root(leaves[split:]))


def test_inclusion_as_published() -> None:
    found = [
        (
            path,
            _holds(
                merkle.verify_inclusion,
                each["leafIdx"],
                each["treeSize"],
                unb64(each["leafHash"] or ""),
                _hashes(each["proof"]),
                unb64(each["root"] or ""),
            ),
            not each["wantErr"],
        )
        for path, each in _vectors("inclusion")
    ]
    assert len(found) == 98
    assert [path for path, holds, expected in found if holds is not expected] == []


def test_consistency_as_published() -> None:
    found = [
        (
            path,
            _holds(
                merkle.verify_consistency,
                each["size1"],
                each["size2"],
                unb64(each["root1"]),
                unb64(each["root2"]),
                _hashes(each["proof"]),
            ),
            not each["wantErr"],
        )
        for path, each in _vectors("consistency")
    ]
    assert len(found) == 98
    assert [path for path, holds, expected in found if holds is not expected] == []


def test_known_hashes() -> None:
    assert leaf_hash(b"L123456").hex()[:8] == "395aa064"
    assert node_hash(b"N123", b"N456").hex()[:8] == "aa217fe8"
    leaves = [leaf_hash(bytes.fromhex(each)) for each in CLASSIC]
    for size, known in enumerate(CLASSIC_ROOTS, start=1):
        assert merkle.root(leaves[:size]).hex().startswith(known)


def test_the_empty_tree_has_the_hash_of_nothing() -> None:
    assert merkle.root([]) == EMPTY_ROOT
    assert EMPTY_ROOT.hex().startswith("e3b0c442")


def test_every_root_is_the_root_by_definition() -> None:
    for size in range(1, LARGEST + 1):
        assert ROOTS[size] == naive_root(LEAVES[:size])


def test_every_leaf_of_every_tree_is_included() -> None:
    for size in range(1, LARGEST + 1):
        for index in {0, size // 3, size // 2, max(size - 2, 0), size - 1}:
            path = included(index, size)
            merkle.verify_inclusion(index, size, LEAVES[index], path, ROOTS[size])


def test_every_tree_extends_every_smaller_one() -> None:
    for new in range(1, LARGEST + 1):
        for old in {1, new // 3 or 1, new // 2 or 1, max(new - 1, 1), new}:
            path = extended(old, new)
            merkle.verify_consistency(old, new, ROOTS[old], ROOTS[new], path)


def test_a_frontier_names_each_subtree_when_it_is_complete() -> None:
    frontier = Frontier()
    for index, leaf in enumerate(LEAVES[:40]):
        ends = [(n + 1 << level) - 1 for (level, n), _ in frontier.add(leaf)]
        assert set(ends) == {index}
    assert [NODES[node] for node in merkle.complete(0, 40)] == frontier.hashes


@given(data=st.data())
def test_no_other_proof_holds(data: st.DataObject) -> None:
    size = data.draw(st.integers(2, LARGEST))
    index = data.draw(st.integers(0, size - 1))
    path = included(index, size)
    step = data.draw(st.integers(0, len(path) - 1))
    bit = data.draw(st.integers(0, 255))
    flipped = (int.from_bytes(path[step]) ^ 1 << bit).to_bytes(32)
    for wrong in (
        [*path[:step], flipped, *path[step + 1 :]],
        path[:step],
        [*path, path[step]],
        [*path[:step], path[step][:31], *path[step + 1 :]],
    ):
        with pytest.raises(LogProofError):
            merkle.verify_inclusion(index, size, LEAVES[index], wrong, ROOTS[size])


@given(data=st.data())
def test_no_rewritten_tree_extends_the_old_one(data: st.DataObject) -> None:
    new = data.draw(st.integers(2, LARGEST))
    old = data.draw(st.integers(1, new - 1))
    path = extended(old, new)
    for wrong_old, wrong_new, wrong_path in (
        (ROOTS[old - 1], ROOTS[new], path),
        (ROOTS[old], ROOTS[new - 1], path),
        (ROOTS[old], ROOTS[new], path[:-1]),
        (ROOTS[old], ROOTS[new], [*path, path[-1]]),
    ):
        with pytest.raises(InconsistentLogError):
            merkle.verify_consistency(old, new, wrong_old, wrong_new, wrong_path)


def test_a_path_shows_which_tree_another_begins_with() -> None:
    for new in range(2, LARGEST + 1, 7):
        for old in {1, new // 3 or 1, new // 2, new - 1}:
            path = merkle.hash_ranges(merkle.path_ranges(old, new), NODES)
            assert merkle.roots_of(old, new, path) == (ROOTS[old], ROOTS[new])
            for wrong in ([], path[:-1], [*path, path[0]], [path[0][:31], *path[1:]]):
                with pytest.raises(LogProofError):
                    merkle.roots_of(old, new, wrong)
    for old, new in ((0, 1), (1, 1), (2, 1)):
        with pytest.raises(LogProofError):
            merkle.roots_of(old, new, ROOTS[:1])


def test_there_is_no_proof_about_what_is_not_there() -> None:
    for index, size in ((1, 1), (-1, 1), (0, 0)):
        with pytest.raises(LogProofError):
            merkle.inclusion_ranges(index, size)
    for old, new in ((0, 1), (2, 1)):
        with pytest.raises(LogProofError):
            merkle.consistency_ranges(old, new)


@given(st.lists(st.integers(0, 40), max_size=7))
def test_leaves_appended_at_once_make_the_same_tree(steps: list[int]) -> None:
    frontier, made = Frontier(), {}
    for step in steps:
        for (level, first), row in frontier.extend(LEAVES[frontier.size : frontier.size + step]):
            made.update({(level, first + place): each for place, each in enumerate(row)})
    assert (frontier.size, frontier.root()) == (sum(steps), ROOTS[sum(steps)])
    assert made == grown(sum(steps))[0]
