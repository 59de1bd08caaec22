from pathlib import Path

import pytest

from tests.witness_at_work import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "w")
