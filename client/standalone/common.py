"""The checks that every export has: its files, the directory, who signed and cosigned."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from client.standalone.forms import Flaw, demand, read_canonical, unb64, unb64u
from client.standalone.reporting import Folder, Report
from client.standalone.signing import Key, Note, Quorum, check_log_signed
from client.standalone.trees import roots_on_path
from client.standalone.trusting import read_directory

MANIFESTS = {"MANIFEST-SHA256": "sha256", "MANIFEST-SHA3-512": "sha3_512"}
MLDSA = "ML-DSA-44 signatures"


class Logs:
    """The logs that the directories name: keys and policies, of all times, the newest first."""

    def __init__(self) -> None:
        self.keys: dict[str, list[Key]] = {}
        self.newest: dict[str, list[Key]] = {}
        self.quorums: dict[str, list[Quorum]] = {}
        self.owners: dict[str, str] = {}
        self.ends: dict[
            str, tuple[int, str]
        ] = {}  # of logs that are closed: size, and root in base64
        self.proven: dict[str, Note] = {}
        self.unchecked = 0

    def add(self, members: dict[str, Any]) -> None:
        """Take what one directory says; the newest comes first."""
        for country, member in members.items():
            for log in (member["log"], *member["closed_logs"]):
                origin = log["origin"]
                if "root" in log:
                    end = self.ends.setdefault(origin, (log["size"], log["root"]))
                    demand(end == (log["size"], log["root"]), "a closed log has two ends")
                known = self.keys.setdefault(origin, [])
                have = {key.vkey for key in known}
                keys = [Key(vkey) for vkey in log["vkeys"]]
                self.newest.setdefault(origin, keys)
                known += [key for key in keys if key.vkey not in have]
                self.quorums.setdefault(origin, []).append(Quorum(log["policy"]))
                demand(
                    self.owners.setdefault(origin, country) == country, "a log has two countries"
                )

    def of(self, origin: str) -> list[Key]:
        """Give the keys of a log."""
        demand(origin in self.keys, f"the directory knows no log {origin}")
        return self.keys[origin]

    def check(self, text: str) -> Note:
        """Check a checkpoint by the log's own keys of any time; several files may hold the same."""
        if text not in self.proven:
            note = Note(text)
            self.unchecked += check_log_signed(note, self.of(note.origin))
            self.proven[text] = note
        return self.proven[text]

    def check_quorum(self, note: Note) -> tuple[list[str], list[str]]:
        """Demand the quorum of the newest policy, or of an earlier one."""
        first: Flaw | None = None
        for quorum in self.quorums[note.origin]:
            try:
                return quorum.judge(note)
            except Flaw as flaw:
                first = first or flaw
        raise first or Flaw("no policy")


def check_files(report: Report, folder: Folder) -> None:
    """Compare every file with both manifests."""
    with report.check("every file is as it was exported, and there is no other") as said:
        names = set(folder.names()) - MANIFESTS.keys()
        for manifest, algorithm in MANIFESTS.items():
            listed = dict(_listed(folder.text(manifest)))
            for name in sorted(names ^ listed.keys()):
                with report.object(name):
                    raise Flaw(f"not in {manifest}" if name in names else "it is missing")
            for name in sorted(names & listed.keys()):
                with report.object(name):
                    demand(not (folder.path / name).is_symlink(), "it is a link")
                    made = hashlib.new(algorithm, folder.read(name)).hexdigest()
                    demand(made == listed[name], f"it is another file than {manifest} says")
        said.append(f"{len(names)} files, SHA-256 and SHA3-512")


def _listed(text: str) -> list[tuple[str, str]]:
    demand(text.endswith("\n"), "a manifest is cut short")
    rows = [line.split("  ", 1) for line in text.split("\n")[:-1]]
    demand(all(len(row) == 2 for row in rows), "a line of a manifest is malformed")
    demand(len({row[1] for row in rows}) == len(rows), "a manifest names a file twice")
    return [(row[1], row[0]) for row in rows]


def check_root(report: Report, folder: Folder, pinned: bytes | None, digest: str | None) -> None:
    """Compare the root of the directory with the one that the reader trusts."""
    made = hashlib.sha256(folder.read("root.json")).hexdigest()
    if pinned is None and digest is None:
        report.leave("that root.json is the directory's root", f"compare its SHA-256: {made}")
        return
    with report.check("root.json is the root that you named") as said:
        demand(pinned is None or pinned == folder.read("root.json"), "it is another root")
        demand(digest is None or digest.lower() == made, f"its SHA-256 is {made}")
        said.append(made)


