"""Invariant 1: plaintext evidence, file names and unkeyed digests are on no disk of a node.

And no log names people (I14). One file goes through both nodes; then every byte that either node
wrote, logs of the processes included, is searched for what must not be there. The receiving authority's
bag holds all of it, which shows that the search would find it.
"""

import hashlib
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.case import Case
from deploy.lab import Lab
from tests.system.test_case import carry

pytestmark = [pytest.mark.system, pytest.mark.timeout(240)]

NAME = "canary-sheet-6d1f.csv"
CONTENT = b"canary-content-9b42: paid in cash by the lighthouse keeper\n" * 40


def needles() -> dict[str, bytes]:
    """What must not be found, in the spellings that programs use."""
    digest = hashlib.sha256(CONTENT).digest()
    return {
        "file name": NAME.encode(),
        "file name without suffix": NAME.partition(".")[0].encode(),
        "content": CONTENT[:40],
        "digest, raw": digest,
        "digest, hex": digest.hex().encode(),
        "digest, base64": b64encode(digest).rstrip(b"="),
        "digest, base64url": urlsafe_b64encode(digest).rstrip(b"="),
    }


def found(folder: Path) -> set[str]:
    """Search every file below a folder; return what was found where."""
    return {
        f"{name} in {path.relative_to(folder)}"
        for path, content in contents(folder)
        for name, needle in needles().items()
        if needle in content
    }


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path, path.read_bytes()


def test_no_node_writes_evidence_names_or_digests(case: Case, lab: Lab, tmp_path: Path) -> None:
    sheet = tmp_path / NAME
    sheet.write_bytes(CONTENT)
    bag = carry(case, [sheet], tmp_path)
    in_bag = {finding.partition(" in ")[0] for finding in found(bag)}
    assert {"file name", "content", "digest, hex"} <= in_bag  # the search finds what is there
    assert found(lab.folder) == set()
    assert named(lab.folder) == []
    # And the logs took every event that the services brought.
    assert not [path for path, content in contents(lab.folder) if b"event_refused" in content]


def named(folder: Path) -> list[Path]:
    """Where a log keeps who acted in the clear: clients of the gateway, and officers (I14).

    Each of them did something that the logs have recorded by now.
    """
    people = [
        f"{word}{country}{dash}{role}".encode()
        for country in ("QM", "QN")
        for word, dash in (("urn:rogatory:", ":"), ("", "-"))
        for role in ("preparer", "approver", "privilege", "receiver")
    ]
    logs = [path for path in folder.rglob("*") if path.is_file() and "audit" in path.parts]
    assert any(path.suffix == ".sqlite" for path in logs)
    return [path for path in logs if any(each in path.read_bytes() for each in people)]
