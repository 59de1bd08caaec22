"""What the directory says about each country, and how to check it years later (spec/trust.md).

A member document is a target of a TUF repository, signed in the role `country-XX` that the root's
`targets` role delegated. A trust bundle carries all of it, so that a court needs no network and no
clock: signatures are checked from a pinned root, and a key is judged at the time that was logged.
Expiry, rollback and freeze belong to the live path, the gateway's TUF client.
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Targets

from shared.protocol import canonical, jose
from shared.protocol.agreements import PairName, check_files, check_named
from shared.protocol.checkpoints import Checkpoint
from shared.protocol.errors import FormatError, InconsistentLogError, TrustError
from shared.protocol.identifiers import Country, parse_country
from shared.protocol.identities import (
    ClosedLog,
    DatedKem,
    DatedSeal,
    LogIdentity,
    Maintenance,
    NamedLog,
    WitnessIdentity,
)
from shared.protocol.keys import KemPublic, SealPublic
from shared.protocol.rootchain import check_signed, follow_roots, read_metadata
from shared.protocol.suspensions import suspensions

MAX_MEMBER = 256 * 2**10  # bytes; a policy of thirty witnesses is 60 kB
MAX_BUNDLE = 8 * 2**20  # bytes

_STRICT = ConfigDict(strict=True, frozen=True, extra="forbid")


class Member(BaseModel):
    """What a country says about itself, in the directory's name."""

    model_config = _STRICT
    v: Literal[1] = 1
    country: str
    name: str
    status: Literal["active", "suspended", "left"]
    gateway: str
    issuer: str
    tls_anchors: tuple[str, ...]
    client_jwks: tuple[dict[str, str | int], ...]
    seal: tuple[DatedSeal, ...]
    kem: tuple[DatedKem, ...]
    bag_seal_ca: str
    log: LogIdentity
    closed_logs: tuple[ClosedLog, ...]
    witness: WitnessIdentity
    suites: tuple[str, ...]
    instruments: tuple[str, ...]
    contacts: dict[str, str]
    maintenance: Maintenance | None = None
    pairs: tuple[PairName, ...] = ()
    not_before: int
    not_after: int

    @classmethod
    def from_bytes(cls, data: bytes) -> "Member":
        """Read a member document and load every key in it.

        Raises:
            FormatError: not canonical, a member too few or too many, or a key that is none.
        """
        canonical.parse(data, max_size=MAX_MEMBER)
        try:
            member = cls.model_validate_json(data)
        except ValidationError as error:
            flaw = error.errors(include_input=False)[0]
            place = ".".join(str(part) for part in flaw["loc"])
            raise FormatError(f"member document: {place}: {flaw['msg']}") from error
        check_named(parse_country(member.country), member.pairs)
        for jwk in member.client_jwks:
            jose.public_key(jwk)
        for log in (member.log, *member.closed_logs):
            _ = log.witnessed_by
        _ = member.seal_keys, member.kem_keys
        return member

    def to_bytes(self) -> bytes:
        """Write the document in canonical JSON."""
        # What it does not mention stays unmentioned: it is written as it was read.
        return canonical.encode(self.model_dump(mode="json", exclude_unset=True, by_alias=True))

    @property
    def seal_keys(self) -> tuple[SealPublic, ...]:
        """Return all seal keys, whenever valid."""
        return tuple(dated.key for dated in self.seal)

    @property
    def kem_keys(self) -> tuple[KemPublic, ...]:
        """Return all keys to wrap for, whenever valid."""
        return tuple(dated.key for dated in self.kem)

    @property
    def log_origin(self) -> str:
        """Return the C2SP origin of the country's log."""
        return self.log.origin

    @property
    def log_vkeys(self) -> tuple[str, ...]:
        """Return the verifier keys of the country's log."""
        return self.log.vkeys

    def log_named(self, origin: str) -> NamedLog:
        """Return the country's log of this origin, open or closed; the open one if there is none."""
        return next((log for log in self.closed_logs if log.origin == origin), self.log)

    def check_follows(self, known: Checkpoint, new: Checkpoint) -> None:
        """Check that the log which the country now writes to follows another one that was known.

        Args:
            known: the last checkpoint that was accepted of the log before.
            new: a checkpoint of another log of the country.

        Raises:
            InconsistentLogError: the document does not say so, or it says that the log before ended
                before what was accepted of it, or otherwise.
        """
        before = self.log_named(known.origin)
        if before.origin != known.origin or new.origin != self.log_origin:
            raise InconsistentLogError(
                f"the directory does not say that {new.origin} follows {known.origin}",
                size=new.size,
            )
        before.check_end(known)

    def seal_keys_at(self, at: int) -> tuple[SealPublic, ...]:
        """Return the seal keys in force at a time (seconds since 1970)."""
        return tuple(dated.key for dated in self.seal if dated.nbf <= at < dated.exp)

    def kem_keys_at(self, at: int) -> tuple[KemPublic, ...]:
        """Return the keys to wrap for that are in force at a time."""
        return tuple(dated.key for dated in self.kem if dated.nbf <= at < dated.exp)

    def maintenance_at(self, at: int) -> Maintenance | None:
        """Return the maintenance during which the country takes nothing, if it is one at a time."""
        told = self.maintenance
        return told if told is not None and told.begin <= at < told.end else None

    def client_keys_at(self, at: int) -> tuple[jose.Jwk, ...]:
        """Return the keys with which the country's gateway authenticates at a time."""
        return tuple(jwk for jwk in self.client_jwks if _in_force(jwk, at))


