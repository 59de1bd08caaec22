"""What vectors there are for policies, and for notes that a quorum has cosigned, or not."""

from __future__ import annotations

from shared.protocol.checkpoints import LogKey
from shared.protocol.cosignatures import WitnessKey
from shared.protocol.notes import Note, NoteSignature, read_note
from tests.unit.shared.protocol.worked_log import HEAD, KEY, NOTE
from tests.unit.shared.protocol.worked_witness import OTHER_WITNESS, WITNESS
from tests.vectors.leaf_catalogue import rows_of
from tests.vectors.material import Vector, given
from tests.vectors.witness_catalogue import LATER, LINES, NEVER, SECONDS, Make, again, flipped


def _policy(tail: str, *quorums: tuple[str, bool]) -> Make:
    keys = {f"W{n}": WitnessKey(name=f"w{n}.example", ed25519=bytes([n] * 32), mldsa44=bytes(32))
            for n in range(1, 5)}  # fmt: skip
    lines = [f"log {KEY.vkeys()[0]} https://log.example/", ""]
    lines += [f"witness {name} {key.vkeys()[0]}" for name, key in keys.items()]
    told = [{"cosigned": names.split(), "satisfied": done} for names, done in quorums]
    return given(policy="\n".join(lines) + f"\n{tail}", quorums=told)


def policies() -> list[Vector]:
    nested = "group A 2 W1 W2 W3\n# and the overseer\n\tgroup B all  A W4 \nquorum B\n"
    vkey = OTHER_WITNESS.vkeys()[0]
    twin = LogKey(origin="twin.example/log", ed25519=bytes([1] * 32), mldsa44=bytes(32))
    bad = [
        ("two-quorums", "there is one quorum", "quorum W1\nquorum W1\n"),
        ("no-quorum", "there is one quorum", "group A any W1\n"),
        ("undefined", "a name is defined before it is used", "quorum A\ngroup A any W1\n"),
        ("twice-a-member", "a name is a member once",
         "group A any W1\ngroup B any W1\nquorum B\n"),
        ("none-as-member", "none is no member", "group A any none W1\nquorum A\n"),
        ("defined-twice", "a name is defined once", "group W1 any W2\nquorum W1\n"),
        ("threshold-zero", "at least one", "group A 0 W1\nquorum A\n"),
        ("threshold-large", "at most all", "group A 3 W1 W2\nquorum A\n"),
        ("leading-zero", "a threshold has one spelling", "group A 01 W1\nquorum A\n"),
        ("no-members", "a group has members", "group A any\nquorum A\n"),
        ("unknown-word", "there are four kinds of lines", "quora W1\nquorum W1\n"),
        ("carriage-return", "no control character but tab and newline", "quorum W1\r\n"),
        ("no-newline", "every line has an end", "quorum W1"),
        ("same-key", "a key stands once", f"witness V {vkey}\nwitness W {vkey}\nquorum V\n"),
        ("key-of-a-log", "a log is no witness", f"log {twin.vkeys()[0]}\nquorum W1\n"),
        ("log-key", "a witness cosigns", f"witness V {twin.vkeys()[0]}\nquorum V\n"),
    ]  # fmt: skip
    rows = [
        ("good", "ok", "groups in groups",
         _policy(nested, ("W1 W3 W4", True), ("W1 W2 W3", False), ("W1 W4", False), ("", False))),
        ("any", "ok", "one is enough",
         _policy("group A any W1 W2\nquorum A\n", ("W2", True), ("W3", False))),
        ("witness", "ok", "a quorum of one", _policy("quorum W1\n", ("W1", True), ("W2", False))),
        ("none", "ok", "nobody is needed", _policy("quorum none\n", ("", True))),
        *((name, "malformed", comment, _policy(tail)) for name, comment, tail in bad),
    ]  # fmt: skip
    return rows_of("policies", rows)


def quorums() -> list[Vector]:
    first, second = LINES
    other = again(OTHER_WITNESS, LATER)
    pinned = [*WITNESS.vkeys(), *OTHER_WITNESS.vkeys()]
    keys = "".join(f"witness w{n} {vkey}\n" for n, vkey in enumerate(pinned))
    groups = "group W all w0 w1\ngroup X all w2 w3\n"
    either = f"{keys}{groups}group peers any W X\nquorum peers\n"
    both = f"{keys}{groups}group peers all W X\nquorum peers\n"

    def told(policy: str, *lines: NoteSignature, **times: int) -> Make:
        note = Note(text=HEAD.text(), signatures=(*read_note(NOTE).signatures, *lines)).encode()
        return given(policy=policy, note=note, times=times)

    return rows_of(
        "quorums",
        [
            ("good", "ok", "one witness of two, with both of its keys",
             told(either, first, second, w0=SECONDS, w1=SECONDS)),
            ("both", "ok", "two of two", told(both, first, second, *other, w0=SECONDS, w1=SECONDS,
                                              w2=SECONDS + 60, w3=SECONDS + 60)),
            ("none", "ok", "nobody is needed", told("quorum none\n")),
            ("nobody", "unwitnessed", "the log's own lines are no cosignatures", told(either)),
            ("half", "unwitnessed", "one of a witness's two keys", told(either, first)),
            ("halves", "unwitnessed", "one key each of two witnesses",
             told(either, first, other[1])),
            ("too-few", "unwitnessed", "one of two", told(both, first, second)),
            ("no-time", "unwitnessed", "without a time nothing is said of the largest tree",
             told(either, *again(WITNESS, NEVER))),
            ("flipped", "bad_signature", "one bad line refuses the note, superfluous as it may be",
             told(either, first, second, flipped(other[0], 9))),
        ],
    )  # fmt: skip


def all_of_policies() -> list[Vector]:
    return [*policies(), *quorums()]
