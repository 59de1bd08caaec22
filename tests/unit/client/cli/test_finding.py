"""`rogatory audit find`: a node that leaves something out is found, whichever way it does so."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from client.oversight.mirror import Mirror
from shared.protocol import leaves
from shared.protocol.canonical import b64u
from shared.protocol.commitments import Opening
from shared.protocol.identifiers import new_id
from tests.scripted_gateway import Answer, Gateway, answer
from tests.simulated_case import Case
from tests.simulated_finder import Finder
from tests.simulated_mirror import write_log, write_mirror
from tests.simulated_node import START, Node
from tests.unit.client.cli.conftest import Cli, Ran

FIND = ["audit", "find", "--purpose", "complaint 7"]
CASE = new_id(START)
OTHER = new_id(START)
NEVER = new_id(START)


class Asked:
    """QM's node, asked through its gateway."""

    def __init__(self, gateway: Gateway, known: Cli, folder: Path) -> None:
        self.case = Case()
        self.node: Node = self.case.qm
        self.finder = Finder(country=self.node)
        self.known, self.gateway, self.pinned = known, gateway, folder / "pinned.json"
        self.pinned.write_bytes(self.case.directory[1])
        gateway.routes |= {
            "GET /v1/directory": Answer(body=self.case.directory[0]),
            "GET /v1/audit/key": answer({"key": b64u(self.node.case_key)}),
            "GET /v1/audit/find": self.finder,
            "GET /v1/audit/proof": self.finder.proof,
        }
        for number in range(9):
            self.node.record(type="request.sent", case_id=CASE if number % 3 else OTHER, peer="QX")

    def __call__(self, *words: str | Path) -> Ran:
        return self.known(*FIND, *words, "--root", self.pinned)

    def indexes(self, *words: str) -> list[int]:
        said = self(*words, "--json")
        assert said.code == 0, said.err + said.out
        return [each["index"] for each in said.json["events"]]

    def refused(self, *words: str | Path) -> tuple[int, str]:
        said = self(*words, "--json")
        return said.code, said.json["error"]["code"]

    def of(self, case: str) -> list[int]:
        """What the log really has."""
        first = next(leaf for leaf in self.node.log if leaf.case_ref)
        assert first.case_ref
        return [n for n, leaf in enumerate(self.node.log) if leaf.case_ref == self.ref(case)]

    def ref(self, case: str) -> str:
        place = self.node.record(type="request.sent", case_id=case)
        leaf = self.node.log.pop(place)
        self.node.bodies.pop()
        assert leaf.case_ref
        return leaf.case_ref


@pytest.fixture
def asked(gateway: Gateway, known: Cli, tmp_path: Path) -> Asked:
    return Asked(gateway, known, tmp_path)


def test_all_entries_of_a_case_are_found(asked: Asked) -> None:
    place = asked.finder.log_index()
    asked.node.record(type="request.answered", case_id=CASE)
    asked.node.record(type="access.denied")
    expected = asked.of(CASE)
    assert len(expected) == 7
    assert asked.indexes("--case", CASE) == expected
    assert asked.indexes("--case", asked.ref(CASE)) == expected
    said = asked("--case", CASE)
    assert "request.answered" in said.out
    assert f"all 7 entries of {CASE} among the {len(asked.node.log)} entries" in said.out
    assert f"by the index in entry {place}, over {place} entries" in said.out
    assert asked.gateway.calls[-1].headers["X-Purpose"] == "complaint 7"


def test_all_entries_about_a_country_are_found(asked: Asked) -> None:
    asked.finder.log_index()
    said = asked("--peer", "QX", "--json").json
    assert len(said["events"]) == 9
    assert said["size"] == len(asked.node.log)
    assert asked.indexes("--peer", "QN")


def test_a_case_is_told_in_order_from_a_checked_answer(asked: Asked) -> None:
    asked.finder.log_index()
    words = ["audit", "show", "--purpose", "complaint 7", "--root", asked.pinned, "--case"]
    said = asked.known(*words, CASE)
    assert said.out.startswith(f"6 entries about {CASE}, in the order of the log\n")
    assert "the log says nothing of" in asked.known(*words, NEVER).out
    asked.finder.seen_as = hiding(asked.ref(CASE), {2})
    assert asked.known(*words, CASE).code == 3


def test_that_there_is_none_is_proven(asked: Asked) -> None:
    asked.finder.log_index()
    said = asked("--case", NEVER)
    assert said.code == 0
    assert f"proven: there is no entry of {NEVER} among the" in said.out
    assert asked.indexes("--peer", "ZZ") == []


def test_without_an_index_every_entry_is_read(asked: Asked) -> None:
    assert asked.indexes("--case", CASE) == asked.of(CASE)
    assert "every entry was read" in asked("--case", NEVER).out


def test_what_was_committed_is_shown_and_checked(asked: Asked) -> None:
    opening = Opening(name="officer", value="Q. Example")
    place = asked.node.record(
        type="request.sent", case_id=CASE, commit={"officer": opening.commitment()}
    )
    asked.finder.openings[place] = [opening]
    asked.finder.log_index()
    assert "officer: Q. Example" in asked("--case", CASE).out
    asked.finder.openings[place] = [replace(opening, value="N. Obody")]
    assert asked.refused("--case", CASE) == (3, "digest_mismatch")


