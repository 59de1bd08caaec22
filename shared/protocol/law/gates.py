"""The table of gates: title, rule, ground of refusal, and who may open one that is shut (`gates.toml`)."""

from functools import cache
from typing import Annotated

from pydantic import Field

from shared.protocol.law import library
from shared.protocol.law.shapes import Count, Many, Shape, Words


class Override(Shape):
    """Who may open a gate against its finding.

    Attributes:
        roles: one of these, or each of them where `each` is set.
        persons: so many different officers.
        provisional: only where all that is concerned are provisional measures.
        urgent: only for an export that is said to be urgent.
    """

    roles: Many
    persons: Count = 1
    each: bool = False
    provisional: bool = False
    urgent: bool = False


class Rule(Shape):
    """What one gate rests on."""

    title: Words
    rule: Words
    refusal: Many = ()
    finders: Many = ()
    override: Override | None = None


class Policy(Shape):
    """Numbers and lists that no treaty gives."""

    assessment_least: Count
    reasons_least: Count
    sensitive_tier: Count
    special_tier: Count
    reviewers: Count
    treaty_kinds: Many
    provisional: Many
    filtered_measures: Many
    screened_roles: Many
    tested_nature: Many


class Table(Shape):
    """All of it."""

    policy: Policy
    gate: Annotated[dict[str, Rule], Field(min_length=25)]


@cache
def table() -> Table:
    """Return the gates that come with this release."""
    return Table.model_validate(library.table("gates.toml"))


def rule(gate: str) -> Rule:
    """Return what a gate rests on."""
    return table().gate[gate]


def policy() -> Policy:
    """Return what no treaty says."""
    return table().policy
