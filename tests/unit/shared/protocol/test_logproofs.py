"""Log proofs, against the example that was worked out with other code."""

import pytest

from shared.protocol import merkle
from shared.protocol.canonical import b64
from shared.protocol.errors import FormatError, LogProofError, SignatureError
from shared.protocol.logproofs import format_proof, parse_proof, verify_log_proof
from tests.unit.shared.protocol.worked_log import HEAD, KEY, LEAVES, NOTE

PATH = [LEAVES[0], LEAVES[2]]
WORKED = """c2sp.org/tlog-proof@v1
index 1
0Nc2CrefWKseHj/mStd+LqC8B+NrX0btIiPt2SmN+ek=
Zx8UbF5HHooag6PCFM5LqQe486WIjRTMjNPOdbsS75Q=

audit.xx.example/log/2026
3
Wqx3HImawpLnS/Gv4ubjAvi1WIOy0b8Ze0amvqbavKk=

"""
PROOF = format_proof(1, PATH, NOTE)
HASH = b64(LEAVES[0])


def test_the_worked_example_byte_for_byte() -> None:
    assert PROOF.startswith(WORKED)


def test_a_leaf_is_proven_offline() -> None:
    proven = verify_log_proof(PROOF, b"two", KEY.vkeys())
    assert (proven.index, proven.checkpoint) == (1, HEAD)


def test_a_single_leaf_has_an_empty_path() -> None:
    assert parse_proof(format_proof(0, [], NOTE)).path == ()


def test_another_leaf() -> None:
    with pytest.raises(LogProofError):
        verify_log_proof(PROOF, b"too", KEY.vkeys())


@pytest.mark.parametrize("index", [0, 2, 3, 10**9])
def test_another_index(index: int) -> None:
    with pytest.raises(LogProofError):
        verify_log_proof(format_proof(index, PATH, NOTE), b"two", KEY.vkeys())


def test_a_checkpoint_that_was_touched() -> None:
    with pytest.raises(SignatureError):
        verify_log_proof(PROOF.replace("\n3\n", "\n4\n"), b"two", KEY.vkeys())


def test_every_flipped_hash_is_noticed() -> None:
    for step in range(len(PATH)):
        path = [*PATH]
        path[step] = merkle.leaf_hash(path[step])
        with pytest.raises(LogProofError):
            verify_log_proof(format_proof(1, path, NOTE), b"two", KEY.vkeys())


@pytest.mark.parametrize(
    "text",
    [
        "",
        "c2sp.org/tlog-proof@v1\n\n",
        PROOF.replace("@v1", "@v2"),
        PROOF.replace("index 1", "index 01"),
        PROOF.replace("index 1", "index -1"),
        PROOF.replace("index 1", "index"),
        PROOF.replace("index 1", "indices 1"),
        PROOF.replace("index 1\n", "extra AAAA\nindex 1\n"),
        PROOF.replace("index 1\n", "index 1\nAAAA\n"),
        PROOF.replace(HASH, HASH[:-1]),
        PROOF.replace("\n\n", "\n"),
        PROOF.replace("\n", "\r\n"),
        PROOF.replace(HASH, "\n".join([HASH] * 63)),
        PROOF[: len(WORKED)],
    ],
)
def test_what_is_no_proof(text: str) -> None:
    with pytest.raises(FormatError):
        verify_log_proof(text, b"two", KEY.vkeys())
