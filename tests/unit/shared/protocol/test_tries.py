"""The trie, against a definition that builds it whole, and against every flipped bit."""

import contextlib
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol import canonical, tries
from shared.protocol.errors import FormatError, LogProofError, ProtocolError
from shared.protocol.tries import EMPTY, LABEL, TrieProof

Map = dict[bytes, bytes]


def naive_root(values: Mapping[bytes, bytes]) -> bytes:
    """The definition of spec/indexes.md, word for word, over bits as text."""
    if not values:
        return sha256(LABEL + b"\x00").digest()
    bits = {key: "".join(f"{octet:08b}" for octet in key) for key in values}
    if len(values) == 1:
        ((key, value),) = values.items()
        return sha256(LABEL + b"\x01" + key + value).digest()
    depth = 0
    while len({each[depth] for each in bits.values()}) == 1:
        depth += 1
    left = {key: value for key, value in values.items() if bits[key][depth] == "0"}
    right = {key: value for key, value in values.items() if bits[key][depth] == "1"}
    shared = next(iter(bits.values()))[:depth].ljust(256, "0")
    prefix = int(shared, 2).to_bytes(32)
    branch = b"\x02" + bytes([depth]) + prefix + naive_root(left) + naive_root(right)
    return sha256(LABEL + branch).digest()


class Store:
    """Records by hash, and how often somebody came for some."""

    def __init__(self) -> None:
        self.records: dict[bytes, bytes] = {}
        self.fetches = 0
        self.root = EMPTY

    def fetch(self, hashes: AbstractSet[bytes]) -> dict[bytes, bytes]:
        self.fetches += 1
        return {each: self.records[each] for each in hashes}

    def update(self, values: Map) -> tries.Update:
        change = tries.update(self.root, values, tries.walk(self.root, values, self.fetch))
        assert not change.added.keys() & change.removed
        assert not change.added.keys() & self.records.keys()
        assert change.removed <= self.records.keys()
        self.records |= change.added
        for gone in change.removed:
            del self.records[gone]
        self.root = change.root
        return change

    def prove(self, key: bytes) -> TrieProof:
        return tries.prove(self.root, key, tries.walk(self.root, [key], self.fetch))


# Keys that share many bits, so that branches lie deep and close together.
near = st.builds(
    lambda flips: sum(1 << (255 - bit) for bit in flips).to_bytes(32),
    st.sets(st.sampled_from([0, 1, 2, 7, 8, 9, 100, 248, 254, 255]), max_size=10),
)
far = st.binary(min_size=32, max_size=32)
keys = st.one_of(near, far)
maps = st.dictionaries(keys, far, max_size=12)


@given(st.lists(maps, max_size=4))
def test_one_map_has_one_root_however_it_grew(batches: list[Map]) -> None:
    store, whole = Store(), dict[bytes, bytes]()
    for batch in batches:
        store.update(batch)
        whole |= batch
        assert store.root == naive_root(whole)
    assert len(store.records) == max(2 * len(whole) - 1, 0)
    assert all(sha256(LABEL + each).digest() == made for made, each in store.records.items())
    at_once = Store()
    at_once.update(whole)
    assert at_once.records == store.records


@given(maps, st.lists(keys, max_size=5))
def test_every_key_is_proven_present_or_absent(values: Map, others: list[bytes]) -> None:
    store = Store()
    store.update(values)
    for key in [*values, *others]:
        assert tries.verify(store.root, key, store.prove(key)) == values.get(key)


@given(maps, maps)
def test_what_stood_before_is_proven_while_its_records_are_kept(before: Map, then: Map) -> None:
    store = Store()
    store.update(before)
    kept, root = dict(store.records), store.root
    change = store.update(then)
    assert kept.keys() - store.records.keys() == change.removed
    for key in [*before, *then]:
        walked = tries.walk(root, [key], lambda hashes: {each: kept[each] for each in hashes})
        assert tries.verify(root, key, tries.prove(root, key, walked)) == before.get(key)


def _flips(proof: TrieProof) -> list[TrieProof]:
    """The proof with each of its bits flipped."""
    found = []
    for bit in range(8 * len(proof.end)):
        end = bytearray(proof.end)
        end[bit >> 3] ^= 1 << (bit & 7)
        found.append(replace(proof, end=bytes(end)))
    for at, (depth, other) in enumerate(proof.steps):
        made = int.from_bytes(other)
        changed = [(depth ^ 1 << bit, other) for bit in range(8)]
        changed += [(depth, (made ^ 1 << bit).to_bytes(32)) for bit in range(256)]
        steps = list(proof.steps)
        for each in changed:
            steps[at] = each
            found.append(replace(proof, steps=tuple(steps)))
    return found


FEW = {sha256(bytes([n])).digest(): sha256(bytes([n, n])).digest() for n in range(9)}
FEW |= {bytes(31) + bytes([n]): bytes([n] * 32) for n in (1, 2, 3)}
STORE = Store()
STORE.update(FEW)
ABSENT = [bytes(32), bytes([0x80]) + bytes(31), sha256(b"nobody").digest(), b"\xff" * 32]


