"""What is said of a file when it is declared: its path, what it answers, what was done with it before."""

from dataclasses import replace

from services.exchange.drafts import Answers, ItemDraft
from services.exchange.keyring import UNTOLD, Declaration
from services.exchange.records import Package
from shared.protocol import manifest
from shared.protocol.law import library
from shared.protocol.law.custody import Provenance
from shared.runtime.refusals import Conflict, Unprocessable


def declaration(content: ItemDraft) -> Declaration:
    """Take a declaration as it was handed in.

    Raises:
        Unprocessable, BagError: the path is none that a bag may have, or the history is another file's.
    """
    path = content.path or manifest.stored_path(content.original_name)
    if not path.startswith(manifest.PAYLOAD):
        raise Unprocessable(
            "bad_path",
            "The path of an item begins with data/.",
            next_step="Give a path below data/, or none: then one is made from the name.",
        )
    return Declaration(
        path=manifest.check_path(path),
        original_name=content.original_name,
        size=content.size,
        sha256=bytes.fromhex(content.sha256),
        media_type=content.media_type,
        custody=_provenance(content),
        answers=content.answers,
    )


def check_answers(answers: Answers | None, package: Package) -> None:
    """Check that what a file answers is what its package answers.

    Raises:
        Unprocessable: it is another measure, or a category that is none.
    """
    if answers is None:
        return
    if answers.measure_id not in package.measures:
        raise Unprocessable(
            "other_measure",
            f"The package answers {', '.join(package.measures)}, not {answers.measure_id}.",
            rule="G03",
            next_step="Name a measure of the package, or put the file into another one.",
        )
    if answers.category not in library.codes()["data"]:
        raise Unprocessable(
            "unknown_category",
            f"There is no category {answers.category}.",
            rule="G03",
            next_step="Choose one of the list of data categories, as DC-TRF.",
        )


def _provenance(content: ItemDraft) -> Provenance:
    """Take what is said of the item's time before the node, unless it speaks of another file."""
    told = content.custody or UNTOLD
    if told.stated.get("sha256", content.sha256) != content.sha256:
        raise Unprocessable(
            "other_history",
            "The last act that is told left a file of another SHA-256 than the one declared.",
            rule="custody, 2",
            next_step="Tell every act up to this very file; a change needs `change`: what and why.",
        )
    return told


def check_same(before: Declaration, again: Declaration) -> None:
    """Check that an item is declared the same again, but for what it answers.

    Raises:
        Conflict: it is another file, or has another history.
    """
    if replace(before, answers=again.answers) != again:
        raise Conflict(
            "item_differs",
            "An item of this id was declared with another name, size or SHA-256.",
            next_step="Is it another file? Give it another id. Did the file change? Delete the "
            "item, then declare it anew.",
        )
