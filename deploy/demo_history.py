"""The demo's last attacker owns QN's machine and its keys: he writes another history that holds in itself.

He changes one entry, recomputes the whole tree over it and signs the new root with the log's own key.
Nothing that the node shows can tell; who remembers can. The overseer's witness has cosigned the true
checkpoint, answers that the log contradicts itself, and keeps what convicts it: two signatures of the
log's own key.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic, sleep

from deploy import demo_views
from deploy.demo_attacks import Scene, disarm, notice, open_database
from deploy.demo_watch import Watch
from deploy.desk import CommandError
from deploy.lab import Lab
from shared.protocol.checkpoints import Checkpoint, LogKey, sign_checkpoint
from shared.protocol.merkle import Frontier, leaf_hash
from shared.runtime.clock import utc_now
from shared.runtime.keystore import Keystore

GUARDED = ("log_entry", "tree_node", "log_head", "published")
REST = 20.0  # seconds in which all that was logged is published


def rewrite_history(scene: Scene, watch: Watch) -> None:
    """Let him rewrite and re-sign the log; a new mirror alone would believe it, the witness does not."""
    stage, desk = scene.stage, scene.case.desks["QN-oversight"]
    key = log_key(scene.lab)
    with open_database(scene.lab.database("QN", "audit")) as db:
        index, size = rewrite(db, key)
    stage.say(
        f"He owns QN's keys as well: he rewrites entry {index}, computes the whole tree anew and signs"
        f" its {size} entries with the log's own key."
    )
    stage.say("A new mirror, which remembers nothing, asks the overseer's witness.")
    mirror = str(scene.folder / "mirror-QN-new")
    words = ("audit", "pull", "--purpose", demo_views.PURPOSE, "-o", mirror)
    root = ("--root", str(scene.folder / "root.json"))
    try:
        desk.run(*words, *root, *watch.options)
    except CommandError as error:
        notice(stage, "has cosigned another history", error)
    else:
        stage.fail("NOT NOTICED: the witness cosigned a rewritten log")
    convict(scene, watch)


def convict(scene: Scene, watch: Watch) -> None:
    """Verify what the witness kept, offline, with nothing but the directory's root."""
    stage, files = scene.stage, watch.evidence()
    if not files:
        stage.fail("the witness has kept no evidence")
    stage.say("The evidence is one file. QM's overseer verifies it offline: two notes, one signer.")
    desk = scene.case.desks["QM-oversight"]
    known = ("-d", str(scene.folder / "mirror-QM"), "--root", str(scene.folder / "root.json"))
    match desk.run("audit", "evidence", str(files[-1]), *known):
        case {"evidence": [{"convicts": str(origin), "sizes": [int(one), int(other)]}]}:
            stage.found(f"{origin} has signed two histories, of {one} and of {other} entries")
        case told:
            stage.fail(f"the evidence convicts nobody: {told}")


def log_key(lab: Lab) -> LogKey:
    """Take the key of QN's log, as somebody can who owns the machine."""
    etc = lab.folder / "QN/audit/etc"
    keystore = Keystore.open(etc / "keystore", etc / "passphrase")
    return LogKey.from_bytes(keystore.get("log"))


def rewrite(db: sqlite3.Connection, key: LogKey) -> tuple[int, int]:
    """Change one entry and make everything above it agree; return its index and the log's size."""
    with at_rest(db):
        for table in GUARDED:
            disarm(db, table)  # he does not arm them again
        index, body = db.execute(
            "SELECT idx, body FROM log_entry WHERE peer = 'QM' ORDER BY idx LIMIT 1 OFFSET 2"
        ).fetchone()
        changed = body.replace(b'"peer":"QM"', b'"peer":"QX"')
        db.execute("UPDATE log_entry SET body = ?, peer = 'QX' WHERE idx = ?", (changed, index))
        checkpoint = recompute(db, key.origin)
        note = sign_checkpoint(checkpoint, key, utc_now())
        db.execute("UPDATE published SET note = ? WHERE size = ?", (note, checkpoint.size))
    return index, checkpoint.size


def recompute(db: sqlite3.Connection, origin: str) -> Checkpoint:
    """Write the tree that the entries now have; return its head."""
    frontier = Frontier()
    for (body,) in db.execute("SELECT body FROM log_entry ORDER BY idx").fetchall():
        for (level, number), made in frontier.add(leaf_hash(body)):
            position = (number << level + 1) + (1 << level) - 1
            db.execute("UPDATE tree_node SET hash = ? WHERE position = ?", (made, position))
    root = frontier.root()
    db.execute("UPDATE log_head SET root = ?", (root,))
    return Checkpoint(origin=origin, size=frontier.size, root=root)


@contextmanager
def at_rest(db: sqlite3.Connection) -> Iterator[None]:
    """Do several statements in one transaction, at a moment when every entry is published."""
    deadline = monotonic() + REST
    while True:
        db.execute("BEGIN IMMEDIATE")
        (size,) = db.execute("SELECT size FROM log_head").fetchone()
        (shown,) = db.execute("SELECT max(size) FROM published").fetchone()
        if size == shown:
            break
        db.execute("ROLLBACK")
        if monotonic() > deadline:
            raise TimeoutError(f"QN's log shows {shown} of {size} entries after {REST:.0f} s")
        sleep(0.1)
    yield
    db.execute("COMMIT")
