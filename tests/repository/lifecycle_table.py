"""Write `shared/protocol/spec/lifecycle.md`: its drawing and its tables, from the tables of the code.

python -m tests.repository.lifecycle_table
"""

import re
from pathlib import Path

from services.exchange.acts.table import PERFORMANCES
from services.exchange.states import PACKAGE, Direction, PackageState
from shared.protocol.law import lifecycle
from shared.protocol.law.lifecycle import TRANSITIONS, State, Transition

FILE = Path(__file__).resolve().parents[2] / "shared/protocol/spec/lifecycle.md"
BLOCK = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def render(text: str) -> str:
    """The specification, its tables as the code has them."""
    blocks = {
        "states": _states(),
        "drawing": _drawing(),
        "transitions": _transitions(),
        "package_out": _package(Direction.OUT),
        "package_in": _package(Direction.IN),
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


if __name__ == "__main__":
    FILE.write_text(render(FILE.read_text()))
