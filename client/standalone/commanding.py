"""`python3 verify.py [--root FILE | --root-sha256 HEX] [FOLDER]`: the checks of an export in order."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from client.standalone.common import (
    check_directories,
    check_evidence,
    check_files,
    check_newest,
    check_root,
    check_stamped,
    check_witnesses,
    here,
    leave_rest,
)
from client.standalone.entries import check_opening, read_leaf
from client.standalone.forms import demand, read_canonical
from client.standalone.onecase import check_one_case
from client.standalone.reporting import Folder, Report
from client.standalone.wholelog import check_whole_log, entry_of_tile


def verify_export(folder: Folder, pinned: bytes | None, digest: str | None) -> int:
    """Make all checks; give the exit code: 0 if what was checked holds, 3 if anything does not."""
    report = Report()
    with report.check("this is an export") as said:
        told = read_canonical(folder.read("export.json"))
        demand(told["v"] == 1 and told["kind"] in {"log", "case"}, "of another version")
        demand(folder.read("root.json") and isinstance(told["indices"], list), "it lacks its parts")
        said.append(f"of {'one case' if told['kind'] == 'case' else 'a whole log'}")
    if report.failed:
        return report.verdict()
    check_files(report, folder)
    check_root(report, folder, pinned, digest)
    logs = check_directories(report, folder)
    newest = check_newest(report, folder, logs, told) if logs.keys else None
    if newest is not None:
        check_witnesses(report, logs, newest)
        if told["kind"] == "log":
            check_whole_log(report, folder, logs, newest)
        else:
            check_one_case(report, folder, logs, newest, told)
        _check_openings(report, folder)
        check_evidence(report, folder, logs)
        check_stamped(report, folder, logs)
        leave_rest(report, folder, logs)
    return report.verdict()


def _check_openings(report: Report, folder: Folder) -> None:
    """Check that the entries commit to what was opened."""
    if "openings.json" not in folder.names():
        return
    with report.check("the entries commit to what is opened") as said:
        rows = read_canonical(folder.read("openings.json"))
        for row in rows:
            with report.object(f"entry {row['index']}"):
                leaf = read_leaf(_entry(folder, row["index"]))
                for opening in row["openings"]:
                    check_opening(leaf, opening)
        said.append(f"{len(rows)} entries")


def _entry(folder: Folder, index: int) -> bytes:
    """Give an entry, which has been checked, of either kind of export."""
    if not folder.names("tile"):
        return folder.read(f"entries/{index:08d}.leaf")
    return entry_of_tile(folder, index)


def run_verifier(words: list[str]) -> int:
    """Read the command line and make the checks."""
    parser = argparse.ArgumentParser(description="Verify an export offline, with Python alone.")
    parser.add_argument("folder", nargs="?", type=Path, default=here(), help="default: this one's")
    parser.add_argument("--root", type=Path, help="the directory's root, from a source you trust")
    parser.add_argument("--root-sha256", metavar="HEX", help="or its SHA-256")
    asked = parser.parse_args(words)
    try:
        pinned = asked.root.read_bytes() if asked.root else None
    except OSError as error:
        parser.error(f"{asked.root}: {error.strerror}")
    return verify_export(Folder(asked.folder), pinned, asked.root_sha256)


if __name__ == "__main__":
    sys.exit(run_verifier(sys.argv[1:]))
