"""Names come from openings, each held against the entry that commits to it."""

from pathlib import Path

import pytest

from client.oversight.counting.people import UNOPENED, People, read_people
from client.oversight.mirror import Mirror
from client.oversight.openings import Openings
from shared.protocol.canonical import Json, b64u
from shared.protocol.commitments import Opening
from shared.protocol.errors import DigestMismatchError
from tests.simulated_mirror import write_log
from tests.simulated_node import Clock, Node

OFFICER = Opening(name="officer", value="A. Weber")
PURPOSE = Opening(name="purpose", value="trial")


def wire(opening: Opening) -> Json:
    return {"name": opening.name, "value": opening.value, "salt": b64u(opening.salt)}


@pytest.fixture
def mirror(tmp_path: Path) -> Mirror:
    qm = Node(name="QM", clock=Clock())
    for _ in range(300):
        qm.record(type="log.heartbeat")
    qm.record(
        type="evidence.accessed",
        commit={each.name: each.commitment() for each in (OFFICER, PURPOSE)},
    )
    mirror = Mirror(tmp_path / "m")
    write_log(mirror, qm)
    return mirror


def opened(mirror: Mirror, *openings: Opening, before: int = 0) -> People:
    file = mirror.folder / "openings.json"
    file.write_bytes(Openings(((301, tuple(map(wire, openings))),)).to_bytes())
    return read_people(file, mirror, size=302, before=before)


def test_a_person_is_named_where_the_entry_commits_to_the_name(mirror: Mirror) -> None:
    people = opened(mirror, OFFICER, PURPOSE)
    assert (people.who(301), people.said(301, "purpose")) == ("A. Weber", "trial")
    assert (people.who(300), people.said(300, "purpose")) == (UNOPENED, UNOPENED)
    assert opened(mirror, PURPOSE).who(301) == UNOPENED


def test_entries_are_numbered_over_all_logs(mirror: Mirror) -> None:
    assert opened(mirror, OFFICER, before=1000).who(1301) == "A. Weber"


def test_another_name_is_refused(mirror: Mirror) -> None:
    with pytest.raises(DigestMismatchError):
        opened(mirror, Opening(name="officer", value="B. Weber", salt=OFFICER.salt))
