"""The trust repository (TUF) on disk: who vouches for which country.

    root       5 keys, 3 needed, offline, a year      names the keys of the roles below
    targets    3 keys, 2 needed, offline, 90 days     delegates members/XX.json to country-XX
    country-XX the country's own key, 90 days         signs its member document, nothing else
    snapshot   1 key, online, 48 hours                fixes the versions of targets and countries
    timestamp  1 key, online, 24 hours                fixes the snapshot: nothing older is served

The folder is served as it stands (`metadata/`, `targets/`). Files are written once under a name
with version or digest; only `timestamp.json` is replaced, last, so a reader never sees half.
See shared/protocol/spec/trust.md.
"""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner, Key
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import (
    DelegatedRole,
    Delegations,
    Metadata,
    MetaFile,
    Root,
    Snapshot,
    T,
    TargetFile,
    Targets,
    Timestamp,
)

from shared.protocol import trust

ROOT_LIFE = timedelta(days=365)
TARGETS_LIFE = timedelta(days=90)
SNAPSHOT_LIFE = timedelta(hours=48)
TIMESTAMP_LIFE = timedelta(hours=24)
RESIGN_TIMESTAMP = timedelta(hours=1)  # age
RESIGN_SNAPSHOT = timedelta(hours=24)  # age


@dataclass(frozen=True, slots=True, kw_only=True)
class OfflineKeys:
    """The keys of the steering group: needed to begin, and when a country joins or leaves."""

    root: tuple[CryptoSigner, ...]
    targets: tuple[CryptoSigner, ...]

    @classmethod
    def generate(cls) -> "OfflineKeys":
        """Draw 5 root keys (3 needed) and 3 targets keys (2 needed)."""
        return cls(root=_draw(5), targets=_draw(3))


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineKeys:
    """The keys of the directory process; they can withhold or freeze, never forge."""

    snapshot: CryptoSigner
    timestamp: CryptoSigner

    @classmethod
    def generate(cls) -> "OnlineKeys":
        """Draw both keys."""
        snapshot, timestamp = _draw(2)
        return cls(snapshot=snapshot, timestamp=timestamp)


def read_signer(pem: bytes) -> CryptoSigner:
    """Load a signer from what `CryptoSigner.private_bytes` gave (PKCS #8 PEM)."""
    return CryptoSigner(load_pem_private_key(pem, None))


