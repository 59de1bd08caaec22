"""The verifier of custody that stands alone finds what the one of the protocol finds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from client.standalone.custody import run_custody_verifier, verify_custody
from client.standalone.reporting import Folder
from shared.protocol.canonical import encode, parse
from shared.protocol.law.custodyfile import Custody
from tests.custodies import account

CONTENT = b"a mailbox"
ACCOUNT = account(CONTENT)
DATA = encode(ACCOUNT.to_json())


@pytest.fixture
def bag(tmp_path: Path) -> Path:
    """The bag, as far as custody goes."""
    sealed = {item: chain[:5] for item, chain in ACCOUNT.records.items()}
    told = Custody(package_id=ACCOUNT.package_id, country="QN", items=sealed)
    folder = tmp_path / "bag"
    for path, content in (("metadata/custody.json", told.to_bytes()), ("data/mail", CONTENT)):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_bytes(content)
    return folder


def verify(account: bytes, bag: Path | None, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    code = verify_custody(account, Folder(bag) if bag else None)
    return code, capsys.readouterr().out


def changed(**parts: Any) -> bytes:  # noqa: ANN401  JSON
    value: Any = parse(DATA)
    for place, part in parts.items():
        value["records"][int(place.removeprefix("r"))] |= part
    return encode(value)


def without(place: int) -> bytes:
    value: Any = parse(DATA)
    del value["records"][place]
    return encode(value)


def test_what_is_true_holds(bag: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = verify(DATA, bag, capsys)
    assert (code, "FAILED" in said) == (0, False)
    assert "1 items, 8 records" in said
    assert "Not checked here: who signed." in said
    code, said = verify(encode({"custody": parse(DATA), "signature": "x"}), None, capsys)
    assert (code, "no bag was named" in said) == (0, True)
    assert verify((bag / "metadata/custody.json").read_bytes(), bag, capsys)[0] == 0


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"[]", "not in the form"),
        (b"{", "not JSON"),
        (without(1), "does not follow"),
        (changed(r1={"reason": "x"}), "does not follow"),
        (changed(r2={"change": None}), "does not follow"),
        (changed(r7={"outputs": {"sha256": "00" * 32}}), "a silent change"),
        (changed(r7={"inputs": {"sha256": "00" * 32}}), "the item is another"),
        (changed(r7={"act": "SEALED"}), "seals the item again"),
        (changed(r7={"root_item_id": "x"}), "another root_item_id"),
        (changed(r1={"country": "QP"}), "before the item was sealed"),
        (changed(r4={"act": "COPIED"}), "before the item was sealed"),
        (encode({"records": [parse(DATA)["records"][0]]}), "never sealed"),  # type: ignore[call-overload, index]
    ],
)
def test_what_is_not_is_named(data: bytes, told: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = verify(data, None, capsys)
    assert code == 3
    assert told in said


def test_files_and_records_of_the_bag_are_compared(
    bag: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (bag / "data/mail").write_bytes(b"another")
    code, said = verify(DATA, bag, capsys)
    assert (code, "no item was sealed under its digests" in said) == (3, True)
    (bag / "data/mail").unlink()
    assert "1 items have no file" in verify(DATA, bag, capsys)[1]
    (bag / "metadata/custody.json").write_bytes(b'{"records":[]}')
    assert "has other records" in verify(DATA, bag, capsys)[1]


def test_the_command_line(bag: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "custody.json").write_bytes(DATA)
    assert run_custody_verifier([str(tmp_path / "custody.json"), str(bag)]) == 0
    with pytest.raises(SystemExit):
        run_custody_verifier([str(tmp_path / "none")])
    assert "No such file" in capsys.readouterr().err
