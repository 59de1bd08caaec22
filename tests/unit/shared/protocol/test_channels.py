import pytest

from shared.protocol.channels import (
    GENESIS_PREV,
    Head,
    check_next,
    head_of,
    next_entry,
)
from shared.protocol.entries import Entry, EntryType
from shared.protocol.errors import ChainError, ForkError, FormatError, GapError
from shared.protocol.messages import ResyncBody, SelftestBody
from tests.unit.shared.protocol.examples import APPROVAL, HASH, HEAD, IAT, body_of, entry

OPEN = entry(EntryType.OPEN)
FIRST = entry(head=head_of(OPEN))


def _resync(resumes: Head = HEAD) -> ResyncBody:
    return ResyncBody(
        resumes=resumes, reason="restored", orphans=(), approvals=(APPROVAL, APPROVAL)
    )


def _moved(made: Entry, **changes: object) -> Entry:
    return made.model_copy(update=changes)


def test_a_direction_begins_with_open_and_each_entry_follows_from_the_one_before() -> None:
    second = entry(head=head_of(FIRST))

    head: Head | None = None
    for made in (OPEN, FIRST, second):
        check_next(head, made)
        head = head_of(made)
    assert (second.seq, second.prev) == (2, head_of(FIRST).hash)
    assert (OPEN.epoch, OPEN.seq, OPEN.prev) == (0, 0, GENESIS_PREV)
    assert (FIRST.seq, FIRST.prev) == (1, head_of(OPEN).hash)


@pytest.mark.parametrize(
    ("made", "error"),
    [
        (_moved(OPEN, type=EntryType.SELFTEST), ChainError),
        (_moved(OPEN, prev=HASH), ChainError),
        (_moved(OPEN, seq=1), GapError),
        (_moved(OPEN, epoch=1), GapError),
        (FIRST, GapError),
    ],
    ids=["no open", "prev", "seq", "epoch", "second"],
)
def test_nothing_else_begins_a_direction(made: Entry, error: type[ChainError]) -> None:
    with pytest.raises(error) as refusal:
        check_next(None, made)

    assert type(refusal.value) is error


def test_a_direction_cannot_be_written_without_open() -> None:
    with pytest.raises(ChainError):
        entry(head=None)


def test_a_direction_is_opened_once() -> None:
    with pytest.raises(ForkError):
        next_entry(
            HEAD,
            type=EntryType.OPEN,
            sender="QM",
            recipient="QN",
            peer=None,
            iat=IAT,
            request=None,
            body=body_of(EntryType.OPEN),
        )


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"seq": 9}, GapError),
        ({"seq": 7}, ForkError),
        ({"seq": 0}, ForkError),
        ({"prev": GENESIS_PREV}, ChainError),
        ({"epoch": 1}, ChainError),
        ({"type": EntryType.OPEN, "body": body_of(EntryType.OPEN).to_json()}, ChainError),
    ],
    ids=["gap", "taken", "long taken", "prev", "epoch", "open"],
)
def test_an_entry_out_of_place_is_refused(
    changes: dict[str, object], error: type[ChainError]
) -> None:
    with pytest.raises(error) as refusal:
        check_next(HEAD, _moved(entry(), **changes))

    assert type(refusal.value) is error


def test_an_entry_of_an_epoch_that_is_over_is_a_fork() -> None:
    with pytest.raises(ForkError):
        check_next(Head(epoch=1, seq=0, hash=HASH), entry())


def test_a_gap_says_which_entry_is_wanted_next() -> None:
    with pytest.raises(GapError) as refusal:
        check_next(HEAD, _moved(entry(), seq=12))

    assert refusal.value.expected == 8


def test_a_resync_begins_the_next_epoch_behind_the_head() -> None:
    resync = entry(EntryType.RESYNC, _resync())

    check_next(HEAD, resync)
    assert (resync.epoch, resync.seq, resync.prev) == (1, 0, HASH)
    check_next(head_of(resync), entry(head=head_of(resync)))


def test_a_resync_may_give_up_entries_behind_the_one_at_which_it_resumes() -> None:
    resumes = Head(epoch=0, seq=5, hash="55" * 48)

    resync = entry(EntryType.RESYNC, _resync(resumes))

    check_next(HEAD, resync)
    assert resync.prev == resumes.hash


@pytest.mark.parametrize(
    ("resumes", "changes", "error"),
    [
        (HEAD, {"epoch": 0}, ForkError),
        (HEAD, {"epoch": 2}, ChainError),
        (HEAD, {"seq": 1}, ChainError),
        (HEAD, {"prev": GENESIS_PREV}, ChainError),
        (Head(epoch=0, seq=8, hash=HASH), {}, GapError),
        (Head(epoch=0, seq=7, hash="77" * 48), {}, ForkError),
        (Head(epoch=1, seq=7, hash=HASH), {"epoch": 1}, ChainError),
    ],
    ids=["old epoch", "epoch left out", "seq", "prev", "unknown", "other head", "other epoch"],
)
def test_a_resync_out_of_place_is_refused(
    resumes: Head, changes: dict[str, object], error: type[ChainError]
) -> None:
    with pytest.raises(error) as refusal:
        check_next(
            HEAD,
            _moved(
                entry(EntryType.RESYNC, _resync(resumes), head=resumes), **{"epoch": 1, **changes}
            ),
        )

    assert type(refusal.value) is error


def test_a_channel_joins_two_countries() -> None:
    with pytest.raises(FormatError):
        entry(sender="QM", recipient="QM")


def test_the_body_of_an_entry_has_the_shape_of_its_type() -> None:
    with pytest.raises(FormatError):
        entry(EntryType.PACKAGE, SelftestBody(nonce="0" * 32))
