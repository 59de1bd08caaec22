"""What the steering group and the countries sign: the next version of a role (spec/trust.md, 5).

Each function takes the version that is in force and gives the next one, unsigned. Who has signed it is
looked at by `signers`; whether it may be published, by `check_next`. Nothing here reads a clock or a disk.
"""

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from datetime import datetime, timedelta

from securesystemslib.signer import Key
from tuf.api.metadata import DelegatedRole, Delegations, Metadata, Root, TargetFile, Targets

from shared.protocol import trust
from shared.protocol.errors import TrustError
from shared.protocol.rootchain import check_signed
from shared.protocol.suspensions import SUSPENDED, Suspension, suspensions

ROOT_LIFE = timedelta(days=365)
TARGETS_LIFE = timedelta(days=90)
SNAPSHOT_LIFE = timedelta(hours=48)
TIMESTAMP_LIFE = timedelta(hours=24)

ROOT_KEYS, ROOT_THRESHOLD = 5, 3
TARGETS_KEYS, TARGETS_THRESHOLD = 3, 2

Offices = Mapping[str, "Office"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The keys of a role, and how many of them must sign."""

    keys: tuple[Key, ...]
    threshold: int

    def check(self, role: str) -> None:
        """Check that the keys differ and can reach the threshold.

        Raises:
            TrustError: they cannot, or one key would count twice.
        """
        different = {key.keyid for key in self.keys}
        if len(different) != len(self.keys):
            raise TrustError(f"A key of {role} is named twice.")
        if not 1 <= self.threshold <= len(self.keys):
            raise TrustError(f"{role} has {len(self.keys)} keys; {self.threshold} are to sign.")


def first_root(offices: Offices, now: datetime) -> Metadata[Root]:
    """Write the root that every node pins: keys and threshold of each of the four roles."""
    root = Root(expires=now + ROOT_LIFE, consistent_snapshot=True)
    for role, office in offices.items():
        _seat(root, role, office)
    return Metadata(root)


def next_root(current: Root, offices: Offices, now: datetime) -> Metadata[Root]:
    """Write the root that follows, with other keys for these roles; the others keep theirs.

    It needs the signatures of the threshold of the root before and of its own.
    """
    root = deepcopy(current)
    root.version, root.expires = current.version + 1, now + ROOT_LIFE
    for role, office in offices.items():
        for keyid in list(root.roles[role].keyids):
            root.revoke_key(keyid, role)
        _seat(root, role, office)
    return Metadata(root)


def _seat(root: Root, role: str, office: Office) -> None:
    office.check(role)
    for key in office.keys:
        root.add_key(key, role)
    root.roles[role].threshold = office.threshold


def first_targets(now: datetime) -> Metadata[Targets]:
    """Write the list of countries while there is none."""
    return Metadata(Targets(expires=now + TARGETS_LIFE, delegations=Delegations({}, {})))


def renewed(current: Targets, now: datetime) -> Metadata[Targets]:
    """Write the next list of countries, which says the same for another 90 days."""
    targets = deepcopy(current)
    targets.version, targets.expires = current.version + 1, now + TARGETS_LIFE
    return Metadata(targets)


def admit(current: Targets, country: str, office: Office, now: datetime) -> Metadata[Targets]:
    """Let a country sign its own document, with these keys; one that is in already gets these keys."""
    metadata = _without(current, country, now)
    role = trust.role_name(country)
    office.check(role)
    delegations = _delegations(metadata.signed)
    delegations.keys.update({key.keyid: key for key in office.keys})
    keyids = [key.keyid for key in office.keys]
    assert delegations.roles is not None
    delegations.roles[role] = DelegatedRole(
        role, keyids, office.threshold, True, [trust.target_path(country)]
    )
    return metadata


def expel(current: Targets, country: str, now: datetime) -> Metadata[Targets]:
    """Take a country out of the list: from then on no document of it counts."""
    _check_member(current, country)
    metadata = _without(current, country, now)
    kept = {name: each for name, each in suspensions(metadata.signed).items() if name != country}
    _write_suspensions(metadata.signed, kept)
    return metadata


def suspend(current: Targets, country: str, *, reason: str, now: datetime) -> Metadata[Targets]:
    """Suspend a country without its help; its document stays, for evidence that is there already."""
    _check_member(current, country)
    metadata = renewed(current, now)
    suspension = Suspension(since=int(now.timestamp()), reason=reason)
    _write_suspensions(metadata.signed, {**suspensions(current), country: suspension})
    return metadata


def resume(current: Targets, country: str, now: datetime) -> Metadata[Targets]:
    """End a suspension."""
    if country not in suspensions(current):
        raise TrustError(f"{country} is not suspended.", country=country)
    metadata = renewed(current, now)
    others = {name: each for name, each in suspensions(current).items() if name != country}
    _write_suspensions(metadata.signed, others)
    return metadata


def vouch(document: bytes, *, version: int, now: datetime) -> Metadata[Targets]:
    """Write the role with which a country signs its member document, and nothing else."""
    path = trust.target_path(trust.Member.from_bytes(document).country)
    target = TargetFile.from_data(path, document, ["sha256"])
    return Metadata(Targets(version=version, expires=now + TARGETS_LIFE, targets={path: target}))


def target_name(country: str, role: Targets) -> str:
    """Name the file in `targets/members/` that has the document which a role signs."""
    return f"{role.targets[trust.target_path(country)].hashes['sha256']}.{country}.json"


def office_of(delegator: Root | Targets, role: str) -> Office:
    """Give the keys that may sign a role, as its delegator names them."""
    if isinstance(delegator, Root):
        seat, keys = delegator.roles[role], delegator.keys
    else:
        delegations = _delegations(delegator)
        delegated = (delegations.roles or {}).get(role)
        if delegated is None:
            raise TrustError(f"The list of countries has no {role}.")
        seat, keys = delegated, delegations.keys
    return Office(keys=tuple(keys[each] for each in seat.keyids), threshold=seat.threshold)


def signers(
    role: str, metadata: Metadata[Root] | Metadata[Targets], delegator: Root | Targets
) -> frozenset[str]:
    """Give the ids of those keys of a role whose signatures hold.

    Raises:
        TrustError: the delegator does not know the role.
    """
    office_of(delegator, role)
    result = delegator.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
    return frozenset(result.signed)


def check_root(metadata: Metadata[Root], before: Root | None) -> None:
    """Check that a root follows the one before, signed by the thresholds of both.

    Raises:
        TrustError: it does not.
    """
    _check_version("root", metadata.signed.version, before.version if before else 0)
    check_signed("root", metadata, *([before] if before else []), metadata.signed)


def check_targets(metadata: Metadata[Targets], *, root: Root, before: Targets | None) -> None:
    """Check that a list of countries follows the one before and is signed by its threshold.

    Raises:
        TrustError: it does not, or is not.
    """
    _check_version("targets", metadata.signed.version, before.version if before else 0)
    suspensions(metadata.signed)
    check_signed("targets", metadata, root)


def check_role(country: str, metadata: Metadata[Targets], *, targets: Targets, after: int) -> None:
    """Check that a country's role follows the version before, and is signed by it, for its own path.

    Raises:
        TrustError: it does not, or is not.
    """
    role, path = trust.role_name(country), trust.target_path(country)
    _check_version(role, metadata.signed.version, after)
    if list(metadata.signed.targets) != [path]:
        raise TrustError(f"{role} signs {path} and nothing else.", country=country)
    check_signed(role, metadata, targets)


def _check_version(role: str, version: int, before: int) -> None:
    if version != before + 1:
        raise TrustError(f"{role} {version} does not follow {role} {before}.", version=version)


def _without(current: Targets, country: str, now: datetime) -> Metadata[Targets]:
    metadata = renewed(current, now)
    delegations, role = _delegations(metadata.signed), trust.role_name(country)
    roles = {name: each for name, each in (delegations.roles or {}).items() if name != role}
    used = {keyid for each in roles.values() for keyid in each.keyids}
    keys = {keyid: key for keyid, key in delegations.keys.items() if keyid in used}
    metadata.signed.delegations = Delegations(keys, roles)
    return metadata


def _delegations(targets: Targets) -> Delegations:
    if targets.delegations is None:
        raise TrustError("This list of countries delegates nothing.")
    return targets.delegations


def _check_member(targets: Targets, country: str) -> None:
    if trust.role_name(country) not in (_delegations(targets).roles or {}):
        raise TrustError(f"{country} is no member.", country=country)


def _write_suspensions(targets: Targets, found: Mapping[str, Suspension]) -> None:
    targets.unrecognized_fields.pop(SUSPENDED, None)
    if found:
        told = {name: each.model_dump(mode="json") for name, each in sorted(found.items())}
        targets.unrecognized_fields[SUSPENDED] = told
