"""What an exchange knows of the treaties in force between its country and another."""

from datetime import date

from tests.service.exchange.node import Node

TODAY = date(2026, 11, 21)


def test_the_profile_of_each_direction_is_at_hand(qm: Node) -> None:
    directory = qm.parts.directory
    asked = directory.pair("QM", "QN", TODAY)
    asking = directory.pair("QN", "QM", TODAY)
    assert asked is not None
    assert asking is not None
    assert (asked.time_zone, asking.time_zone) == ("Europe/Paris", "Europe/Berlin")
    assert directory.in_force("QM", "QN", TODAY) == ["BUD", "UNTOC", "EIO", "EER", "2AP", "REC"]
    assert directory.in_force("QM", "QN", date(2026, 8, 17)) == [
        "BUD",
        "UNTOC",
        "EIO",
        "2AP",
        "REC",
    ]
    assert directory.in_force("QM", "QO", TODAY) == []
    assert directory.in_force("QM", "QN", date(2019, 12, 31)) == []  # before the profile counts


def test_an_instrument_is_read_as_the_two_have_agreed_on_it(qm: Node) -> None:
    instrument = qm.parts.directory.instrument("QM", "QN", "BUD", TODAY)
    assert instrument is not None
    assert instrument.citation == "ETS 185"
    assert qm.parts.directory.instrument("QM", "QN", "UNCC", TODAY) is None
    assert qm.parts.directory.instrument("QM", "QO", "BUD", TODAY) is None
