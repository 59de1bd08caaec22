"""What a submission did not prove the log's own tiles may."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from typing_extensions import override

from services.audit.inquiring import PACE, Inquiry
from shared.protocol import merkle
from shared.protocol.misbehaviour import parse_evidence
from shared.protocol.tiles import parse_tile
from tests.service.audit.logbook import MortalDatabase
from tests.service.audit.test_cosigning import OTHERS, forked, forked_proof
from tests.service.audit.witness_stand import Federation, Stand
from tests.unit.shared.protocol.worked_growth import LEAVES, note
from tests.unit.shared.protocol.worked_log import ORIGIN

TILE = "tile/0/000.p/8"
LIAR: Mapping[str, bytes] = {"checkpoint": forked(8).encode(), TILE: b"".join(OTHERS)}


class Served(httpx.BaseTransport):
    """The gateway's way to QN's log, which serves these files."""

    def __init__(self, files: Mapping[str, bytes], status: int = 404) -> None:
        self.files, self.status, self.calls = files, status, list[str]()

    @override
    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/egress/QN/log/")
        self.calls.append(path)
        if path not in self.files:
            return httpx.Response(self.status)
        return httpx.Response(200, content=self.files[path])


@pytest.fixture
def stand(database: MortalDatabase, tmp_path: Path, federation: Federation) -> Stand:
    """It has cosigned four entries, and was shown eight that do not begin with them."""
    made = Stand(database, tmp_path, federation)
    assert made.grow(0, 4).status == 200
    assert made.add(4, forked(8), forked_proof(4, 8)).status == 422
    assert made.evidence() == [], "from four a proof leaves out the tree that it begins with"
    return made


def inquiry(stand: Stand, served: Served) -> Inquiry:
    gateway = httpx.Client(transport=served, base_url="http://gateway")
    made = Inquiry(cosigner=stand.cosigner, gateway=gateway)
    made.begin()
    return made


def test_the_tiles_of_a_rewritten_log_convict_it(stand: Stand) -> None:
    served = Served(LIAR)
    job = inquiry(stand, served)
    assert not job.work()
    (found,) = stand.evidence()
    assert parse_evidence(found).smaller.startswith(f"{ORIGIN}\n4\n")
    assert stand.waiting() == 1
    asked = len(served.calls)
    stand.clock.now += PACE + timedelta(seconds=1)
    assert not job.work()
    assert len(served.calls) == asked, "a log that is convicted is convicted"


@pytest.mark.parametrize(
    "files",
    [
        {},
        {"checkpoint": note(8).encode()},
        {"checkpoint": note(8).encode(), TILE: b"".join(LEAVES)},
        {"checkpoint": note(4).encode()},
        {"checkpoint": b"<html>"},
        {**LIAR, TILE: b"x" * 31},
        {**LIAR, TILE: b"x" * 2**17},
    ],
    ids=["silent", "no tiles", "honest", "shorter", "a page", "cut short", "without end"],
)
def test_what_convicts_nobody(stand: Stand, files: Mapping[str, bytes]) -> None:
    assert not inquiry(stand, Served(files)).work()
    assert stand.evidence() == []


def test_a_log_that_is_away_is_asked_again(stand: Stand) -> None:
    served = Served({}, status=502)
    job = inquiry(stand, served)
    job.work()
    served.files = LIAR
    job.work()
    assert stand.evidence() == [], "not before it is time to"
    stand.clock.now += PACE + timedelta(seconds=1)
    job.work()
    assert len(stand.evidence()) == 1


def test_larger_trees_are_read_by_their_full_tiles(
    database: MortalDatabase, tmp_path: Path, federation: Federation
) -> None:
    """F26: 512 entries are cosigned, and 70,000 shown of which the first is another one."""
    leaves = [n.to_bytes(4, "big") * 8 for n in range(70_000)]
    stand = Stand(database, tmp_path, federation)
    assert stand.add(0, note(512, merkle.root(leaves[:512]))).status == 200
    leaves[0] = bytes([1]) * 32
    frontier = merkle.Frontier()
    nodes = {node: made for each in leaves for node, made in frontier.add(each)}
    shown = note(70_000, merkle.root(leaves))
    assert stand.add(512, shown, []).status == 422

    class Tiles(dict[str, bytes]):
        @override
        def __contains__(self, path: object) -> bool:
            return True

        @override
        def __getitem__(self, path: str) -> bytes:
            if path == "checkpoint":
                return shown.encode()
            tile = parse_tile(path.removeprefix("tile/"))
            return b"".join(nodes[node] for node in tile.nodes())

    assert not inquiry(stand, Served(Tiles())).work()
    assert len(stand.evidence()) == 1


def test_a_log_that_left_is_not_asked(database: MortalDatabase, tmp_path: Path) -> None:
    federation = Federation(tmp_path / "federation", ("QM", "QN"))
    stand = Stand(database, tmp_path, federation)
    stand.grow(0, 4)
    stand.add(4, forked(8), [])
    federation.say("QN", origin="qn.example/next", vkeys=["x"])
    stand.learn()
    served = Served(LIAR)
    inquiry(stand, served).work()
    assert served.calls == []
