from dataclasses import dataclass, field
from pathlib import Path

import pytest

from client.witness.judging import Reply, Witness, trusted_logs
from client.witness.setup import open_folder
from shared.protocol.witnessing import format_submission
from tests.unit.shared.protocol.worked_growth import VKEYS, note, proof
from tests.unit.shared.protocol.worked_log import TIME


@dataclass
class Desk:
    """A witness of the worked log, and what it raised the alarm about."""

    folder: Path
    alarms: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        key, memory = open_folder(self.folder, "oversight.example/w1")
        self.witness = Witness(
            key=key,
            logs=trusted_logs(VKEYS),
            memory=memory,
            folder=self.folder,
            clock=lambda: TIME,
            alarm=self.alarms.append,
        )

    def add(self, old: int, sent: str, hashes: list[bytes] | None = None) -> Reply:
        return self.witness.add_checkpoint(format_submission(old, hashes or [], sent))

    def grow(self, old: int, new: int) -> Reply:
        return self.add(old, note(new), proof(old, new) if old else [])

    def evidence(self) -> list[bytes]:
        return [each.read_bytes() for each in (self.folder / "evidence").glob("*.json")]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path / "w")
