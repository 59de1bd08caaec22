from collections.abc import Iterator
from pathlib import Path

import pytest

from client.clock import utc_now
from client.sdk.session import Session, connect
from tests.scripted_gateway import Gateway, serve


@pytest.fixture
def gateway(tmp_path: Path) -> Iterator[Gateway]:
    folder = tmp_path / "gateway"
    folder.mkdir()
    with serve(folder) as running:
        yield running


@pytest.fixture
def session(gateway: Gateway) -> Iterator[Session]:
    opened = connect(gateway.profile(), clock=utc_now)
    opened.wire.pauses = (0.0, 0.0)
    yield opened
    opened.wire.pool.close()
