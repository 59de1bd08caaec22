"""An oversight body's witness, at a desk or on a real socket."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from client.witness.judging import Witness, trusted_logs
from client.witness.serving import Server
from client.witness.setup import open_folder
from shared.protocol.witnessing import Reply, format_submission
from tests.unit.shared.protocol.worked_growth import VKEYS, note, proof
from tests.unit.shared.protocol.worked_log import TIME


@dataclass
class Desk:
    """A witness, of the worked log if no other is named, and what it raised the alarm about."""

    folder: Path
    vkeys: Sequence[str] = tuple(VKEYS)
    name: str = "oversight.example/w1"
    alarms: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        key, memory = open_folder(self.folder, self.name)
        self.witness = Witness(
            key=key,
            logs=trusted_logs(self.vkeys),
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


@contextmanager
def serving(desk: Desk, *, idle: float = 10, longest: float = 30) -> Iterator[str]:
    with Server(("127.0.0.1", 0), desk.witness, idle=idle, longest=longest) as server:
        thread = threading.Thread(target=server.serve_forever, args=[0.05])
        thread.start()
        try:
            yield server.url()
        finally:
            server.shutdown()
            thread.join()
