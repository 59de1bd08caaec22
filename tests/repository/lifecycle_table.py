"""Write the drawings and tables of `lifecycle.md` and `remedies.md` in `shared/protocol/spec`, from the code.

python -m tests.repository.lifecycle_table
"""

import re
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from services.exchange.acts.table import PERFORMANCES
from services.exchange.states import PACKAGE, Direction, PackageState
from shared.protocol.law import emergency, lifecycle, preservation, remedies
from shared.protocol.law.emergency import EmergencyState
from shared.protocol.law.lifecycle import TRANSITIONS, State, Transition
from shared.protocol.law.preservation import PreservationState

FOLDER = Path(__file__).resolve().parents[2] / "shared/protocol/spec"
FILES = (FOLDER / "lifecycle.md", FOLDER / "remedies.md")
BLOCK = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def render(text: str) -> str:
    """The specification, its tables as the code has them."""
    blocks = {
        "states": _states(),
        "drawing": _drawing(),
        "transitions": _transitions(),
        "package_out": _package(Direction.OUT),
        "package_in": _package(Direction.IN),
        "challenges": _stages(),
        "emergencies": _steps(EmergencyState, emergency.STEPS),
        "preservations": _steps(PreservationState, preservation.STEPS),
    }
    return BLOCK.sub(lambda found: found[1] + blocks[found[2]] + found[3], text)


def _states() -> str:
    rows = [f"| {state} | {lifecycle.word(state)} | {_acts(state)} |\n" for state in State]
    return "| state | in words | what may be done |\n|---|---|---|\n" + "".join(rows)


def _acts(state: State) -> str:
    return ", ".join(lifecycle.words(act) for act in lifecycle.open_acts(state)) or "nothing"


def _drawing() -> str:
    """Each arrow that leads on, by the state that it leaves."""
    lines = ["```mermaid\n", "stateDiagram-v2\n"]
    for arrow in TRANSITIONS:
        if arrow.target is not None and arrow.act is not lifecycle.Act.LAPSE:
            lines += [
                f"  {source} --> {arrow.target}: {arrow.number} {lifecycle.words(arrow.act)}\n"
                for source in sorted(arrow.sources)
            ]
    return "".join([*lines, "```\n"])


def _transitions() -> str:
    names = ("", "act", "from", "to", "by", "entry", "signed", "gates of", "rule")
    head = f"| {' | '.join(names)} |\n{'|---' * len(names)}|\n"
    return head + "".join(_row(arrow) for arrow in TRANSITIONS)


def _row(arrow: Transition) -> str:
    done = PERFORMANCES.get(arrow.act)
    cells = (
        arrow.number,
        lifecycle.words(arrow.act) + ("" if arrow.whole else " (by measure)"),
        " ".join(sorted(arrow.sources)),
        arrow.target or "stays",
        " ".join(arrow.roles),
        f"`{arrow.entry}`" if arrow.entry else "",
        f"`{done.signs}`" if done and done.signs else "",
        (done.moment or "") if done else "",
        arrow.rule,
    )
    return "| " + " | ".join(cells) + " |\n"


def _package(side: Direction) -> str:
    arrows = PACKAGE[side]
    rows = []
    for state in PackageState:
        leads = [f"{act} → {target}" for (source, act), target in arrows.items() if source is state]
        if leads:
            rows.append(f"| {state} | {'; '.join(leads)} |\n")
    return "| state | act → state |\n|---|---|\n" + "".join(rows)


def _stages() -> str:
    rows = [
        f"| {_said(stage)} | {', '.join(map(_said, remedies.STEPS.get(stage, ()))) or 'nothing'} |\n"
        for stage in remedies.Stage
    ]
    return "| stage | may become |\n|---|---|\n" + "".join(rows)


def _said(stage: remedies.Stage) -> str:
    return stage.value.replace("_", " ")


def _steps(states: type[StrEnum], steps: Mapping[tuple[Any, Any], StrEnum]) -> str:
    rows = []
    for state in states:
        leads = [f"{step} → {after}" for (before, step), after in steps.items() if before is state]
        rows.append(f"| {state} | {'; '.join(leads) or 'nothing'} |\n")
    return "| state | step → state |\n|---|---|\n" + "".join(rows)


if __name__ == "__main__":
    for file in FILES:
        file.write_text(render(file.read_text()))