def hiding(case_ref: str, places: set[int] | None = None) -> Callable[[leaves.Leaf], leaves.Leaf]:
    """Read leaves as if those of a case were of none."""

    def read(leaf: leaves.Leaf) -> leaves.Leaf:
        hidden = leaf.case_ref == case_ref and (places is None or leaf.case_seq in places)
        return replace(leaf, case_ref=None) if hidden else leaf

    return read


def test_an_entry_that_is_in_the_index_cannot_be_left_out(asked: Asked) -> None:
    asked.finder.log_index()
    asked.finder.seen_as = hiding(asked.ref(CASE), {2})
    assert asked.refused("--case", CASE) == (3, "bad_log_proof")


def test_a_case_that_is_in_the_index_cannot_be_denied(asked: Asked) -> None:
    asked.finder.log_index()
    asked.finder.seen_as = hiding(asked.ref(CASE))
    assert asked.refused("--case", CASE) == (3, "bad_log_proof")


def test_an_entry_of_another_case_does_not_belong_there(asked: Asked) -> None:
    asked.finder.log_index()
    ref, other = asked.ref(CASE), asked.ref(OTHER)
    asked.finder.seen_as = lambda leaf: (
        replace(leaf, case_ref=ref) if leaf.case_ref == other else leaf
    )
    assert asked.refused("--case", CASE) == (3, "bad_log_proof")


def test_an_index_under_another_checkpoint_is_refused(asked: Asked) -> None:
    asked.finder.log_index()
    older: list[dict[str, Any]] = []

    def bend(page: dict[str, Any]) -> None:
        if page["index"]:
            older.append(page["index"])
            page["index"] = older[0]

    asked.finder.bent = bend
    assert asked("--case", CASE).code == 0
    asked.node.record(type="access.denied")
    assert asked.refused("--case", CASE) == (3, "bad_log_proof")


def test_only_a_log_of_the_directory_with_its_quorum_is_believed(asked: Asked) -> None:
    asked.finder.log_index()

    def alone(page: dict[str, Any]) -> None:
        page["checkpoint"] = "\n".join(
            line for line in page["checkpoint"].split("\n") if "witness.example" not in line
        )

    asked.finder.bent = alone
    assert asked.refused("--case", CASE) == (3, "unwitnessed")
    asked.finder.bent = lambda page: page.update(
        checkpoint=page["checkpoint"].replace(asked.node.log_key.origin, "log.qz.example/1")
    )
    assert asked.refused("--case", CASE) == (3, "untrusted")


def test_a_log_is_asked_for_by_its_name(asked: Asked) -> None:
    asked.finder.log_index()
    origin = asked.node.log_key.origin
    assert asked("--case", CASE, "--log", origin).code == 0
    assert asked.gateway.calls[-1].query["log"] == [origin]
    assert asked.refused("--peer", "QX", "--log", asked.case.qn.log_key.origin) == (3, "malformed")
    assert asked.refused("--peer", "QX", "--log", "log.qz.example/1") == (3, "untrusted")


def test_another_case_key_makes_another_case(asked: Asked) -> None:
    asked.finder.log_index()
    asked.gateway.routes["GET /v1/audit/key"] = answer({"key": b64u(b"x" * 32)})
    assert asked.refused("--case", CASE) == (3, "bad_log_proof")


@pytest.mark.parametrize(
    "words", [[], ["--case", CASE, "--peer", "QN"], ["--case", "seven"], ["--peer", "Nowhere"]]
)
def test_one_case_or_one_country_is_asked_for(asked: Asked, words: list[str]) -> None:
    assert asked.refused(*words)[0] == 2


def test_an_answer_is_held_against_a_mirror(asked: Asked, tmp_path: Path) -> None:
    mirror = write_mirror(tmp_path / "mirror", asked.case, asked.node)
    asked.finder.log_index()
    kept = len(list(mirror.checkpoints()))
    assert asked("--case", CASE, "--mirror", mirror.folder).code == 0
    assert len(list(mirror.checkpoints())) == kept + 1
    write_log(mirror, asked.node)
    asked.node.record(type="access.denied")
    write_log(mirror, asked.node)
    asked.node.log.pop(), asked.node.bodies.pop()
    assert asked.refused("--case", CASE, "--mirror", mirror.folder) == (3, "stale_answer")


def test_an_answer_from_another_history_convicts_the_log(asked: Asked, tmp_path: Path) -> None:
    asked.finder.log_index()
    asked.node.record(type="access.denied")
    mirror = write_mirror(tmp_path / "mirror", asked.case, asked.node)
    asked.node.log.pop(), asked.node.bodies.pop()
    asked.node.record(type="access.denied")  # another event in its place
    assert asked.refused("--case", CASE, "-d", mirror.folder) == (3, "inconsistent_log")
    assert list((mirror.folder / "evidence").glob("*.misbehaviour.json"))
    assert Mirror(mirror.folder) == mirror
