"""Policies: C2SP tlog-policy's own example, what it forbids line by line, and who makes up a quorum."""

import contextlib
from dataclasses import replace
from itertools import chain, combinations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.protocol.checkpoints import LogKey
from shared.protocol.cosignatures import WitnessKey, cosign
from shared.protocol.errors import FormatError, SignatureError, UnwitnessedError
from shared.protocol.notes import read_note
from shared.protocol.policies import (
    MAX_POLICY,
    Group,
    Policy,
    check_quorum,
    cosigners,
    format_policy,
    parse_policy,
    satisfied,
)
from tests.unit.shared.protocol.worked_log import KEY, NOTE, ORIGIN, TIME

KEYS = {
    name: WitnessKey(name=f"{name}.example/w", ed25519=bytes([n] * 32), mldsa44=bytes([n] * 32))
    for n, name in enumerate(("X1", "X2", "X3", "Y1", "Y2", "Y3"), start=1)
}
VKEYS = {name: key.vkeys()[0] for name, key in KEYS.items()}
LOG = KEY.vkeys()[0]
WITNESSES = "".join(f"witness {name} {vkey}\n" for name, vkey in VKEYS.items())
EXAMPLE = f"""\
# The example of the specification, in its shape.
log {LOG} https://log.example/

{WITNESSES}
\tgroup  X-witnesses\t2 X1 X2 X3 \t
group Y-witnesses any Y1 Y2 Y3
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
"""
POLICY = parse_policy(EXAMPLE.encode())


def test_the_example_of_the_specification() -> None:
    assert [each.name for each in POLICY.witnesses] == list(VKEYS)
    assert POLICY.groups == (
        Group(name="X-witnesses", threshold=2, members=("X1", "X2", "X3")),
        Group(name="Y-witnesses", threshold=1, members=("Y1", "Y2", "Y3")),
        Group(name="X-and-Y", threshold=2, members=("X-witnesses", "Y-witnesses")),
    )
    assert POLICY.logs[0].url == "https://log.example/"
    assert POLICY.log_vkeys(ORIGIN) == [LOG]
    assert POLICY.log_vkeys(ORIGIN[:-1]) == []


def test_the_quorum_of_every_set_of_witnesses() -> None:
    every = chain.from_iterable(combinations(VKEYS, n) for n in range(len(VKEYS) + 1))
    for names in every:
        count = {letter: sum(name[0] == letter for name in names) for letter in "XY"}
        assert satisfied(POLICY, set(names)) == (count["X"] >= 2 and count["Y"] >= 1)


def test_names_of_groups_and_strangers_do_not_cosign() -> None:
    assert not satisfied(POLICY, {"X-witnesses", "Y-witnesses", "X-and-Y", "none", "Z"})


@pytest.mark.parametrize(
    ("quorum", "names", "expected"),
    [
        ("none", "", True),
        ("none", "X1", True),
        ("X1", "X1", True),
        ("X1", "X2", False),
        ("X1", "", False),
    ],
)
def test_a_quorum_without_groups(quorum: str, names: str, *, expected: bool) -> None:
    policy = parse_policy(f"{WITNESSES}quorum {quorum}\n".encode())
    assert satisfied(policy, {*names.split()}) is expected


def test_a_policy_of_nothing() -> None:
    assert parse_policy(b"quorum none\n") == Policy(logs=(), witnesses=(), groups=(), quorum="none")


def _cosigned(*names: str) -> str:
    return NOTE + "".join(cosign(NOTE, KEYS[name], TIME) for name in names)


def test_a_note_meets_the_policy() -> None:
    assert check_quorum(POLICY, _cosigned("X1", "X3", "Y2")) == dict.fromkeys(
        ("X1", "X3", "Y2"), 1790000000
    )
    assert cosigners(POLICY, _cosigned("X1")).keys() == {"X1"}
    for names in (("X1", "Y1"), ("X1", "X2", "X3"), ()):
        with pytest.raises(UnwitnessedError):
            check_quorum(POLICY, _cosigned(*names))


def test_a_bad_line_voids_the_others() -> None:
    good = read_note(_cosigned("Y3")).signatures[2]
    forged = replace(good, blob=good.blob[:-1] + bytes([good.blob[-1] ^ 1]))
    with pytest.raises(SignatureError):
        check_quorum(POLICY, _cosigned("X1", "X3", "Y2") + forged.line())


def test_both_keys_of_a_witness_as_a_group() -> None:
    first, second = KEYS["X1"].vkeys()
    policy = parse_policy(
        f"witness a {first}\nwitness b {second}\ngroup X1 all a b\nquorum X1\n".encode()
    )
    lines = cosign(NOTE, KEYS["X1"], TIME).splitlines(keepends=True)
    assert check_quorum(policy, NOTE + "".join(lines)).keys() == {"a", "b"}
    for line in lines:
        with pytest.raises(UnwitnessedError):
            check_quorum(policy, NOTE + line)


def test_thirty_two_of_each_and_more() -> None:
    lines: list[str] = []
    previous: list[str] = []
    for n in range(40):
        seed = bytes([n + 1] * 32)
        log = LogKey(origin=f"l{n}.example", ed25519=seed, mldsa44=seed)
        witness = WitnessKey(name=f"w{n}.example", ed25519=seed[:31] + b"w", mldsa44=seed)
        lines += [f"log {log.vkeys()[0]}", f"witness w{n} {witness.vkeys()[0]}"]
        lines.append(f"group g{n} all w{n} {' '.join(previous)}")
        previous = [f"g{n}"]
    policy = parse_policy(("\n".join([*lines, "quorum g39"]) + "\n").encode())
    assert satisfied(policy, {f"w{n}" for n in range(40)})
    assert not satisfied(policy, {f"w{n}" for n in range(1, 40)})


