from shared.protocol import leaves
from shared.protocol.logproofs import verify_log_proof
from tests.service.audit.logbook import KEY, Logbook, event


def test_an_event_gets_index_leaf_and_proof(logbook: Logbook) -> None:
    (recorded,) = logbook.record(event())
    proven = verify_log_proof(recorded.proof, recorded.leaf, KEY.vkeys())
    assert (recorded.index, proven.index) == (1, 1)
    assert leaves.parse(recorded.leaf).event_id == recorded.event_id
