"""Every rule of a specification that names a vector has it, and every vector has its rule."""

import re

import pytest

from shared.protocol.entries import BODIES, EntryType
from shared.protocol.messages import Envelope
from tests.vectors.generate import CATALOGUE
from tests.vectors.material import HERE

FOLDER = HERE.parents[1] / "shared/protocol/spec"
ERRORS = FOLDER.with_name("errors.py")
VECTORS = {vector.name for vector in CATALOGUE}
FORMATS = {name.partition("/")[0] for name in VECTORS}
NAMED = {
    name
    for path in FOLDER.glob("*.md")
    for name in re.findall(r"`([a-z-]+/[a-z0-9-]+)`", path.read_text())
    if name.partition("/")[0] in FORMATS
}


def test_the_specifications_name_the_vectors_that_there_are() -> None:
    assert NAMED == VECTORS


@pytest.mark.parametrize("kind", EntryType)
def test_the_body_of_every_type_is_specified(kind: EntryType) -> None:
    text = (FOLDER / "messages.md").read_text()

    assert f"`{kind}`" in text
    assert all(f"`{member}`" in text for member in BODIES[kind].model_fields)


def test_every_code_of_an_error_is_specified() -> None:
    text = (FOLDER / "identifiers.md").read_text()
    codes = set(re.findall(r'^    code = "([a-z_]+)"$', ERRORS.read_text(), re.MULTILINE))

    assert codes - {"bad_proof"} == {code for code in codes if f"`{code}`" in text}


def test_the_envelope_is_specified() -> None:
    text = (FOLDER / "messages.md").read_text()

    assert all(f"`{member}`" in text for member in Envelope.model_fields)
