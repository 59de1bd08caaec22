"""`python -m services.audit.shards`: end a log, and begin the one that continues it (deploy/OPERATING.md).

It is told what the service is told: for `close` and `status` what the log that ends runs with, for `draw` and
`open` what the next one will run with. What the member document needs is written as JSON.
"""

import argparse
import shutil
import sys
import time
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from services.audit import keyring, succession
from services.audit.marks import Marks
from services.audit.settings import AuditSettings
from services.audit.shelf import MIGRATIONS, ShelfError, opened, read_places
from services.audit.succession import Ledger, NotEndedError
from shared.protocol import canonical
from shared.protocol.canonical import Json, b64
from shared.protocol.checkpoints import LogKey
from shared.protocol.errors import ProtocolError
from shared.protocol.identifiers import Country
from shared.runtime.clock import Clock, utc_now
from shared.runtime.database import migrate, open_database
from shared.runtime.directory import Directory
from shared.runtime.keystore import Keystore, KeystoreError
from shared.runtime.settings import load

PATIENCE = 600  # seconds that `close` waits for the quorum of the end
GLANCE = 0.2


def run(arguments: Sequence[str], settings: AuditSettings, clock: Clock = utc_now) -> int:
    """Do what the command line says; 0 if it is done, 1 with the reason if it is not."""
    told = _parser().parse_args(arguments)
    commands = {"draw": draw, "close": close, "status": status, "open": begin}
    try:
        answer = commands[told.command](told, settings, clock)
    except (NotEndedError, KeystoreError, ShelfError, ProtocolError, OSError) as error:
        sys.stderr.write(f"{error.detail if isinstance(error, ProtocolError) else error}\n")
        return 1
    sys.stdout.write(canonical.encode(answer).decode() + "\n")
    return 0


def draw(told: argparse.Namespace, settings: AuditSettings, _clock: Clock) -> Json:
    """Draw a key for LOG_ORIGIN; give what the member document says of it."""
    key = LogKey.generate(settings.log_origin)
    _keystore(settings).put(told.name, key.to_bytes())
    return {"origin": key.origin, "vkeys": list[Json](key.vkeys())}


def close(_told: argparse.Namespace, settings: AuditSettings, clock: Clock) -> Json:
    """Have the running log end, and wait until its quorum has cosigned the end."""
    log = _ledger(settings, clock)
    succession.close(log)
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return _end(log, settings, dead=False)
        except NotEndedError:
            if time.monotonic() > deadline:
                raise
            time.sleep(GLANCE)


def status(told: argparse.Namespace, settings: AuditSettings, clock: Clock) -> Json:
    """Say where a log ended: what the member document is to name under `closed_logs`."""
    return _end(_ledger(settings, clock), settings, dead=told.dead)


def begin(told: argparse.Namespace, settings: AuditSettings, clock: Clock) -> Json:
    """Begin the log that continues another one."""
    new = _ledger(settings, clock)
    place = read_places(settings.closed_logs).get(told.after)
    before = None if place is None else opened(place)
    if told.note is not None:
        vkeys = told.vkeys.read_text(encoding="ascii").split()
        note = told.note.read_text(encoding="utf-8")
        ended = succession.end_by_note(note, told.after, vkeys, reason=succession.DEAD, clock=clock)
    elif before is not None:
        old = Ledger(origin=told.after, database=before, confidential=new.confidential, clock=clock)
        ended = succession.end(old, dead=told.dead)
    else:
        raise NotEndedError(f"CLOSED_LOGS does not say where {told.after} is")
    fresh = succession.begin(new, ended, before=before, marks=Marks(settings.witness_state))
    if told.data is not None:
        move_marks(settings.model_copy(update={"data": told.data}).witness_state, settings)
    return {"origin": new.origin, "after": ended.origin, "size": ended.size, "begun": fresh}


def move_marks(old: Path, settings: AuditSettings) -> None:
    """Move our witness's second memory, so that no process of the old log can cosign any more."""
    marks = Marks(settings.witness_state)
    for note in Marks(old).notes():
        marks.advance(note)
    shutil.rmtree(old, ignore_errors=True)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m services.audit.shards", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    drawing = commands.add_parser("draw", help=draw.__doc__)
    drawing.add_argument("name", help="of the new key in the keystore, for LOG_KEYS")
    commands.add_parser("close", help=close.__doc__)
    showing = commands.add_parser("status", help=status.__doc__)
    opening = commands.add_parser("open", help=begin.__doc__)
    opening.add_argument("--after", metavar="ORIGIN", required=True, help="the log before it")
    for each in (showing, opening):
        each.add_argument("--dead", action="store_true", help="it ended at its last published one")
    opening.add_argument("--data", type=Path, help="its DATA, whose witness memory is moved here")
    opening.add_argument("--note", type=Path, help="the last published checkpoint, if all is lost")
    opening.add_argument("--vkeys", type=Path, help="with --note: the keys that signed it")
    return parser


def _keystore(settings: AuditSettings) -> Keystore:
    return Keystore.open(settings.keystore, settings.passphrase_file)


def _ledger(settings: AuditSettings, clock: Clock) -> Ledger:
    keystore = _keystore(settings)
    keyring.log_keys(keystore, settings)
    settings.data.mkdir(parents=True, exist_ok=True)
    database = open_database(settings.database_url("audit"))
    migrate(database, MIGRATIONS)
    return Ledger(
        origin=settings.log_origin,
        database=database,
        confidential=keyring.confidential(keystore),
        clock=clock,
    )


def _end(log: Ledger, settings: AuditSettings, *, dead: bool) -> Json:
    """An element of `closed_logs` (spec/trust.md); policy and address are of the directory's document."""
    ended = succession.end(log, dead=dead)
    directory = Directory(settings.data / "directory.json", settings.root.read_bytes())
    member = directory.members.get(Country(settings.country))
    if member is None:
        raise NotEndedError("the directory has not been fetched yet")
    digest = sha256(ended.origin.encode()).hexdigest()
    return {
        "origin": ended.origin,
        "url": f"{member.gateway}/logs/{digest}",
        "vkeys": list[Json](ended.vkeys),
        "policy": member.log_named(ended.origin).policy,
        "size": ended.size,
        "root": b64(ended.root),
    }


if __name__ == "__main__":
    sys.exit(run(sys.argv[1:], load(AuditSettings)))
