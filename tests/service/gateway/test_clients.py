"""The registry: two people for every change, one for a suspension, and an event for each act."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session
from typing_extensions import override

from services.gateway.clients import MAX_OPEN, status_of
from services.gateway.persons import officer
from services.gateway.records import Act, Draft, Person, Repeat, Status
from services.gateway.store import clients
from shared.runtime.database import Database, Pulse
from shared.runtime.refusals import (
    Conflict,
    Malformed,
    NotAllowed,
    NotFound,
    Unprocessable,
)
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


def test_what_one_proposes_and_another_approves_is_a_client(desk: Desk) -> None:
    proposal = desk.office.propose(adding(), OPS)
    with pytest.raises(NotFound):
        desk.office.client(ID)
    approved = desk.office.approve(proposal.proposal_id, REGISTRAR)
    assert status_of(approved, desk.now) == "approved"
    found = desk.office.client(ID)
    assert (found.role, found.scopes, found.status) == (
        "preparer", ("requests:read",), Status.ACTIVE
    )  # fmt: skip
    assert desk.office.proposal(proposal.proposal_id) == approved
    assert desk.office.everyone() == [found]
    assert desk.events() == [("client.proposed", "add"), ("client.approved", "add")]


@pytest.mark.parametrize(
    "approver",
    [
        pytest.param(OPS, id="the same"),
        pytest.param(Person(client_id=REGISTRAR.client_id, officer="A. Operator"), id="officer"),
        pytest.param(Person(client_id=REGISTRAR.client_id, officer=" a. OPERATOR"), id="spelling"),
        pytest.param(Person(client_id=REGISTRAR.client_id, officer="A.\u2003Operator"), id="space"),
        pytest.param(Person(client_id=OPS.client_id, officer="R. Registrar"), id="client"),
    ],
)
def test_60_nobody_approves_what_is_their_own(desk: Desk, approver: Person) -> None:
    proposal = desk.office.propose(adding(), OPS)
    with pytest.raises(NotAllowed) as refused:
        desk.office.approve(proposal.proposal_id, approver)
    assert refused.value.code == "same_officer"
    assert desk.office.everyone() == []


def test_a_proposal_is_decided_once(desk: Desk) -> None:
    proposal = desk.office.propose(adding(), OPS)
    desk.office.reject(proposal.proposal_id, REGISTRAR, "unknown laboratory")
    again = desk.office.reject(proposal.proposal_id, REGISTRAR, "unknown laboratory")
    assert status_of(again, desk.now) == "rejected"
    attempts: tuple[Callable[[], object], ...] = (
        lambda: desk.office.approve(proposal.proposal_id, REGISTRAR),
        lambda: desk.office.reject(proposal.proposal_id, REGISTRAR, "another reason"),
    )
    for decide in attempts:
        with pytest.raises(Conflict) as refused:
            decide()
        assert refused.value.code == "proposal_settled"
    assert desk.events()[-1] == ("client.rejected", "add")
    with pytest.raises(NotFound):
        desk.office.approve("there-is-none", REGISTRAR)


def test_two_proposals_on_one_client_do_not_undo_each_other(desk: Desk) -> None:
    first, second = (desk.office.propose(adding(), OPS) for _ in range(2))
    desk.office.approve(first.proposal_id, REGISTRAR)
    with pytest.raises(Conflict) as refused:
        desk.office.approve(second.proposal_id, REGISTRAR)
    assert refused.value.code == "client_exists"


def test_a_client_that_changed_meanwhile_is_not_overwritten(desk: Desk) -> None:
    desk.add()
    with desk.database.begin() as db:
        before = clients.find(db, ID)
        assert before is not None
        assert not clients.swap(db, before)  # its version is there already


def test_what_is_sent_again_is_done_once(desk: Desk) -> None:
    key, draft = Repeat(name=b"n" * 32, asked=b"a" * 32), adding()
    proposal = desk.office.propose(draft, OPS, key)
    assert desk.office.propose(draft, OPS, key) == proposal
    with pytest.raises(Unprocessable) as refused:
        desk.office.propose(adding(), OPS, Repeat(name=key.name, asked=b"b" * 32))
    assert refused.value.code == "idempotency_key_reused"
    approved = desk.office.approve(proposal.proposal_id, REGISTRAR)
    desk.now += timedelta(seconds=3)
    assert desk.office.approve(proposal.proposal_id, REGISTRAR) == approved
    shut = Repeat(name=b"s" * 32, asked=b"s" * 32)
    assert desk.office.propose(about(Act.SUSPEND), OPS, shut) == desk.office.propose(
        about(Act.SUSPEND), OPS, shut
    )
    assert [each for each, _ in desk.events()] == [
        "client.proposed", "client.approved", "client.suspended"
    ]  # fmt: skip


def test_nobody_fills_the_registry_and_there_is_always_room_to_shut_out(desk: Desk) -> None:
    desk.add()
    for _ in range(MAX_OPEN):
        desk.office.propose(about(Act.RETIRE), OPS)
    with pytest.raises(Conflict) as refused:
        desk.office.propose(about(Act.RETIRE), OPS)
    assert refused.value.code == "too_many_proposals"
    desk.office.propose(about(Act.SUSPEND), OPS)
    desk.now += timedelta(days=14)
    desk.office.propose(about(Act.RESUME), OPS)


def test_a_proposal_expires(desk: Desk) -> None:
    proposal = desk.office.propose(adding(), OPS)
    desk.now += timedelta(days=14)
    assert status_of(proposal, desk.now) == "expired"
    with pytest.raises(Conflict) as refused:
        desk.office.approve(proposal.proposal_id, REGISTRAR)
    assert refused.value.facts["status"] == "expired"


@pytest.mark.parametrize("person", [OPS, REGISTRAR], ids=["ops", "registrar"])
def test_either_of_the_two_suspends_alone_and_both_let_in_again(desk: Desk, person: Person) -> None:
    desk.add()
    suspended = desk.office.propose(about(Act.SUSPEND), person)
    assert status_of(suspended, desk.now) == "applied"
    found = desk.office.client(ID)
    assert found.status is Status.SUSPENDED
    assert found.tokens_not_before == int(desk.now.timestamp()) + 1
    back = desk.office.propose(about(Act.RESUME), OPS)
    assert desk.office.client(ID).status is Status.SUSPENDED
    desk.office.approve(back.proposal_id, REGISTRAR)
    assert desk.office.client(ID).status is Status.ACTIVE
    assert desk.events()[2:] == [
        ("client.suspended", "suspend"),
        ("client.proposed", "resume"),
        ("client.resumed", "resume"),
    ]


def test_what_was_proposed_before_a_suspension_does_not_lift_it(desk: Desk) -> None:
    desk.add()
    scopes = desk.office.propose(about(Act.SCOPES, scopes=("requests:write",)), OPS)
    desk.office.propose(about(Act.SUSPEND), REGISTRAR)
    with pytest.raises(Conflict):
        desk.office.approve(scopes.proposal_id, REGISTRAR)
    assert desk.office.client(ID).status is Status.SUSPENDED


def test_no_two_clients_share_a_key_and_none_comes_back(desk: Desk) -> None:
    shared = key()
    proposal = desk.office.propose(adding(keys=(shared,)), OPS)
    other = Draft(
        act=Act.ADD,
        client_id="urn:rogatory:QM:other",
        role="approver",
        scopes=("packages:approve",),
        keys=(shared,),
        reason="four eyes with two eyes",
    )
    waiting = desk.office.propose(other, OPS)
    desk.office.approve(proposal.proposal_id, REGISTRAR)
    attempts: tuple[Callable[[], object], ...] = (
        lambda: desk.office.approve(waiting.proposal_id, REGISTRAR),
        lambda: desk.office.propose(other, OPS),
        lambda: desk.office.propose(
            about(Act.ROTATE, keys=(shared,), overlap=timedelta(days=1)), OPS
        ),
    )
    for attempt in attempts:
        with pytest.raises(Unprocessable) as refused:
            attempt()
        assert refused.value.code == "key_known"


def test_keys_rotate_and_the_old_one_ends_with_the_overlap(desk: Desk) -> None:
    desk.add()
    rotation = about(Act.ROTATE, keys=(key(),), overlap=timedelta(days=2))
    proposal = desk.office.propose(rotation, OPS)
    desk.office.approve(proposal.proposal_id, REGISTRAR)
    at = int(desk.now.timestamp())
    ends = sorted(each.exp - at for each in desk.office.client(ID).keys)
    assert ends[0] == 2 * 86_400
    assert len(ends) == 2


def test_a_retired_client_never_comes_back(desk: Desk) -> None:
    desk.add()
    desk.now += timedelta(seconds=1)
    retired = desk.office.propose(about(Act.RETIRE), OPS)
    desk.office.approve(retired.proposal_id, REGISTRAR)
    for draft in (adding(), about(Act.RESUME)):
        with pytest.raises(Conflict):
            desk.office.propose(draft, OPS)
    assert [each.draft.act for each in desk.office.proposals(client_id=ID)] == ["retire", "add"]


@pytest.mark.parametrize("name", [None, "", "  "], ids=["none", "empty", "blank"])
def test_an_officer_is_demanded(name: str | None) -> None:
    with pytest.raises(Malformed) as refused:
        officer(name, OPS.client_id)
    assert refused.value.code == "officer_required"


class Killed(Exception):  # noqa: N818 - it happens, nobody errs
    """The process ends here."""


class Dying(Database):
    """A database whose process is killed before, or after, its transaction is committed."""

    @override
    @contextmanager
    def begin(self) -> Iterator[Session]:
        with Database.begin(self) as db:
            yield db
            if self.pulse.count == 0:
                raise Killed
        raise Killed


@pytest.mark.parametrize("committed", [False, True], ids=["before", "after"])
def test_killed_at_the_commit_all_of_it_is_done_or_nothing(desk: Desk, committed: bool) -> None:  # noqa: FBT001
    proposal = desk.office.propose(adding(), OPS)
    pulse = Pulse()
    if committed:
        pulse.beat()
    dying = Dying(desk.database.engine, desk.database.sessions, pulse=pulse)
    with pytest.raises(Killed):
        replace(desk.office, database=dying).approve(proposal.proposal_id, REGISTRAR)
    told = ["client.proposed", *(["client.approved"] if committed else [])]
    assert [each for each, _ in desk.events()] == told
    assert len(desk.office.everyone()) == committed
    desk.office.approve(proposal.proposal_id, REGISTRAR)  # sent again, as its caller does
    assert [each for each, _ in desk.events()] == ["client.proposed", "client.approved"]
    assert desk.office.client(ID).version == 1
