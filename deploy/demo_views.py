"""The demo's court and overseers: they have a bag or a mirror, a pinned root, and no network."""

import hashlib
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from deploy.case import Case
from deploy.demo_words import Stage
from deploy.desk import Desk
from shared.protocol.canonical import Json
from shared.protocol.identifiers import new_id
from shared.runtime.clock import utc_now

PURPOSE = "yearly review 2026"
SIGNATURE = "signatures/tagmanifest-sha256.txt.p7s"


def court(stage: Stage, case: Case, bag: Path, root: Path) -> None:
    """Part 4: everything is checked offline, by our verifier and by stock tools."""
    stage.part("The court checks the bag, offline")
    stage.say(
        "Nothing but the bag and the directory's root, whose fingerprint was read out long ago."
    )
    answer = case.desks["QM-receiver"].run("verify", str(bag), "--root", str(root))
    for check in checks(answer):
        stage.fact(f"{check['number']:>2}  {check['name']}: {check['result']}")
    if answer["verified"] is not True:
        stage.fail("the untouched bag does not verify")
    stock_tools(stage, bag)
    stage.done("verified by rogatory, by sha256sum and by openssl")


def checks(answer: dict[str, Json]) -> list[dict[str, Json]]:
    """Return the numbered checks that a verifying command printed."""
    listed = answer["checks"]
    assert isinstance(listed, list)
    return [check for check in listed if isinstance(check, dict)]


def stock_tools(stage: Stage, bag: Path) -> None:
    """Check digests and signature with tools that every court has."""
    run_tool(stage, bag, ("sha256sum", "--check", "--quiet", "manifest-sha256.txt"))
    run_tool(
        stage,
        bag,
        (
            "openssl", "cms", "-verify", "-no_check_time", "-binary", "-inform", "DER",
            "-in", SIGNATURE, "-content", "tagmanifest-sha256.txt",
            "-CAfile", "chain/bag-seal-ca.pem", "-out", "/dev/null",
        ),
    )  # fmt: skip


def run_tool(stage: Stage, folder: Path, command: Sequence[str]) -> None:
    """Run a tool in a folder and show it; a machine without it is told so."""
    program = shutil.which(command[0])
    if program is None:
        stage.fact(f"{command[0]} is not installed here: skipped")
        return
    stage.shell(" ".join(command))
    done = subprocess.run(
        [program, *command[1:]], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        stage.fail(f"{command[0]}: {done.stdout}{done.stderr}".strip())


def overseers(stage: Stage, case: Case, folder: Path, root: Path) -> None:
    """Part 5: each overseer mirrors its country's log; the two mirrors agree."""
    stage.part("The overseers check the logs, offline")
    stage.say(
        "Each pulls its own country's log and, with each transfer, the other's leaf and proof."
    )
    mirrors = []
    for country in ("QM", "QN"):
        desk, mirror = case.desks[f"{country}-oversight"], str(folder / f"mirror-{country}")
        pull(desk, mirror)
        verify(stage, desk, root, mirror)
        mirrors.append(mirror)
    stage.say("Two overseers compare their mirrors: every transfer stands in both.")
    verify(stage, case.desks["QM-oversight"], root, *mirrors)
    stage.done("both logs are consistent and complete, and they agree")
    nothing_left_out(stage, case)


def nothing_left_out(stage: Stage, case: Case) -> None:
    """Ask QN's node for two cases, and believe none of the answers."""
    desk = case.desks["QN-oversight"]
    stage.say("Somebody asks what QN did in this case. The node answers, the answer proves itself.")
    found = find(desk, case.request_id)
    if not found:
        stage.fail("the log has nothing of the case that was just played")
    stage.fact(f"{len(found)} entries, and the proof that there are no others")
    never = new_id(utc_now())
    stage.say("And in a case that never was? That there is no entry is proven in the same way.")
    if find(desk, never):
        stage.fail("the log has entries of a case that never was")
    stage.done(f"all of {case.request_id}, and nothing of {never}: both proven")


def find(desk: Desk, case: str) -> list[Json]:
    """List what a log has of a case; the command fails if the answer does not prove itself."""
    events = desk.run("audit", "find", "--case", case, "--purpose", PURPOSE)["events"]
    assert isinstance(events, list)
    return events


def pull(desk: Desk, mirror: str, *options: str) -> None:
    """Mirror a country's log."""
    desk.run("audit", "pull", "--purpose", PURPOSE, "-o", mirror, *options)


def verify(stage: Stage, desk: Desk, root: Path, *mirrors: str) -> None:
    """Check one mirror, or two against each other."""
    answer = desk.run("audit", "verify", *mirrors, "--root", str(root))
    if answer["verified"] is not True:
        stage.fail(f"{' and '.join(mirrors)}: {answer}")


def sha256(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