def role_name(country: str) -> str:
    """Name the TUF role that may sign a country's document."""
    return f"country-{country}"


def target_path(country: str) -> str:
    """Name the one TUF target that the country's role may sign."""
    return f"members/{country}.json"


def write_bundle(
    *,
    roots: Sequence[bytes],
    targets: bytes,
    roles: Mapping[str, bytes],
    members: Mapping[str, bytes],
    pairs: Mapping[str, bytes] = MappingProxyType({}),
) -> bytes:
    """Write a trust bundle: the root history, `targets`, each country's role and document, agreements."""
    bundle: dict[str, canonical.Json] = {
        "v": 1,
        "roots": [canonical.b64u(root) for root in roots],
        "targets": canonical.b64u(targets),
        "roles": {name: canonical.b64u(role) for name, role in roles.items()},
        "members": {name: canonical.b64u(member) for name, member in members.items()},
    }
    if pairs:  # without any, the bundle stays what it was before there were agreements
        bundle["pairs"] = {path: canonical.b64u(content) for path, content in pairs.items()}
    return canonical.encode(bundle)


def read_bundle(data: bytes, pinned_root: bytes) -> dict[Country, Member]:
    """Check a trust bundle from a pinned root and return what it vouches for.

    Args:
        data: the bundle (canonical JSON, spec/trust.md, 4).
        pinned_root: a `N.root.json` that the verifier trusts, from outside.

    Raises:
        FormatError: it does not have the shape of a bundle.
        TrustError: a signature, threshold, role or digest does not hold.
    """
    parts = read_parts(data)
    root = follow_roots(pinned_root, parts.roots)
    targets = read_metadata(parts.targets, Targets)
    check_signed("targets", targets, root.signed)
    members = {
        parse_country(name): _member(name, document, targets.signed, parts.roles)
        for name, document in parts.members.items()
    }
    check_files(parts.pairs, {name: member.pairs for name, member in members.items()})
    return {**members, **_suspended(members, suspensions(targets.signed))}


def read_roots(data: bytes) -> tuple[bytes, ...]:
    """Give the history of roots that a bundle carries; nothing about it is proven."""
    return read_parts(data).roots


def find_member(members: Mapping[Country, Member], country: str) -> Member:
    """Give the document of a country.

    Raises:
        TrustError: the directory has none.
    """
    member = members.get(Country(country))
    if member is None:
        raise TrustError(f"the directory does not know {country}", country=country)
    return member


def _suspended(members: Mapping[Country, Member], named: Collection[str]) -> dict[Country, Member]:
    """Give the members whom the list of countries suspends, whatever they say of themselves."""
    return {
        country: member.model_copy(update={"status": "suspended"})
        for country, member in members.items()
        if country in named
    }


class _Bundle(BaseModel):
    model_config = _STRICT
    v: Literal[1]
    roots: tuple[str, ...]
    targets: str
    roles: dict[str, str]
    members: dict[str, str]
    pairs: Annotated[dict[str, str], Field(min_length=1)] = {}  # not there, rather than empty


class Parts(BaseModel):
    """The files of a bundle; nothing about them is proven."""

    roots: tuple[bytes, ...]
    targets: bytes
    roles: dict[str, bytes]
    members: dict[str, bytes]
    pairs: dict[str, bytes]


def read_parts(data: bytes) -> Parts:
    """Take a bundle apart.

    Raises:
        FormatError: it does not have the shape of a bundle.
    """
    canonical.parse(data, max_size=MAX_BUNDLE)
    try:
        bundle = _Bundle.model_validate_json(data)
    except ValidationError as error:
        raise FormatError("This is not a trust bundle.") from error
    return Parts(
        roots=tuple(canonical.unb64u(root) for root in bundle.roots),
        targets=canonical.unb64u(bundle.targets),
        roles={name: canonical.unb64u(role) for name, role in bundle.roles.items()},
        members={name: canonical.unb64u(member) for name, member in bundle.members.items()},
        pairs={path: canonical.unb64u(text) for path, text in bundle.pairs.items()},
    )


def _member(name: str, document: bytes, targets: Targets, roles: Mapping[str, bytes]) -> Member:
    role, path = role_name(name), target_path(name)
    if role not in roles:
        raise TrustError(f"The bundle lacks the signed role of {name}.", country=name)
    signed = read_metadata(roles[role], Targets)
    check_signed(role, signed, targets)
    delegated = targets.get_delegated_role(role)
    if getattr(delegated, "paths", None) != [path] or path not in signed.signed.targets:
        raise TrustError(f"The role {role} may not sign {path}, or does not.", country=name)
    try:
        signed.signed.targets[path].verify_length_and_hashes(document)
    except RepositoryError as error:
        raise TrustError(f"{path} is not the document that was signed.", country=name) from error
    member = Member.from_bytes(document)
    if member.country != name:
        raise TrustError(f"{path} speaks for {member.country}.", country=name)
    return member


def _in_force(jwk: Mapping[str, str | int], at: int) -> bool:
    nbf, exp = jwk.get("nbf", 0), jwk.get("exp", at + 1)
    return isinstance(nbf, int) and isinstance(exp, int) and nbf <= at < exp
