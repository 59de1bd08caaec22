"""Whatever is tried, by whomever, in whatever order: each change has two people, each shutting-out one."""

import shutil
from contextlib import closing, suppress
from datetime import timedelta
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.gateway.persons import are_two
from services.gateway.records import Act, Draft, Key, Person, Proposal, Status
from shared.runtime.database import open_database
from shared.runtime.refusals import Refusal
from tests.service.gateway.registering import Desk, key, registry_file

__all__ = ["registry_file"]

CLIENTS = ("urn:rogatory:QM:a", "urn:rogatory:QM:b")
PEOPLE = tuple(
    Person(client_id=f"urn:rogatory:QM:{system}", officer=name)
    for system in ("ops", "registrar")
    for name in ("Ada", "ada ", "Bea")
)
KEYS = tuple(key() for _ in range(4))
ACTS = tuple(act for act in Act if act is not Act.IMPORT)
SCOPES = {Act.ADD: ("requests:read",), Act.SCOPES: ("requests:write",)}

propose = st.tuples(
    st.just("propose"),
    st.sampled_from(ACTS),
    st.sampled_from(CLIENTS),
    st.sampled_from(KEYS),
    st.sampled_from(PEOPLE),
)
decide = st.tuples(
    st.sampled_from(("approve", "reject")), st.integers(0, 8), st.sampled_from(PEOPLE)
)
wait = st.tuples(st.just("wait"), st.integers(1, 9))


def draft(act: Act, client: str, with_key: Key) -> Draft:
    return Draft(
        act=act,
        client_id=client,
        reason="why",
        role="preparer" if act is Act.ADD else None,
        scopes=SCOPES.get(act, ()),
        keys=(with_key,) if act in {Act.ADD, Act.ROTATE} else (),
        overlap=timedelta(days=1) if act is Act.ROTATE else None,
    )


def step(desk: Desk, told: tuple[object, ...], made: list[Proposal]) -> None:
    match told:
        case ("propose", Act() as act, str(client), Key() as with_key, Person() as person):
            made.append(desk.office.propose(draft(act, client, with_key), person))
        case ("approve", int(number), Person() as person) if made:
            desk.office.approve(made[number % len(made)].proposal_id, person)
        case ("reject", int(number), Person() as person) if made:
            desk.office.reject(made[number % len(made)].proposal_id, person, "no")
        case ("wait", int(days)):
            desk.now += timedelta(days=days)
        case _:
            assert not made


def check(desk: Desk) -> None:
    done = [each for each in desk.office.proposals() if each.decision is not None]
    effective = [each for each in done if each.decision and each.decision.verdict != "rejected"]
    for each in effective:
        assert each.decision is not None
        alone = each.decision.by == each.by
        two = are_two(each.by.officer, each.decision.by.officer)
        assert alone if each.draft.act is Act.SUSPEND else two
        assert alone or each.by.client_id != each.decision.by.client_id
        assert each.decision.at < each.expires
    everyone = desk.office.everyone()
    for client in everyone:
        assert client.version == sum(each.draft.client_id == client.client_id for each in effective)
        assert client.scopes in {("requests:read",), ("requests:write",)}
    kids = [each.kid for client in everyone for each in client.keys]
    assert len(kids) == len(set(kids))
    assert len(desk.events()) == min(
        100,
        len(desk.office.proposals())
        + len([each for each in done if each.draft.act is not Act.SUSPEND]),
    )


@settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(st.lists(st.one_of(propose, decide, decide, wait), max_size=25))
def test_two_people_whatever_is_tried(
    registry_file: Path, tmp_path: Path, told: list[tuple[object, ...]]
) -> None:
    file = shutil.copy(registry_file, tmp_path)
    retired: set[str] = set()
    with closing(open_database(f"sqlite:///{file}")) as database:
        desk = Desk(database)
        made = [desk.office.propose(draft(Act.ADD, CLIENTS[0], KEYS[0]), PEOPLE[0])]
        desk.office.approve(made[0].proposal_id, PEOPLE[-1])
        for each in told:
            with suppress(Refusal):
                step(desk, each, made)
            everyone = desk.office.everyone()
            assert retired <= {one.client_id for one in everyone if one.status is Status.RETIRED}
            retired |= {one.client_id for one in everyone if one.status is Status.RETIRED}
        check(desk)
