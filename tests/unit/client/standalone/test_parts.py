"""What the verifier of exports refuses, part by part; whole exports are in test_exporting."""

import os
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, Root

from client.standalone import trusting
from client.standalone.common import Logs, _listed
from client.standalone.entries import Story, check_chain, read_leaf
from client.standalone.forms import Flaw, read_canonical, read_json, unb64, unb64u
from client.standalone.signing import Key, Note, Quorum, check_log_signed, cosigned_at
from client.standalone.trees import (
    Growing,
    case_of,
    check_inclusion,
    leaf_digest,
    root_over,
    roots_on_path,
    trie_over,
    value_in_trie,
)
from shared.protocol import merkle, tries
from shared.protocol.canonical import encode
from shared.protocol.checkpoints import Checkpoint, LogKey, sign_checkpoint
from shared.protocol.cosignatures import WitnessKey, cosign
from tests.simulated_case import standard_case
from tests.simulated_node import START, WITNESS, policy


@pytest.mark.parametrize(
    ("read", "data"),
    [
        (unb64, "QQ="),
        (unb64, "QR=="),
        (unb64, "Q Q="),
        (unb64u, "QR"),
        (unb64u, "Q+"),
        (read_json, b'{"a":1,"a":2}'),
        (read_json, b"1.5"),
        (read_json, b"NaN"),
        (read_json, b"\xff"),
        (read_json, b"[" * 100_000),
        (read_canonical, b'{"b":1,"a":2}'),
        (read_canonical, b"[1 ]"),
        (_listed, "no newline"),
        (_listed, "one-word\n"),
        (_listed, "ab  x\ncd  x\n"),
    ],
)
def test_readers_are_strict(read: Callable[[Any], object], data: object) -> None:
    with pytest.raises(Flaw):
        read(data)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 300), st.data())
def test_trees_and_proofs_are_those_of_the_protocol(size: int, data: st.DataObject) -> None:
    leaves = [leaf_digest(b"%d" % n) for n in range(size)]
    root = merkle.root(leaves)
    assert root_over(leaves) == root
    index = data.draw(st.integers(0, size - 1))
    path = [merkle.root(leaves[a:b]) for a, b in merkle.inclusion_ranges(index, size)]
    check_inclusion(index, size, leaves[index], path, root)
    wrong: list[tuple[int, int, list[bytes]]] = [
        (size, size, path),
        (index, size, [*path, root]),
        (index, size, [bytes(32), *path]),
    ]
    if path:
        wrong += [(index, size, path[:-1]), (index, size, [*path[:-1], bytes(32)])]
    for at, of, steps in wrong:
        with pytest.raises(Flaw):
            check_inclusion(at, of, leaves[index], steps, root)


@settings(max_examples=30, deadline=None)
@given(st.integers(2, 300), st.data())
def test_paths_of_evidence_are_those_of_the_protocol(size: int, data: st.DataObject) -> None:
    old = data.draw(st.integers(1, size - 1))
    leaves = [leaf_digest(b"%d" % n) for n in range(size)]
    path = [merkle.root(leaves[a:b]) for a, b in merkle.path_ranges(old, size)]
    assert roots_on_path(old, size, path) == merkle.roots_of(old, size, path)
    for bad in (path[:-1], [*path, bytes(32)] * 9):
        with pytest.raises(Flaw):
            roots_on_path(old, size, bad)


@settings(max_examples=40, deadline=None)
@given(st.sets(st.integers(0, 40), max_size=20), st.integers(0, 40))
def test_the_index_says_what_the_protocol_says(keys: set[int], sought: int) -> None:
    values = {case_of(str(n)): leaf_digest(b"%d" % n) for n in keys}
    made = tries.update(tries.EMPTY, values, {tries.EMPTY: b""})
    assert trie_over(sorted(values.items())) == made.root
    key = case_of(str(sought))
    proof: Any = tries.prove(made.root, key, {tries.EMPTY: b"", **made.added}).to_json()
    assert value_in_trie(made.root, key, proof) == values.get(key)
    with pytest.raises(Flaw):
        value_in_trie(os.urandom(32), key, proof)
    for bad in ({"end": "AAAA", "steps": []}, {"end": "", "steps": [[300, "AA"]]}):
        with pytest.raises(Flaw):
            value_in_trie(made.root, key, bad)


