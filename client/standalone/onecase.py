"""The checks of one case: each of its entries stands in the signed tree, and the index has no more."""

from __future__ import annotations

from typing import Any

from client.standalone.common import Logs
from client.standalone.entries import Leaf, Story, read_leaf
from client.standalone.forms import demand, read_canonical
from client.standalone.proofs import standing
from client.standalone.reporting import Folder, Report
from client.standalone.signing import Note
from client.standalone.trees import case_of, leaf_digest, root_over, value_in_trie
from client.standalone.wholelog import check_received


def check_one_case(
    report: Report, folder: Folder, logs: Logs, newest: Note, told: dict[str, Any]
) -> None:
    """Make all checks of an export of one case."""
    story = Story(newest.origin)
    with report.check("each entry of the case stands in the signed tree") as said:
        before: tuple[int, int] | None = None
        for index in told["indices"]:
            with report.object(f"entries/{index:08d}"):
                leaf = _proven(folder, f"entries/{index:08d}", logs, newest, index)
                demand(leaf["case_ref"] == told["case_ref"], "it is of another case")
                expected = (0, None) if before is None else (before[0] + 1, before[1])
                before = expected[0], index
                number = (leaf["case_seq"], leaf["case_prev"])
                demand(
                    number == expected, f"number {number[0]} of the case, expected {expected[0]}"
                )
                story.keep(index, leaf)
        names = {
            f"entries/{index:08d}{end}"
            for index in told["indices"]
            for end in (".leaf", ".tlog-proof")
        }
        demand(names == set(folder.names("entries")), "there are other entries, or too few")
        said.append(f"{len(told['indices'])} entries")
    check_received(report, folder, logs, story)
    _check_complete(report, folder, logs, newest, told)


def _proven(folder: Folder, name: str, logs: Logs, newest: Note, index: int) -> Leaf:
    """Read a leaf that stands at an index under the newest checkpoint."""
    body = folder.read(f"{name}.leaf")
    stands, note = standing(folder.text(f"{name}.tlog-proof"), body, logs)
    demand(note.text == newest.text, "it is proven under another checkpoint")
    demand(stands["index"] == index, "it stands elsewhere")
    return read_leaf(body)


def _check_complete(
    report: Report, folder: Folder, logs: Logs, newest: Note, told: dict[str, Any]
) -> None:
    """Check that the index of the log, which is logged itself, has these entries and no others."""
    if told["index"] is None:
        report.leave("that these are all entries of the case", "the log has no index yet")
        return
    with report.check("these are all entries of the case") as said:
        root = _proven(folder, "index/root", logs, newest, told["index"]["entry"])
        size = root["count"]
        demand(
            root["type"] == "index.root" and size == told["index"]["size"],
            "this is no root of an index",
        )
        listed = [index for index in told["indices"] if index < size]
        value = value_in_trie(
            bytes.fromhex(root["commit"]["index_root"]),
            case_of(told["case_ref"]),
            read_canonical(folder.read("index/proof.json")),
        )
        made = [leaf_digest(index.to_bytes(8, "big")) for index in listed]
        demand(
            value == (root_over(made) if made else None), "the index has other entries of the case"
        )
        said.append(f"up to entry {size}, at {root['seq_time']}")
