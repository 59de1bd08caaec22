"""The way to time-stamping authorities: for the log alone, to those of the node's file alone."""

from pathlib import Path

import pytest

from shared.protocol import canonical
from shared.protocol.canonical import Json
from shared.protocol.timetokens import ask, read_answer
from shared.runtime.authorities import AuthoritiesError, read_authorities
from tests.service.gateway.calling import inside
from tests.service.gateway.conftest import World

NOTE = "qm.rogatory.example/log\n0\n47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=\n\n— a b\n"
GOOD: dict[str, Json] = {
    "name": "tsa.example",
    "url": "http://tsa.example/tsr",
    "anchors": "tsa.pem",
}


def test_the_log_gets_its_stamp(world: World) -> None:
    question = ask(NOTE)
    answer = inside(
        world.qm, "POST", "/egress/time/tsa.example", caller="audit", content=question.request
    )
    assert answer.headers["content-type"] == "application/timestamp-reply"
    known = read_authorities(world.qm.time_authorities)
    assert read_answer(answer.content, question, NOTE, known["tsa.example"].anchors)


@pytest.mark.parametrize(
    ("name", "caller", "status", "code"),
    [
        ("tsa.example", "exchange", 403, "wrong_service"),
        ("tsa2.example", "audit", 404, "unknown_time_authority"),
        ("tsa%2Fx", "audit", 404, "not_found"),
    ],
)
def test_nobody_else_and_nowhere_else(
    world: World, name: str, caller: str, status: int, code: str
) -> None:
    answer = inside(world.qm, "POST", f"/egress/time/{name}", caller=caller, content=b"x")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_node_without_authorities_has_none(world: World) -> None:
    answer = inside(world.qn, "POST", "/egress/time/tsa.example", caller="audit", content=b"x")
    assert answer.status_code == 404
    assert read_authorities(None) == {}


def test_what_a_broken_authority_says_is_told(world: World) -> None:
    world.time.status = 500
    try:
        answer = inside(
            world.qm, "POST", "/egress/time/tsa.example", caller="audit", content=ask(NOTE).request
        )
    finally:
        world.time.status = 200
    assert (answer.status_code, answer.json()["code"]) == (502, "no_time_stamp")


@pytest.mark.parametrize(
    ("entries", "told"),
    [
        ([{**GOOD, "name": "a b"}], "no name"),
        ([{**GOOD, "name": "a/b"}], "no name"),
        ([{**GOOD, "url": "ftp://x"}], "no address"),
        ([{**GOOD, "url": "https://tsa.example"}], "https takes `tls`"),
        ([{**GOOD, "anchors": "missing.pem"}], "missing.pem"),
        ([{**GOOD, "anchors": "empty.pem"}], "no certificates"),
        ([{**GOOD, "policy": "none"}], "no certificates"),
        ([{**GOOD, "more": 1}], "more"),
        ([GOOD, GOOD], "one name"),
        ([{**GOOD, "name": f"tsa{number}"} for number in range(17)], "over 16"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    world: World, tmp_path: Path, entries: list[Json], told: str
) -> None:
    (tmp_path / "tsa.pem").write_bytes(world.time.authority.anchors)
    (tmp_path / "empty.pem").write_bytes(b"")
    (tmp_path / "authorities.json").write_bytes(canonical.encode({"authorities": entries}))
    with pytest.raises(AuthoritiesError, match=told):
        read_authorities(tmp_path / "authorities.json")


def test_its_web_server_may_have_a_certificate_of_its_own_kind(
    world: World, tmp_path: Path
) -> None:
    (tmp_path / "tsa.pem").write_bytes(world.time.authority.anchors)
    (tmp_path / "authorities.json").write_bytes(
        canonical.encode({"authorities": [{**GOOD, "tls": "tsa.pem"}]})
    )
    tls = read_authorities(tmp_path / "authorities.json")["tsa.example"].tls
    assert tls == world.time.authority.anchors.decode()
