"""The demo's attacker: owns the disks, and is found out each time.

He has what an operator of a node has: the bag on a court's desk, the databases (he removes the guard
triggers first, as their owner can) and the stored segments. He does not have the keys. Each attack is
undone before the next, so that each is found by itself; the answer must name what was touched.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from deploy import demo_views
from deploy.case import Case
from deploy.demo_words import Stage
from deploy.desk import CommandError
from deploy.lab import Lab

SHOWN = 220  # characters of what was said that are shown


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What every attack needs."""

    stage: Stage
    case: Case
    lab: Lab
    folder: Path


def attack(scene: Scene) -> None:
    """Part 6: four attacks; each must be noticed, and the notice must say what and where."""
    stage = scene.stage
    stage.part("An attacker who owns the disks")
    flip_in_bag(scene)
    rewrite_log(scene)
    flip_in_segment(scene)
    drop_entry(scene)
    stage.done("four attacks, four found")


def flip_in_bag(scene: Scene) -> None:
    """Change one bit of one exhibit in the bag."""
    scene.stage.say("He changes one bit of the chat database in the court's bag.")
    target = next((scene.folder / "bag/data").rglob("chat.sqlite"))
    with flipped(target, at=target.stat().st_size // 2):
        root = str(scene.folder / "root.json")
        must_fail(
            scene.stage,
            scene.case,
            "chat.sqlite",
            "QM-receiver",
            "verify",
            bag(scene),
            "--root",
            root,
        )


def rewrite_log(scene: Scene) -> None:
    """Change one row of QN's log, guard triggers removed."""
    with open_database(scene.lab.database("QN", "audit")) as db:
        triggers = disarm(db, "log_entry")
        index, body = db.execute(
            "SELECT idx, body FROM log_entry WHERE peer IS NOT NULL ORDER BY idx LIMIT 1 OFFSET 3"
        ).fetchone()
        scene.stage.say(f"He rewrites row {index} of QN's log in the database.")
        changed = body.replace(b'"peer":"QM"', b'"peer":"QX"')
        with committed(db):
            db.execute("UPDATE log_entry SET body = ? WHERE idx = ?", (changed, index))
        pull_and_verify(scene, "QN", f"entry {index}")
        with committed(db):
            db.execute("UPDATE log_entry SET body = ? WHERE idx = ?", (body, index))
            arm(db, triggers)


def flip_in_segment(scene: Scene) -> None:
    """Change one bit of a stored segment at the receiver."""
    with open_database(scene.lab.database("QM", "exchange")) as db:
        item, number, digest = db.execute(
            "SELECT item_id, n, digest FROM segment WHERE package_id = ?"
            " ORDER BY size DESC, n DESC LIMIT 1",
            (scene.case.package_id,),
        ).fetchone()
    scene.stage.say(f"He changes one bit of segment {number} of an item in QM's store.")
    target = next((scene.lab.folder / "QM/exchange").rglob(digest))
    with flipped(target, at=target.stat().st_size // 2):
        again = str(scene.folder / "bag-again")
        must_fail(
            scene.stage,
            scene.case,
            item,
            "QM-receiver",
            "fetch",
            scene.case.package_id,
            "-o",
            again,
        )


def drop_entry(scene: Scene) -> None:
    """Remove one entry from a channel at the receiver."""
    with open_database(scene.lab.database("QM", "exchange")) as db:
        triggers = disarm(db, "entry")
        columns = [row[1] for row in db.execute("PRAGMA table_info(entry)")]
        row = db.execute("SELECT * FROM entry WHERE channel = 'QN>QM' AND seq = 2").fetchone()
        scene.stage.say("He removes entry 2 of the channel QN>QM from QM's database.")
        with committed(db):
            db.execute("PRAGMA foreign_keys = OFF")
            db.execute("DELETE FROM entry WHERE channel = 'QN>QM' AND seq = 2")
        pull_and_verify(scene, "QM", "QN>QM")
        marks = ", ".join("?" for _ in columns)
        with committed(db):
            db.execute(f"INSERT INTO entry VALUES ({marks})", row)  # noqa: S608 - marks only
            arm(db, triggers)


def pull_and_verify(scene: Scene, country: str, named: str) -> None:
    """Let a country's overseer mirror and verify afresh: one of the two must fail."""
    desk = scene.case.desks[f"{country}-oversight"]
    mirror = str(scene.folder / f"mirror-{country}-after")
    try:
        demo_views.pull(desk, mirror)
    except CommandError as error:
        notice(scene.stage, named, error)
        return
    root = str(scene.folder / "root.json")
    must_fail(
        scene.stage, scene.case, named, desk.profile, "audit", "verify", mirror, "--root", root
    )


def must_fail(stage: Stage, case: Case, named: str, desk: str, *words: str) -> None:
    """Run a command that must refuse, and must name what was touched."""
    try:
        case.desks[desk].run(*words)
    except CommandError as error:
        notice(stage, named, error)
    else:
        stage.fail(f"NOT NOTICED: rogatory {' '.join(words)} found nothing wrong")


def notice(stage: Stage, named: str, error: CommandError) -> None:
    """Show what was said; it must name the object."""
    said = error.reason()
    if named not in said:
        stage.fail(f"noticed, but {named} is not named: {said}")
    shown = said if len(said) <= SHOWN else said[:SHOWN] + "…"
    stage.found(f"{shown} (exit {error.exit_code})")


def bag(scene: Scene) -> str:
    """Return where the bag is."""
    return str(scene.folder / "bag")


@contextmanager
def flipped(path: Path, *, at: int) -> Iterator[None]:
    """Flip one bit of a file, and flip it back afterwards."""
    path.chmod(0o600)
    _flip(path, at)
    try:
        yield
    finally:
        _flip(path, at)


def _flip(path: Path, at: int) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        octet = file.read(1)[0]
        file.seek(at)
        file.write(bytes((octet ^ 1,)))


@contextmanager
def open_database(path: Path) -> Iterator[sqlite3.Connection]:
    """Open a service's database beside the running service."""
    with closing(sqlite3.connect(path, timeout=10, isolation_level=None)) as db:
        yield db


@contextmanager
def committed(db: sqlite3.Connection) -> Iterator[None]:
    """Do several statements in one transaction."""
    db.execute("BEGIN IMMEDIATE")
    yield
    db.execute("COMMIT")


def disarm(db: sqlite3.Connection, table: str) -> list[str]:
    """Remove a table's guard triggers; return the statements that make them again."""
    found = db.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name = ?", (table,)
    ).fetchall()
    for name, _ in found:
        db.execute(f'DROP TRIGGER "{name}"')
    return [statement for _, statement in found]


def arm(db: sqlite3.Connection, triggers: list[str]) -> None:
    """Make the triggers again."""
    for statement in triggers:
        db.execute(statement)
