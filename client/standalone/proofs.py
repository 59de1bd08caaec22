"""Proofs that a leaf stands in a log (C2SP tlog-proof)."""

from __future__ import annotations

import base64
from typing import Any

from client.standalone.common import Logs
from client.standalone.forms import demand, read_size, unb64
from client.standalone.signing import Note
from client.standalone.trees import check_inclusion, leaf_digest

HEADER = "c2sp.org/tlog-proof@v1"


def standing(text: str, leaf: bytes, logs: Logs) -> tuple[dict[str, Any], Note]:
    """Check a proof of a leaf, and its checkpoint by the keys of its log.

    Returns:
        Where the leaf stands, as other leaves say it, and the checkpoint.
    """
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    demand(blank and lines[0] == HEADER and len(lines) > 1, "this is no log proof")
    word, _, number = lines[1].partition(" ")
    demand(word == "index", "a proof names its index first")
    index, path = read_size(number), [unb64(line) for line in lines[2:]]
    note = logs.check(checkpoint)
    check_inclusion(index, note.size, leaf_digest(leaf), path, note.root)
    root = base64.b64encode(note.root).decode()
    return {"index": index, "origin": note.origin, "root": root, "size": note.size}, note
