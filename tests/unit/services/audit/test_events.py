"""The catalogue holds what the services record, and lets nothing of a person into a leaf (I14)."""

import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from services.audit import composition, events
from services.audit.catalogue import CATALOGUE
from services.audit.composition import Place
from services.audit.events import Event
from services.audit.eventtypes import COMMON, PERSONAL, EventType, Reason
from shared.protocol import leaves
from shared.protocol.errors import FormatError
from shared.runtime.refusals import NotAllowed

SERVICES = Path(__file__).resolve().parents[4] / "services"
FAMILIES = "|".join(sorted({name.partition(".")[0] for name in CATALOGUE}))
NAMED = sorted(
    {
        (service, name)
        for service in ("exchange", "gateway")
        for path in (SERVICES / service).rglob("*.py")
        for name in re.findall(rf'"((?:{FAMILIES})\.[a-z_]+)"', path.read_text())
        if not name.endswith((".id", ".json"))  # a column, a file
    }
)
REFUSALS = sorted(
    {
        code
        for path in SERVICES.parent.rglob("*/**/*.py")
        if path.parts[len(SERVICES.parent.parts)] in {"services", "shared"}
        for code in re.findall(
            r"(?:Challenged|Malformed|Unauthenticated|NotAllowed|NotFound|Misdirected|TooLarge|Conflict"
            r'|TooMany|Unprocessable|UnsupportedMedia)\(\s*"([^"]+)"|^    code = "([^"]+)"',
            path.read_text(),
            re.MULTILINE,
        )
    }
)
# Whoever types a name types it so, or as programs spell it.
CANARIES = (
    "Änne Canary-Świątek",
    "Canary",
    "canary-swiatek 1970",
    "QM/Canary",
    "canary@example.org",
)
ID = "01890a5d-ac96-774b-bcce-b302099a8057"
MEMBERS: Mapping[str, object] = {
    "transfer_id": ID,
    "direction": "out",
    "peer": "QN",
    "channel": "QM>QN",
    "epoch": 0,
    "seq": 3,
    "entry_type": "package",
    "entry_hash": "ab" * 48,
    "about": {"channel": "QN>QM", "epoch": 0, "seq": 1, "hash": "cd" * 48},
    "case_id": ID,
    "size": 7,
    "count": 2,
}
REASONS = {
    Reason.CODE: "invalid-token/exp",
    Reason.GATE: "G22",
    Reason.LAW: "REF-05",
    Reason.ITEM: ID,
    Reason.GROUND: "retention-ended",
}


def whole(name: str) -> dict[str, object]:
    """An event of a type with all that it may tell, but for a counterpart."""
    kind = CATALOGUE[name]
    told = {member: value for member, value in MEMBERS.items() if member in kind.allows}
    told |= {"event_id": ID, "type": name, "event_time": "2026-10-01T08:00:00.000Z"}
    if kind.reasons:
        told["reason"] = REASONS[kind.reasons[0]]
    if kind.outcomes:
        told["outcome"] = min(kind.outcomes)
    if "commit" in kind.allows:
        told["commit"] = dict.fromkeys(kind.commits, "ef" * 32)
    if "personal" in kind.allows:
        told["personal"] = dict.fromkeys(PERSONAL, CANARIES[0])
    return told


def leaf(event: Event) -> bytes:
    """What the log would say of an event."""
    made = composition.compose(
        event,
        origin="qm.rogatory.example/log",
        seq_time=leaves.parse_time(event.event_time),
        openings=composition.openings(event),
        case=("12" * 32, Place()) if event.case_id else None,
        peer=Place() if event.peer else None,
    )
    return leaves.build(made)


def texts(value: object) -> int:
    """How many texts there are in a value."""
    if isinstance(value, dict):
        return sum(map(texts, value.values()))
    return int(isinstance(value, str))


def spoil(value: object, place: int, canary: str) -> object:
    """The same value with one of its texts replaced."""
    if isinstance(value, dict):
        changed = {}
        for name, each in value.items():
            changed[name] = spoil(each, place, canary)
            place -= texts(each)
        return changed
    return canary if isinstance(value, str) and place == 0 else value


@pytest.mark.parametrize(("service", "name"), NAMED)
def test_what_a_service_records_is_in_the_catalogue_and_its_own(service: str, name: str) -> None:
    assert service in CATALOGUE[name].writers


def test_what_a_type_tells_is_a_member_of_events() -> None:
    told = {member for kind in CATALOGUE.values() for member in kind.needs | kind.allows}
    assert told <= set(Event.model_fields)


def test_whatever_is_refused_has_a_code_that_the_log_takes() -> None:
    assert len(REFUSALS) > 60
    for code in map("".join, REFUSALS):
        for spelling in (code, code.replace("_", "-"), f"{code.replace('_', '-')}/nonce"):
            assert Reason.CODE.allows(spelling), code


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_type_may_tell_what_it_must(name: str) -> None:
    kind = CATALOGUE[name]
    assert kind.needs <= kind.allows
    assert ("reason" in kind.allows) == bool(kind.reasons)
    assert ("outcome" in kind.allows) == bool(kind.outcomes)
    assert kind.says


@pytest.mark.parametrize("name", CATALOGUE)
def test_no_word_of_a_person_reaches_a_leaf(name: str) -> None:
    good = whole(name)
    assert b"anary" not in leaf(_checked(good))
    for place in range(texts(good)):
        for canary in CANARIES:
            try:
                event = _checked(spoil(good, place, canary))
            except (FormatError, ValueError):
                continue
            # What is taken with a name in it is a commitment's value, and the leaf does not hold it.
            assert "anary" in str(event.personal)
            assert b"anary" not in leaf(event)


@pytest.mark.parametrize("name", CATALOGUE)
def test_a_member_too_many_is_refused(name: str) -> None:
    good = whole(name)
    others = {**MEMBERS, "reason": "G22", "outcome": "entries", "personal": {}, "commit": {}}
    for member, value in others.items():
        if member not in CATALOGUE[name].allows:
            with pytest.raises(FormatError, match="does not have"):
                _checked({**good, member: value})


@pytest.mark.parametrize(
    ("name", "members"),
    [
        ("access.denied", {"personal": {"name": "x"}}),
        ("access.denied", {"reason": "a" * 61}),
        ("index.root", {"commit": {"officer": "ef" * 32}}),
        ("transfer.intent", {"entry_type": "gossip"}),
        ("transfer.intent", {"outcome": "accepted"}),
        ("erasure.executed", {"reason": "because"}),
        ("access.unheard_of", {}),
    ],
)
def test_what_is_no_code_of_its_type_is_refused(name: str, members: dict[str, object]) -> None:
    good = whole(name) if name in CATALOGUE else {**whole("access.denied"), "type": name}
    with pytest.raises(FormatError):
        _checked({**good, **members})


def test_no_service_records_what_is_not_its_own() -> None:
    for service in ("exchange", "gateway"):
        for name, kind in CATALOGUE.items():
            event = Event.model_validate(whole(name))
            if service in kind.writers:
                events.check_writer(event, service)
            else:
                with pytest.raises(NotAllowed, match="does not record"):
                    events.check_writer(event, service)


def test_only_the_log_itself_vouches_for_digests() -> None:
    def plain(kind: EventType) -> bool:
        return "commit" in kind.allows

    assert all(kind.writers == {"audit"} for kind in CATALOGUE.values() if plain(kind))
    assert "commit" not in COMMON


def _checked(told: object) -> Event:
    event = Event.model_validate(told)
    composition.check(event)
    return event