QM = standard_case().qm
NOTE = QM.checkpoint()
KEYS = [Key(vkey) for vkey in QM.log_key.vkeys()]


def test_a_checkpoint_is_read_and_its_lines_are_checked() -> None:
    note = Note(NOTE)
    assert (note.origin, note.size) == (QM.log_key.origin, len(QM.bodies))
    assert check_log_signed(note, KEYS) == 1
    assert check_log_signed(note, [*KEYS, *map(Key, LogKey.generate(note.origin).vkeys())]) == 1


@pytest.mark.parametrize(
    "text",
    [
        "no note",
        NOTE.replace("\n", "\r\n", 1),
        NOTE.replace("\n\n", "\nmore\n\n", 1),
        NOTE.replace("\N{EM DASH}", "-", 1),
        NOTE[:-1],
        NOTE.partition("\n\n")[0] + "\n\n\N{EM DASH} a AAAA\n",
        f"{QM.log_key.origin}\n0\n{NOTE.split(chr(10))[2]}\n\n" + NOTE.partition("\n\n")[2],
        f"{QM.log_key.origin}\n01\n{NOTE.split(chr(10))[2]}\n\n" + NOTE.partition("\n\n")[2],
    ],
    ids=["none", "crlf", "more", "dash", "cut", "short", "empty", "zero"],
)
def test_a_note_has_one_form(text: str) -> None:
    with pytest.raises(Flaw):
        Note(text)


def _lines(number: int) -> str:
    """The note without one of its four lines."""
    head, _, rest = NOTE.partition("\n\n")
    lines = rest[:-1].split("\n")
    return head + "\n\n" + "".join(f"{line}\n" for n, line in enumerate(lines) if n != number)


@pytest.mark.parametrize("number", [0, 1])
def test_both_of_the_logs_lines_are_demanded(number: int) -> None:
    with pytest.raises(Flaw, match="signature is missing"):
        check_log_signed(Note(_lines(number)), KEYS)


def test_a_note_of_another_log_or_size_does_not_hold() -> None:
    with pytest.raises(Flaw, match="another log"):
        check_log_signed(Note(NOTE), [Key(vkey) for vkey in standard_case().qn.log_key.vkeys()])
    told = Checkpoint(origin=QM.log_key.origin, size=3, root=b"x" * 32)
    other = sign_checkpoint(told, QM.log_key, START)
    mixed = NOTE.partition("\n\n")[0] + "\n\n" + other.partition("\n\n")[2]
    with pytest.raises(Flaw, match="does not hold"):
        check_log_signed(Note(mixed), KEYS)


@pytest.mark.parametrize(
    "vkey",
    ["x", "a+00000000+AQ==", "a+12345678+" + "A" * 44, WITNESS.vkeys()[0].replace("B", "C", 1)],
    ids=["word", "no-key", "strange", "touched"],
)
def test_a_key_that_is_none(vkey: str) -> None:
    with pytest.raises(Flaw):
        Key(vkey)


@pytest.mark.parametrize(
    "text",
    ["", "quorum a\nquorum b\n", "group g 3 a b\nquorum g\n", "group g 0 a\n", "strange\n", "log\n",
     "witness a\n"],
)  # fmt: skip
def test_a_policy_that_is_none(text: str) -> None:
    with pytest.raises(Flaw):
        Quorum(text)


def test_the_quorum_is_demanded_and_half_of_it_is_not_checked() -> None:
    note = Note(NOTE)
    assert Quorum(policy(*WITNESS.vkeys())).judge(note) == (["w0"], ["w1"])
    assert Quorum("# nobody\nquorum none\n").judge(note) == ([], [])
    stranger = WitnessKey.generate("stranger.example/w")
    either = f"{policy(*WITNESS.vkeys())}".replace("quorum witnesses\n", "")
    either += f"witness s {stranger.vkeys()[0]}\ngroup any any witnesses s\nquorum any\n"
    assert Quorum(either).judge(note) == (["w0"], ["w1"])
    with pytest.raises(Flaw, match="has not cosigned"):
        Quorum(policy(*stranger.vkeys())).judge(note)
    with pytest.raises(Flaw, match="not checked here"):
        Quorum(policy(WITNESS.vkeys()[1])).judge(note)