def check_directories(report: Report, folder: Folder) -> Logs:
    """Check the directory, and the earlier ones for the keys that were replaced."""
    logs = Logs()
    with report.check("the directory holds from its root") as said:
        root = folder.read("root.json")
        members = read_directory(folder.read("directory.json"), root)
        logs.add(members)
        earlier = folder.names("directories")
        for name in earlier:
            with report.object(name):
                logs.add(read_directory(folder.read(name), root))
        said.append(
            ", ".join(sorted(members)) + (f", {len(earlier)} states of it" if earlier else "")
        )
    return logs


def check_newest(report: Report, folder: Folder, logs: Logs, told: dict[str, Any]) -> Note | None:
    """Check the newest checkpoint by the keys that the directory names now."""
    newest: Note | None = None
    with report.check("the newest checkpoint is signed by the log (Ed25519)") as said:
        note = Note(folder.text("checkpoint"))
        logs.of(note.origin)
        logs.unchecked += check_log_signed(note, logs.newest[note.origin])
        demand(
            told["origin"] == note.origin and told["size"] == note.size, "export.json is of another"
        )
        root = note.text.split("\n")[2]
        ended = logs.ends.get(note.origin, (note.size, root))
        demand(ended == (note.size, root), "the log was closed, and ends elsewhere")
        newest = note
        said.append(f"{note.size} entries of {note.origin}")
    return newest


def check_witnesses(report: Report, logs: Logs, note: Note) -> None:
    """Demand the quorum of the newest policy for the newest checkpoint."""
    with report.check("the quorum of the log's policy has cosigned it (Ed25519)") as said:
        checked, others = logs.quorums[note.origin][0].judge(note)
        logs.unchecked += len(others)
        said.append(", ".join(checked) or "none is asked for")


def check_evidence(report: Report, folder: Folder, logs: Logs) -> None:
    """Check what convicts a log: two checkpoints of its own that contradict each other."""
    names = [name for name in folder.names("evidence") if name.endswith(".misbehaviour.json")]
    if names:
        with report.check("evidence of misbehaviour convicts its log") as said:
            for name in names:
                with report.object(name):
                    said.append(_convicted(logs, read_canonical(folder.read(name))))


def check_stamped(report: Report, folder: Folder, logs: Logs) -> None:
    """Check what a time stamp is over; the authority's signature is not checked here."""
    names = [name[: -len(".json")] for name in folder.names("timestamps") if name.endswith(".json")]
    if names:
        with report.check("what was stamped are checkpoints of the log (Ed25519)") as said:
            for name in names:
                with report.object(name):
                    _check_stamped(folder, logs, name)
            said.append(f"{len(names)} time stamps")


def _check_stamped(folder: Folder, logs: Logs, name: str) -> None:
    told = read_canonical(folder.read(f"{name}.json"))
    note, token = folder.read(f"{name}.note"), folder.read(f"{name}.tst")
    demand(
        told["note"].encode() == note and unb64u(told["token"]) == token, "it is of another note"
    )
    demand(hashlib.sha256(note).digest() in token, "the token is of another note")
    logs.check(note.decode())


def _convicted(logs: Logs, told: dict[str, Any]) -> str:
    smaller, larger = (logs.check(text) for text in told["checkpoints"])
    path = [unb64(each) for each in told["path"]]
    shown, after = larger.root, larger.root
    if smaller.size != larger.size:
        shown, after = roots_on_path(smaller.size, larger.size, path)
    demand(smaller.origin == larger.origin, "it is of two logs")
    demand(after == larger.root and shown != smaller.root, "these do not contradict each other")
    return f"{larger.origin} at {smaller.size} entries"


def leave_rest(report: Report, folder: Folder, logs: Logs) -> None:
    """Tell what this verifier cannot check."""
    report.leave(MLDSA, f"{logs.unchecked} are there; `rogatory audit verify` checks them")
    if folder.names("timestamps"):
        report.leave("time stamps (RFC 3161)", "README.txt says how `openssl ts` checks them")


def here() -> Path:
    """Give the folder that the verifier lies in."""
    return Path(__file__).resolve().parent
