from shared.protocol import errors
from shared.protocol.errors import GapError, ProtocolError


def _tree(kind: type[ProtocolError]) -> list[type[ProtocolError]]:
    return [kind, *(leaf for child in kind.__subclasses__() for leaf in _tree(child))]


def test_every_error_has_a_code_of_its_own_that_the_picture_shows() -> None:
    kinds = [kind for kind in _tree(ProtocolError) if kind.__module__ == errors.__name__]

    codes = [kind.code for kind in kinds]

    assert len(codes) == len(set(codes))
    assert all(kind.__name__ in str(errors.__doc__) for kind in kinds)


def test_an_error_keeps_the_facts_that_are_needed_to_act() -> None:
    error = GapError("entries before this one are missing", expected=4, seq=9)

    assert (error.expected, error.code) == (4, "gap")
    assert error.facts == {"expected": 4, "seq": 9}
    assert str(error) == error.detail == "entries before this one are missing"
