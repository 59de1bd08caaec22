"""A federation made once; a fresh exchange for each test that wants one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import layout
from deploy.bootstrap import bootstrap
from tests.service.exchange.node import START, Clock, Node, open_node
from tests.service.exchange.pair import Pair
from tests.service.exchange.stages import Stages, accepted, released, sent, verified


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


@pytest.fixture(scope="session")
def stages(federation: Path, tmp_path_factory: pytest.TempPathFactory) -> Stages:
    return Stages(federation, tmp_path_factory.mktemp("stages"))


@pytest.fixture
def sent_case(stages: Stages, tmp_path: Path) -> Iterator[tuple[Pair, str]]:
    """QM's first request is signed; nothing has left. With the request's id."""
    with stages.at("sent", sent, tmp_path) as case:
        yield case


@pytest.fixture(scope="module")
def open_case(
    stages: Stages, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Pair, str]]:
    """The same as `accepted_case`, one for all tests of a file in which a country forges entries."""
    with stages.at("accepted", accepted, tmp_path_factory.mktemp("open")) as case:
        yield case


@pytest.fixture(scope="session")
def true_case(
    stages: Stages, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Pair, str]]:
    """The same as `accepted_case`, one for all tests that leave both chains true and equal."""
    with stages.at("accepted", accepted, tmp_path_factory.mktemp("true")) as case:
        yield case


@pytest.fixture
def accepted_case(stages: Stages, tmp_path: Path) -> Iterator[tuple[Pair, str]]:
    """QN has accepted QM's request. With the request's id."""
    with stages.at("accepted", accepted, tmp_path) as case:
        yield case


@pytest.fixture
def released_case(stages: Stages, tmp_path: Path) -> Iterator[tuple[Pair, str]]:
    """QN has signed a package; nothing of it has left. With the package's id."""
    with stages.at("released", released, tmp_path) as case:
        yield case


@pytest.fixture
def verified_case(stages: Stages, tmp_path: Path) -> Iterator[tuple[Pair, str]]:
    """QM has QN's package, verified; all receipts are exchanged. With the package's id."""
    with stages.at("verified", verified, tmp_path) as case:
        yield case


@pytest.fixture(scope="session")
def verified_session(
    stages: Stages, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Pair, str]]:
    """The same as `verified_case`, one for all tests that leave package and channels as they are."""
    with stages.at("verified", verified, tmp_path_factory.mktemp("taken")) as case:
        yield case


@pytest.fixture(scope="module")
def doubted_session(
    stages: Stages, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[Pair, str]]:
    """The same as `verified_session`, one for all tests of a file in which a country forges entries."""
    with stages.at("verified", verified, tmp_path_factory.mktemp("doubted")) as case:
        yield case
