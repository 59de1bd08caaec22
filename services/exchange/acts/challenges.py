"""What a court's role says of a challenge."""

from typing import Annotated, Literal

from pydantic import Field

from services.exchange.acts.contents import Content
from services.exchange.drafts import Line, Prose
from shared.protocol.messages import Id, Label, Moment


class Lodging(Content):
    """A person's challenge: who, before which court, against which measures or packages."""

    who: Literal["HOLDER", "SUSPECT", "THIRD_PARTY"]
    court: Line
    file_number: Line
    measures: Annotated[tuple[Label, ...], Field(max_length=100)] = ()
    packages: Annotated[tuple[Id, ...], Field(max_length=1_000)] = ()
    text: Prose


class Deciding(Content):
    """What the court decided; `items`: those that an outcome in part keeps back."""

    challenge_id: Id
    state: Literal[
        "admitted",
        "inadmissible",
        "suspensive",
        "not_suspensive",
        "dismissed",
        "upheld",
        "upheld_part",
        "withdrawn",
    ]
    items: Annotated[tuple[Id, ...], Field(max_length=100_000)] = ()
    until: Moment | None = None
    text: Prose


class Appealing(Content):
    """All who could appeal have waived it."""

    court: Line
    text: Prose
