"""The trust repository as a folder: what in it holds, and what may be added to it.

The folder is a copy of what the directory serves, carried to where the keys are. Only what is signed as
it must be is believed; a pinned root says where trust begins.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from tuf.api.metadata import Metadata, Root, Targets

from client.errors import StateError
from client.federation.documents import check_apart, check_fit, check_pairs
from shared.protocol import ceremonies, trust
from shared.protocol.agreements import check_file, digest_of
from shared.protocol.drafts import Draft, check_document, country_of
from shared.protocol.errors import ProtocolError, TrustError
from shared.protocol.holdings import Holdings
from shared.protocol.suspensions import suspensions

ORDER = {"root": 0, "targets": 1}  # then countries


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What holds in a repository: nothing yet, or root, list of countries, roles and documents."""

    root: Root | None = None
    targets: Targets | None = None
    roles: Mapping[str, Targets]
    members: Mapping[str, trust.Member]
    latest: Mapping[str, int]  # the highest version of each country's role that lies there
    files: Mapping[str, bytes] = field(default_factory=dict)  # profiles of pairs, by path

    def delegator(self, role: str) -> Root | Targets:
        """Give what names the keys of a role.

        Raises:
            StateError: there is nothing yet that could.
        """
        if self.root is None:
            raise StateError(
                f"nobody can sign {role} before there is a root",
                code="no_root",
                next_step="give the draft of the root along with it",
            )
        if role in {"root", "targets"}:
            return self.root
        return self.needed_targets

    @property
    def needed_root(self) -> Root:
        """Give the root; StateError if there is none."""
        if self.root is None:
            raise StateError("there is no root yet", code="no_root")
        return self.root

    @property
    def needed_targets(self) -> Targets:
        """Give the list of countries; StateError if there is none."""
        if self.targets is None:
            raise StateError("there is no list of countries yet", code="no_targets")
        return self.targets

    @property
    def countries(self) -> Sequence[str]:
        """Name those that may sign a document, in order."""
        delegations = self.targets.delegations if self.targets is not None else None
        roles = (delegations.roles or {}) if delegations is not None else {}
        return sorted(country_of(name) for name in roles)

    @property
    def suspended(self) -> frozenset[str]:
        """Name those that are suspended."""
        return frozenset(suspensions(self.targets)) if self.targets is not None else frozenset()

    def laid_over(self, drafts: Iterable[Draft]) -> Held:
        """Give what would hold with these drafts, whoever has signed them."""
        held = self
        for draft in _from_the_root(drafts):
            held = held._with(draft)
        return held

    def _with(self, draft: Draft) -> Held:
        signed = draft.metadata.signed
        if isinstance(signed, Root):
            return replace(self, root=signed)
        if draft.role == "targets":
            return replace(self, targets=signed)
        country = country_of(draft.role)
        return replace(
            self,
            roles={**self.roles, country: signed},
            members={**self.members, country: check_document(draft)},
            latest={**self.latest, country: signed.version},
            files={**self.files, **draft.files},
        )


def read_held(folder: Path, pinned: bytes | None = None) -> Held:
    """Read what holds in a folder.

    Args:
        folder: with `metadata/` and `targets/members/`; it need not exist yet.
        pinned: a root that is trusted from outside; the history must hold it.

    Raises:
        TrustError: the first root is not signed by itself, or the pinned one is not in the history.
    """
    holdings, files = _holdings(folder), _files(folder)
    if not holdings.versions.get("root"):
        return Held(roles={}, members={}, latest={}, files=files)
    if pinned is not None and pinned not in holdings.roots():
        raise TrustError("The pinned root is not in the history of this repository.")
    root = holdings.root().signed
    targets = holdings.newest("targets", root)
    latest = {name: max(each) for name, each in holdings.versions.items()}
    held = Held(
        root=root,
        targets=targets.signed if targets else None,
        roles={},
        members={},
        latest={country_of(name): n for name, n in latest.items() if name.startswith("country-")},
        files=files,
    )
    found = {country: _member(folder, holdings, held, country) for country in held.countries}
    there = {country: pair for country, pair in found.items() if pair is not None}
    return replace(
        held,
        roles={country: role for country, (role, _) in there.items()},
        members={country: member for country, (_, member) in there.items()},
    )


