"""The checks of a whole log: every entry, every tile, every checkpoint that was ever seen."""

from __future__ import annotations

from collections.abc import Iterator

from client.standalone.common import Logs
from client.standalone.entries import (
    Place,
    Story,
    check_chain,
    check_counterpart,
    read_leaf,
)
from client.standalone.forms import demand, read_canonical
from client.standalone.proofs import standing
from client.standalone.reporting import Folder, Report
from client.standalone.signing import Note
from client.standalone.trees import Growing, case_of, leaf_digest, peer_of, trie_over

WIDTH = 256


def check_whole_log(report: Report, folder: Folder, logs: Logs, newest: Note) -> None:
    """Make all checks of an export of a whole log."""
    seen = _check_seen(report, folder, logs, newest)
    story, tree = Story(newest.origin), Growing()
    roots = dict.fromkeys((note.size for _, note in seen), tree.root())
    with report.check("the entries make up the signed tree, and say what they may") as said:
        for number in range(-(-newest.size // WIDTH)):
            width = min(WIDTH, newest.size - number * WIDTH)
            _check_tile(report, folder, tile_name("entries", number, width), story, tree, roots)
        demand(tree.size == newest.size, f"there are {tree.size} entries")
        demand(tree.root() == newest.root, "the entries do not lead to the signed root")
        _check_upper(report, folder, tree)
        said.append(f"{newest.size} entries, {len(story.transfers)} of transfers")
    _check_beginning(report, logs, story)
    with report.check("the tree extends every checkpoint that was seen") as said:
        for name, note in seen:
            with report.object(name):
                demand(roots[note.size] == note.root, f"the first {note.size} entries were others")
        said.append(f"from {min(roots, default=0)} entries on")
    _check_index(report, folder, newest, story)
    check_received(report, folder, logs, story)
    _check_channels(report, folder, story)


def _check_beginning(report: Report, logs: Logs, story: Story) -> None:
    """Compare what a log says of the one that it continues with what the directory says of that."""
    before = story.continues
    if before is not None:
        with report.check("the log begins where the one before it ended") as said:
            end = logs.ends.get(before["origin"])
            demand(end == (before["size"], before["root"]), "the directory says otherwise")
            said.append(f"{before['origin']} at {before['size']} entries")


def _check_seen(report: Report, folder: Folder, logs: Logs, newest: Note) -> list[tuple[str, Note]]:
    seen: list[tuple[str, Note]] = []
    with report.check("every checkpoint that was seen is signed by the log (Ed25519)") as said:
        for name in folder.names("checkpoints"):
            with report.object(name):
                note = logs.check(folder.text(name))
                demand(note.origin == newest.origin, "it is of another log")
                demand(note.size <= newest.size, f"the log went back from {note.size} entries")
                seen.append((name, note))
        said.append(f"{len(seen)} checkpoints")
    return seen


def _check_tile(
    report: Report, folder: Folder, name: str, story: Story, tree: Growing, roots: dict[int, bytes]
) -> None:
    """Read a bundle of entries, and compare it with the tile of their hashes."""
    hashes = b""
    for body in _entries(folder.read(name)):
        index = tree.size
        with report.object(f"entry {index}"):
            story.add(index, read_leaf(body))
        digest = leaf_digest(body)
        hashes += digest
        tree.add(digest)
        if tree.size in roots:
            roots[tree.size] = tree.root()
    tile = name.replace("tile/entries/", "tile/0/", 1)
    with report.object(tile):
        demand(folder.read(tile) == hashes, "it is a tile over other entries")


def _entries(data: bytes) -> Iterator[bytes]:
    at = 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 2], "big")
        body = data[at + 2 : at + 2 + length]
        demand(len(body) == length and length, "a bundle is cut short")
        yield body
        at += 2 + length


