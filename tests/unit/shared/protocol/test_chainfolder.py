"""The folder `chain/` holds exactly what proves a bag, and an unbroken chain."""

from typing import Any

import pytest

from shared.protocol import chainfolder
from shared.protocol.canonical import encode, parse
from shared.protocol.chainfolder import Link, check_linked, check_links, read_chain, read_links
from shared.protocol.entries import Entry
from shared.protocol.errors import BagError, ChainError, FormatError
from shared.protocol.messages import Head
from tests.simulated_case import standard_case

GENESIS = "0" * 96


def links() -> list[Link]:
    return read_links(standard_case().bag_files()[chainfolder.LINKS])


def entries() -> dict[str, Entry]:
    case = standard_case()
    return {
        written.logged().name: written.entry
        for node in (case.qm, case.qn)
        for written in node.written
        if written.entry.request == case.request_id
    }


def link(epoch: int, seq: int, prev: str, own: str, name: str = "QM>QN") -> Link:
    return Link(channel=name, epoch=epoch, seq=seq, prev=prev, hash=own * 96)


def test_what_was_written_is_read_in_the_order_of_the_chain() -> None:
    files = standard_case().bag_files()
    names = [logged.name for logged in read_chain(files)]
    assert names == list(entries())


def test_the_order_is_that_of_numbers() -> None:
    logged = standard_case().request.logged()
    names = ["chain/QM-QN/10-00000000", "chain/QM-QN/2-00000001", "chain/QM-QN/2-100000000"]
    files = {
        f"{name}.{part}": logged.jws for name in names for part in ("json", "leaf", "tlog-proof")
    }
    assert [each.name for each in read_chain(files)] == [names[1], names[2], names[0]]


@pytest.mark.parametrize(
    "path",
    ["chain/x", "chain/QM-QN/0-1.json", "chain/QM-QN/00-00000001.json", "chain/QM-QN/x.leaf"],
)
def test_a_stray_file_is_named(path: str) -> None:
    with pytest.raises(BagError) as refused:
        read_chain({path: b""})
    assert refused.value.facts["object"] == path


def test_a_missing_third_is_named() -> None:
    files = standard_case().bag_files()
    name = standard_case().package.logged().name
    del files[name + ".leaf"]
    with pytest.raises(BagError) as refused:
        read_chain(files)
    assert refused.value.facts["object"] == name + ".leaf"


def test_links_are_a_list() -> None:
    with pytest.raises(FormatError):
        read_links(b"{}")


def test_links_know_no_other_member() -> None:
    rows: Any = parse(standard_case().bag_files()[chainfolder.LINKS])
    rows[0]["extra"] = 1
    with pytest.raises(FormatError):
        read_links(encode(rows))


def test_each_direction_begins_anew_and_a_new_epoch_resumes_at_any_entry() -> None:
    chain = [
        link(0, 0, GENESIS, "a"),
        link(0, 1, "a" * 96, "b"),
        link(1, 0, "a" * 96, "c"),
        link(0, 0, GENESIS, "d", "QN>QM"),
    ]
    check_links(chain, object="x")


BROKEN = {
    "late_start": [link(0, 1, GENESIS, "a")],
    "no_genesis": [link(0, 0, "a" * 96, "b")],
    "gap": [link(0, 0, GENESIS, "a"), link(0, 2, "a" * 96, "b")],
    "other_prev": [link(0, 0, GENESIS, "a"), link(0, 1, "c" * 96, "b")],
    "epoch_from_nowhere": [link(0, 0, GENESIS, "a"), link(1, 0, "c" * 96, "b")],
    "epoch_left_out": [link(0, 0, GENESIS, "a"), link(2, 0, "a" * 96, "b")],
    "epoch_not_from_0": [link(0, 0, GENESIS, "a"), link(1, 1, "a" * 96, "b")],
    "back": [link(0, 0, GENESIS, "a"), link(1, 0, "a" * 96, "b"), link(0, 1, "a" * 96, "c")],
    "taken_up_again": [
        link(0, 0, GENESIS, "a"),
        link(0, 0, GENESIS, "d", "QN>QM"),
        link(0, 1, "a" * 96, "b"),
    ],
}


@pytest.mark.parametrize("flaw", BROKEN)
def test_a_broken_chain_says_where(flaw: str) -> None:
    with pytest.raises(ChainError) as refused:
        check_links(BROKEN[flaw], object="here")
    last = BROKEN[flaw][-1]
    assert refused.value.facts["object"] == "here"
    assert (refused.value.facts["epoch"], refused.value.facts["seq"]) == (last.epoch, last.seq)


def test_the_case_stands_in_the_chain() -> None:
    check_linked(links(), entries())


def test_an_entry_that_is_not_in_the_chain_is_named() -> None:
    name, entry = next(iter(entries().items()))
    without = [each for each in links() if (each.channel, each.seq) != (entry.channel, entry.seq)]
    with pytest.raises(ChainError) as refused:
        check_linked(without, entries())
    assert refused.value.facts["object"] == name + ".json"


def test_an_entry_in_the_place_of_another_is_named() -> None:
    name, entry = next(iter(entries().items()))
    changed = [
        each.model_copy(update={"hash": "f" * 96}) if each.seq == entry.seq else each
        for each in links()
    ]
    with pytest.raises(ChainError) as refused:
        check_linked(changed, entries())
    assert refused.value.facts["object"] == name + ".json"


def test_a_chain_that_ends_in_no_entry_is_refused() -> None:
    kept = dict(list(entries().items())[:-1])
    with pytest.raises(ChainError, match="ends in no entry"):
        check_linked(links(), kept)


def test_a_head_that_never_was_is_refused() -> None:
    own = [entry for entry in entries().values() if entry.sender == "QM"][-1]
    assert own.peer is not None
    changed = _with_peer(own.peer.model_copy(update={"hash": "e" * 96}))
    with pytest.raises(ChainError, match="never was"):
        check_linked(_relinked(changed), changed)


def test_an_entry_may_not_forget_what_its_writer_had() -> None:
    changed = _with_peer(None)
    with pytest.raises(ChainError, match="forgets"):
        check_linked(_relinked(changed), changed)


def _with_peer(peer: Head | None) -> dict[str, Entry]:
    """Let QM's last entry, which no other names, name another head."""
    changed = entries()
    name, entry = [each for each in changed.items() if each[1].sender == "QM"][-1]
    changed[name] = entry.model_copy(update={"peer": peer})
    return changed


def _relinked(changed: dict[str, Entry]) -> list[Link]:
    """Make the links agree with changed entries."""
    by_place = {(each.channel, each.epoch, each.seq): each for each in links()}
    for entry in changed.values():
        reference = entry.reference()
        place = (entry.channel, entry.epoch, entry.seq)
        by_place[place] = by_place[place].model_copy(update={"hash": reference.hash})
    return list(by_place.values())
