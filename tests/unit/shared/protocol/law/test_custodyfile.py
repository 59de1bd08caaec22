"""The custody that travels: every file of the package has a chain up to its seal, and no other file has."""

from __future__ import annotations

from dataclasses import replace

import pytest

from shared.protocol.canonical import encode, parse
from shared.protocol.digests import sha256
from shared.protocol.errors import ChainError, DigestMismatchError, FormatError, ProtocolError
from shared.protocol.law.custody import Act, Source
from shared.protocol.law.custodychain import follow
from shared.protocol.law.custodyfile import LeftOut, check_custody, read_custody
from tests.custodies import AT, closed, held, statement
from tests.unit.shared.protocol.examples import ITEMS, PACKAGE, REQUEST, item

EVIDENCE = [item(0), item(1, "data/photos/b.jpg")]
LISTED = {each.path: each.sha256 for each in EVIDENCE}
LEFT = LeftOut(item_id=ITEMS[2], why="PRIVILEGED", reason="letters of a lawyer")
CUSTODY = closed(
    EVIDENCE,
    PACKAGE,
    before={ITEMS[0]: [statement("SEIZED"), statement("IMAGED")]},
    left_out=[LEFT],
)
DATA = CUSTODY.to_bytes()


def check(data: bytes, **changed: object) -> object:
    told = {"listed": LISTED, "package_id": PACKAGE, "country": "QN", **changed}
    return check_custody(data, **told)  # type: ignore[arg-type]


def test_every_item_has_its_chain_from_its_origin_to_the_seal() -> None:
    assert check(DATA) == read_custody(DATA)
    acts = [[record.act for record in records] for records in CUSTODY.items.values()]
    assert acts == [
        [Act.SEIZED, Act.IMAGED, Act.HASHED, Act.SEALED],
        [Act.HASHED, Act.SEALED],
    ]
    assert read_custody(DATA).left_out == (LEFT,)
    assert (CUSTODY.size, CUSTODY.sealed(ITEMS[0])) == (6, LISTED["data/a.txt"].hex())
    assert CUSTODY.sealed(ITEMS[3]) is None
    assert check(closed([], PACKAGE).to_bytes(), listed={})


def test_it_is_read_as_it_was_written() -> None:
    found = read_custody(DATA)
    assert found.to_bytes() == DATA
    assert {k: tuple(v) for k, v in found.items.items()} == dict(CUSTODY.items)


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"package_id": REQUEST}, ChainError),
        ({"country": "QM"}, ChainError),
        ({"listed": {}}, DigestMismatchError),
        ({"listed": {**LISTED, "data/c": LISTED["data/a.txt"]}}, DigestMismatchError),
        ({"listed": {**LISTED, "data/a.txt": sha256(b"other")}}, DigestMismatchError),
    ],
)
def test_it_is_of_this_very_package(changed: dict[str, object], error: type[Exception]) -> None:
    with pytest.raises(error):
        check(DATA, **changed)


def test_a_chain_ends_in_its_seal_and_is_the_senders() -> None:
    (first, *_), second = CUSTODY.items.values()
    unsealed = replace(CUSTODY, items={ITEMS[0]: [first], ITEMS[1]: second})
    with pytest.raises(ChainError, match="do not end in its seal"):
        check(unsealed.to_bytes())
    sealed = list(CUSTODY.items[ITEMS[0]])
    subject = held(EVIDENCE[0], PACKAGE).subject
    foreign = follow(sealed[-1], statement("OPENED"), subject, country="QM", at=AT)
    with pytest.raises(ChainError, match="do not end in its seal"):
        check(replace(CUSTODY, items={**CUSTODY.items, ITEMS[0]: [*sealed, foreign]}).to_bytes())


def test_a_derived_copy_names_its_original() -> None:
    original = Source(item_id=ITEMS[3], package_id=REQUEST, relation="REDACTION", sha256="11" * 32)
    one = held(EVIDENCE[0], PACKAGE)
    subject = one.subject.model_copy(update={"derived_from": (original,), "root_item_id": ITEMS[3]})
    record = follow(None, statement("REDACTED"), subject, country="QN", at=AT)
    data = replace(CUSTODY, items={ITEMS[0]: [record]}).to_bytes()
    assert read_custody(data).items[ITEMS[0]][0].derived_from == (original,)


@pytest.mark.parametrize(
    "changed",
    [
        {"v": 2},
        {"more": 1},
        {"records": {}},
        {"left_out": [{"item_id": ITEMS[2], "why": "LATE"}]},
        {"left_out": ["x"]},
        {"left_out": [{"item_id": ITEMS[2], "why": "SCOPE", "reason": None}]},
        {"country": 7},
    ],
)
def test_nothing_else_is_a_custody_file(changed: dict[str, object]) -> None:
    value = parse(DATA)
    assert isinstance(value, dict)
    with pytest.raises(FormatError):
        read_custody(encode({**value, **changed}))


def test_records_of_an_item_stand_together() -> None:
    value = parse(DATA)
    assert isinstance(value, dict)
    rows = value["records"]
    assert isinstance(rows, list)
    mixed = [rows[0], rows[4], *rows[1:4], rows[5]]
    with pytest.raises(FormatError, match="together"):
        read_custody(encode({**value, "records": mixed}))


def test_any_changed_octet_is_refused() -> None:
    for place in range(0, len(DATA), 17):
        data = DATA[:place] + bytes([DATA[place] ^ 1]) + DATA[place + 1 :]
        try:
            read_custody(data)
        except ProtocolError:
            continue  # no such file any more
        # It can still be read; the tag manifest finds it out, by its digest.
        assert sha256(data) != sha256(DATA)