def _check_index(report: Report, folder: Folder, newest: Note, story: Story) -> None:
    """Make the index anew, and compare it with the newest root that the log says."""
    if not story.roots:
        return
    with report.check("the newest root of the index is the one of its entries") as said:
        count, root = story.roots[-1]
        lists: dict[bytes, Growing] = {}
        for index, body in zip(range(count), _all_entries(folder, newest.size), strict=False):
            leaf = read_leaf(body)
            keys = [case_of(leaf["case_ref"])] if leaf["case_ref"] is not None else []
            keys += [peer_of(leaf["peer"])] if leaf["peer"] is not None else []
            for key in keys:
                lists.setdefault(key, Growing()).add(leaf_digest(index.to_bytes(8, "big")))
        made = trie_over(sorted((key, each.root()) for key, each in lists.items()))
        demand(made.hex() == root, f"the index of the first {count} entries has another root")
        said.append(f"over {count} entries")
    if len(story.roots) > 1:
        report.leave("earlier roots of the index", f"{len(story.roots) - 1} are there")


def _all_entries(folder: Folder, size: int) -> Iterator[bytes]:
    for number in range(-(-size // WIDTH)):
        name = tile_name("entries", number, min(WIDTH, size - number * WIDTH))
        yield from _entries(folder.read(name))


def entry_of_tile(folder: Folder, index: int) -> bytes:
    """Give an entry from its bundle, which has been checked."""
    size = Note(folder.text("checkpoint")).size
    number, place = divmod(index, WIDTH)
    demand(0 <= index < size, "there is no such entry")
    name = tile_name("entries", number, min(WIDTH, size - number * WIDTH))
    return list(_entries(folder.read(name)))[place]


def _check_upper(report: Report, folder: Folder, tree: Growing) -> None:
    """Compare the tiles over tiles."""
    for level, row in tree.rows.items():
        for number in range(-(-len(row) // WIDTH)):
            part = row[number * WIDTH : (number + 1) * WIDTH]
            name = tile_name(str(level // 8), number, len(part))
            with report.object(name):
                demand(folder.read(name) == b"".join(part), "it is over other tiles")


def tile_name(kind: str, number: int, width: int) -> str:
    """Name the file of a tile (C2SP tlog-tiles)."""
    digits = f"{number % 1000:03}"
    while number := number // 1000:
        digits = f"x{number % 1000:03}/{digits}"
    return f"tile/{kind}/{digits}" + ("" if width == WIDTH else f".p/{width}")


def check_received(report: Report, folder: Folder, logs: Logs, story: Story) -> None:
    """Check, for each entry received, the sender's own leaf and the proof of it."""
    with report.check("the sender's log has the entry of each transfer received") as said:
        received = [
            each for each in story.transfers.values() if each[1]["type"] == "transfer.received"
        ]
        for index, leaf in received:
            with report.object(f"counterparts/{index:08d}"):
                body = folder.read(f"counterparts/{index:08d}.leaf")
                text = folder.text(f"counterparts/{index:08d}.tlog-proof")
                stands, note = standing(text, body, logs)
                demand(logs.owners[note.origin] == leaf["channel"][:2], "it is of another country")
                check_counterpart(leaf, read_leaf(body), stands)
                _, others = logs.check_quorum(note)
                logs.unchecked += len(others)
        said.append(f"{len(received)} transfers")


def _check_channels(report: Report, folder: Folder, story: Story) -> None:
    """Check that the chains are unbroken, and that the log's transfers are the entries in them."""
    with report.check(
        "each direction is unbroken, and log and chain name the same entries"
    ) as said:
        hashes: dict[Place, str] = {}
        for name in folder.names("channels"):
            with report.object(name):
                links = read_canonical(folder.read(name))
                channel = name[len("channels/") : -len(".json")].replace("-", ">")
                demand(
                    all(link["channel"] == channel for link in links), "a link of another channel"
                )
                hashes |= check_chain(links)
        for place, (index, leaf) in story.transfers.items():
            with report.object(f"entry {index}"):
                demand(
                    hashes.get(place) == leaf["entry_hash"],
                    "it is another in the channel, or in none",
                )
        first: dict[str, Place] = {}
        last: dict[str, Place] = {}
        for place in story.transfers:
            first[place[0]] = min(place, first.get(place[0], place))
            last[place[0]] = max(place, last.get(place[0], place))
        for place in hashes.keys() - story.transfers.keys():
            with report.object(f"{place[0]} {place[1]}/{place[2]}"):
                # Behind the last that was logged, an entry may wait for the log.
                waits = place[0] not in last or place > last[place[0]]
                earlier = story.continues is not None and place < first.get(place[0], place)
                demand(waits or earlier, "it is in the channel and not in the log")
        said.append(f"{len(hashes)} entries in the chains")
