"""`make demo`: two countries, one case, seven parts, every command in sight.

Everything happens in a temporary folder with fresh keys, through the same command line that an authority
uses. The last two parts attack what was made; if any attack goes unnoticed the demo fails: exit 1.
"""

import shutil
import signal
import sys
import tempfile
from pathlib import Path
from time import monotonic
from types import FrameType

from client.oversight.mirror import DIRECTORY
from deploy import demo_attacks, demo_history, demo_views, evidence, workplace
from deploy.case import Case
from deploy.demo_attacks import Scene
from deploy.demo_watch import watching
from deploy.demo_words import Stage
from deploy.desk import CommandError
from deploy.lab import Lab
from deploy.processes import StartError
from deploy.provenance import case_graph


def ask(stage: Stage, case: Case, folder: Path) -> None:
    """Part 1: QM asks, QN accepts."""
    stage.part("QM asks QN for evidence")
    draft = workplace.write_draft(folder)
    stage.say(
        "A prosecutor in QM drafts a request: legal basis, offence, facts, the measures asked for."
    )
    case.draft(str(draft))
    stage.say("Nothing leaves with one signature: a second person approves it, then it is sent.")
    case.send_request()
    stage.say(
        "In QN it arrives signed, chained and with the proof that QM has logged it. QN accepts."
    )
    case.accept()
    stage.done(f"request {case.request_id} is accepted, and both countries hold the same record")


def answer(stage: Stage, case: Case, folder: Path) -> dict[str, str]:
    """Part 2: QN collects, closes, clears and releases; return the exhibits' digests by name."""
    stage.part("QN collects the evidence")
    folder.mkdir()
    exhibits = evidence.exhibits(folder)
    graph = folder / "case.jsonld"
    graph.write_bytes(case_graph(exhibits, seized=evidence.SEIZED))
    for path in exhibits:
        stage.fact(f"{path.name:<18} {path.stat().st_size:>12,} bytes")
    stage.say("Each file is sealed while it streams in: plaintext never touches the node's disk.")
    case.collect([str(path) for path in exhibits], str(graph))
    stage.say("Closing reads everything back and recomputes every digest.")
    case.close()
    stage.say("A second person clears exactly that, by its digest, and releases it.")
    case.release()
    stage.done(f"package {case.package_id} is released")
    return {path.name: demo_views.sha256(path) for path in exhibits}


def carry(stage: Stage, case: Case, digests: dict[str, str], bag: Path) -> None:
    """Part 3: the package crosses the border and becomes a bag."""
    stage.part("The package crosses the border")
    stage.say(
        "Entry, log proof, segments: QM's node fetches, opens and verifies all, and writes receipts."
    )
    case.arrive()
    stage.say("QM's authority collects it as a BagIt bag and confirms what it computed itself.")
    case.fetch(str(bag))
    found = {
        path.name: demo_views.sha256(path) for path in (bag / "data").rglob("*") if path.is_file()
    }
    if found != digests:
        stage.fail("the files in the bag are not the files that were sent")
    stage.done(f"{len(found)} files in {bag.name}, every digest as it was in QN")


def play(stage: Stage, folder: Path) -> None:
    """Play all seven parts in a folder."""
    stage.say("Starting two nodes, QM and QN: gateway, exchange, audit each, and the directory.")
    bag = folder / "bag"
    with Lab(folder / "lab") as lab:
        case = workplace.open_case(lab, folder / "desk", watch=stage.command)
        ask(stage, case, folder)
        root = folder / "root.json"
        shutil.copy(lab.root, root)
        digests = answer(stage, case, folder / "exhibits")
        carry(stage, case, digests, bag)
        demo_views.court(stage, case, bag, root)
        demo_views.overseers(stage, case, folder, root)
        scene = Scene(stage=stage, case=case, lab=lab, folder=folder)
        demo_attacks.attack(scene)
        outlive(scene)


def outlive(scene: Scene) -> None:
    """Part 7: QN's overseer has a witness of its own, which outlives a log that is rewritten."""
    stage, case, folder = scene.stage, scene.case, scene.folder
    stage.part("An operator who rewrites the log, and signs it")
    stage.say("QN's overseer runs a witness: one command. It cosigns what it sees, and remembers.")
    desk = case.desks["QN-oversight"]
    mirror, root = folder / "mirror-QN", folder / "root.json"
    with watching(
        stage, desk, trust=mirror / DIRECTORY, root=root, folder=folder / "witness-QN"
    ) as watch:
        demo_views.pull(desk, str(mirror), *watch.options)
        demo_history.rewrite_history(scene, watch)
    stage.done("the rewritten log convicts itself")


def main() -> None:
    """Play the demo; exit 1 if anything fails or any attack goes unnoticed."""
    began = monotonic()
    # A terminal that closes or a supervisor that stops us must not leave processes behind.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    folder = Path(tempfile.mkdtemp(prefix="rogatory-demo-"))
    stage = Stage(folder)
    try:
        play(stage, folder)
    except (CommandError, StartError, TimeoutError) as error:
        stage.fail(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    stage.end(monotonic() - began)


def _stop(number: int, _frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main()
