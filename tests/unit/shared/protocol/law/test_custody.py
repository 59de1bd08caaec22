"""A record of each act, in a chain: what is left out, changed or put in between is found."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol.canonical import Json, encode, read
from shared.protocol.errors import ChainError, FormatError, ProtocolError
from shared.protocol.law import custody
from shared.protocol.law.custody import Act, Change, Provenance, Record, Source, read_record
from shared.protocol.law.custodychain import Subject, check_chain, follow
from tests.custodies import AT, statement
from tests.unit.shared.protocol.examples import ITEMS, PACKAGE

ONE, TWO = "11" * 32, "22" * 32
SUBJECT = Subject(
    package_id=PACKAGE,
    item_id=ITEMS[0],
    root_item_id=ITEMS[0],
    size=8,
    media_type="text/plain",
)


def chain(*acts: dict[str, Any], country: str = "QN", last: Record | None = None) -> list[Record]:
    records: list[Record] = []
    for each in acts:
        before = records[-1] if records else last
        records.append(follow(before, statement(**each), SUBJECT, country=country, at=AT))
    return records


SENT = chain(
    {"act": "SEIZED"},
    {"act": "IMAGED", "outputs": {"sha256": ONE, "sha1": "ab" * 20}},
    {"act": "HASHED", "inputs": {"sha256": ONE}, "outputs": {"sha256": ONE, "blake2b": "33" * 64}},
    {"act": "SEALED", "inputs": {"sha256": ONE}, "outputs": {"sha256": ONE}},
)
TRANSFERRED = chain({"act": "TRANSFERRED", "seal": "ab" * 48}, last=SENT[-1])
TAKEN = chain(
    {"act": "RECEIVED", "inputs": {"sha256": ONE}, "outputs": {"sha256": ONE}},
    {"act": "OPENED", "reason": "read"},
    country="QM",
    last=SENT[-1],
)


def remade(record: Record, **changed: Json) -> Record:
    return read_record({**record.to_json(), **changed})


def test_both_countries_records_are_one_tree() -> None:
    last = check_chain([*SENT, *TRANSFERRED, *TAKEN])
    assert last == {"QN": TRANSFERRED[0], "QM": TAKEN[-1]}
    assert check_chain([*SENT, *TAKEN, *TRANSFERRED]) == last
    assert check_chain([]) == {}
    assert TAKEN[0].prev == TRANSFERRED[0].prev == SENT[-1].digest
    assert (TAKEN[0].content, TAKEN[1].content) == (ONE, None)


def test_a_record_is_read_as_it_was_written() -> None:
    for record in (*SENT, *TAKEN):
        assert read_record(record.to_json()) == record


def test_no_record_confirms_a_guess() -> None:
    twice = {follow(None, statement(), SUBJECT, country="QN", at=AT).digest for _ in range(2)}
    assert len(twice) == 2


@pytest.mark.parametrize("place", range(4))
def test_a_record_left_out_is_found(place: int) -> None:
    with pytest.raises(ChainError, match=ITEMS[0]) as caught:
        check_chain([*SENT[:place], *SENT[place + 1 :], *TAKEN])
    assert caught.value.facts["item"] == ITEMS[0]


@given(st.integers(0, 2), st.sampled_from(["reason", "place", "storage", "recorded_at"]))
def test_a_record_changed_is_found_by_the_next(place: int, name: str) -> None:
    changed = remade(SENT[place], **{name: "2026-11-21T11:00:00Z"})
    with pytest.raises(ChainError):
        check_chain([*SENT[:place], changed, *SENT[place + 1 :]])


@pytest.mark.parametrize("name", ["package_id", "item_id", "root_item_id"])
def test_records_of_another_item_are_found(name: str) -> None:
    changed = remade(SENT[1], **{name: ITEMS[1]})
    with pytest.raises(ChainError, match=f"its {name} is another"):
        check_chain([SENT[0], changed])


def test_time_goes_on() -> None:
    changed = remade(SENT[1], recorded_at="2026-11-21T11:59:59.999Z")
    with pytest.raises(ChainError, match="written before"):
        check_chain([SENT[0], changed])


def test_another_country_has_it_only_after_the_seal() -> None:
    early = chain({"act": "OPENED"}, country="QM", last=SENT[1])
    with pytest.raises(ChainError, match="before the item was sealed"):
        check_chain([*SENT[:2], *early])


def test_it_is_sealed_once() -> None:
    again = chain({"act": "SEALED"}, last=SENT[-1])
    with pytest.raises(ChainError, match="sealed once"):
        check_chain([*SENT, *again])


@pytest.mark.parametrize(
    ("act", "told"),
    [
        ({"act": "HASHED", "inputs": {"sha256": ONE}, "outputs": {"sha256": TWO}}, "changed"),
        ({"act": "HASHED", "outputs": {"sha256": TWO}}, "changed"),
        ({"act": "EXAMINED", "inputs": {"sha256": TWO}}, "another"),
        ({"act": "EXAMINED", "inputs": {"sha1": "cd" * 20}}, "another"),
    ],
)
def test_a_change_is_explained_or_found(act: dict[str, Any], told: str) -> None:
    middle = chain({"act": "OPENED"}, last=SENT[1])  # says no digest: the one before it counts
    with pytest.raises(ChainError, match=told):
        check_chain([*SENT[:2], *middle, *chain(act, last=middle[0])])
    explained = act | {"change": Change(what="a page was redacted", why="privileged")}
    check_chain([*SENT[:2], *middle, *chain(explained, last=middle[0])])


def test_after_an_explained_change_the_new_digest_counts() -> None:
    change = Change(what="faces were redacted", why="third persons")
    redacted = {"act": "REDACTED", "inputs": {"sha256": ONE}, "outputs": {"sha256": TWO}}
    records = [*SENT[:2], *chain(redacted | {"change": change}, last=SENT[1])]
    sealed = {"act": "SEALED", "inputs": {"sha256": TWO}, "outputs": {"sha256": TWO}}
    check_chain([*records, *chain(sealed, last=records[-1])])
    with pytest.raises(ChainError):
        check_chain([*records, *chain(sealed | {"inputs": {"sha256": ONE}}, last=records[-1])])


@pytest.mark.parametrize(
    "changed",
    [
        {"outputs": {"crc32": "00000000"}},
        {"outputs": {"sha256": "AB" * 32}},
        {"act": "BURNT"},
        {"more": 1},
        {"v": 2},
        {"n": -1},
        {"performer": {"role": "node"}},
        {"reason": " padded "},
        {"inputs": {}},
        {"reason": "a\0b"},
        {"reason": "x" * 2_001},
    ],
)
def test_nothing_else_is_a_record(changed: Any) -> None:  # noqa: ANN401  JSON
    with pytest.raises(FormatError):
        read_record({**SENT[0].to_json(), **changed})


def test_a_record_has_a_size() -> None:
    with pytest.raises(FormatError, match="too large"):
        read_record({"reason": "x" * 2**18})


@given(st.binary(max_size=40), st.integers(0, 10**4))
def test_changed_octets_are_refused_or_another_record(octets: bytes, at: int) -> None:
    data = encode(SENT[0].to_json())
    place = at % len(data)
    try:
        value = read(data[:place] + octets + data[place + len(octets) :])
        record = read_record(value)
    except ProtocolError:
        return
    assert (record == SENT[0]) == (record.digest == SENT[0].digest)


def test_a_provenance_ends_at_the_file_that_is_declared() -> None:
    imaged = statement("IMAGED", outputs={"sha256": ONE, "sha1": "ab" * 20})
    change = Change(what="a page", why="privileged")
    redacted = statement("REDACTED", outputs={"sha256": TWO}, change=change)
    assert Provenance(acts=(imaged,)).stated == imaged.outputs
    told = Provenance(acts=(imaged, redacted, statement("EXAMINED", outputs={"md5": "ab" * 16})))
    assert told.stated == {"sha256": TWO, "md5": "ab" * 16}
    assert Provenance.model_validate_json(encode(told.to_json())) == told
    assert Provenance().to_json() == {}
    with pytest.raises(ValueError, match="SEALED is recorded by the node itself"):
        Provenance(acts=(imaged, statement("SEALED")))


def test_every_act_has_its_words() -> None:
    words = custody.words()
    assert set(words["act"]) == set(Act)
    assert custody.title("act", "SEALED").startswith("sealed")
    assert custody.title("left_out", "DISPUTED")
    assert len(words["point"]) == 10
    assert set(words["relation"]) == set(Source.model_fields["relation"].annotation.__args__)  # type: ignore[union-attr]
    assert custody.may_precede(Act.SEIZED)
    assert not custody.may_precede(Act.SEALED)


def test_a_record_with_every_text_at_its_longest_can_be_read() -> None:
    line, note = "😀" * 500, "😀" * 2_000
    sources = [{"item_id": "x" * 64, "package_id": "y" * 64, "relation": "REPLACEMENT"}] * 100
    full: Any = {
        **SENT[0].to_json(),
        "performer": dict.fromkeys(("person", "role", "authority"), line),
        "tool": dict.fromkeys(("name", "version", "settings"), line),
        "authorisation": dict.fromkeys(("type", "number", "court"), line),
        "legal_basis": {"instrument": "BUD", "article": line},
        "clock": {"source": line, "offset": -(2**40)},
        "change": {"what": note, "why": note},
        **dict.fromkeys(("place", "storage", "seal", "countersigned", "media_type"), line),
        "reason": note,
        "derived_from": [{**each, "sha256": ONE} for each in sources],
    }
    assert len(read_record(full).to_bytes()) < custody.MAX_RECORD
    later = remade(SENT[1], prev=read_record(full).digest, recorded_at="2026-11-21T13:00:00+01:00")
    check_chain([read_record(full), later])  # the same instant, in another time zone
