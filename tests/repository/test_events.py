"""The catalogue of events has what the process names, and its specification is written from it."""

import re

from services.audit.catalogue import CATALOGUE
from services.audit.eventtypes import Reason
from tests.repository.event_table import FILE, render

# The minimum vocabulary of the process of mutual legal assistance.
VOCABULARY = """
request.drafted .reviewed .returned .approved .validated .validation_expired .sent .delivered
.rejected_auth .acknowledged .forwarded .info_requested .info_supplied .decision .refused .postponed
.resumed .withdrawn .amended .closed condition.proposed .accepted .declined .breached
preservation.ordered .extended .lapsed .linked emergency.flagged .callback_ok .callback_failed
.formalised .revoked gate.passed .failed .overridden package.collected .filtered .cleared .sealed
.released .received .verified .disputed .held .restricted .returned .destroyed evidence.accessed
.exported .onward_requested .onward_consented challenge.lodged .suspended .decided notice.due .sent
.deferred peer.key_changed .suspended user.role_changed clock.warned .breached audit.exported
.queried .checkpoint incident.opened .notified .closed
"""


def named() -> set[str]:
    """The names of the vocabulary, each with its family."""
    family, found = "", set()
    for word in VOCABULARY.split():
        family = word.partition(".")[0] or family
        found.add(f"{family}.{word.partition('.')[2]}")
    return found


def test_the_catalogue_has_the_vocabulary_of_the_process() -> None:
    assert len(named()) > 65
    assert named() <= CATALOGUE.keys()


def test_the_specification_is_written_from_the_catalogue() -> None:
    text = FILE.read_text()
    assert text == render(text), "run: python -m tests.repository.event_table"


def test_every_event_and_every_ground_is_in_the_specification() -> None:
    text = FILE.read_text()
    assert all(f"| `{name}` |" in text for name in CATALOGUE)
    grounds = re.findall(r"^- `([a-z-]+)`:", text, re.MULTILINE)
    assert sorted(grounds) == sorted(Reason.GROUND.value.split("|"))
