"""Write an export: a folder that proves itself in a clean environment, in twenty years, to anybody.

export.json, README.txt          what it is, and how it is verified
verify.py                        verifies it with Python alone, offline
MANIFEST-SHA256, MANIFEST-SHA3-512   digests of every other file, for `sha256sum -c` and the like
checkpoint, directory.json, …    as in a mirror (client.oversight.mirror), or the entries of a case
root.json, keys.txt, policy.txt  the root that was pinned, the log's keys and its policy
timestamps/*.note, *.tst         what was stamped and the token, as `openssl ts` takes them
openings.json                    what commitments stand for, if that was asked for
specs/                           the specifications of every format in it
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Final

from client.errors import StateError
from client.oversight.bundles import Source, common_files, one_case, whole_log
from client.oversight.mirror import CHECKPOINT, Mirror
from client.oversight.openings import Openings
from client.oversight.proving import head
from client.oversight.sheet import verifier
from client.oversight.trusting import read_trust
from shared.protocol.canonical import Json, encode
from shared.protocol.checkpoints import read_checkpoint
from shared.protocol.notes import read_note
from shared.protocol.timestamps import parse_stamp

MANIFESTS: Final = {"MANIFEST-SHA256": "sha256", "MANIFEST-SHA3-512": "sha3_512"}
_README: Final = """\
This folder is an export of {what} of {origin}, the audit log of {country}, with {size} entries.

It proves itself. With Python 3.10 or newer, and nothing else (no network, no other package):

  python3 verify.py --root ROOT      ROOT is the root of the directory, from a source that you trust;
                                     or --root-sha256 HEX, its fingerprint as it was read out to you

verify.py checks every file, the directory, signatures by Ed25519, the tree, the proofs, order and numbers.
What it cannot check it says: signatures by ML-DSA-44, and time stamps. Those of a whole log are checked by
`rogatory audit verify FOLDER --root ROOT`, or by a program of your own after specs/. With stock tools:

  sha256sum -c MANIFEST-SHA256
  openssl ts -verify -in timestamps/N.tst -token_in -data timestamps/N.note -CAfile AUTHORITIES

Formats: specs/, and C2SP (signed-note, tlog-checkpoint, tlog-cosignature, tlog-tiles, tlog-proof,
tlog-policy; commit 5ba5ee83), RFC 6962, RFC 8032, RFC 8785, RFC 3161, FIPS 204.
"""


@dataclass(slots=True, kw_only=True)
class Written:
    """The export as it is written: digests by manifest and path."""

    folder: Path
    digests: dict[str, dict[str, str]] = field(
        default_factory=lambda: {name: {} for name in MANIFESTS}
    )
    size: int = 0

    def write(self, path: str, content: bytes) -> None:
        """Write a file and take its digests."""
        place = self.folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
        self.size += len(content)
        for name, algorithm in MANIFESTS.items():
            self.digests[name][path] = hashlib.new(algorithm, content).hexdigest()

    def finish(self) -> None:
        """Write the manifests."""
        for name, digests in self.digests.items():
            lines = [f"{digests[path]}  {path}\n" for path in sorted(digests)]
            (self.folder / name).write_bytes("".join(lines).encode())

    @property
    def count(self) -> int:
        """How many files there are, but for the manifests."""
        return len(self.digests["MANIFEST-SHA256"])


def export(
    mirror: Mirror,
    folder: Path,
    *,
    pinned_root: bytes,
    case_id: str | None = None,
    openings: Openings | None = None,
) -> Written:
    """Write an export of a mirror, or of one case in it, into an empty folder.

    Args:
        mirror: its newest checkpoint is checked; the rest may be what convicts the log.
        folder: for the export.
        pinned_root: of the directory.
        case_id: a request's id; None for the whole log.
        openings: of what was asked for.

    Raises:
        StateError: there is something in the folder.
        MissingError: the log says nothing of the case.
        ProtocolError: the directory or the newest checkpoint does not hold.
    """
    if folder.exists() and any(folder.iterdir()):
        raise StateError(
            f"{folder} is not empty", code="not_empty", next_step="name a folder that is not there"
        )
    note = mirror.read(CHECKPOINT).decode("utf-8", "replace")
    keys = read_trust(mirror, pinned_root).log(read_checkpoint(read_note(note).text).origin)
    source = Source(newest=head(mirror, note, keys), keys=keys)
    told, own = whole_log(source) if case_id is None else one_case(source, case_id)
    written = Written(folder=folder)
    rest = (common_files(source, pinned_root), own, _stamps(mirror), _papers(told))
    for path, content in (each for part in rest for each in part):
        written.write(path, content)
    if openings is not None:
        written.write("openings.json", openings.to_bytes())
    written.finish()
    return written


def _papers(told: dict[str, Json]) -> Iterator[tuple[str, bytes]]:
    """What says of itself: the description, the verifier, the specifications."""
    what = "the whole" if told["kind"] == "log" else "one case"
    yield "export.json", encode(told)
    readme = _README.format(
        what=what, **{name: told[name] for name in ("origin", "country", "size")}
    )
    yield "README.txt", readme.encode()
    yield "verify.py", verifier()
    for each in sorted(_specs(), key=lambda path: path.name):
        yield f"specs/{each.name}", each.read_bytes()


def _specs() -> Iterable[Path]:
    return (
        each
        for each in Path(str(files("shared.protocol") / "spec")).iterdir()
        if each.suffix == ".md"
    )


def _stamps(mirror: Mirror) -> Iterator[tuple[str, bytes]]:
    """Give the time stamps, and what `openssl ts` needs of each."""
    for path in sorted((mirror.folder / "timestamps").glob("*.json")):
        stamp = parse_stamp(path.read_bytes())
        yield f"timestamps/{path.name}", path.read_bytes()
        yield f"timestamps/{path.stem}.note", stamp.note.encode()
        yield f"timestamps/{path.stem}.tst", stamp.token
