"""The command line: help, options anywhere, one object with --json, and an exit code for each end."""

import signal
import subprocess
import sys
from pathlib import Path
from threading import Event

import pytest

from client import cli as commands
from client.cli import COMMANDS
from client.errors import (
    AccessError,
    ClientError,
    IntegrityError,
    MissingError,
    StateError,
    UnavailableError,
    UsageError,
    VerificationFailedError,
)
from tests.scripted_gateway import Answer, Call, Gateway, answer, problem
from tests.scripted_packages import REQUEST, request
from tests.unit.client.cli.conftest import Cli

SHOW = f"GET /v1/requests/{REQUEST}"


def test_help_names_every_command_and_every_exit_code(cli: Cli) -> None:
    said = cli("--help")
    assert said.code == 0
    for name, entry in COMMANDS.items():
        assert name in said.out
        assert entry.help in said.out
    for code in ("0 ok", "1 failed", "2 usage", "3 verification", "8 integrity", "130"):
        assert code in said.out


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(cli: Cli, name: str) -> None:
    said = cli(name, "--help")
    assert (said.code, "Usage: rogatory" in said.out) == (0, True)


def test_help_is_there_at_once() -> None:
    """The bar is 0.15 s on an idle machine; here only what is loaded is looked at."""
    script = "import sys; from client.cli import run; run(['--help']); print(*sys.modules)"
    done = subprocess.run(  # noqa: S603 - our own interpreter
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    heavy = {"httpx", "urllib3", "pydantic", "cryptography", "jwt", "rich", "fastapi", "sqlalchemy"}
    assert not heavy & loaded


def test_the_module_is_the_command() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "client", "verify", "--nonsense"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "No such option" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    "line",
    [
        ["--json", "request", "show", REQUEST],
        ["request", "--json", "show", REQUEST],
        ["request", "show", REQUEST, "--json", "--quiet"],
        ["request", "show", REQUEST, "--json", "--profile=test"],
        ["request", "show", "--profile", "test", "--json", "--", REQUEST],
    ],
)
def test_options_of_the_program_stand_anywhere(
    known: Cli, gateway: Gateway, line: list[str]
) -> None:
    gateway.routes[SHOW] = answer(request())
    said = known(*line)
    assert (said.code, said.json["request_id"]) == (0, REQUEST)


def test_an_option_without_its_value_is_a_usage_error(known: Cli) -> None:
    assert known("request", "list", "--profile").code == 2


def test_people_are_told_in_lines(known: Cli, gateway: Gateway) -> None:
    gateway.routes[SHOW] = answer(request())
    said = known("request", "show", REQUEST)
    assert said.out.splitlines()[0] == (
        f"{REQUEST}  to QN  S01 internal review  (the second officer)"
    )
    assert "  measure M02  a  S12 refused" in said.out
    assert "  request.prepare by A, then" in said.out


def test_an_error_says_what_by_which_rule_and_what_to_do(known: Cli, gateway: Gateway) -> None:
    gateway.routes[SHOW] = problem(
        403, "same_officer", detail="Two are needed.", rule="G19", next="Ask another officer."
    )
    said = known("request", "show", REQUEST)
    assert said.code == 4
    assert said.err == ("rogatory: Two are needed.\n  rule: G19\n  next: Ask another officer.\n")
    said = known("request", "show", REQUEST, "--json")
    assert said.json["error"]["code"] == "same_officer"
    assert said.json["error"]["exit_code"] == 4


@pytest.mark.parametrize(
    ("status", "code"), [(400, 1), (401, 4), (404, 5), (409, 6), (503, 7), (500, 1)]
)
def test_each_refusal_has_its_exit_code(
    known: Cli, gateway: Gateway, status: int, code: int
) -> None:
    gateway.routes["POST /v1/requests/x/send"] = problem(status, "refused", detail="No.")
    assert known("request", "send", "x").code == code


def test_exit_codes_are_what_the_help_says() -> None:
    kinds = (
        ClientError,
        UsageError,
        VerificationFailedError,
        AccessError,
        MissingError,
        StateError,
        UnavailableError,
        IntegrityError,
    )
    assert [kind.exit_code for kind in kinds] == list(range(1, 9))


def test_a_protocol_error_is_one_of_integrity(known: Cli, gateway: Gateway, root: Path) -> None:
    root.write_bytes(b"no root")
    gateway.routes["GET /v1/directory"] = answer({})
    said = known("audit", "pull", "-o", root.parent / "mirror", "--purpose", "x", "--json")
    assert (said.code, said.json["error"]["code"]) == (8, "malformed")


def test_a_file_error_names_the_file(known: Cli, tmp_path: Path) -> None:
    said = known("verify", tmp_path, "--root", tmp_path / "away.json")
    assert (said.code, "away.json" in said.err) == (1, True)


def test_no_profile_is_a_usage_error(cli: Cli) -> None:
    said = cli("request", "list")
    assert (said.code, "rogatory login" in said.err) == (2, True)


def test_an_interruption_ends_with_130(known: Cli, gateway: Gateway, tmp_path: Path) -> None:
    reached, done = Event(), Event()

    def hang(_: Call) -> Answer:
        reached.set()
        done.wait(30)
        return answer({"requests": []})

    gateway.routes["GET /v1/requests"] = hang
    words = ["--config", str(tmp_path / "config.toml"), "request", "list"]
    with subprocess.Popen([sys.executable, "-m", "client", *words]) as running:  # noqa: S603
        assert reached.wait(30)
        running.send_signal(signal.SIGINT)
        assert running.wait(30) == 130
    done.set()
    assert known("--help").code == 0


def test_a_bare_call_is_help(cli: Cli, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.run([]) == 2
    assert "Usage: rogatory" in "".join(capsys.readouterr())
    assert cli("request").code == 2
