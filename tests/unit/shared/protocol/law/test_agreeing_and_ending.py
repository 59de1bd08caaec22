"""Whatever two countries say, in whatever order: what counts was said by both, and both see the same."""

from datetime import date, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.protocol.agreements import PairName
from shared.protocol.law.agreed import read_agreements
from shared.protocol.law.pairreading import read_pair
from shared.protocol.law.reading import Flaw, ProfileError
from tests import pacts

DAY = date(2026, 1, 1)
TEXTS = [
    pacts.text("QM-QN", ("valid_from = 2020-01-01", f"valid_from = {begin}\n{ends}"))
    for begin in (date(2020, 1, 1), date(2026, 1, 1), date(2026, 6, 1))
    for ends in ("", "valid_until = 2026-07-01")
]
NAMES = [pacts.named(text) for text in TEXTS]
FILES = {name.path: text for name, text in zip(NAMES, TEXTS, strict=True)}
BY_NAME = {name: read_pair(text) for name, text in zip(NAMES, TEXTS, strict=True)}

said = st.lists(st.sampled_from(NAMES), unique=True)
days = st.integers(-800, 400).map(lambda number: DAY + timedelta(days=number))


@settings(max_examples=300, deadline=None)
@given(ours=said, theirs=said, on=days, missing=st.sampled_from([*NAMES, None]))
def test_what_counts_was_said_by_both(
    ours: list[PairName], theirs: list[PairName], on: date, missing: PairName | None
) -> None:
    files = {path: text for path, text in FILES.items() if missing is None or path != missing.path}
    named = {"QM": ours, "QN": theirs}
    agreements = read_agreements(named, files)
    found = agreements.between("QM", "QN", on)
    could = [
        name
        for name in set(ours) & set(theirs)
        if missing not in set(ours) & set(theirs)
        and BY_NAME[name].valid_from <= on < (BY_NAME[name].valid_until or date.max)
    ]
    assert (found is None) == (not could)
    if found is not None:
        assert found.name in could
        assert all(BY_NAME[name].valid_from <= found.pair.valid_from for name in could)
    again = read_agreements({"QN": theirs[::-1], "QM": ours[::-1]}, files)
    other = again.between("QM", "QN", on)
    assert (other and other.name) == (found and found.name)
    assert agreements.between("QN", "QM", on) is None


@settings(max_examples=300, deadline=None)
@given(data=st.data())
def test_no_change_of_a_line_is_more_than_a_mistake(data: st.DataObject) -> None:
    lines = TEXTS[0].decode().splitlines()
    number = data.draw(st.integers(0, len(lines) - 1))
    lines[number] = data.draw(
        st.one_of(
            st.just(""),
            st.sampled_from(lines),
            st.text(max_size=20),
            st.text(max_size=20).map(lambda text: f"{lines[number]} {text}"),
        )
    )
    content = "\n".join(lines).encode("utf-8", "replace")
    flaws: tuple[Flaw, ...] = ()
    try:
        read_pair(content)
    except ProfileError as refused:
        flaws = refused.flaws
    assert all(1 <= flaw.line <= len(content.splitlines()) + 1 for flaw in flaws)
