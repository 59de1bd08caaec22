"""A peer that has announced maintenance is left alone until it has ended."""

from datetime import timedelta

import pytest

from services.gateway.delivery import Delivery, Identity
from shared.protocol import jose
from shared.runtime.refusals import Unavailable
from tests.federated import document
from tests.service.gateway.sites import NOW, Live
from tests.service.gateway.test_federation import QN


def in_maintenance(live: Live, minutes: int) -> None:
    begin = int((NOW - timedelta(minutes=1)).timestamp())
    until = begin + minutes * 60
    told = {"from": begin, "until": until, "note": "a new disk"}
    live.repository.publish(document("QN", maintenance=told))
    live.directory.refresh()


@pytest.mark.parametrize(("minutes", "seconds"), [(3, 120), (600, 300)], ids=["short", "long"])
def test_a_peer_in_maintenance_is_not_called(live: Live, minutes: int, seconds: int) -> None:
    in_maintenance(live, minutes)
    identity = Identity(
        client_id="https://qm.example", assertion_key=jose.generate(), proof_key=jose.generate()
    )
    delivery = Delivery(identity, directory=live.directory, clock=live.clock)
    with pytest.raises(Unavailable) as caught:
        delivery.call("QN", "GET", "/peer/v1/heads", headers={}, body=b"")
    assert caught.value.code == "peer_in_maintenance"
    assert caught.value.headers == {"Retry-After": str(seconds)}
    assert "a new disk" in caught.value.detail


def test_a_peer_in_maintenance_may_call_and_is_called_afterwards(live: Live) -> None:
    in_maintenance(live, 3)
    assert live.directory.issuer(QN) is not None
    live.later = timedelta(minutes=5)
    assert live.directory.peer_at_work("QN").maintenance is not None
