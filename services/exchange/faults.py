"""What may be wrong with a package that is to be closed, as its preparer is told it; never a file name."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic_core import from_json

from services.exchange.records import StoredItem
from shared.protocol.errors import BagError
from shared.runtime.refusals import Conflict, Unprocessable

NAMED = 50  # items that one problem names


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What is wrong with a package."""

    code: str
    detail: str
    next: str
    items: tuple[str, ...] = ()


def check_complete(items: Sequence[StoredItem], stored: Mapping[str, int]) -> None:
    """Check that there is something, and all of it.

    Raises:
        Conflict: it is empty, or segments are missing.
    """
    if not items:
        raise Conflict(
            "empty_package",
            "There is nothing in this package.",
            next_step="Declare at least one file and send its segments.",
        )
    lacking = [item.item_id for item in items if stored.get(item.item_id, 0) != item.segments]
    if lacking:
        raise Conflict(
            "incomplete",
            f"Of {len(lacking)} of {len(items)} items segments are missing.",
            next_step="Ask which (GET …/items/{item_id}/segments), send them, and close again.",
            items=lacking[:NAMED],
        )


def check_answered(lacking: Sequence[str]) -> None:
    """Check that it was said of every file what it answers: without that it could never leave.

    Raises:
        Conflict: of some it was not.
    """
    if lacking:
        raise Conflict(
            "answers_missing",
            f"Of {len(lacking)} items it was not said what they answer: measure, category, identifier, time.",
            rule="G03",
            next_step="Declare them again with `answers` (`package add FILES --answers FILE`), and close.",
            items=list(lacking[:NAMED]),
        )


def wrong_items(items: Sequence[str]) -> Fault:
    """Items that are not the files that were declared."""
    return Fault(
        code="digest_mismatch",
        detail="Read back, these items are not the files that were declared: "
        f"{', '.join(items[:NAMED])}.",
        next="Delete each item named, declare it from the original file, send it again, close again.",
        items=tuple(items),
    )


def no_bag(error: BagError) -> Fault:
    """A path that cannot stand in a bag."""
    return Fault(
        code=error.code,
        detail=f"The package cannot be written as a bag: {error.detail}.",
        next="Delete the item in the way and declare it anew under another path.",
    )


BROKEN = Fault(
    code="seal_broken",
    detail="What is stored beside the segments (a declaration, the CASE graph) does not open.",
    next="Open a new package, and have the operators look for who changed the store.",
)


def disputed(items: Sequence[str]) -> Fault:
    """Items that are not what their source says they are: by another digest that it gave."""
    return Fault(
        code="disputed_at_source",
        detail="A digest that their source gave is not the digest of what is here: "
        f"{', '.join(items[:NAMED])}.",
        next="Ask the source. To go on without them, delete each item with because=DISPUTED and close "
        "again; the custody record of the package says that something was left out, and why.",
        items=tuple(items),
    )


def check_graph(graph: bytes) -> None:
    """Check that an authority's own CASE graph is JSON-LD.

    Raises:
        Unprocessable: it is not.
    """
    try:
        # A graph may hold numbers with a fraction, which the canonical reader refuses.
        value = from_json(graph, allow_inf_nan=False)
    except ValueError:
        value = None
    if not isinstance(value, dict) or not {"@context", "@graph", "@id", "@type"} & value.keys():
        raise Unprocessable(
            "no_case_graph",
            "This is not a JSON-LD object (CASE/UCO).",
            next_step="Export the graph as JSON-LD, or leave it out: a minimal one is made.",
        )
