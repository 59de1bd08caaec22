"""A package is fetched whole or not at all, and goes on where it stopped."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from client.bundle import open_bag
from client.clock import utc_now
from client.errors import ClientError, IntegrityError, StateError, UnavailableError
from client.sdk.approving import GRANT_HEADER, Grant, Officer
from client.sdk.download import ATTEMPTS, fetch_bag, refresh_chain
from client.sdk.records import read_package
from client.sdk.session import Session
from client.verifier import verify_bag
from shared.protocol.approvals import GRANT_LIFE, Approval, verify_approval
from shared.protocol.checks import PayloadFile
from shared.protocol.keys import OfficerKey
from tests.scripted_gateway import Answer, Fault, Gateway, octets, problem
from tests.scripted_packages import DIGEST, MIB, Delivery
from tests.simulated_case import Case, standard_case

BIG = "data/image.dd"
OFFICER = Officer(name="Ada", key=OfficerKey.generate())


def granted(delivery: Delivery, jws: str | None) -> Approval:
    """Check an officer's leave to read, as the exchange does."""
    key = OFFICER.key.public()
    said = read_package(delivery.record())
    return verify_approval(
        jws or "",
        {key.kid: key},
        act="package.receive",
        object_id=said.package_id,
        version=said.version,
        digest=DIGEST,
    )


