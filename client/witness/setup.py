"""The folder of a witness: `witness-key` (mode 0600), `memory.sqlite3`, `evidence/`."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from client.errors import IntegrityError, StateError, UsageError
from client.witness.judging import write_new
from client.witness.memory import Memory
from shared.protocol.cosignatures import WitnessKey

KEY: Final = "witness-key"
MEMORY: Final = "memory.sqlite3"


def open_folder(folder: Path, name: str | None) -> tuple[WitnessKey, Memory]:
    """Open a witness's folder, or make it at the first start.

    Args:
        folder: its own.
        name: of the witness; needed at the first start, and the same ever after.

    Raises:
        UsageError: there is no key yet and no name for it.
        StateError: the key has another name.
        IntegrityError: the key is here and the memory is not: it could cosign a second history.
    """
    memory, place = Memory(folder / MEMORY), folder / KEY
    if not place.exists():
        if name is None:
            raise UsageError(
                f"there is no witness in {folder} yet",
                code="no_witness",
                next_step="give it a name with --name, for example oversight.example/witness",
            )
        key = WitnessKey.generate(name)
        folder.mkdir(parents=True, exist_ok=True)
        memory.prepare()  # before the key: a key never lies here without its memory
        write_new(place, key.to_bytes(), mode=0o600)
        return key, memory
    key = WitnessKey.from_bytes(place.read_bytes())
    if name not in {None, key.name}:
        raise StateError(f"this witness is {key.name}, and keeps its name", code="other_name")
    if not memory.path.exists():
        raise IntegrityError(
            "the witness has lost its memory of what it cosigned",
            code="lost_memory",
            next_step=f"bring {memory.path} back, or begin anew in another folder with another key",
        )
    return key, memory
