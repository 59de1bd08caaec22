"""A trust repository made at once, with any key at hand: for those who then tamper with it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from securesystemslib.signer import CryptoSigner, Key
from tuf.api.metadata import Metadata, Root, Targets

from services.directory.repository import OnlineKeys, refresh
from shared.protocol import ceremonies, trust
from shared.protocol.ceremonies import (
    ROOT_KEYS,
    ROOT_THRESHOLD,
    TARGETS_KEYS,
    TARGETS_THRESHOLD,
    Office,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineKeys:
    """The keys of the steering group."""

    root: tuple[CryptoSigner, ...]
    targets: tuple[CryptoSigner, ...]

    @classmethod
    def generate(cls) -> "OfflineKeys":
        return cls(root=_draw(ROOT_KEYS), targets=_draw(TARGETS_KEYS))


def create_repository(
    folder: Path,
    *,
    offline: OfflineKeys,
    online: OnlineKeys,
    countries: Mapping[str, Key],
    now: datetime,
) -> bytes:
    """Begin a repository with the public key of each country; no document is published yet."""
    for part in ("metadata", "targets/members"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    offices = {
        "root": _office(offline.root, ROOT_THRESHOLD),
        "targets": _office(offline.targets, TARGETS_THRESHOLD),
        "snapshot": _office([online.snapshot], 1),
        "timestamp": _office([online.timestamp], 1),
    }
    put(folder, "root", ceremonies.first_root(offices, now), offline.root)
    targets = ceremonies.first_targets(now)
    for country, key in countries.items():
        targets = ceremonies.admit(targets.signed, country, Office(keys=(key,), threshold=1), now)
    targets.signed.version = 1
    put(folder, "targets", targets, offline.targets)
    refresh(folder, online=online, now=now)
    return (folder / "metadata" / "1.root.json").read_bytes()


def publish_member(folder: Path, document: bytes, *, signer: CryptoSigner, now: datetime) -> None:
    """Sign a document, fit or not, with any key; the next `refresh` publishes it."""
    country = trust.Member.from_bytes(document).country
    role = trust.role_name(country)
    found = [int(path.name.split(".")[0]) for path in (folder / "metadata").glob(f"*.{role}.json")]
    metadata = ceremonies.vouch(document, version=max(found, default=0) + 1, now=now)
    name = ceremonies.target_name(country, metadata.signed)
    (folder / "targets" / "members" / name).write_bytes(document)
    put(folder, role, metadata, [signer])


def put(
    folder: Path,
    role: str,
    metadata: Metadata[Root] | Metadata[Targets],
    signers: Sequence[CryptoSigner],
) -> None:
    """Sign a role and put it in its place."""
    for signer in signers:
        metadata.sign(signer, append=True)
    path = folder / "metadata" / f"{metadata.signed.version}.{role}.json"
    path.write_bytes(metadata.to_bytes())


def _office(signers: Iterable[CryptoSigner], threshold: int) -> Office:
    return Office(keys=tuple(signer.public_key for signer in signers), threshold=threshold)


def _draw(number: int) -> tuple[CryptoSigner, ...]:
    return tuple(CryptoSigner.generate_ed25519() for _ in range(number))