@pytest.fixture(scope="module")
def large() -> Case:
    return Case(evidence={BIG: bytes(range(256)) * (3 * MIB // 256) + b"end", "data/a": b"a"})


def fetch(
    session: Session, delivery: Delivery, folder: Path, told: list[int] | None = None
) -> dict[str, PayloadFile]:
    progress = (told if told is not None else []).append
    found = read_package(delivery.record())
    return fetch_bag(session, found, folder, officer=OFFICER, progress=progress, case="77/26")


def serve(gateway: Gateway, case: Case) -> Delivery:
    delivery = Delivery(case)
    gateway.fallback = delivery
    return delivery


def test_a_fetched_bag_verifies(gateway: Gateway, session: Session, tmp_path: Path) -> None:
    case, told = standard_case(), list[int]()
    hashed = fetch(session, serve(gateway, case), tmp_path / "bag", told)
    assert hashed.keys() == case.evidence.keys()
    assert sum(told) == sum(map(len, case.evidence.values()))
    bag = open_bag(tmp_path / "bag")
    assert verify_bag(bag, pinned_root=case.directory[1], hashed=hashed).verified
    assert verify_bag(bag, pinned_root=case.directory[1]).verified


def test_an_officer_signs_for_what_is_read_and_again_when_it_takes_long(
    gateway: Gateway, session: Session, large: Case, tmp_path: Path
) -> None:
    delivery, now = serve(gateway, large), [utc_now()]
    session.clock = lambda: now[0]
    fetch(session, delivery, tmp_path / "bag")
    assert len({granted(delivery, each).hash for each in delivery.grants}) == 1
    grant = Grant(OFFICER, read_package(delivery.record()), session.clock, "77/26")
    signed = []
    for _ in range(3):
        now[0] += timedelta(seconds=GRANT_LIFE // 2 - 1)
        signed += [granted(delivery, grant.header()[GRANT_HEADER])]
    assert [each.iat - signed[0].iat for each in signed] == [0, 0, 2 * (GRANT_LIFE // 2 - 1)]


def test_what_is_not_there_yet_is_not_read(session: Session) -> None:
    found = replace(read_package(Delivery(standard_case()).record()), digest=None)
    with pytest.raises(StateError, match="nothing to read"):
        Grant(OFFICER, found, session.clock, "77/26").header()


def test_what_is_there_is_not_fetched_again(
    gateway: Gateway, session: Session, large: Case, tmp_path: Path
) -> None:
    delivery, told = serve(gateway, large), list[int]()
    fetch(session, delivery, tmp_path / "bag")
    delivery.served.clear()
    assert fetch(session, delivery, tmp_path / "bag", told) == {}
    assert delivery.served == []
    assert sum(told) == sum(map(len, large.evidence.values()))


def test_a_broken_fetch_goes_on_where_it_stopped(
    gateway: Gateway, session: Session, large: Case, tmp_path: Path
) -> None:
    delivery = serve(gateway, large)
    gateway.faults = [Fault.PASS] * 4 + [problem(409, "held", detail="The package is held.")]
    with pytest.raises(StateError, match="held"):
        fetch(session, delivery, tmp_path / "bag")
    assert (tmp_path / "bag" / "data" / "image.dd.part").exists()
    gateway.faults.clear()
    delivery.served.clear()
    fetch(session, delivery, tmp_path / "bag")
    assert 0 < len([path for path, _ in delivery.served if path == BIG]) < 4
    assert (tmp_path / "bag" / BIG).read_bytes() == large.evidence[BIG]
    assert verify_bag(open_bag(tmp_path / "bag"), pinned_root=large.directory[1]).verified


def test_a_connection_that_breaks_in_a_segment_is_made_again(
    gateway: Gateway, session: Session, large: Case, tmp_path: Path
) -> None:
    delivery = serve(gateway, large)
    cut = replace(octets(large.evidence[BIG][:MIB]), cut=MIB // 2)
    gateway.faults = [Fault.PASS, Fault.PASS, cut]
    fetch(session, delivery, tmp_path / "bag")
    assert (tmp_path / "bag" / BIG).read_bytes() == large.evidence[BIG]


def test_a_connection_that_always_breaks_is_told(
    gateway: Gateway, session: Session, tmp_path: Path
) -> None:
    delivery = serve(gateway, standard_case())
    cut = Answer(body=b"evidence", cut=4)
    gateway.faults = [Fault.PASS, Fault.PASS, *[cut] * (3 * ATTEMPTS)]
    with pytest.raises(UnavailableError):
        fetch(session, delivery, tmp_path / "bag")


def test_a_segment_that_changed_on_its_way_is_named(
    gateway: Gateway, session: Session, tmp_path: Path
) -> None:
    delivery = serve(gateway, standard_case())
    gateway.faults = [Fault.PASS, Fault.PASS, Answer(body=b"x", headers=octets(b"y").headers)]
    with pytest.raises(IntegrityError, match="segments/0"):
        fetch(session, delivery, tmp_path / "bag")


def test_a_file_that_is_not_the_manifests_does_not_get_its_name(
    gateway: Gateway, session: Session, tmp_path: Path
) -> None:
    delivery = serve(gateway, standard_case())
    delivery.evidence["data/chat.db"] = b"something else entirely"
    with pytest.raises(IntegrityError, match=r"chat\.db"):
        fetch(session, delivery, tmp_path / "bag")
    assert not list((tmp_path / "bag" / "data").glob("chat*"))


def test_a_folder_of_something_else_is_left_alone(
    gateway: Gateway, session: Session, tmp_path: Path
) -> None:
    delivery = serve(gateway, standard_case())
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(StateError, match="not empty"):
        fetch(session, delivery, tmp_path)
    fetch(session, delivery, tmp_path / "bag")
    other = serve(gateway, Case())
    with pytest.raises(StateError, match="another bag"):
        fetch(session, other, tmp_path / "bag")


def test_a_file_that_the_node_does_not_list_is_named(
    gateway: Gateway, session: Session, tmp_path: Path
) -> None:
    delivery = serve(gateway, standard_case())
    del delivery.evidence["data/chat.db"]
    with pytest.raises(ClientError, match=r"does not list data/chat\.db"):
        fetch(session, delivery, tmp_path / "bag")


def test_the_chain_is_refreshed(gateway: Gateway, session: Session, tmp_path: Path) -> None:
    case = standard_case()
    serve(gateway, case)
    refresh_chain(session, case.package_id, tmp_path)
    found = {path: content for path, content in case.bag_files().items() if "chain/" in path}
    assert {path: (tmp_path / path).read_bytes() for path in found} == found