def publish(folder: Path, drafts: Sequence[Draft], pinned: bytes | None = None) -> list[Path]:
    """Check drafts against what holds and add them; nothing is written unless all of them hold.

    Raises:
        TrustError: not signed by as many as it takes, or not the next version.
        StateError: a file of this version is there already.
    """
    held = read_held(folder, pinned)
    for draft in _from_the_root(drafts):
        check_publishable(draft, held)
        held = held.laid_over([draft])
    _check_still_signed(folder, drafts, held)
    # The root last: what it does not vouch for yet is passed over, so that a crash between two files
    # leaves what held before. Commit point: each file by itself; publishing again goes on from there.
    return [path for draft in reversed(_from_the_root(drafts)) for path in _write(folder, draft)]


def add_files(folder: Path, files: Mapping[str, bytes]) -> list[Path]:
    """Add profiles of pairs; until a country's document names them, they are passed over.

    Raises:
        FormatError: a path that is none of a profile.
        TrustError: a profile is not the one that its path names.
    """
    for path, content in files.items():
        check_file(content, digest_of(path))
    return [_put(folder / "targets" / path, content) for path, content in files.items()]


def check_publishable(draft: Draft, held: Held) -> None:
    """Check that a draft is the next version of its role, and signed by as many as it takes.

    Raises:
        TrustError: it is not.
    """
    metadata = draft.metadata
    if draft.role == "root":
        assert isinstance(metadata.signed, Root)
        ceremonies.check_root(Metadata(metadata.signed, metadata.signatures), held.root)
        return
    assert isinstance(metadata.signed, Targets)
    role = Metadata(metadata.signed, metadata.signatures)
    if draft.role == "targets":
        ceremonies.check_targets(role, root=held.needed_root, before=held.targets)
        return
    country = country_of(draft.role)
    after = held.latest.get(country, 0)
    ceremonies.check_role(country, role, targets=held.needed_targets, after=after)
    member = check_document(draft)
    check_fit(member)
    check_apart(member, held.members)
    check_pairs(member, {**held.files, **draft.files})


def _from_the_root(drafts: Iterable[Draft]) -> list[Draft]:
    return sorted(drafts, key=lambda each: ORDER.get(each.role, len(ORDER)))


def _check_still_signed(folder: Path, drafts: Sequence[Draft], held: Held) -> None:
    """A new root must not leave the list of countries without a valid signature."""
    roles = {draft.role for draft in drafts}
    if "root" not in roles or "targets" in roles or held.targets is None:
        return
    if _holdings(folder).newest("targets", held.needed_root) is None:
        raise TrustError(
            "The new root names other keys for the list of countries: it has to be signed anew,"
            " and published together with the root."
        )


def _member(
    folder: Path, holdings: Holdings, held: Held, country: str
) -> tuple[Targets, trust.Member] | None:
    role = holdings.newest(trust.role_name(country), held.needed_targets)
    if role is None:
        return None
    path = folder / "targets" / "members" / ceremonies.target_name(country, role.signed)
    draft = Draft(role=trust.role_name(country), metadata=role, document=_document(path))
    try:
        return role.signed, check_document(draft)
    except ProtocolError:
        return None


def _files(folder: Path) -> Mapping[str, bytes]:
    """Read the profiles that are what their names say; a stray file harms nobody."""
    found: dict[str, bytes] = {}
    for each in sorted((folder / "targets" / "pairs").glob("*.toml")):
        path, content = f"pairs/{each.name}", each.read_bytes()
        with suppress(ProtocolError):
            check_file(content, digest_of(path))
            found[path] = content
    return found


def _document(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


def _holdings(folder: Path) -> Holdings:
    versions: dict[str, list[int]] = {}
    for path in (folder / "metadata").glob("*.*.json"):
        version, _, name = path.name.removesuffix(".json").partition(".")
        if version.isdecimal():
            versions.setdefault(name, []).append(int(version))

    def read(role: str, version: int) -> bytes:
        return (folder / "metadata" / f"{version}.{role}.json").read_bytes()

    return Holdings(versions={name: sorted(each) for name, each in versions.items()}, read=read)


def _write(folder: Path, draft: Draft) -> list[Path]:
    """Put the files of a draft in their places, each before what names it."""
    written = add_files(folder, draft.files)
    signed = draft.metadata.signed
    if draft.document is not None and isinstance(signed, Targets):
        name = ceremonies.target_name(country_of(draft.role), signed)
        written.append(_put(folder / "targets" / "members" / name, draft.document))
    place = folder / "metadata" / f"{signed.version}.{draft.role}.json"
    written.append(_put(place, draft.metadata.to_bytes()))
    return written


def _put(path: Path, content: bytes) -> Path:
    if path.exists() and path.read_bytes() != content:
        raise StateError(f"{path} is there already, with other content", code="published_otherwise")
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    with part.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    return path
