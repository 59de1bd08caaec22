"""Whose keys end is told in time: to the operators until it is mended, to the log once."""

from datetime import timedelta

import pytest

from services.gateway.keywatch import KeyWatch, told
from services.gateway.records import Act
from tests.service.gateway.registering import (
    ID,
    OPS,
    REGISTRAR,
    Desk,
    about,
    adding,
    desk,
    key,
    registry_file,
)

__all__ = ["desk", "registry_file"]

EXPIRING = ("client.key_expiring", "rotate")


@pytest.mark.parametrize(
    ("later", "count"), [(0, 0), (59, 0), (60, 1), (91, 1)], ids=["new", "59 d", "60 d", "ended"]
)
def test_operators_see_it_from_thirty_days_before(desk: Desk, later: int, count: int) -> None:
    desk.add()
    desk.now += timedelta(days=later)
    ending = told(desk.office)["keys_ending"]
    assert isinstance(ending, list)
    assert len(ending) == count


def test_the_log_is_told_once_for_a_key(desk: Desk) -> None:
    desk.add()
    desk.now += timedelta(days=61)
    for _ in range(2):  # also after a restart
        watch = KeyWatch(office=desk.office)
        watch.begin()
        assert not watch.work()
        assert not watch.work()
    assert desk.events().count(EXPIRING) == 1


def test_a_new_key_mends_it_and_who_may_not_call_needs_none(desk: Desk) -> None:
    desk.add()
    desk.now += timedelta(days=61)
    rotation = about(Act.ROTATE, keys=(key(days=200),), overlap=timedelta(days=1))
    proposal = desk.office.propose(rotation, OPS)
    assert told(desk.office)["proposals_open"] == 1
    desk.office.approve(proposal.proposal_id, REGISTRAR)
    assert told(desk.office) == {"keys_ending": [], "proposals_open": 0}


def test_a_suspended_client_is_not_warned_of(desk: Desk) -> None:
    desk.office.approve(
        desk.office.propose(adding(keys=(key(days=10),)), OPS).proposal_id, REGISTRAR
    )
    desk.office.propose(about(Act.SUSPEND), OPS)
    assert desk.office.client(ID).keys
    assert told(desk.office)["keys_ending"] == []
