"""A federation made once; a fresh exchange for each test that wants one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import layout
from deploy.bootstrap import bootstrap
from tests.service.exchange.node import START, Clock, Node, open_node


@pytest.fixture(scope="session")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("federation")
    bootstrap(out, layout.on_loopback(("QM", "QN")), START)
    return out


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def qm(federation: Path, tmp_path: Path, clock: Clock) -> Iterator[Node]:
    """The requesting country."""
    node = open_node("QM", federation, tmp_path / "QM", clock)
    yield node
    node.parts.database.close()


@pytest.fixture
def qn(federation: Path, tmp_path: Path, clock: Clock) -> Iterator[Node]:
    """The executing country."""
    node = open_node("QN", federation, tmp_path / "QN", clock)
    yield node
    node.parts.database.close()
