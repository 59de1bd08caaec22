"""Hold a federation's first ceremony in one place, with all keys drawn here: for laboratories.

In production each key is drawn by who keeps it, and drafts go from hand to hand (CEREMONY.md); the same
steps are taken here, one after the other.
"""

import secrets
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from securesystemslib.signer import Key, Signer

from client.federation import drafting, folder, keyfiles, papers
from deploy.credentials import write_new
from services.directory.repository import OnlineKeys, refresh
from shared.protocol.ceremonies import ROOT_KEYS, TARGETS_KEYS
from shared.protocol.drafts import Draft

PASSPHRASE = "passphrase"  # noqa: S105 - the name of the file beside the keys
ROLE_KEY = "directory-role.key"


def hold(
    repository: Path,
    ceremony: Path,
    *,
    online: OnlineKeys,
    members: Mapping[str, bytes],
    files: Mapping[str, bytes],
    now: datetime,
) -> bytes:
    """Begin a repository with these countries' documents.

    Args:
        repository: the folder that the directory will serve.
        ceremony: where the offline keys go, each folder with a passphrase of its own.
        online: the keys of the directory process.
        members: each country's document.
        files: the profiles of pairs that the documents name, by path.
        now: from when it counts.

    Returns:
        The root that every node pins.
    """
    group = _draw(
        ceremony / "directory", _names("root", ROOT_KEYS) + _names("targets", TARGETS_KEYS)
    )
    root, targets = group[:ROOT_KEYS], group[ROOT_KEYS:]
    keys: dict[str, list[Key]] = {
        "root": [each.public_key for each in root],
        "targets": [each.public_key for each in targets],
        "snapshot": [online.snapshot.public_key],
        "timestamp": [online.timestamp.public_key],
    }
    folder.add_files(repository, files)
    held = folder.read_held(repository)
    drafts = drafting.begin(held, keys, now)
    for country, document in members.items():
        (signer,) = _draw(ceremony / country, [ROLE_KEY.removesuffix(".key")])
        drafts = _joined(held, drafts, document, signer, now)
    paper = papers.of(drafts)
    for each in group:
        paper.sign(each, held)
    folder.publish(repository, paper.drafts)
    refresh(repository, online=online, now=now)
    return (repository / "metadata" / "1.root.json").read_bytes()


def _joined(
    held: folder.Held, drafts: list[Draft], document: bytes, signer: Signer, now: datetime
) -> list[Draft]:
    """Let a country in, as it does by itself: it asks, proves its key, and is admitted."""
    request = drafting.ask(held, document, [signer.public_key], 1, now)
    papers.asking(request).sign(signer, held)
    others = [each for each in drafts if each.role != "targets"]
    list_ = drafting.admit(held.laid_over(drafts), request, now)
    list_.metadata.signed.version = 1  # nothing was published yet
    return [*others, list_, request.draft]


def _names(role: str, number: int) -> list[str]:
    return [f"{role}-{each}" for each in range(1, number + 1)]


def _draw(home: Path, names: list[str]) -> list[Signer]:
    passphrase = secrets.token_urlsafe(24)
    write_new(home / PASSPHRASE, f"{passphrase}\n".encode())
    drawn = keyfiles.draw(names, passphrase)
    for each in drawn:
        write_new(home / f"{each.name}.key", each.to_bytes())
    return [each.open(lambda _name: passphrase) for each in drawn]
