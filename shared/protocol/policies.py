"""Who must have cosigned a checkpoint before it is believed (C2SP tlog-policy).

A policy lists logs and witnesses, puts witnesses into groups of which k members must have cosigned,
and names one group or witness as the quorum. It is text that people write, so whatever is wrong with
it is said with its line.
"""

import re
from collections.abc import Callable, Iterable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from shared.protocol.checkpoints import read_decimal
from shared.protocol.cosignatures import COSIGNATURES, read_cosignatures
from shared.protocol.errors import FormatError, UnwitnessedError
from shared.protocol.notes import Algorithm, NoteVerifier

NONE = "none"
"""The quorum that needs no cosignature."""

MAX_POLICY = 2**19  # bytes; 64 ML-DSA-44 keys are 120 kB

_BLANK = re.compile(rb"[ \t]+")
_FORBIDDEN = re.compile(rb"[^\t\n\x20-\x7e\x80-\xff]")
_OPAQUE = "surrogateescape"  # octets that are no UTF-8 are kept apart, and never normalised


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyLog:
    """A log whose checkpoints the policy takes; its name is the name of its key."""

    vkey: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicyWitness:
    """A witness, under the name that the policy gives it; `url` is its submission prefix."""

    name: str
    vkey: str
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Has witnessed a checkpoint when at least `threshold` of its members have."""

    name: str
    threshold: int
    members: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """A policy as read: names are defined once and before they are used."""

    logs: tuple[PolicyLog, ...]
    witnesses: tuple[PolicyWitness, ...]
    groups: tuple[Group, ...]
    quorum: str

    def log_vkeys(self, origin: str) -> list[str]:
        """The keys of one log; more than one while they rotate, or of two algorithms."""
        return [each.vkey for each in self.logs if each.vkey.startswith(f"{origin}+")]


def satisfied(policy: Policy, names: AbstractSet[str]) -> bool:
    """Whether the witnesses of these names make up the quorum."""
    reached = {NONE} | {each.name for each in policy.witnesses if each.name in names}
    for group in policy.groups:  # members stand before their group
        if len(reached.intersection(group.members)) >= group.threshold:
            reached.add(group.name)
    return policy.quorum in reached


def cosigners(policy: Policy, note: str) -> dict[str, int]:
    """Which of the policy's witnesses have cosigned a note, and when last (seconds since 1970).

    Raises:
        SignatureError: a line that claims a witness's key does not hold.
        FormatError: it is no checkpoint.
    """
    names = {each.vkey: each.name for each in policy.witnesses}
    found: dict[str, int] = {}
    for each in read_cosignatures(note, names):
        name = names[each.vkey]
        found[name] = max(each.time, found.get(name, 0))
    return found


def check_quorum(policy: Policy, note: str) -> dict[str, int]:
    """Check that enough witnesses have cosigned a note; the log's own signatures are another check.

    Returns:
        Who has, and when last.

    Raises:
        UnwitnessedError: they do not make up the quorum.
        SignatureError: a line that claims a witness's key does not hold.
        FormatError: it is no checkpoint.
    """
    found = cosigners(policy, note)
    if not satisfied(policy, found.keys()):
        raise UnwitnessedError("the quorum has not cosigned it", quorum=policy.quorum)
    return found


def parse_policy(data: bytes) -> Policy:
    """Read a policy.

    Raises:
        FormatError: it is none; the fact `line` says where.
    """
    if len(data) > MAX_POLICY or not data.endswith(b"\n"):
        last = data.count(b"\n") + 1
        raise FormatError("the policy is too large, or its last line has no end", line=last)
    reader = _Reader()
    for number, line in enumerate(data.split(b"\n")[:-1], start=1):
        try:
            reader.read(line)
        except FormatError as error:
            detail = f"line {number} of the policy: {error.detail}"
            raise FormatError(detail, **{**error.facts, "line": number}) from error
    return reader.policy()


def format_policy(policy: Policy) -> bytes:
    """Write a policy; `parse_policy` reads the same again.

    Raises:
        FormatError: `parse_policy` would refuse it.
    """
    lines = [
        *(_line("log", each.vkey, each.url) for each in policy.logs),
        *(_line("witness", each.name, each.vkey, each.url) for each in policy.witnesses),
        *(_line("group", each.name, _threshold(each), *each.members) for each in policy.groups),
        _line("quorum", policy.quorum),
    ]
    data = "".join(lines).encode(errors=_OPAQUE)
    if parse_policy(data) != policy:
        raise FormatError("a name or an address of the policy holds white space")
    return data


def _line(*items: str | None) -> str:
    return " ".join(filter(None, items)) + "\n"


def _threshold(group: Group) -> str:
    return "all" if group.threshold == len(group.members) else str(group.threshold)


@dataclass(slots=True)
class _Reader:
    """What the lines read so far have defined."""

    logs: list[PolicyLog] = field(default_factory=list)
    witnesses: list[PolicyWitness] = field(default_factory=list)
    groups: list[Group] = field(default_factory=list)
    quorum: str | None = None
    _defined: set[str] = field(default_factory=lambda: {NONE})
    _free: set[str] = field(default_factory=set)  # defined, and a member of no group yet
    _log_keys: set[bytes] = field(default_factory=set)
    _witness_keys: set[bytes] = field(default_factory=set)

    def read(self, line: bytes) -> None:
        if _FORBIDDEN.search(line):
            raise FormatError("it holds a control character")
        text = line.strip(b" \t")
        if not text or text.startswith(b"#"):
            return
        keyword, *items = (each.decode(errors=_OPAQUE) for each in _BLANK.split(text))
        kinds: dict[str, Callable[[list[str]], None]] = {
            "log": self._log,
            "witness": self._witness,
            "group": self._group,
            "quorum": self._quorum,
        }
        if keyword not in kinds:
            raise FormatError("it defines neither log, witness, group nor quorum")
        kinds[keyword](items)

    def policy(self) -> Policy:
        if self.quorum is None:
            raise FormatError("the policy names no quorum")
        return Policy(
            logs=tuple(self.logs),
            witnesses=tuple(self.witnesses),
            groups=tuple(self.groups),
            quorum=self.quorum,
        )

    def _log(self, items: list[str]) -> None:
        (vkey,), url = _with_url(items, 1)
        self._add_key(vkey, self._log_keys, (Algorithm.ED25519, Algorithm.MLDSA44))
        self.logs.append(PolicyLog(vkey=vkey, url=url))

    def _witness(self, items: list[str]) -> None:
        (name, vkey), url = _with_url(items, 2)
        self._define(name)
        self._add_key(vkey, self._witness_keys, COSIGNATURES)
        self.witnesses.append(PolicyWitness(name=name, vkey=vkey, url=url))

    def _group(self, items: list[str]) -> None:
        if len(items) < len(("name", "threshold", "member")):
            raise FormatError("a group has a name, a threshold and members")
        name, threshold, *members = items
        for each in members:
            if each not in self._free:
                raise FormatError("a member is not defined before, or is one already")
            self._free.remove(each)
        self._define(name)
        number = {"all": len(members), "any": 1}.get(threshold) or read_decimal(threshold)
        if not 1 <= number <= len(members):
            raise FormatError("the threshold is not between 1 and the number of members")
        self.groups.append(Group(name=name, threshold=number, members=tuple(members)))

    def _quorum(self, items: list[str]) -> None:
        if len(items) != 1 or items[0] not in self._defined:
            raise FormatError("a quorum is one name that is defined before")
        if self.quorum is not None:
            raise FormatError("there is one quorum, and it stands there already")
        self.quorum = items[0]

    def _define(self, name: str) -> None:
        if name in self._defined:
            raise FormatError("this name is defined already")
        self._defined.add(name)
        self._free.add(name)

    def _add_key(self, vkey: str, known: set[bytes], kinds: Iterable[Algorithm]) -> None:
        """Take a key once; nor may a log stand as its own witness."""
        verifier = NoteVerifier.from_vkey(vkey)
        if verifier.algorithm not in kinds:
            raise FormatError("a key of this type does not sign here", name=verifier.name)
        if verifier.public in self._log_keys | self._witness_keys:
            raise FormatError("this key stands there already", name=verifier.name)
        known.add(verifier.public)


def _with_url(items: list[str], count: int) -> tuple[list[str], str | None]:
    if not count <= len(items) <= count + 1:
        raise FormatError("it has too few or too many parts")
    return items[:count], items[count] if len(items) > count else None
