"""Signed notes, checkpoints and policies (C2SP); of the signatures Ed25519 is checked, ML-DSA-44 is not."""

from __future__ import annotations

import hashlib
import re
import struct

from client.standalone.curve import check_ed25519
from client.standalone.forms import Flaw, demand, read_size, unb64
from client.standalone.trees import EMPTY

ED25519, COSIGNATURE, MLDSA44 = 1, 4, 6
VKEY = re.compile(r"([^\s+]+)\+([0-9a-f]{8})\+([A-Za-z0-9+/=]+)")


class Key:
    """A verifier key: `<name>+<key id>+<base64 of type and key>`."""

    def __init__(self, vkey: str) -> None:
        found = VKEY.fullmatch(vkey)
        if not found:
            raise Flaw("this is not a verifier key")
        material = unb64(found[3])
        self.vkey, self.name, self.kind, self.public = vkey, found[1], material[0], material[1:]
        made = hashlib.sha256(self.name.encode() + b"\n" + material).digest()[:4]
        demand(made.hex() == found[2], "a key id does not belong to its key")
        demand(
            self.kind in {ED25519, COSIGNATURE, MLDSA44}, "a key of this type signs nothing here"
        )
        self.id = made


class Note:
    """A signed checkpoint as it was read, and what its three lines say."""

    def __init__(self, data: str) -> None:
        text, blank, rest = data.rpartition("\n\n")
        demand(blank and rest.endswith("\n"), "this is not a signed note")
        demand(not re.search(r"[\x00-\x09\x0b-\x1f]", data), "a control character in a note")
        self.text = text + "\n"
        lines = self.text.split("\n")
        demand(len(lines) == 4, "a checkpoint has three lines")
        self.origin, self.size, self.root = lines[0], read_size(lines[1]), unb64(lines[2])
        demand(len(self.root) == 32, "a root is 32 bytes")
        demand((self.size == 0) == (self.root == EMPTY), "the size contradicts the root")
        self.lines = [_read_line(line) for line in rest[:-1].split("\n")]

    def blobs(self, key: Key) -> list[bytes]:
        """Give the signatures that claim a key."""
        return [blob for name, key_id, blob in self.lines if (name, key_id) == (key.name, key.id)]


def _read_line(line: str) -> tuple[str, bytes, bytes]:
    parts = line.split(" ")
    demand(len(parts) == 3 and parts[0] == "\N{EM DASH}", "a signature line is malformed")
    data = unb64(parts[2])
    demand(len(data) > 4, "a signature line is cut short")
    return parts[1], data[:4], data[4:]


def check_log_signed(note: Note, keys: list[Key]) -> int:
    """Check the log's own Ed25519 lines, and that ML-DSA-44 lines are there.

    Returns:
        How many ML-DSA-44 lines were not checked.
    """
    demand(all(key.name == note.origin for key in keys), "it is signed for another log")
    for key in keys:
        for blob in note.blobs(key):
            if key.kind == ED25519:
                check_ed25519(key.public, note.text.encode(), blob)
            else:
                demand(
                    key.kind == MLDSA44 and len(blob) == 8 + 2420, "a signature has another length"
                )
    signed = {key.kind for key in keys if note.blobs(key)}
    demand(ED25519 in signed, "the log's Ed25519 signature is missing")
    demand(MLDSA44 in signed, "the log's ML-DSA-44 signature is missing")
    return sum(len(note.blobs(key)) for key in keys if key.kind == MLDSA44)


def cosigned_at(note: Note, key: Key) -> int | None:
    """Check a witness's lines; give the newest time (seconds since 1970), None if there is none."""
    times = []
    for blob in note.blobs(key):
        demand(len(blob) > 8, "a cosignature is cut short")
        (seconds,) = struct.unpack(">Q", blob[:8])
        if key.kind == COSIGNATURE:
            message = f"cosignature/v1\ntime {seconds}\n{note.text}".encode()
            check_ed25519(key.public, message, blob[8:])
        else:
            demand(key.kind == MLDSA44 and len(blob) == 8 + 2420, "a signature has another length")
        times.append(seconds)
    return max(filter(None, times), default=None)


class Quorum:
    """Who must have cosigned (C2SP tlog-policy)."""

    def __init__(self, text: str) -> None:
        self.witnesses: dict[str, Key] = {}
        self.groups: list[tuple[str, int, list[str]]] = []
        self.goal: str | None = None
        for line in text.split("\n"):
            words = line.split()
            if words and not words[0].startswith("#"):
                self._read(words)
        demand(self.goal is not None, "a policy names no quorum")

    def _read(self, words: list[str]) -> None:
        if words[0] == "witness" and len(words) in {3, 4}:
            self.witnesses[words[1]] = Key(words[2])
        elif words[0] == "group" and len(words) > 3:
            members = words[3:]
            named = {"all": len(members), "any": 1}
            number = named[words[2]] if words[2] in named else read_size(words[2])
            demand(0 < number <= len(members), "a group asks for more than it has")
            self.groups.append((words[1], number, members))
        elif words[0] == "quorum" and len(words) == 2 and self.goal is None:
            self.goal = words[1]
        else:
            demand(words[0] == "log", "a line of the policy is malformed")

    def reached(self, signed: set[str]) -> bool:
        """Say whether these witnesses make up the quorum."""
        done = {"none"} | (signed & self.witnesses.keys())
        for name, number, members in self.groups:
            if len(done.intersection(members)) >= number:
                done.add(name)
        return self.goal in done

    def judge(self, note: Note) -> tuple[list[str], list[str]]:
        """Demand the quorum; give who signed by a line that was checked, and by one that was not."""
        there = {name for name, key in self.witnesses.items() if cosigned_at(note, key)}
        checked = {name for name in there if self.witnesses[name].kind == COSIGNATURE}
        demand(self.reached(there), f"the quorum {self.goal} has not cosigned it")
        # The lines that cannot be checked here must not be what makes the quorum alone.
        strong = {name for name in there if name in checked or self._beside(name, checked)}
        demand(
            self.reached(strong),
            "without ML-DSA-44, which is not checked here, the quorum is not reached",
        )
        return sorted(checked), sorted(there - checked)

    def _beside(self, name: str, checked: set[str]) -> bool:
        """Say whether the same witness has also signed by a line that was checked."""
        owner = self.witnesses[name].name
        return any(self.witnesses[other].name == owner for other in checked)