@pytest.mark.parametrize("key", [*FEW, *ABSENT], ids=bytes.hex)
def test_every_flipped_bit_is_refused(key: bytes) -> None:
    proof = STORE.prove(key)
    assert tries.verify(STORE.root, key, proof) == FEW.get(key)
    for flipped in _flips(proof):
        with pytest.raises(LogProofError):
            tries.verify(STORE.root, key, flipped)


@pytest.mark.parametrize("key", [next(iter(FEW)), ABSENT[0]], ids=["present", "absent"])
def test_every_flipped_bit_on_the_wire_is_refused(key: bytes) -> None:
    wire = canonical.encode(STORE.prove(key).to_json())
    assert TrieProof.from_json(canonical.parse(wire)) == STORE.prove(key)
    for bit in range(8 * len(wire)):
        changed = bytearray(wire)
        changed[bit >> 3] ^= 1 << (bit & 7)
        with pytest.raises(ProtocolError):
            tries.verify(STORE.root, key, TrieProof.from_json(canonical.parse(bytes(changed))))


@given(st.sampled_from([*FEW, *ABSENT]), st.sampled_from([*FEW, *ABSENT]))
def test_a_proof_never_says_of_another_key_what_is_not_so(key: bytes, other: bytes) -> None:
    with contextlib.suppress(LogProofError):
        assert tries.verify(STORE.root, other, STORE.prove(key)) == FEW.get(other)


def test_a_proof_is_of_one_root() -> None:
    for key in (*FEW, *ABSENT):
        for root in (EMPTY, bytes(32), STORE.prove(key).steps[0][1]):
            with pytest.raises(LogProofError):
                tries.verify(root, key, STORE.prove(key))


def test_the_empty_map_has_nothing() -> None:
    nothing = TrieProof(end=b"", steps=())
    assert Store().prove(bytes(32)) == nothing
    assert tries.verify(EMPTY, bytes(32), nothing) is None
    for root, proof in (
        (STORE.root, nothing),
        (EMPTY, replace(nothing, steps=((0, bytes(32)),))),
        (EMPTY, STORE.prove(bytes(32))),
    ):
        with pytest.raises(LogProofError):
            tries.verify(root, bytes(32), proof)


def test_a_branch_on_the_way_is_not_its_end() -> None:
    key = next(iter(FEW))
    steps = STORE.prove(key).steps
    for passed in range(1, len(steps) + 1):
        records = [*STORE.records.values()]
        depth = steps[passed - 1][0]
        for record in records:
            if record[0] == 2 and record[1] == depth:
                cut = TrieProof(end=record, steps=steps[passed:])
                with pytest.raises(LogProofError):
                    tries.verify(STORE.root, key, cut)


def test_steps_lead_upward() -> None:
    key = next(iter(FEW))
    proof = STORE.prove(key)
    doubled = replace(proof, steps=(proof.steps[0], *proof.steps))
    for wrong in (doubled, replace(proof, steps=proof.steps[::-1]), replace(proof, steps=())):
        with pytest.raises(LogProofError):
            tries.verify(STORE.root, key, wrong)


def test_a_record_that_was_touched_in_the_store_is_noticed() -> None:
    store = Store()
    store.update(FEW)
    store.records[store.root] = store.records[store.root][:-1] + b"\0"
    with pytest.raises(LogProofError):
        store.prove(bytes(32))


def test_a_record_that_is_not_there_is_said() -> None:
    with pytest.raises(KeyError):
        tries.walk(STORE.root, [bytes(32)], lambda _: {})


def test_many_keys_cost_no_more_rounds_than_one() -> None:
    store = Store()
    store.update({sha256(bytes([n, 1])).digest(): bytes(32) for n in range(256)})
    store.fetches = 0
    store.update({sha256(bytes([n, 1])).digest(): bytes(32) for n in range(0, 256, 3)})
    assert store.fetches < 24


def test_nothing_changed_is_no_change() -> None:
    store = Store()
    store.update(FEW)
    same = store.update(dict([*FEW.items()][:4]))
    assert (same.added, same.removed) == ({}, frozenset())
    assert store.update({}).root == store.root


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        {"end": "", "steps": {}},
        {"end": "", "steps": [[0, "AA"]]},
        {"end": "", "steps": [[256, canonical.b64u(bytes(32))]]},
        {"end": "", "steps": [[-1, canonical.b64u(bytes(32))]]},
        {"end": "", "steps": [[True, canonical.b64u(bytes(32))]]},
        {"end": "", "steps": [[0]]},
        {"end": "", "steps": [[1, canonical.b64u(bytes(32))]] * 257},
        {"end": 0, "steps": []},
        {"end": "=", "steps": []},
        {"end": "", "steps": [], "more": 1},
    ],
)
def test_what_is_no_index_proof(value: canonical.Json) -> None:
    with pytest.raises(FormatError):
        TrieProof.from_json(value)
