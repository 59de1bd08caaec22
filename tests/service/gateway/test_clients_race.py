"""Two processes of a gateway on one database: an act is done once, whoever comes first."""

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from services.gateway import founding
from services.gateway.records import Act, Person, Status
from shared.protocol import canonical, jwk
from shared.runtime.database import migrate, open_database
from shared.runtime.refusals import Refusal
from tests.postgres import postgres_database, postgres_url
from tests.service.gateway.registering import ID, OPS, REGISTRAR, Desk, about, adding

__all__ = ["postgres_database", "postgres_url"]

WORKERS = 6


@pytest.fixture(params=["sqlite", "postgresql"])
def desks(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Desk, Desk]]:
    """The same office in two processes."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path / 'gateway.sqlite'}"
    else:
        url = request.getfixturevalue("postgres_database")
    with closing(open_database(url)) as one, closing(open_database(url)) as other:
        migrate(one, "services.gateway.migrations")
        yield Desk(one), Desk(other)


def at_once(acts: list[Callable[[], object]]) -> list[str]:
    outcomes: list[str] = []

    def run(act: Callable[[], object]) -> None:
        try:
            act()
            outcomes.append("done")
        except Refusal as refusal:
            outcomes.append(refusal.code)

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(outcomes)


def test_approvals_at_once_are_one(desks: tuple[Desk, Desk]) -> None:
    proposal = desks[0].office.propose(adding(), OPS)

    def approving(number: int) -> Callable[[], object]:
        person = Person(client_id=REGISTRAR.client_id, officer=f"R. Number {number}")
        return lambda: desks[number % 2].office.approve(proposal.proposal_id, person)

    outcomes = at_once([approving(number) for number in range(WORKERS)])
    assert outcomes == ["done", *["proposal_settled"] * (WORKERS - 1)]
    assert desks[1].office.client(ID).version == 1


def test_changes_at_once_do_not_undo_each_other(desks: tuple[Desk, Desk]) -> None:
    desks[0].add()
    scopes = desks[0].office.propose(about(Act.SCOPES, scopes=("requests:write",)), OPS)
    done = at_once(
        [
            lambda: desks[0].office.approve(scopes.proposal_id, REGISTRAR),
            lambda: desks[1].office.propose(about(Act.SUSPEND), OPS),
        ]
    )
    assert "done" in done
    assert set(done) <= {"done", "client_changed", "wrong_client_state"}
    found = desks[1].office.client(ID)
    assert found.version == 1 + done.count("done")
    suspended = [each for each in desks[0].office.proposals() if each.draft.act is Act.SUSPEND]
    assert (found.status is Status.SUSPENDED) == bool(suspended)


def test_one_key_goes_to_one_client(desks: tuple[Desk, Desk]) -> None:
    shared = adding().keys
    first = desks[0].office.propose(adding(keys=shared), OPS)
    other = replace(adding(keys=shared), client_id=f"{ID}-b")
    second = desks[0].office.propose(other, OPS)
    done = at_once(
        [
            lambda: desks[0].office.approve(first.proposal_id, REGISTRAR),
            lambda: desks[1].office.approve(second.proposal_id, REGISTRAR),
        ]
    )
    assert done[0] in {"client_changed", "key_known", "done"}
    assert len(desks[0].office.everyone()) == 1


def test_two_first_starts_are_one(desks: tuple[Desk, Desk], tmp_path: Path) -> None:
    file = tmp_path / "clients.json"
    entry = {
        "client_id": ID,
        "role": "preparer",
        "scopes": ["requests:read"],
        "keys": [jwk.public_part(jwk.generate())],
    }
    file.write_bytes(canonical.encode({"clients": [entry]}))
    starts = [
        lambda each=each: founding.found(file, each.database, country="QM", clock=each.office.clock)
        for each in desks
    ]
    threads = [threading.Thread(target=start) for start in starts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.client_id for each in desks[0].office.everyone()] == [ID]
    assert desks[0].events() == [("client.imported", "import")]
