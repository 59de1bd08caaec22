"""Who is found: active clients of the registry as of this moment, and peers of the directory."""

from datetime import timedelta

import pytest
import sqlalchemy as sa

from services.gateway.records import Act
from services.gateway.registry import Registry, RegistryError
from services.gateway.tables import ClientKeyRow, ClientRow
from shared.protocol import jose
from shared.runtime.refusals import Unavailable
from tests.federated import CLIENT_KEY, document
from tests.service.gateway.registering import (
    ID,
    OPS,
    REGISTRAR,
    Desk,
    about,
    desk,
    key,
    registry_file,
)
from tests.service.gateway.sites import Live

__all__ = ["desk", "registry_file"]


def registry(desk: Desk, live: Live) -> Registry:
    return Registry(desk.database, country="QM", directory=live.directory, clock=desk.office.clock)


def test_an_active_client_is_found(desk: Desk, live: Live) -> None:
    desk.add()
    found = registry(desk, live).find(ID)
    assert found is not None
    assert (found.role, found.country, found.scopes) == ("preparer", "QM", ("requests:read",))
    assert len(found.keys) == 1
    for nobody in ("urn:rogatory:QM:nobody", f"{ID}\0", f"{ID}\n", f"{ID}' or 1=1--", ""):
        assert registry(desk, live).find(nobody) is None


def test_43_what_another_worker_suspends_is_not_found_at_the_next_call(
    desk: Desk, live: Live
) -> None:
    desk.add()
    mine, others = registry(desk, live), registry(desk, live)
    assert mine.find(ID) == others.find(ID) is not None
    desk.office.propose(about(Act.SUSPEND), REGISTRAR)
    assert mine.find(ID) is None
    assert others.find(ID) is None
    back = desk.office.propose(about(Act.RESUME), OPS)
    desk.office.approve(back.proposal_id, REGISTRAR)
    again = mine.find(ID)
    assert again is not None
    assert again.tokens_not_before == int(desk.now.timestamp()) + 1


def test_a_key_counts_from_its_beginning_to_its_end(desk: Desk, live: Live) -> None:
    desk.add()
    known = registry(desk, live)
    rotation = about(Act.ROTATE, keys=(key(),), overlap=timedelta(days=2))
    desk.office.approve(desk.office.propose(rotation, OPS).proposal_id, REGISTRAR)
    for after, count in ((timedelta(days=1), 2), (timedelta(days=3), 1), (timedelta(days=99), 0)):
        desk.now += after
        found = known.find(ID)
        assert found is not None
        assert len(found.keys) == count
        desk.now -= after


@pytest.mark.parametrize(
    "change",
    [
        pytest.param(sa.update(ClientRow).values(scopes="packages:approve"), id="scopes"),
        pytest.param(sa.update(ClientRow).values(role="peer"), id="role"),
        pytest.param(sa.update(ClientRow).values(client_id="https://qn.example"), id="address"),
        pytest.param(sa.update(ClientKeyRow).values(kid="another"), id="key"),
        pytest.param(sa.update(ClientKeyRow).values(exp=2**40), id="for ever"),
    ],
)
def test_61_a_row_that_came_in_otherwise_is_no_client(
    desk: Desk, live: Live, change: sa.Update
) -> None:
    desk.add()
    known = registry(desk, live)
    assert known.find(ID) is not None
    with desk.database.begin() as db:
        db.execute(change)
        db.execute(sa.update(ClientRow).values(version=ClientRow.version + 1))
    assert known.find(ID) is None
    with pytest.raises(RegistryError):
        registry(desk, live)


def test_56_a_peer_is_found_by_its_issuer_in_the_directory(desk: Desk, live: Live) -> None:
    dated = {**jose.public_part(CLIENT_KEY), "nbf": 1, "exp": 2}
    live.repository.publish(document("QN", client_jwks=[jose.public_part(CLIENT_KEY), dated]))
    live.directory.refresh()
    known = registry(desk, live)
    peer = known.find("https://qn.example")
    assert peer is not None
    assert (peer.role, peer.country, peer.scopes) == ("peer", "QN", ("node:deliver",))
    assert peer.keys == (jose.public_part(CLIENT_KEY),)
    for nobody in ("https://qm.example", "https://qx.example", "urn:x"):
        assert known.find(nobody) is None


def test_58_without_a_directory_only_peers_are_refused(desk: Desk, live: Live) -> None:
    desk.add()
    known = registry(desk, live)
    assert known.find(ID) is not None
    with pytest.raises(Unavailable):
        known.find("https://qn.example")
