"""Write the tables of `shared/protocol/spec/statistics.md` from the list of what is counted.

python -m tests.repository.statistics_table
"""

import re
from collections.abc import Sequence
from pathlib import Path

from client.oversight.counting.lists import lists

FILE = Path(__file__).resolve().parents[2] / "shared/protocol/spec/statistics.md"
BLOCK = re.compile(r"(<!-- (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def render(text: str) -> str:
    """The specification, its tables as the list has them."""
    known = lists()
    blocks = {
        "metrics": "| table | title | counts | after |\n|---|---|---|---|\n"
        + "".join(
            f"| {table.id} | {metric.title}: {table.title} | {table.counts} | {metric.source} |\n"
            for metric in known.metrics
            for table in metric.tables
        ),
        "questions": "| question | asks | from |\n|---|---|---|\n"
        + "".join(
            f"| {each.id} | {each.asks} | {_names(each.events)} |\n"
            for each in known.questions.values()
        ),
        "patterns": "| pattern | is | from |\n|---|---|---|\n"
        + "".join(
            f"| {each.id} | {each.title} | {_names(each.events)} |\n"
            for each in known.patterns.values()
        ),
    }
    return BLOCK.sub(lambda found: found[1] + blocks[found[2]] + found[3], text)


def _names(events: Sequence[str]) -> str:
    return ", ".join(f"`{each}`" for each in events) or "the checks of `audit verify`"


if __name__ == "__main__":
    FILE.write_text(render(FILE.read_text()))
