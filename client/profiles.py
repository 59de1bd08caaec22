"""Who the caller is: a profile in `~/.config/rogatory/config.toml`, mode 0600.

    default = "QM-preparer"

    [profiles.QM-preparer]
    gateway = "https://gateway.mlat.example"   # the issuer of its tokens
    ca = "/etc/rogatory/gateway-ca.pem"        # trusted for this gateway, and nothing else is
    client_id = "urn:rogatory:QM:preparer"
    key = "/etc/rogatory/client.jwk"           # private JWK (ES256, PS256, Ed25519): who it is
    dpop_key = "/etc/rogatory/dpop.jwk"        # private JWK: binds its tokens
    officer_key = "/etc/rogatory/officer.key"  # optional: signs approvals
    officer = "A. Example"                     # optional: the officer's name in the registry
    root = "/etc/rogatory/root.json"           # optional: the pinned root of the directory

A path that is not absolute counts from the folder of the configuration.
"""

from __future__ import annotations

import os
import stat
import tomllib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from client.errors import UsageError, unreadable
from shared.protocol.canonical import Json, encode, read
from shared.protocol.errors import FormatError

OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
"""Permissions that nobody but the owner may have."""
_PATHS: Final = ("ca", "key", "dpop_key", "officer_key", "root")
_REQUIRED: Final = ("gateway", "ca", "client_id", "key", "dpop_key")


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A registered client of one gateway; paths are absolute."""

    name: str
    gateway: str
    ca: Path
    client_id: str
    key: Path
    dpop_key: Path
    officer_key: Path | None = None
    officer: str | None = None
    root: Path | None = None


def config_path() -> Path:
    """Give the place of the configuration file."""
    return Path.home() / ".config" / "rogatory" / "config.toml"


def load(path: Path, name: str | None) -> Profile:
    """Read a profile, the default one if none is named.

    Raises:
        UsageError: no such file or profile, others may read it, or it is not complete.
    """
    document = _document(path)
    chosen = name or document.get("default")
    profiles = document.get("profiles", {})
    if not isinstance(chosen, str) or not isinstance(profiles, dict) or chosen not in profiles:
        known = ", ".join(sorted(profiles)) if isinstance(profiles, dict) else ""
        raise UsageError(
            f"{path} has no profile {chosen or '(none is the default)'}; it has: {known or 'none'}",
            code="no_profile",
            next_step="name one with --profile, or make one with `rogatory login`",
        )
    return _profile(chosen, profiles[chosen], path)


def save(path: Path, profile: Profile) -> None:
    """Add or replace a profile and make it the default; the file is written whole, mode 0600."""
    document = _document(path) if path.exists() else {}
    profiles = document.get("profiles", {})
    assert isinstance(profiles, dict)
    profiles[profile.name] = {
        field: str(value)
        for field, value in asdict(profile).items()
        if field != "name" and value is not None
    }
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    part = path.with_name(path.name + ".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(_toml(profile.name, profiles))
    part.replace(path)


def read_lab(lab: Path, country: str, client: str, *, name: str | None = None) -> Profile:
    """Take a client of a laboratory from the `lab.json` that `make lab` writes.

    The profile's name is `COUNTRY-CLIENT` unless one is given.

    Raises:
        UsageError: the file is not such a file, or has no such node or client.
    """
    document = read_json(lab)
    try:
        node = _object(_object(document["nodes"])[country])
        found = _object(_object(node["clients"])[client])
        fields = {name: found.get(name) for name in ("client_id", "key", "dpop_key")}
        fields |= {"gateway": node["gateway"], "ca": node["ca"]}
    except KeyError as error:
        raise UsageError(f"{lab} has no {error.args[0]}", code="not_in_lab") from error
    optional = {"officer_key": found.get("officer_key"), "officer": found.get("officer")}
    given = {**fields, **optional, "root": document.get("root")}
    members = {key: value for key, value in given.items() if value is not None}
    return _profile(name or f"{country}-{client}", members, lab.absolute())


def read_json(path: Path) -> dict[str, Json]:
    """Read a file that holds one JSON object.

    Raises:
        UsageError: there is none, or it is something else.
    """
    try:
        return _object(read(path.read_bytes()))
    except OSError as error:
        raise unreadable(path, error) from error
    except FormatError as error:
        raise UsageError(
            f"{path}: {error.detail}",
            code="not_json",
            next_step="it must hold one JSON object; `rogatory request template` prints a draft",
        ) from error


def _object(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise FormatError("a JSON object is wanted here")
    return value


def _document(path: Path) -> dict[str, object]:
    try:
        mode = path.stat().st_mode
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UsageError(
            f"{path} cannot be read: {error.strerror}",
            code="no_profile",
            next_step="make a profile with `rogatory login`",
        ) from error
    except ValueError as error:
        raise UsageError(f"{path} is not TOML: {error}", code="bad_profile") from error
    if mode & OTHERS:
        raise UsageError(
            f"{path} may be read or changed by others",
            code="profile_open",
            next_step=f"chmod 600 {path}",
        )
    return document


def _profile(name: str, members: object, path: Path) -> Profile:
    if not isinstance(members, dict) or not all(isinstance(each, str) for each in members.values()):
        raise UsageError(f"{path}: profile {name} must hold texts", code="bad_profile")
    missing = [field for field in _REQUIRED if field not in members]
    unknown = sorted(members.keys() - Profile.__dataclass_fields__.keys())
    if missing or unknown:
        flaw = f"lacks {', '.join(missing)}" if missing else f"has unknown {', '.join(unknown)}"
        raise UsageError(f"{path}: profile {name} {flaw}", code="bad_profile")
    paths = {field: path.parent / members[field] for field in _PATHS if field in members}
    return Profile(**{"name": name, **members, **paths})


def _toml(default: str, profiles: dict[str, dict[str, str]]) -> bytes:
    """Write TOML: its basic strings are JSON strings."""
    lines = [b"default = " + encode(default)]
    for name in sorted(profiles):
        lines.append(b"\n[profiles." + encode(name) + b"]")
        lines += [
            field.encode() + b" = " + encode(value) for field, value in profiles[name].items()
        ]
    return b"\n".join(lines) + b"\n"
