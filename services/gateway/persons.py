"""Who acts on the registry: the client that was authenticated, and the officer whom its system names."""

import unicodedata

from services.gateway.records import Person
from shared.runtime.refusals import Malformed, NotAllowed


def officer(text: str | None, client_id: str) -> Person:
    """Say who acts.

    Raises:
        Malformed: the national system does not say which officer.
    """
    if text is None or not text.strip():
        raise Malformed(
            "officer_required",
            "State in the header X-Officer which officer does this (1 to 100 characters).",
            next_step="The national system names its officer; a profile's `officer` is sent so.",
        )
    return Person(client_id=client_id, officer=text.strip())


def check_two(proposer: Person, approver: Person) -> None:
    """Check that two persons at two systems act: nobody approves what is their own.

    Raises:
        NotAllowed: `same_officer`.
    """
    if not are_two(proposer.officer, approver.officer) or proposer.client_id == approver.client_id:
        raise NotAllowed(
            "same_officer",
            "Who proposed this cannot approve it: it takes another officer, at another client.",
            rule="four eyes",
            next_step="Have another officer of the authority approve it.",
        )


def are_two(one: str, other: str) -> bool:
    """Say whether two names are of two officers: nobody is another one by case or spaces."""
    return bool(_name(one)) and bool(_name(other)) and _name(one) != _name(other)


def _name(officer_name: str) -> str:
    return " ".join(unicodedata.normalize("NFKC", officer_name).casefold().split())
