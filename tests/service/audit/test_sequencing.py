from datetime import datetime
from pathlib import Path

import pytest
import sqlalchemy as sa

from services.audit import sequencing, tables
from services.audit.alarms import ClockBehind, CorruptLog, LeadLost
from services.audit.confidential import Confidential
from shared.protocol import leaves
from shared.protocol.canonical import b64u
from shared.protocol.checkpoints import Checkpoint
from shared.protocol.errors import FormatError, LogProofError
from shared.protocol.leaves import PeerReceipt
from shared.protocol.logproofs import verify_log_proof
from shared.runtime.refusals import Conflict, Unavailable
from tests.service.audit.logbook import (
    CONFIDENTIAL,
    KEY,
    ORIGIN,
    Logbook,
    MortalDatabase,
    event,
    request_id,
    transfer,
)

BOTH = pytest.mark.parametrize("database", ["sqlite", "postgresql"], indirect=True)


@BOTH
def test_an_event_gets_index_leaf_and_proof(logbook: Logbook) -> None:
    (recorded,) = logbook.record(event())
    proven = verify_log_proof(recorded.proof, recorded.leaf, KEY.vkeys())
    assert (recorded.index, proven.index) == (1, 1)
    assert leaves.parse(recorded.leaf).event_id == recorded.event_id


def test_the_first_entry_binds_the_log_to_its_case_key(logbook: Logbook) -> None:
    first = logbook.leaf(0)
    assert (first.type, first.log) == ("log.opened", ORIGIN)
    assert first.commit == {"log_case_key": CONFIDENTIAL.case_key_digest()}


@BOTH
def test_twice_is_the_same(logbook: Logbook) -> None:
    once = logbook.record(event(1), event(2))
    logbook.record(event(3))
    assert logbook.record(event(1), event(2)) == once
    assert logbook.record(event(2), event(2)) == [once[1], once[1]]
    assert logbook.inspect() == 4


@BOTH
def test_another_event_under_a_known_id_is_a_conflict(logbook: Logbook) -> None:
    logbook.record(event(1))
    with pytest.raises(Conflict, match="other content"):
        logbook.take(event(2), event(1, reason="changed"))
    assert logbook.sequence() == 0  # nothing of that call was taken


def test_two_events_under_one_id_in_one_call_are_a_conflict(logbook: Logbook) -> None:
    with pytest.raises(Conflict):
        logbook.take(event(1), event(1, reason="changed"))


@pytest.mark.parametrize(
    "told",
    [
        {"type": "access.unheard_of"},
        {"type": "transfer.intent"},
        {"type": "request.sent"},
        {"case_id": "not an id"},
        {"event_time": "yesterday"},
        {"reason": "Because of Ms. Example"},
        {"personal": {"Name": "x"}},
        {"channel": "QM>QN"},
    ],
)
def test_what_cannot_become_a_leaf_is_not_taken(logbook: Logbook, told: dict[str, object]) -> None:
    with pytest.raises(FormatError):
        logbook.take(event(1, **told))


def test_the_transfer_of_an_entry(logbook: Logbook) -> None:
    about = {"channel": "QN>QM", "epoch": 0, "seq": 2, "hash": "cd" * 48}
    told = transfer(entry_type="receipt", about=about, outcome="RelayAcceptance")
    (recorded,) = logbook.record(event(1, **told))
    leaves.check_transfer_leaf(
        leaves.parse(recorded.leaf),
        leaves.EntryFacts(
            channel="QM>QN",
            epoch=0,
            seq=3,
            entry_type="receipt",
            entry_hash="ab" * 48,
            about=leaves.About(channel="QN>QM", epoch=0, seq=2, hash="cd" * 48),
            outcome="RelayAcceptance",
        ),
        origin=ORIGIN,
    )


@BOTH
def test_entries_of_a_case_and_of_a_peer_count_themselves(logbook: Logbook) -> None:
    case, other = request_id(1), request_id(2)
    logbook.record(event(1, case_id=case), event(2, case_id=case, peer="QN"), event(3, peer="QX"))
    logbook.record(event(4, case_id=other), event(5, case_id=case, peer="QN"))
    told = [logbook.leaf(index) for index in range(1, 6)]
    assert [(each.case_seq, each.case_prev) for each in told] == [
        (0, None),
        (1, 1),
        (None, None),
        (0, None),
        (2, 2),
    ]
    assert [(each.peer_seq, each.peer_prev) for each in told] == [
        (None, None),
        (0, None),
        (0, None),
        (None, None),
        (1, 2),
    ]
    assert told[0].case_ref == told[4].case_ref == CONFIDENTIAL.case_ref(case) != told[3].case_ref


