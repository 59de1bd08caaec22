"""Write the tables of `shared/protocol/spec/events.md` from the catalogue.

python -m tests.repository.event_table
"""

import re
from dataclasses import replace
from pathlib import Path

from services.audit.catalogue import CATALOGUE
from services.audit.eventtypes import COMMON, PERSONAL, EventType, Reason

FILE = Path(__file__).resolve().parents[2] / "shared/protocol/spec/events.md"
BLOCK = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
ENTRY = CATALOGUE["transfer.intent"].needs


def render(text: str) -> str:
    """The specification, its tables as the catalogue has them."""
    blocks = {
        "names": f"The names in `personal` are {_list(PERSONAL)}.\n",
        "reasons": "".join(f"- {each.name.lower()}: `{each.value}`\n" for each in Reason),
        "services": _services(),
        "own": _own(),
    }
    return BLOCK.sub(lambda found: found[1] + blocks[found[2]] + found[3], text)


def _services() -> str:
    """One table for all types that may tell the same."""
    kinds: dict[EventType, list[tuple[str, str]]] = {}
    for name, kind in CATALOGUE.items():
        if kind.writers != {"audit"}:
            kinds.setdefault(replace(kind, says=""), []).append((name, kind.says))
    lines = []
    for kind, members in kinds.items():
        lines.append(f"\n{_told(kind)}\n\n| event | says |\n|---|---|\n")
        lines += [f"| `{name}` | {says} |\n" for name, says in members]
    return "".join(lines) + "\n"


def _own() -> str:
    lines = ["| event | says | must tell | may tell |\n|---|---|---|---|\n"]
    for name, kind in CATALOGUE.items():
        if kind.writers == {"audit"}:
            must, may = (_members(each, kind) for each in (kind.needs, kind.allows - kind.needs))
            lines.append(f"| `{name}` | {kind.says} | {must} | {may} |\n")
    return "".join(lines)


def _told(kind: EventType) -> str:
    """Who records it, and what it must and may tell."""
    parts = ["Recorded by the " + " or the ".join(sorted(kind.writers))]
    for verb, names in (("must", kind.needs), ("may", kind.allows - kind.needs)):
        if names:
            parts.append(f"{verb} tell {_members(names, kind)}")
    return "; ".join(parts) + ":"


def _members(names: frozenset[str], kind: EventType) -> str:
    """Names of members, groups by their name, and of lists what may stand in them."""
    told = []
    for group, members in (("the entry", ENTRY), ("what is common", COMMON - kind.needs)):
        if members and members <= names:
            told.append(group)
            names -= members
    listed = {"outcome": kind.outcomes, "commit": kind.commits}
    for name in sorted(names):
        codes = _list(listed[name]) if name in listed else ""
        if name == "reason":
            codes = " or ".join(each.name.lower() for each in kind.reasons)
        told.append(f"`{name}`" + (f" ({codes})" if codes else ""))
    return ", ".join(told)


def _list(names: frozenset[str]) -> str:
    return ", ".join(f"`{name}`" for name in sorted(names))


if __name__ == "__main__":
    FILE.write_text(render(FILE.read_text()))
