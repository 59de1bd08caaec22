"""The trust repository (TUF) on disk: who vouches for which country.

    root       5 keys, 3 needed, offline, a year      names the keys of the roles below
    targets    3 keys, 2 needed, offline, 90 days     delegates members/XX.json to country-XX
    country-XX the country's own keys, 90 days        signs its member document, nothing else
    snapshot   1 key, online, 48 hours                fixes the versions of targets and countries
    timestamp  1 key, online, 24 hours                fixes the snapshot: nothing older is served

The folder is served as it stands (`metadata/`, `targets/`). Files are written once under a name
with version or digest; only `timestamp.json` is replaced, last, so a reader never sees half.
What is put there without the signatures that it needs is passed over, so that it harms nobody.
See shared/protocol/spec/trust.md.
"""

import os
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from cryptography.hazmat.primitives.serialization import load_pem_private_key
from securesystemslib.signer import CryptoSigner
from tuf.api.metadata import Metadata, MetaFile, Root, Snapshot, T, Targets, Timestamp

from shared.protocol.ceremonies import SNAPSHOT_LIFE, TIMESTAMP_LIFE
from shared.protocol.errors import TrustError
from shared.protocol.holdings import Holdings

RESIGN_TIMESTAMP = timedelta(hours=1)  # age
RESIGN_SNAPSHOT = timedelta(hours=24)  # age
ENDS_SOON = timedelta(days=30)
_LIVES = {
    "snapshot": (SNAPSHOT_LIFE, RESIGN_SNAPSHOT),
    "timestamp": (TIMESTAMP_LIFE, RESIGN_TIMESTAMP),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlineKeys:
    """The keys of the directory process; they can withhold or freeze, never forge."""

    snapshot: CryptoSigner
    timestamp: CryptoSigner

    @classmethod
    def generate(cls) -> "OnlineKeys":
        """Draw both keys."""
        return cls(
            snapshot=CryptoSigner.generate_ed25519(), timestamp=CryptoSigner.generate_ed25519()
        )


def read_signer(pem: bytes) -> CryptoSigner:
    """Load a signer from what `CryptoSigner.private_bytes` gave (PKCS #8 PEM)."""
    return CryptoSigner(load_pem_private_key(pem, None))


def refresh(folder: Path, *, online: OnlineKeys, now: datetime) -> bool:
    """Publish what countries have signed since, and keep the short-lived roles fresh.

    A role that its country's key did not sign is left out, so that a stray file harms nobody.

    Returns:
        Whether anything was signed.

    Raises:
        TrustError: the newest root names other keys than these; what they sign would stop everybody.
    """
    held = _holdings(folder)
    root = held.root().signed
    _check_seat(root, "snapshot", online.snapshot)
    _check_seat(root, "timestamp", online.timestamp)
    current = _newest(folder, "snapshot", Snapshot)
    meta = _meta(held, root, current)
    if current is None or _is_stale(root, "snapshot", current, now) or current.signed.meta != meta:
        version = 1 if current is None else current.signed.version + 1
        snapshot = Snapshot(version=version, expires=now + SNAPSHOT_LIFE, meta=meta)
        current = Metadata(snapshot)
        _sign(folder, "snapshot", current, online.snapshot)
    return _refresh_timestamp(folder, root, current.signed.version, online.timestamp, now)


def ending(folder: Path, now: datetime) -> list[tuple[str, datetime]]:
    """Name the roles that people have to renew within 30 days, and when each ends."""
    held = _holdings(folder)
    root = held.root().signed
    expires = {"root": root.expires}
    targets = held.newest("targets", root)
    if targets is not None:
        expires["targets"] = targets.signed.expires
        for name in _delegated(targets.signed):
            role = held.newest(name, targets.signed)
            if role is not None:
                expires[name] = role.signed.expires
    return [(role, at) for role, at in expires.items() if at <= now + ENDS_SOON]


def _delegated(targets: Targets) -> Collection[str]:
    delegations = targets.delegations
    return (delegations.roles or {}) if delegations is not None else ()


def _refresh_timestamp(
    folder: Path, root: Root, snapshot_version: int, signer: CryptoSigner, now: datetime
) -> bool:
    path = folder / "metadata" / "timestamp.json"
    version = 1
    if path.exists():
        current = Metadata[Timestamp].from_file(str(path))
        fresh = not _is_stale(root, "timestamp", current, now)
        if fresh and current.signed.snapshot_meta.version == snapshot_version:
            return False
        version = current.signed.version + 1
    timestamp = Timestamp(
        version=version, expires=now + TIMESTAMP_LIFE, snapshot_meta=MetaFile(snapshot_version)
    )
    metadata = Metadata(timestamp)
    metadata.sign(signer)
    _write(path, metadata.to_bytes())
    return True


def _is_stale(root: Root, role: str, metadata: Metadata[T], now: datetime) -> bool:
    """Whether a role is due: by its age, or because the root names another key since."""
    life, age = _LIVES[role]
    if metadata.signed.expires - life + age <= now:
        return True
    signed = root.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
    return not signed.verified


def _check_seat(root: Root, role: str, signer: CryptoSigner) -> None:
    if signer.public_key.keyid not in root.roles[role].keyids:
        raise TrustError(f"The root names another key for {role} than this process has.")


def _meta(held: Holdings, root: Root, current: Metadata[Snapshot] | None) -> dict[str, MetaFile]:
    """Say which versions count now; what was named once stays named, and never goes back.

    So TUF wants it (5.5.5 of the specification): a client takes no snapshot that a role has vanished
    from. The role of an expelled country stays where it was, and `targets` no longer delegates to it.
    """
    meta = dict(current.signed.meta) if current is not None else {}
    for name, version in _vouched(held, root).items():
        before = meta.get(f"{name}.json")
        if before is None or before.version < version:
            meta[f"{name}.json"] = MetaFile(version)
    return meta


def _vouched(held: Holdings, root: Root) -> dict[str, int]:
    """Return the newest good version of `targets`, and of each role of a country that it vouches for."""
    targets = held.newest("targets", root)
    if targets is None:
        return {}
    vouched = {"targets": targets.signed.version}
    for name in _delegated(targets.signed):
        role = held.newest(name, targets.signed)
        if role is not None:
            vouched[name] = role.signed.version
    return vouched


def _holdings(folder: Path) -> Holdings:
    def read(role: str, version: int) -> bytes:
        return (folder / "metadata" / f"{version}.{role}.json").read_bytes()

    return Holdings(versions=_versions(folder), read=read)


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


def _sign(folder: Path, role: str, metadata: Metadata[T], signer: CryptoSigner) -> None:
    metadata.sign(signer)
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
