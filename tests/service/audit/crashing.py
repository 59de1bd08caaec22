"""A process that records events as fast as it can and says each time what it was told; for killing."""

import sys
from datetime import timedelta
from pathlib import Path

from shared.runtime.database import open_database
from tests.service.audit.logbook import START, Logbook, MortalDatabase, SetClock, event


def main(folder: Path, first: int) -> None:
    opened = open_database(f"sqlite:///{folder}/audit.sqlite")
    logbook = Logbook(
        MortalDatabase(opened.engine, opened.sessions),
        folder,
        SetClock(START + timedelta(hours=first)),
    )
    logbook.open()
    for number in range(first, first + 1000):
        (recorded,) = logbook.record(event(number))
        sys.stdout.write(f"{number} {recorded.index}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
