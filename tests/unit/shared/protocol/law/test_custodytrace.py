"""What is told of the custody of a package: read back as told, as a page, and as a graph that conforms."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from shared.protocol.canonical import encode, parse
from shared.protocol.errors import ChainError, FormatError
from shared.protocol.law.custody import words
from shared.protocol.law.custodygraph import graph
from shared.protocol.law.custodypaper import report
from shared.protocol.law.custodytrace import Trace, read_trace, trace
from tests.custodies import account, closed
from tests.unit.shared.protocol.examples import PACKAGE, item

ACCOUNT = account()
DATA = Path(__file__).parents[6] / "shared/data"


def changed(**parts: object) -> Any:  # noqa: ANN401  JSON
    return {**ACCOUNT.to_json(), **parts}


def test_an_account_is_read_as_it_was_told() -> None:
    found = read_trace(parse(encode(ACCOUNT.to_json())))
    assert found.to_json() == ACCOUNT.to_json()
    assert found.of(found.exhibits[0].item_id) == ACCOUNT.of(ACCOUNT.exhibits[0].item_id)
    assert found.of("another") == ()


def test_whoever_reads_it_checks_the_chains() -> None:
    rows: Any = ACCOUNT.to_json()["records"]
    with pytest.raises(ChainError):
        read_trace(changed(records=rows[1:]))


@pytest.mark.parametrize("parts", [{"records": 1}, {"more": 1}, {"sender": "Q"}, {"exhibits": 1}])
def test_nothing_else_is_an_account(parts: dict[str, object]) -> None:
    with pytest.raises(FormatError):
        read_trace(changed(**parts))
    with pytest.raises(FormatError):
        read_trace([])


def test_the_report_has_the_ten_points_in_order() -> None:
    page = report(ACCOUNT)
    points = re.findall(r"<b>(\d+)</b> ([^<]*)<", page)
    assert [number for number, _ in points] == [str(n) for n in range(1, 11)]
    titles = [str(point["title"]) for point in words()["point"].values()]
    assert [title for _, title in points] == titles


@pytest.mark.parametrize(
    "told",
    [
        "Ministry of Justice of QN (QN)",  # 1
        "search warrant W-12345, District Court of QN, valid to 2026-12-01",  # 2
        "dd 9.4",
        "workstation, 2 s ahead",  # 3
        "QN&gt;QM 0/7",  # 4
        "equal since the change in 6",  # 5
        "letters of counsel",  # 6
        "privileged material",
        "the same without what was redacted",  # 7
        "delete by a date",
        "until: 2027-11-21",  # 8
        "affidavit of the custodian",  # 9
        "sha256sum -c manifest-sha256.txt",  # 10
        "read from segment 0 on",
        "mail &lt;b&gt;box&lt;/b&gt;.mbox",
    ],
)
def test_the_report_tells_it_and_what_somebody_wrote_is_text(told: str) -> None:
    assert told in report(ACCOUNT)


def test_the_report_runs_nothing_and_fetches_nothing() -> None:
    page = report(account(name="<script>x</script>"))
    assert "<script" not in page
    assert "default-src 'none'" in page
    assert "http" not in page.replace('http-equiv="', "")


def bare() -> Trace:
    """Nobody said where the items are from; nothing was left out; nothing binds."""
    custody = closed([item(0), item(1, "data/b")], PACKAGE)
    base = ACCOUNT.model_copy(
        update={"conditions": (), "left_out": (), "handovers": (), "exhibits": ()}
    )
    asked = base.asked.model_copy(update={"formalities": (), "purpose": ""})
    exhibits = tuple(
        ACCOUNT.exhibits[0].model_copy(update={"item_id": i, "path": None, "original_name": None})
        for i in custody.items
    )
    told = base.model_copy(update={"asked": asked, "exhibits": exhibits})
    return trace(told, custody.items)


def test_what_is_not_known_is_said_to_be_not_known() -> None:
    page = report(bare())
    assert f"Not told of: <code>{item(0).item_id}</code>, <code>" in page
    assert "No record tells of a change" in page
    assert "Nothing was left out" in page
    assert "No form was asked for" in page
    assert "No condition beyond" in page


def test_digests_that_differ_are_not_called_the_same() -> None:
    chain = list(ACCOUNT.of(ACCOUNT.exhibits[0].item_id))
    # Chains are checked before a report is made; a report made without that check still says it.
    chain[-1] = chain[-1].model_copy(update={"outputs": {"sha256": "00" * 32}})
    broken = ACCOUNT.model_copy(update={"records": {ACCOUNT.exhibits[0].item_id: chain}})
    assert "<bdi>NO</bdi>" in report(broken)


def test_the_graphs_conform_to_case(tmp_path: Path) -> None:
    """One call for both: reading the ontology takes all the time. A real mailbox where the data is here."""
    mailbox = DATA / "plaso/imessage_chat.db"
    real = account(mailbox.read_bytes(), mailbox.name) if mailbox.exists() else ACCOUNT
    for name, made in (("real.jsonld", real), ("bare.jsonld", bare())):
        (tmp_path / name).write_bytes(graph(made))
    validator = str(Path(sys.executable).with_name("case_validate"))
    answer = subprocess.run(  # noqa: S603  nothing from outside
        [validator, "real.jsonld", "bare.jsonld"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.stdout.splitlines() == ["Validation Report", "Conforms: True"], answer.stdout


def test_the_graph_tells_every_act_in_its_order_and_where_the_item_came_from() -> None:
    value: Any = parse(graph(ACCOUNT))
    acts = [n for n in value["@graph"] if n["@type"].endswith(":InvestigativeAction")]
    records = ACCOUNT.of(ACCOUNT.exhibits[0].item_id)
    assert len(acts) == len(records)
    informed = [act.get("case-investigation:wasInformedBy", {}).get("@id") for act in acts]
    assert informed == [None, *(act["@id"] for act in acts[:-1])]
    (file,) = [n for n in value["@graph"] if n.get("case-investigation:wasDerivedFrom")]
    names = {n["@id"] for n in value["@graph"]}
    assert {each["@id"] for each in file["case-investigation:wasDerivedFrom"]} <= names
    (found,) = [n for n in value["@graph"] if n["@type"].endswith(":ProvenanceRecord")]
    assert found["case-investigation:exhibitNumber"] == records[0].item_id
    assert found["case-investigation:rootExhibitNumber"] == records[0].root_item_id
    number = "case-investigation:authorizationIdentifier"
    orders = {n[number]: n for n in value["@graph"] if n["@type"].endswith(":Authorization")}
    assert orders["W-12345"]["uco-core:endTime"]["@value"] == "2026-12-01T00:00:00+00:00"
    assert "uco-core:endTime" not in orders["O-1"]
    assert graph(ACCOUNT) == graph(ACCOUNT)


def test_an_item_without_records_is_told_too() -> None:
    told = ACCOUNT.model_copy(update={"records": {}})
    value: Any = parse(graph(told))
    kinds = [node["@type"].partition(":")[2] for node in value["@graph"]]
    assert kinds == ["File", "ProvenanceRecord", "Investigation"]
    assert "Not told" in report(told)