def test_a_false_line_of_a_witness_is_refused() -> None:
    other = cosign(QM.checkpoint(), WITNESS, START)
    note = Note(standard_case().qn.checkpoint().rpartition("\n\n")[0] + "\n\n" + other)
    with pytest.raises(Flaw):
        cosigned_at(note, Key(WITNESS.vkeys()[0]))
    short = Note(NOTE.partition("\n\n")[0] + "\n\n" + _short(WITNESS.vkeys()[0]))
    with pytest.raises(Flaw, match="cut short"):
        cosigned_at(short, Key(WITNESS.vkeys()[0]))


def _short(vkey: str) -> str:
    key = Key(vkey)
    return f"\N{EM DASH} {key.name} {b64encode(key.id + b'x').decode()}\n"


def test_a_story_has_one_beginning_and_every_transfer_once() -> None:
    story = Story(QM.log_key.origin)
    leaves = [read_leaf(body) for body in QM.bodies]
    for index, leaf in enumerate(leaves):
        story.add(index, leaf)
    again = next(leaf for leaf in leaves if leaf["type"] == "transfer.intent")
    with pytest.raises(Flaw, match="stands in the log already"):
        story.keep(99, again)
    for flaw in ({"log": "x"}, {"seq_time": "2020-01-01T00:00:00.000Z"}, {"type": "log.opened"}):
        with pytest.raises(Flaw):
            story.add(len(leaves), {**leaves[-1], **flaw})
    with pytest.raises(Flaw, match="a number of no case"):
        story.add(len(leaves), {**leaves[-1], "case_ref": None, "case_seq": 1})
    with pytest.raises(Flaw, match="expected"):
        story.add(len(leaves), leaves[-1])
    for body in (b"{}", encode({**leaves[0], "v": 2})):
        with pytest.raises(Flaw):
            read_leaf(body)


def test_chains_are_followed_and_a_new_epoch_resumes() -> None:
    links = [each.link().to_json() for each in QM.written]
    assert len(check_chain(links)) == len(links)
    resumed = {**links[0], "epoch": 1, "prev": links[1]["hash"], "hash": "a" * 96}
    check_chain([*links, resumed])
    for bad in (
        links[1:],
        [links[0], *links[2:]],
        [*links, {**resumed, "prev": "b" * 96}],
        [*links, {**resumed, "epoch": 2}],
        [links[0], {**links[1], "channel": "QN>QM"}],
        [{**links[0], "more": 1}],
    ):
        with pytest.raises(Flaw):
            check_chain(bad)


def test_what_the_directory_does_not_know() -> None:
    with pytest.raises(Flaw, match="knows no log"):
        Logs().of("x")
    assert Growing().root() == merkle.EMPTY_ROOT


def test_roots_of_the_directory_are_followed_from_the_one_that_is_pinned() -> None:
    """The root is signed anew by the one before and by itself; a reader may have pinned any of them."""
    signers = [CryptoSigner.generate_ed25519() for _ in range(3)]
    roots = [_root(1, signers[:1], signers[:1])]
    roots.append(_root(2, signers[1:2], signers[:2]))
    roots.append(_root(3, signers[2:], signers[1:]))
    assert trusting._follow(roots, roots[0])["signed"]["version"] == 3
    assert trusting._follow(roots, roots[1])["signed"]["version"] == 3
    assert trusting._follow(roots[2:], roots[1])["signed"]["version"] == 3
    assert trusting._follow([], roots[2])["signed"]["version"] == 3
    for history, pinned in (
        (roots[::2], roots[0]),  # one is missing
        ([roots[0], _root(2, signers[2:], signers[2:])], roots[0]),  # by another's key
        ([_root(1, signers[1:2], signers[1:2])], roots[0]),  # another first one
    ):
        with pytest.raises(Flaw):
            trusting._follow(history, pinned)


def _root(version: int, keys: list[CryptoSigner], signers: list[CryptoSigner]) -> bytes:
    root = Root(version=version, expires=START)
    for signer in keys:
        root.add_key(signer.public_key, "root")
    metadata = Metadata(root)
    for signer in signers:
        metadata.sign(signer, append=True)
    return metadata.to_bytes()