HEADER = f"log {LOG}\n{WITNESSES}"  # seven lines
OTHER_VKEY = KEYS["X1"].vkeys()[1]
RENAMED = replace(KEYS["X1"], name="other.example/w").vkeys()[0]
TWIN = LogKey(origin="twin.example/log", ed25519=KEYS["X1"].ed25519, mldsa44=KEY.mldsa44)


@pytest.mark.parametrize(
    "line",
    [
        "quorums X1",
        "log",
        f"log {VKEYS['X1']}",  # the key of a witness
        f"log {LOG}",
        f"log {LOG} https://log.example/ more",
        f"log {LOG[:-1]}",
        f"log {TWIN.vkeys()[0]}",  # the same key as witness X1
        "witness Z",
        f"witness X1 {OTHER_VKEY}",
        f"witness none {OTHER_VKEY}",
        f"witness Z {VKEYS['X1']}",
        f"witness Z {RENAMED}",
        f"witness Z {LOG}",  # the key of a log
        f"witness Z {OTHER_VKEY} url more",
        f"witness {OTHER_VKEY}",
        "group",
        "group G any",
        "group G X1 X2",
        "group G all X1 X1",
        "group G all X1 Z",
        "group G all G",
        "group G all none",
        "group X1 all X2",
        "group none all X2",
        "group G 0 X1 X2",
        "group G 3 X1 X2",
        "group G 01 X1 X2",
        "group G +1 X1 X2",
        "group G ALL X1 X2",
        "quorum",
        "quorum Z",
        "quorum X1 X2",
        "quorum X1\r",
        "quorum X1 # and no other",
        "\ufeffquorum X1",
        "quorum X1\x0b",
        "quorum X1\x7f",
        "quorum\u00a0X1",
    ],
)
def test_what_no_policy_says(line: str) -> None:
    with pytest.raises(FormatError) as caught:
        parse_policy(f"{HEADER}{line}\nquorum X1\n".encode())
    assert caught.value.facts["line"] == 8
    assert caught.value.detail.startswith("line 8 of the policy: ")


@pytest.mark.parametrize(
    ("tail", "line"),
    [
        ("quorum X1\nquorum X1\n", 9),
        ("quorum G\ngroup G any X1\n", 8),
        ("group G any X1\ngroup H any X1\nquorum G\n", 9),
        ("group G any X1\ngroup H any G\ngroup I any G\nquorum G\n", 10),
        ("quorum X1", 8),
        ("", None),
        ("#" * MAX_POLICY + "\nquorum X1\n", 10),
    ],
)
def test_what_no_policy_is(tail: str, line: int | None) -> None:
    with pytest.raises(FormatError) as caught:
        parse_policy((HEADER + tail).encode())
    assert caught.value.facts.get("line") == line


def test_a_policy_is_written_as_it_was_read() -> None:
    for policy in (POLICY, parse_policy(b"quorum none\n")):
        assert parse_policy(format_policy(policy)) == policy
    assert (
        format_policy(POLICY)
        .decode()
        .endswith(
            "group X-witnesses 2 X1 X2 X3\n"
            "group Y-witnesses 1 Y1 Y2 Y3\n"
            "group X-and-Y all X-witnesses Y-witnesses\n"
            "quorum X-and-Y\n"
        )
    )


def test_names_are_octets() -> None:
    line = f"witness \u212a {VKEYS['X1']}\nwitness K {VKEYS['X2']}\n".encode()
    policy = parse_policy(line + f"witness \xff {VKEYS['X3']}\n".encode("latin-1") + b"quorum K\n")
    assert len({each.name for each in policy.witnesses}) == 3
    assert satisfied(policy, {"K"})
    assert not satisfied(policy, {"\u212a"})
    assert parse_policy(format_policy(policy)) == policy


@pytest.mark.parametrize(
    "change",
    [
        {"quorum": "Z"},
        {"quorum": "X1 X2"},
        {"logs": (replace(POLICY.logs[0], url=""),)},
        {"logs": (replace(POLICY.logs[0], url="a b"),)},
        {"witnesses": POLICY.witnesses[1:]},
        {"witnesses": (replace(POLICY.witnesses[0], name="X1\nquorum none\n#"),)},
        {"groups": (replace(POLICY.groups[0], threshold=4), *POLICY.groups[1:])},
    ],
)
def test_what_could_not_be_read_is_not_written(change: dict[str, object]) -> None:
    with pytest.raises(FormatError):
        format_policy(replace(POLICY, **change))  # type: ignore[arg-type]


@given(st.lists(st.sampled_from([*EXAMPLE.split(" "), "all", "3", "\n", "X1", "\x00"])))
def test_any_words_are_read_or_refused(words: list[str]) -> None:
    with contextlib.suppress(FormatError):
        policy = parse_policy((" ".join(words) + "\n").encode())
        assert parse_policy(format_policy(policy)) == policy


@given(st.binary(max_size=100))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with contextlib.suppress(FormatError):
        parse_policy(data)
