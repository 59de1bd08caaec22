"""The attacks of the table against the Compose pair: Caddy, a Unix socket, PostgreSQL, the quotas as shipped.

What only an echo or the node's own keys could show is played elsewhere. Where a row expects a refused
identity, the quota of failures may answer instead: that many from one address are too many.
"""

import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from typing_extensions import override

from shared.protocol import canonical, jose
from tests.attacks import assertions, calls, forms, wire
from tests.attacks.conftest import lure
from tests.attacks.laboratory import LabNode, Trusted
from tests.attacks.stage import QUOTA, Stage
from tests.attacks.table import Attack
from tests.service.gateway.calling import Caller
from tests.system.test_compose import Pair, in_desk, pair

__all__ = ["pair"]

pytestmark = [pytest.mark.compose, pytest.mark.timeout(900)]

NAME, PORT, VOLUME = "qm.localhost", 8443, "/var/lib/rogatory"
SEEN_INSIDE = (44, 53)  # an echo shows what reaches a service; here is none
TABLE = (*assertions.ROWS, *forms.ROWS, *calls.ROWS, *wire.ROWS)
ROWS = [row for row in TABLE if not row.keys and not row.slow and row.number not in SEEN_INSIDE]
REFUSED_IDENTITY = "401"


class Named(httpx.HTTPTransport):
    """Goes to this machine, whatever its resolver makes of the name."""

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.extensions = {**request.extensions, "sni_hostname": NAME}
        return super().handle_request(request)


@dataclass
class Desk(Caller):
    """A client of QM in front of its published port."""

    client: httpx.Client | None = None

    @property
    @override
    def http(self) -> httpx.Client:
        assert self.client is not None
        return self.client


@dataclass
class Composed(Stage):
    """QM of the Compose pair."""

    client: httpx.Client = field(default_factory=httpx.Client)

    @override
    def caller(self, role: str = "preparer") -> Caller:
        return self.callers.setdefault(role, self.fresh(role))

    @override
    def fresh(self, role: str = "preparer") -> Caller:
        return Desk(self.node, role, client=self.client)

    @override
    def workers(self) -> list[httpx.Client]:
        return [self.client, self.client]


def read(path: str) -> bytes:
    return in_desk("qm", "cat", f"{VOLUME}/{path}").encode()


@pytest.fixture(scope="module")
def stage(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Composed]:
    assert pair.desks
    folder = tmp_path_factory.mktemp("composed")
    (folder / "ca.pem").write_bytes(read("ca.pem"))
    node = described(folder)
    transport = Named(verify=ssl.create_default_context(cafile=str(folder / "ca.pem")))
    with (
        lure() as trap,
        httpx.Client(
            base_url=f"https://127.0.0.1:{PORT}",
            headers={"Host": f"{NAME}:{PORT}"},
            transport=transport,
            timeout=30,
        ) as client,
    ):
        nothing = SimpleNamespace(calls=[], aborted=0)
        site: Any = SimpleNamespace(kind="caddy", node=node, echo=nothing, folder=folder)
        yield Composed(site, trap, client=client)


def described(folder: Path) -> Any:  # noqa: ANN401 - as much of a Node as callers ask for
    told = _object(read("node.json"))
    own: Any = told["nodes"]["QM"]
    keys: dict[str, jose.Jwk] = {
        role: _object(read(str(each["key"]))) for role, each in own["clients"].items()
    }
    node = LabNode("QM", f"https://{NAME}:{PORT}", Trusted(folder / "ca.pem"), keys, own)
    return SimpleNamespace(
        country="QM",
        url=node.url,
        certificates=node.certificates,
        clients=node.clients,
        client_id=node.client_id,
        folder=folder,
    )


def _object(content: bytes) -> dict[str, Any]:
    value = canonical.read(content)
    assert isinstance(value, dict)
    return value


@pytest.mark.parametrize("row", ROWS, ids=[row.id for row in ROWS])
def test_attack(stage: Composed, row: Attack[Stage]) -> None:
    came = row.act(stage)
    expected = row.behind.split() if row.behind else [row.expected]
    if row.expected.startswith(REFUSED_IDENTITY):
        expected += [QUOTA, QUOTA.partition(" ")[0]]
    assert came in expected


def test_a_key_of_another_is_none(stage: Composed) -> None:
    assert stage.assertion(key=jose.generate()) in {"401 invalid_client", QUOTA}
