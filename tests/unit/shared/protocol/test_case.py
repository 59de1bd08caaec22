import subprocess
import sys
from pathlib import Path
from typing import Any

from shared.protocol.canonical import parse
from shared.protocol.case import minimal_graph
from tests.unit.shared.protocol.examples import ITEMS, NOW, PACKAGE, REQUEST, item

ORIGINAL = "Übersicht: 100 %?.txt"


def _graph(authority: str = "Ministry of Justice, QM") -> bytes:
    return minimal_graph(
        [item(0), item(1, "data/photos/b.jpg")],
        names={ITEMS[0]: ORIGINAL},
        package_id=PACKAGE,
        request_id=REQUEST,
        authority=authority,
        at=NOW,
    )


def test_the_graph_conforms_to_case(tmp_path: Path) -> None:
    (tmp_path / "case.jsonld").write_bytes(_graph())
    validator = str(Path(sys.executable).with_name("case_validate"))

    answer = subprocess.run(  # noqa: S603  nothing from outside
        [validator, "case.jsonld"], cwd=tmp_path, capture_output=True, text=True, check=False
    )

    assert answer.stdout.splitlines() == ["Validation Report", "Conforms: True"]
    assert answer.returncode == 0


def test_the_same_package_has_the_same_graph() -> None:
    assert _graph() == _graph()


def test_the_graph_alone_tells_the_original_names() -> None:
    value: Any = parse(_graph())
    files = [node for node in value["@graph"] if node["@type"] == "uco-observable:File"]
    facets = [node["uco-core:hasFacet"][0] for node in files]

    assert [facet["uco-observable:fileName"] for facet in facets] == [ORIGINAL, "b.jpg"]
    assert [facet["uco-observable:filePath"] for facet in facets] == [
        "data/a.txt",
        "data/photos/b.jpg",
    ]


def test_the_graph_says_who_transferred_what_when_and_why() -> None:
    value: Any = parse(_graph())
    nodes = {node["@type"].partition(":")[2]: node for node in value["@graph"]}

    action = nodes["InvestigativeAction"]
    assert action["uco-action:performer"] == {"@id": nodes["Organization"]["@id"]}
    assert action["uco-action:startTime"]["@value"] == "2026-11-21T12:00:00Z"
    assert len(action["uco-action:object"]) == 2
    assert nodes["ProvenanceRecord"]["case-investigation:exhibitNumber"] == REQUEST