def create_repository(
    folder: Path,
    *,
    offline: OfflineKeys,
    online: OnlineKeys,
    countries: Mapping[str, Key],
    now: datetime,
) -> bytes:
    """Begin a repository with the public key of each country; no document is published yet.

    Returns:
        `1.root.json`, to be pinned by every node.
    """
    for part in ("metadata", "targets/members"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    root = Metadata(Root(expires=now + ROOT_LIFE, consistent_snapshot=True))
    _assign(root.signed, "root", offline.root, 3)
    _assign(root.signed, "targets", offline.targets, 2)
    _assign(root.signed, "snapshot", [online.snapshot], 1)
    _assign(root.signed, "timestamp", [online.timestamp], 1)
    _sign(folder, "root", root, offline.root)
    _sign(folder, "targets", _delegate(countries, now), offline.targets)
    refresh(folder, online=online, now=now)
    return (folder / "metadata" / "1.root.json").read_bytes()


def publish_member(folder: Path, document: bytes, *, signer: CryptoSigner, now: datetime) -> None:
    """Sign a member document with its country's key; the next `refresh` publishes it.

    Raises:
        FormatError: it is no member document.
    """
    country = trust.Member.from_bytes(document).country
    path = trust.target_path(country)
    target = TargetFile.from_data(path, document, ["sha256"])
    name = f"{target.hashes['sha256']}.{country}.json"
    _write(folder / "targets" / "members" / name, document)
    version = max(_versions(folder).get(trust.role_name(country), [0])) + 1
    role = Metadata(Targets(version=version, expires=now + TARGETS_LIFE, targets={path: target}))
    _sign(folder, trust.role_name(country), role, [signer])


def refresh(folder: Path, *, online: OnlineKeys, now: datetime) -> bool:
    """Publish what countries have signed since, and keep the short-lived roles fresh.

    A role that its country's key did not sign is left out, so that a stray file harms nobody.

    Returns:
        Whether anything was signed.
    """
    current = _newest(folder, "snapshot", Snapshot)
    meta = {f"{name}.json": MetaFile(version) for name, version in _vouched(folder).items()}
    stale = current is None or current.signed.expires - SNAPSHOT_LIFE + RESIGN_SNAPSHOT <= now
    if current is None or stale or current.signed.meta != meta:
        version = 1 if current is None else current.signed.version + 1
        snapshot = Snapshot(version=version, expires=now + SNAPSHOT_LIFE, meta=meta)
        current = Metadata(snapshot)
        _sign(folder, "snapshot", current, [online.snapshot])
    return _refresh_timestamp(folder, current.signed.version, online.timestamp, now)


def _refresh_timestamp(
    folder: Path, snapshot_version: int, signer: CryptoSigner, now: datetime
) -> bool:
    path = folder / "metadata" / "timestamp.json"
    version = 1
    if path.exists():
        current = Metadata[Timestamp].from_file(str(path)).signed
        fresh = current.expires - TIMESTAMP_LIFE + RESIGN_TIMESTAMP > now
        if fresh and current.snapshot_meta.version == snapshot_version:
            return False
        version = current.version + 1
    timestamp = Timestamp(
        version=version, expires=now + TIMESTAMP_LIFE, snapshot_meta=MetaFile(snapshot_version)
    )
    metadata = Metadata(timestamp)
    metadata.sign(signer)
    _write(path, metadata.to_bytes())
    return True


def _assign(root: Root, role: str, signers: Iterable[CryptoSigner], threshold: int) -> None:
    for signer in signers:
        root.add_key(signer.public_key, role)
    root.roles[role].threshold = threshold


def _delegate(countries: Mapping[str, Key], now: datetime) -> Metadata[Targets]:
    roles = {
        trust.role_name(country): DelegatedRole(
            trust.role_name(country), [key.keyid], 1, True, [trust.target_path(country)]
        )
        for country, key in countries.items()
    }
    delegations = Delegations({key.keyid: key for key in countries.values()}, roles)
    return Metadata(Targets(expires=now + TARGETS_LIFE, delegations=delegations))


def _vouched(folder: Path) -> dict[str, int]:
    """Return the newest version of `targets`, and of each role of a country that it vouches for."""
    targets = _newest(folder, "targets", Targets)
    assert targets is not None
    versions = {"targets": targets.signed.version}
    for name, found in sorted(_versions(folder).items()):
        good = (v for v in reversed(found) if _is_signed(folder, targets.signed, name, v))
        version = next(good, None) if name.startswith("country-") else None
        if version is not None:
            versions[name] = version
    return versions


def _is_signed(folder: Path, targets: Targets, name: str, version: int) -> bool:
    try:
        role = _read(folder, name, version, Targets)
        targets.verify_delegate(name, role.signed_bytes, role.signatures)
    except (RepositoryError, ValueError, TypeError):
        return False
    return role.signed.version == version


def _versions(folder: Path) -> dict[str, list[int]]:
    """Return the versions of each role that lie in the folder, ascending."""
    found: dict[str, list[int]] = {}
    for path in (folder / "metadata").glob("*.*.json"):
        version, name, _ = path.name.split(".")
        found.setdefault(name, []).append(int(version))
    return {name: sorted(versions) for name, versions in found.items()}


def _newest(folder: Path, role: str, kind: type[T]) -> Metadata[T] | None:
    versions = _versions(folder).get(role)
    return _read(folder, role, versions[-1], kind) if versions else None


def _read(folder: Path, role: str, version: int, kind: type[T]) -> Metadata[T]:
    metadata = Metadata[T].from_file(str(folder / "metadata" / f"{version}.{role}.json"))
    if not isinstance(metadata.signed, kind):
        message = f"{version}.{role}.json is not of type {kind.type}"
        raise TypeError(message)
    return metadata


def _sign(folder: Path, role: str, metadata: Metadata[T], signers: Iterable[CryptoSigner]) -> None:
    for signer in signers:
        metadata.sign(signer, append=True)
    path = folder / "metadata" / f"{metadata.signed.version}.{role}.json"
    _write(path, metadata.to_bytes())


def _write(path: Path, content: bytes) -> None:
    """Put a file in its place whole or not at all."""
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)


def _draw(number: int) -> tuple[CryptoSigner, ...]:
    return tuple(CryptoSigner.generate_ed25519() for _ in range(number))
