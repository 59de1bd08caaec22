"""Who is given the vectors of the log."""

from collections.abc import Callable
from typing import Any

from shared.protocol import leaves
from shared.protocol.canonical import unb64, unb64u
from shared.protocol.checkpoints import Checkpoint, check_extends, verify_checkpoint
from shared.protocol.commitments import Opening, check_opening
from shared.protocol.leaves import EntryFacts
from shared.protocol.logproofs import verify_log_proof
from shared.protocol.tiles import parse_tile


def _read_head(value: Any) -> Checkpoint:  # noqa: ANN401  JSON
    return Checkpoint(origin=value["origin"], size=value["size"], root=unb64(value["root"]))


def _extension(vector: Any) -> None:  # noqa: ANN401  JSON
    old, new = _read_head(vector["old"]), _read_head(vector["new"])
    check_extends(old, new, [unb64(each) for each in vector["proof"]])


def _transfer(vector: Any) -> None:  # noqa: ANN401  JSON
    facts = vector["entry"]
    entry = EntryFacts(**{**facts, "about": leaves.About(**facts["about"])})
    leaf = leaves.parse(unb64u(vector["leaf"]))
    leaves.check_transfer_leaf(leaf, entry, origin=vector["origin"])


def _opening(vector: Any) -> None:  # noqa: ANN401  JSON
    told = vector["opening"]
    opening = Opening(name=told["name"], value=told["value"], salt=unb64u(told["salt"]))
    check_opening(vector["commit"], opening)


READERS: dict[str, Callable[[Any], object]] = {
    "checkpoints": lambda vector: verify_checkpoint(vector["note"], vector["vkeys"]),
    "log-proofs": lambda v: verify_log_proof(v["proof"], unb64u(v["leaf"]), v["vkeys"]),
    "extensions": _extension,
    "leaves": lambda vector: leaves.parse(unb64u(vector["leaf"])),
    "transfer-leaves": _transfer,
    "commitments": _opening,
    "tile-paths": lambda vector: parse_tile(vector["path"]),
}
