"""The way to a peer, step by step, and the step at which it fails."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from services.gateway.delivery import Delivery, Identity
from services.gateway.reaching import Reaching, Step
from services.gateway.routes.operations import OWN
from shared.protocol import jose
from shared.runtime.refusals import NotFound
from tests.federated import document
from tests.service.gateway.conftest import World
from tests.service.gateway.sites import Live
from tests.service.gateway.sockets import listening, make_certificates

WAY = ["directory", "dns", "tcp", "tls", "token"]


def results(steps: list[Step]) -> dict[str, str]:
    return {step.name: step.result for step in steps}


def test_the_whole_way_is_walked(world: World) -> None:
    told = world.caller("ops").call("GET", "/v1/ops/peers/QN").json()
    assert [step["name"] for step in told["steps"]] == WAY
    assert {step["result"] for step in told["steps"]} == {"ok"}, told


def test_the_ground_of_the_gateway_is_told(world: World) -> None:
    told = world.caller("ops").call("GET", "/v1/ops/condition").json()
    assert told["database"]["kind"] == "sqlite"
    assert [each["name"] for each in told["certificates"]] == ["tls"]
    assert set(OWN) <= {"/v1/ops/condition", "/v1/ops/peers/{peer}"}


@dataclass
class Way:
    """A peer at an address that a test chooses."""

    live: Live
    contacts: dict[str, str] = field(default_factory=lambda: {"duty": "+99 1"})

    def to(self, gateway: str, ca: Path | None = None) -> list[Step]:
        anchors = {"tls_anchors": [ca.read_text()]} if ca else {}
        changes = {"gateway": gateway, "contacts": self.contacts, **anchors}
        self.live.repository.publish(document("QN", **changes))
        self.live.directory.refresh()
        return self.reaching().walk("QN")

    def reaching(self) -> Reaching:
        """As a gateway on this machine reaches peers."""
        identity = Identity(
            client_id="https://127.0.0.1:1",
            assertion_key=jose.generate(),
            proof_key=jose.generate(),
        )
        directory, clock = self.live.directory, self.live.clock
        delivery = Delivery(identity, directory=directory, clock=clock)
        return Reaching(directory=directory, delivery=delivery)


@pytest.fixture
def way(live: Live) -> Way:
    return Way(live)


def test_59_an_address_that_nothing_is_sent_to(way: Way) -> None:
    steps = way.to("https://169.254.169.254")
    assert results(steps) == {"directory": "ok", "dns": "failed"}
    assert "nothing is sent" in steps[-1].detail


def test_a_name_that_has_no_address(way: Way) -> None:
    steps = way.to("https://nowhere.invalid")
    assert results(steps) == {"directory": "ok", "dns": "failed"}
    assert "resolver" in str(steps[-1].next)


def test_a_port_where_nobody_listens(way: Way) -> None:
    bound, port = listening()
    bound.close()
    steps = way.to(f"https://127.0.0.1:{port}")
    assert results(steps) == {"directory": "ok", "dns": "ok", "tcp": "failed"}
    assert "+99 1" in str(steps[-1].next)


def test_an_anchor_that_is_another(way: Way, world: World, tmp_path: Path) -> None:
    other = make_certificates(tmp_path / "other")
    steps = way.to(world.qn.url, other.ca)
    assert results(steps)["tls"] == "failed"
    assert "vouches" in steps[-1].detail


def test_a_country_that_is_not_there(way: Way) -> None:
    way.live.repository.publish(document("QN"))
    way.live.directory.refresh()
    with pytest.raises(NotFound):
        way.reaching().walk("QX")


def test_a_peer_that_does_not_know_us(way: Way, world: World) -> None:
    steps = way.to(world.qn.url, world.qn.certificates.ca)
    assert results(steps) == {**dict.fromkeys(WAY, "ok"), "token": "failed"}
    assert "accept who we are" in steps[-1].detail
