"""Two real nodes for the tests of this folder: seven processes, their own keys, real sockets."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import workplace
from deploy.case import Case
from deploy.lab import Lab


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with Lab(tmp_path_factory.mktemp("lab")) as lab:
        yield lab


@pytest.fixture
def case(lab: Lab, tmp_path: Path) -> Case:
    """A new case: QM's request is accepted in QN, no package yet."""
    case = workplace.open_case(lab, tmp_path / "desk")
    case.draft(str(workplace.write_draft(tmp_path)))
    case.send_request()
    case.accept()
    return case
