"""Two workers on one PostgreSQL: what may be used once is used once, also over the death of a worker."""

from pathlib import Path

import pytest

from tests.attacks import assertions, calls, traces
from tests.attacks.conftest import lure
from tests.attacks.stage import Stage
from tests.edges import EMBEDDED, serve_edge

RACES = [row for row in (*assertions.ROWS, *calls.ROWS, *traces.ROWS) if row.number in {17, 34, 70}]


@pytest.mark.soak
def test_races_on_postgresql(tmp_path: Path, postgres_database: str) -> None:
    with lure() as trap, serve_edge(tmp_path, EMBEDDED, 2, postgres_database) as site:
        stage = Stage(site, trap)
        came = {row.id: row.act(stage) for row in RACES}
    assert came == {row.id: row.expected for row in RACES}
