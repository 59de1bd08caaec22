"""A second worker of QM's gateway on the same database, behind a proxy that has seen certificates."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from typing_extensions import override

from services.gateway.main import create
from shared.protocol import canonical
from shared.runtime.clock import Clock, utc_now
from shared.runtime.origin import BehindProxy
from tests.service.gateway.calling import Caller
from tests.service.gateway.conftest import World, wait_until
from tests.service.gateway.federation import settings
from tests.service.gateway.sockets import listening, serving


@dataclass
class Behind(Caller):
    """A client whose certificate the proxy tells of; it and the proxy are one."""

    client: httpx.Client | None = None

    @property
    @override
    def http(self) -> httpx.Client:
        assert self.client is not None
        return self.client


def shown(certificate: bytes | None) -> dict[str, str]:
    """The header of RFC 9440, as Caddy writes it."""
    return {"Client-Cert": f":{canonical.b64(certificate or b'')}:"}


@contextlib.contextmanager
def second_worker(
    world: World, folder: Path, clock: Clock = utc_now, **changes: object
) -> Iterator[httpx.Client]:
    """Serve; the client is the proxy's side of the wire."""
    given = settings(world.qm, world.federation)
    given = given.model_copy(
        update={
            "database": given.database_url("gateway"),
            "data": folder,
            "gateway_listen": "unix:/unused",
            **changes,
        }
    )
    bound, port = listening()
    headers = {"Host": f"127.0.0.1:{world.qm.public[1]}", "X-Real-Ip": "192.0.2.7"}
    app = BehindProxy(create(given, clock=clock).public)
    with (
        serving(app, bound),
        httpx.Client(
            base_url=f"http://127.0.0.1:{port}", headers=headers, trust_env=False
        ) as client,
    ):
        wait_until(lambda: client.get("/readyz").is_success)
        yield client
