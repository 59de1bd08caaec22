from dataclasses import replace

import pytest

from services.audit import oversight, proofs
from services.audit.oversight import Query
from services.audit.tables import case_key, opening
from shared.protocol import leaves
from shared.protocol.commitments import check_opening
from shared.runtime.refusals import NotFound
from tests.service.audit.logbook import CONFIDENTIAL, Logbook, MortalDatabase, event, request_id


def test_what_is_erased_is_gone_and_the_entry_stays(logbook: Logbook) -> None:
    for number in (1, 2):
        told = {"case_id": request_id(number), "personal": {"officer": f"Officer {number}"}}
        logbook.record(event(number, **told))

    def page() -> oversight.Page:
        return oversight.read(Query(start=1), database=logbook.database, confidential=CONFIDENTIAL)

    before = page()
    for each in before.entries:
        check_opening(leaves.parse(each.leaf).commit, each.openings[0])
    with logbook.database.begin() as db:
        db.execute(opening.delete().where(opening.c.idx == 1))
        erased = CONFIDENTIAL.case_ref(request_id(2))
        db.execute(case_key.delete().where(case_key.c.owner == erased))
    assert page().entries == [replace(each, openings=()) for each in before.entries]


def test_a_log_that_is_not_open_shows_nothing(database: MortalDatabase) -> None:
    with pytest.raises(NotFound):
        proofs.checkpoint(database)