@BOTH
def test_persons_are_in_no_leaf_and_in_no_row(logbook: Logbook) -> None:
    (recorded,) = logbook.record(event(1, personal={"officer": "Q. Example"}))
    assert b"Example" not in recorded.leaf
    assert set(leaves.parse(recorded.leaf).commit) == {"officer"}
    with logbook.database.engine.connect() as connection:
        for table in (tables.inbox, tables.opening, tables.log_entry):
            rows = connection.execute(sa.select(table)).all()
            assert rows
            assert "Example" not in str(rows)


@BOTH
def test_the_counterpart_of_the_peer_is_kept_with_its_place(logbook: Logbook) -> None:
    (theirs,) = logbook.record(event(1))
    told = transfer(direction="in", channel="QN>QM")
    told |= {"counterpart": {"leaf": b64u(theirs.leaf), "proof": theirs.proof}}
    (recorded,) = logbook.record(event(2, **{**told, "type": "transfer.received"}))
    stated = verify_log_proof(theirs.proof, theirs.leaf, KEY.vkeys()).checkpoint
    assert leaves.parse(recorded.leaf).peer_receipt == PeerReceipt(
        origin=ORIGIN, index=1, size=2, root=stated.root
    )


def test_a_counterpart_that_proves_something_else(logbook: Logbook) -> None:
    (theirs,) = logbook.record(event(1))
    told = transfer(type="transfer.received", direction="in", channel="QN>QM")
    told["counterpart"] = {"leaf": b64u(b"another leaf"), "proof": theirs.proof}
    with pytest.raises(LogProofError):
        logbook.take(event(2, **told))


@BOTH
def test_more_than_a_batch_keeps_its_order(logbook: Logbook) -> None:
    events = [event(number) for number in range(1, 301)]
    recorded = logbook.record(*events[:250]) + logbook.record(*events[250:])
    assert [each.index for each in recorded] == list(range(1, 301))
    for each in recorded:
        verify_log_proof(each.proof, each.leaf, KEY.vkeys())
    assert logbook.inspect() == 301


def test_what_is_not_signed_is_not_answered(logbook: Logbook) -> None:
    logbook.take(event(1))
    logbook.sequence()
    with pytest.raises(Unavailable, match="not recorded it yet"):
        logbook.ask(event(1))


@BOTH
def test_a_clock_that_went_back_stops_the_log(logbook: Logbook) -> None:
    logbook.record(event(1))
    logbook.clock.back(minutes=10)
    logbook.take(event(2))
    with pytest.raises(ClockBehind) as alarm:
        logbook.sequence()
    assert 590 < alarm.value.behind.total_seconds() < 600
    logbook.clock.back(minutes=-10)
    assert logbook.record(event(2))[0].index == 2


def test_times_never_go_back(logbook: Logbook) -> None:
    logbook.record(*(event(number) for number in range(1, 20)))
    times = [logbook.leaf(index).seq_time for index in range(20)]
    assert times == sorted(times)


@BOTH
def test_the_old_sequencer_has_lost_the_lead(logbook: Logbook) -> None:
    old = logbook.epoch
    logbook.open()
    logbook.take(event(1))
    newer, logbook.epoch = logbook.epoch, old
    with pytest.raises(LeadLost):
        logbook.sequence()
    logbook.epoch = newer
    assert logbook.record(event(1))[0].index == 1


# SQLite has one writer: there nobody can come between.
@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_a_lead_lost_in_the_middle_of_a_batch(logbook: Logbook) -> None:
    logbook.take(event(1))

    rightful, book = logbook.epoch, logbook

    def usurped() -> datetime:
        book.open()
        return book.clock()

    with pytest.raises(LeadLost, match="moved"):
        sequencing.sequence(
            database=book.database,
            origin=ORIGIN,
            confidential=CONFIDENTIAL,
            clock=usurped,
            epoch=rightful,
        )
    assert logbook.record(event(1))[0].index == 1


@pytest.mark.parametrize(
    ("origin", "keys"),
    [("qm.rogatory.example/other", CONFIDENTIAL), (ORIGIN, Confidential(b"x" * 32, b"s" * 32))],
    ids=["origin", "case key"],
)
def test_a_log_stays_what_it_was_opened_as(
    logbook: Logbook, origin: str, keys: Confidential
) -> None:
    with pytest.raises(CorruptLog):
        sequencing.open_log(
            database=logbook.database,
            origin=origin,
            confidential=keys,
            clock=logbook.clock,
            known=0,
        )


def test_a_log_that_is_not_open(database: MortalDatabase, tmp_path: Path) -> None:
    book = Logbook(database, tmp_path)
    with pytest.raises(LeadLost):
        book.publish()
    with pytest.raises(LeadLost):
        book.sequence()
    assert book.inspect() == 0


def test_a_size_has_one_root(logbook: Logbook) -> None:
    stated: dict[int, Checkpoint] = {}
    for number in range(1, 12):
        (recorded,) = logbook.record(event(number))
        seen = verify_log_proof(recorded.proof, recorded.leaf, KEY.vkeys()).checkpoint
        assert stated.setdefault(seen.size, seen) == seen
    assert sorted(stated) == list(range(2, 13))
