"""`inbox`, `fetch`, `verify`: the receiving authority and the court."""

import pty
import subprocess
import sys
from os import close, read
from pathlib import Path

from tests.scripted_gateway import Gateway, answer
from tests.scripted_packages import Delivery, request
from tests.simulated_case import Case, standard_case, write_files
from tests.unit.client.cli.conftest import Cli


def test_the_inbox_lists_packages_and_requests(known: Cli, gateway: Gateway) -> None:
    delivery = Delivery(standard_case())
    found = {"packages": [delivery.record()], "requests": [request(direction="in")]}
    gateway.routes["GET /v1/inbox"] = answer(found)
    assert len(known("inbox").out.splitlines()) == 2
    assert known("inbox", "--json").json["requests"][0]["direction"] == "in"
    gateway.routes["GET /v1/inbox"] = answer({"packages": [], "requests": []})
    assert known("inbox").out == "nothing waits for you\n"


def test_a_fetched_package_is_verified_and_confirmed(
    known: Cli, gateway: Gateway, tmp_path: Path
) -> None:
    case = standard_case()
    delivery = Delivery(case)
    gateway.fallback = delivery
    said = known("fetch", case.package_id, "-o", tmp_path / "bag", "--json")
    assert (said.code, said.json["verified"], said.json["handover"]) == (0, True, True)
    assert delivery.confirmed == [said.json["tagmanifest_sha256"]]
    assert [each["result"] for each in said.json["checks"]] == ["passed"] * 13
    again = known("fetch", case.package_id, "-o", tmp_path / "bag", "--no-handover")
    assert "hand-over NOT confirmed" in again.out
    assert len(delivery.confirmed) == 1


def test_nothing_is_confirmed_that_does_not_verify(
    known: Cli, gateway: Gateway, tmp_path: Path
) -> None:
    case = Case(legal_basis="XX")
    (tmp_path / "other.json").write_bytes(case.directory[1])
    delivery = Delivery(case)
    gateway.fallback = delivery
    line = ["fetch", case.package_id, "-o", tmp_path / "bag", "--root", tmp_path / "other.json"]
    said = known(*line)
    assert (said.code, "NOT verified: check 11 failed" in said.out) == (3, True)
    assert delivery.confirmed == []


def test_the_court_needs_the_bag_and_the_root_alone(cli: Cli, tmp_path: Path, root: Path) -> None:
    bag = write_files(tmp_path / "bag", standard_case().bag_files())
    said = cli("verify", bag, "--root", root)
    assert said.code == 0
    lines = said.out.splitlines()
    assert [line[:2].strip() for line in lines[:13]] == [str(n) for n in range(1, 14)]
    assert lines[13] == "Verified: all 13 checks hold."
    assert "hashed: 100 %" in said.err


def test_a_changed_byte_is_named(cli: Cli, tmp_path: Path, root: Path) -> None:
    bag = write_files(tmp_path / "bag", standard_case().bag_files())
    (bag / "data/chat.db").write_bytes(b"x" * 100)
    said = cli("verify", bag, "--root", root, "--quiet")
    assert said.code == 3
    assert "           data/chat.db: the file is not the one that was sealed" in said.out
    assert " 7 -       the package entry is of this very bag: not checked" in said.out
    assert "NOT verified: check 3 failed." in said.out
    said = cli("verify", bag, "--root", root, "--json")
    third, seventh = said.json["checks"][2], said.json["checks"][6]
    assert (third["result"], third["object"], third["code"]) == (
        "failed",
        "data/chat.db",
        "digest_mismatch",
    )
    assert (seventh["result"], seventh["object"]) == ("not_checked", None)


def test_what_is_no_bag_is_told(cli: Cli, tmp_path: Path, root: Path) -> None:
    said = cli("verify", tmp_path / "away", "--root", root, "--json")
    assert (said.code, said.json["error"]["object"]) == (8, str(tmp_path / "away"))


def test_without_a_root_there_is_no_verdict(known: Cli, gateway: Gateway, tmp_path: Path) -> None:
    known(
        "login",
        "--gateway",
        gateway.url,
        "--ca",
        gateway.folder / "ca.pem",
        "--client-id",
        "urn:x",
        "--key",
        "k",
        "--dpop-key",
        "d",
    )
    said = known("verify", tmp_path)
    assert (said.code, "a pinned root is needed" in said.err) == (2, True)


def test_a_terminal_shows_a_bar(tmp_path: Path, root: Path) -> None:
    bag = write_files(tmp_path / "bag", standard_case().bag_files())
    primary, secondary = pty.openpty()
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-m", "client", "verify", str(bag), "--root", str(root)],
        stdout=subprocess.PIPE,
        stderr=secondary,
        check=False,
    )
    close(secondary)
    shown = read(primary, 65536)
    close(primary)
    assert (done.returncode, done.stdout.count(b" ok ")) == (0, 13)
    assert b"hashed" in shown
