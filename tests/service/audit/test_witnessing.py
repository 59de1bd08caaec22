"""Our log and its witnesses: what they may answer, and what it does then (F15, F19)."""

import threading
from datetime import timedelta

import httpx
import pytest

from services.audit.store import publication as shown
from shared.protocol.cosignatures import WitnessKey, cosign
from shared.protocol.policies import check_quorum
from tests.service.audit.gallery import Fault, Gallery, Reply, Says, Witness, grow

INTERVAL = timedelta(milliseconds=5)


def test_a_checkpoint_is_published_with_the_lines_of_its_quorum(gallery: Gallery) -> None:
    size = grow(gallery, 1)
    gallery.until(lambda: gallery.shown() == size)
    with gallery.book.database.read() as db:
        note = shown.published_at(db, size)
    policy = gallery.membership.policy
    assert note is not None
    assert policy is not None
    assert set(check_quorum(policy, note.note)) == {"W1-1", "W1-2", "W2-1", "W2-2"}


def test_one_of_two_is_not_enough_and_the_other_may_come_later(gallery: Gallery) -> None:
    gallery["W2"].away = True
    size = grow(gallery, 1)
    gallery.until(lambda: gallery.outcome("W2") == "unanswered")
    gallery.quiet()
    assert (gallery.shown(), gallery.outcome("W1")) == (0, "cosigned")
    gallery["W2"].away = False
    gallery.until(lambda: gallery.shown() == size)


def lost(*_: object) -> Reply:
    raise httpx.ReadError("the answer was lost")


def lost_and_done(witness: Witness, body: bytes) -> Reply:
    witness.cosign(body)
    raise httpx.ReadError("the answer was lost")


def by_another_key(witness: Witness, body: bytes) -> Reply:
    note = body.decode().partition("\n\n")[2]
    stranger = WitnessKey.generate(witness.key.name)
    return 200, cosign(note, stranger, witness.clock()).encode()


def flipped(witness: Witness, body: bytes) -> Reply:
    status, lines = witness.cosign(body)
    return status, lines[:-8] + (b"AAAA" if lines[-8:-4] != b"AAAA" else b"BBBB") + lines[-4:]


def of_another_size(witness: Witness, body: bytes) -> Reply:
    note = body.decode().partition("\n\n")[2]
    origin, size, rest = note.split("\n", 2)
    other = f"{origin}\n{int(size) + 1}\n{rest}"
    return 200, cosign(other, witness.key, witness.clock()).encode()


def from_tomorrow(witness: Witness, body: bytes) -> Reply:
    note = body.decode().partition("\n\n")[2]
    late = witness.clock() + timedelta(days=1)
    return 200, cosign(note, witness.key, late).encode()


F19: dict[str, tuple[Fault, str]] = {
    "down": (lost, "unanswered"),
    "slow: the gateway has given up": (Says(504, b'{"code":"x"}'), "busy"),
    "500": (Says(500), "busy"),
    "429": (Says(429), "busy"),
    "401": (Says(401), "unauthorised"),
    "403": (Says(403), "unauthorised"),
    "404": (Says(404), "unknown log"),
    "400": (Says(400), "garbage"),
    "302": (Says(302), "garbage"),
    "409 without a size": (Says(409, b"none"), "garbage"),
    "422 at first contact": (Says(422), "garbage"),
    "wrong key": (by_another_key, "garbage"),
    "flipped": (flipped, "garbage"),
    "signature for another size": (of_another_size, "garbage"),
    "a clock of its own": (from_tomorrow, "garbage"),
    "garbage": (Says(200, b"\xff\xfe" * 50), "garbage"),
    "empty": (Says(200, b""), "garbage"),
    "huge": (Says(200, b"x" * 2**20), "garbage"),
}


@pytest.mark.parametrize("name", F19)
def test_f19_whatever_it_answers_is_classified_and_the_policy_decides(
    gallery: Gallery, name: str
) -> None:
    fault, outcome = F19[name]
    gallery["W2"].always = fault
    size = grow(gallery, 1)
    gallery.until(lambda: gallery.outcome("W2") is not None)
    assert (gallery.outcome("W2"), gallery.shown()) == (outcome, 0)
    assert gallery.signals.alarm is None
    gallery.say(gallery.policy(1))  # one of two is enough now
    gallery.until(lambda: gallery.shown() == size)
    gallery.say(gallery.policy(2))
    gallery["W2"].always = None  # and it comes back
    size = grow(gallery, 2)
    gallery.until(lambda: gallery.shown() == size)


