"""`rogatory package custody` and `remove`: a report, a graph, and a folder that proves itself."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from client.profiles import save
from shared.protocol.canonical import b64, encode
from shared.protocol.cms import sign_tag_manifest
from tests.custodies import account
from tests.scripted_gateway import Answer, Gateway, answer, octets
from tests.scripted_packages import PACKAGE, Collection, package
from tests.simulated_case import standard_case
from tests.unit.client.cli.conftest import Cli

BASE = f"/v1/packages/{PACKAGE}"
ACCOUNT = account()


@pytest.fixture
def told(gateway: Gateway) -> None:
    seal = standard_case().qm.bag_seal
    told_ = encode(ACCOUNT.to_json())
    signature = sign_tag_manifest(told_, seal.pem, seal.key_pem)
    value: Any = {"custody": ACCOUNT.to_json(), "signature": b64(signature)}
    gateway.routes[f"GET {BASE}/custody"] = answer(value)
    gateway.routes["GET /v1/directory"] = octets(standard_case().directory[0])


@pytest.mark.usefixtures("told")
def test_the_acts_are_told_in_order(known: Cli) -> None:
    said = known("package", "custody", PACKAGE)
    assert said.code == 0
    acts = [line.split()[2] for line in said.out.splitlines() if line.startswith("  2026")]
    assert acts == [
        "SEIZED", "IMAGED", "REDACTED", "HASHED", "SEALED", "RECEIVED", "OPENED", "EXPORTED",
    ]  # fmt: skip
    assert "changed: letters of counsel" in said.out
    assert "package signed by QN" in said.out
    assert "left out: privileged material" in said.out
    counted, signed = said.out.splitlines()[-2:]
    assert counted == "8 records, every chain unbroken"
    assert signed.startswith("signed by ")
    assert known("package", "custody", PACKAGE, "--json").json == ACCOUNT.to_json()


@pytest.mark.usefixtures("told")
def test_it_is_written_as_a_page_a_paper_and_a_graph(known: Cli, tmp_path: Path) -> None:
    pytest.importorskip("weasyprint")
    page, paper, graph = (tmp_path / f"custody.{kind}" for kind in ("html", "pdf", "jsonld"))
    said = known("package", "custody", PACKAGE, "--html", page, "--pdf", paper, "--case", graph)
    assert said.code == 0
    assert "Custody of package" in page.read_text()
    assert paper.read_bytes().startswith(b"%PDF")
    assert b"InvestigativeAction" in graph.read_bytes()


@pytest.mark.usefixtures("told")
def test_the_folder_proves_itself_with_python_alone(known: Cli, tmp_path: Path) -> None:
    folder = tmp_path / "account"
    assert known("package", "custody", PACKAGE, "-o", folder).code == 0
    assert (folder / "custody.json").read_bytes() == encode(ACCOUNT.to_json())
    openssl = ["openssl", "cms", "-verify", "-no_check_time", "-binary", "-inform", "DER"]
    files = ["-in", "custody.json.p7s", "-content", "custody.json", "-CAfile", "bag-seal-ca.pem"]
    signed = subprocess.run(  # noqa: S603
        [*openssl, *files, "-out", "/dev/null"], cwd=folder, capture_output=True, check=False
    )
    assert signed.returncode == 0, signed.stderr
    line = [sys.executable, "-I", "verify_custody.py", "custody.json"]
    ran = subprocess.run(line, cwd=folder, capture_output=True, text=True, check=False)  # noqa: S603
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "SEIZED IMAGED REDACTED HASHED SEALED RECEIVED OPENED EXPORTED" in ran.stdout


@pytest.mark.usefixtures("told")
def test_without_a_pinned_root_nobody_says_who_signed(
    cli: Cli, gateway: Gateway, tmp_path: Path
) -> None:
    save(tmp_path / "config.toml", gateway.profile())
    said = cli("package", "custody", PACKAGE, "-o", tmp_path / "account")
    assert said.out.endswith("who signed is NOT checked: the profile has no pinned root\n")
    assert not (tmp_path / "account/bag-seal-ca.pem").exists()


@pytest.mark.usefixtures("told")
def test_what_another_signed_is_not_told(known: Cli, gateway: Gateway) -> None:
    seal = standard_case().qn.bag_seal
    signature = sign_tag_manifest(encode(ACCOUNT.to_json()), seal.pem, seal.key_pem)
    value: Any = {"custody": ACCOUNT.to_json(), "signature": b64(signature)}
    gateway.routes[f"GET {BASE}/custody"] = answer(value)
    assert known("package", "custody", PACKAGE).code == 8


def test_a_broken_chain_is_not_told_as_whole(known: Cli, gateway: Gateway) -> None:
    value: Any = ACCOUNT.to_json()
    value["records"].pop(2)
    answered: Answer = answer({"custody": value, "signature": b64(b"signed")})
    gateway.routes[f"GET {BASE}/custody"] = answered
    said = known("package", "custody", PACKAGE)
    assert said.code == 8
    assert "it does not follow from the record before it" in said.err


def test_a_file_is_taken_out_with_a_reason_or_none(known: Cli, gateway: Gateway) -> None:
    item = ACCOUNT.exhibits[0].item_id
    gateway.routes[f"DELETE {BASE}/items/{item}"] = Answer(status=204, body=b"")
    gateway.routes[f"DELETE {BASE}/items/{item}?because=PRIVILEGED"] = Answer(status=204, body=b"")
    assert known("package", "remove", PACKAGE, item).out == f"{item} removed\n"
    said = known("package", "remove", PACKAGE, item, "--because", "PRIVILEGED")
    assert said.out == f"{item} removed, left out: privileged material\n"


def test_what_was_done_before_goes_with_the_declaration(
    known: Cli, gateway: Gateway, tmp_path: Path
) -> None:
    gateway.fallback = Collection()
    gateway.routes[f"GET {BASE}"] = answer(package())
    (tmp_path / "chat.db").write_bytes(b"evidence")
    (tmp_path / "history.toml").write_text(
        '[[acts]]\nact = "SEIZED"\nstarted_at = 2026-11-20T10:00:00Z\n'
    )
    line = ["package", "add", PACKAGE, tmp_path / "chat.db", "--custody", tmp_path / "history.toml"]
    assert known(*line).code == 0
    (sent,) = [
        call for call in gateway.calls if call.method == "PUT" and "/segments" not in call.path
    ]
    body: Any = sent.json()
    assert body["custody"]["acts"][0]["act"] == "SEIZED"