def test_an_answer_that_was_lost_after_the_deed_costs_one_more_question(gallery: Gallery) -> None:
    gallery["W2"].faults.append(lost_and_done)
    first = grow(gallery, 1)
    gallery.until(lambda: gallery.outcome("W2") == "unanswered")
    second = grow(gallery, 2)
    gallery.until(lambda: gallery.shown() == second)
    assert gallery["W2"].asked == [first, second, second]  # 409 in between: it says what it knows


def test_a_witness_that_is_slow_is_left_behind_where_others_suffice(gallery: Gallery) -> None:
    let_go = threading.Event()

    def slow(witness: Witness, body: bytes) -> Reply:
        let_go.wait(20)
        return witness.cosign(body)

    gallery.say(gallery.policy(1))
    gallery["W2"].faults.append(slow)
    first = grow(gallery, 1)
    gallery.until(lambda: gallery.shown() == first)
    second = grow(gallery, 2)
    gallery.until(lambda: gallery.shown() == second)
    let_go.set()
    gallery.until(lambda: gallery["W2"].asked == [first, second])


def test_all_are_asked_for_the_same_checkpoint_though_the_log_grows(gallery: Gallery) -> None:
    let_go = threading.Event()

    def slow(witness: Witness, body: bytes) -> Reply:
        let_go.wait(20)
        return witness.cosign(body)

    gallery["W2"].faults.append(slow)
    first = grow(gallery, 1)
    gallery.until(lambda: gallery.outcome("W1") == "cosigned")
    newest = [grow(gallery, number) for number in (2, 3, 4)][-1]
    gallery.hurry()
    gallery.witnessing.work()
    assert gallery["W1"].asked == [first]
    let_go.set()
    gallery.until(lambda: gallery.shown() == newest)
    assert gallery["W1"].asked == gallery["W2"].asked == [first, newest]


def test_a_witness_that_stands_under_two_names_is_asked_once(gallery: Gallery) -> None:
    size = grow(gallery, 1)
    gallery.until(lambda: gallery.shown() == size)
    gallery.quiet()
    assert gallery["W1"].asked == [size]


def test_a_database_that_is_away_is_no_answer_and_no_end(gallery: Gallery) -> None:
    def away(witness: Witness, body: bytes) -> Reply:
        gallery.book.plan("not persisted")
        return witness.cosign(body)

    gallery["W2"].faults.append(away)
    size = grow(gallery, 1)
    gallery.until(lambda: gallery.shown() == size)
    assert gallery.signals.alarm is None


def test_a_new_leader_goes_on_from_what_is_kept(gallery: Gallery) -> None:
    first = grow(gallery, 1)
    gallery.until(lambda: gallery.shown() == first)
    gallery.witnessing = gallery.job()
    gallery.witnessing.begin()
    second = grow(gallery, 2)
    gallery.until(lambda: gallery.shown() == second)
    assert gallery["W1"].asked == [first, second]  # with the right proof at once


@pytest.mark.parametrize("fault", ["not persisted", "persisted"])
def test_death_at_the_keeping_of_a_line(gallery: Gallery, fault: str) -> None:
    size = grow(gallery, 1)
    gallery.book.plan(fault)
    gallery.until(lambda: gallery.shown() == size)
    assert gallery.signals.alarm is None


@pytest.mark.parametrize("fault", ["not persisted", "persisted"])
def test_death_at_the_publication(gallery: Gallery, fault: str) -> None:
    size = grow(gallery, 1)
    gallery.quiet()
    newer = grow(gallery, 2)
    gallery.book.plan(None, None, fault)  # two witnesses are kept, then it is published
    gallery.until(lambda: gallery.shown() == newer)
    assert size < newer
    with gallery.book.database.read() as db:
        sizes = [each.size for each in shown.publications(db, range(99))]
    assert sizes == [size, newer]


def test_a_leader_that_was_overtaken_shows_nothing_older(gallery: Gallery) -> None:
    first, second = grow(gallery, 1), grow(gallery, 2)
    gallery.until(lambda: gallery.shown() == second)
    with gallery.book.database.begin() as db:
        late = shown.add_published
        late(db, size=first, note="late", now=gallery.book.clock())
        late(db, size=second, note="late", now=gallery.book.clock())
    with gallery.book.database.read() as db:
        found = shown.publications(db, range(99))
    assert [(each.size, "late" in each.note) for each in found] == [(second, False)]


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
def test_the_same_on_postgresql(gallery: Gallery) -> None:
    size = grow(gallery, 1)
    gallery.until(lambda: gallery.shown() == size)
    newer = grow(gallery, 2)
    gallery.until(lambda: gallery.shown() == newer)
