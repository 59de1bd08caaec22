"""Who is suspended: a member of the signed list of countries, so that it needs no help of the country itself.

A suspended country is no peer. Its document stays in force for what proves itself: evidence that was
exchanged before is verified as ever. To take the delegation away would end that, too: that is expulsion.
"""

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from tuf.api.metadata import Targets

from shared.protocol.errors import FormatError
from shared.protocol.identifiers import parse_country

SUSPENDED = (
    "suspended"  # the name of the member in `targets`; TUF keeps and signs what it does not know
)


class Suspension(BaseModel):
    """Since when (seconds since 1970) a country is suspended, and why, in a sentence."""

    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")
    since: int = Field(ge=0)
    reason: str = Field(min_length=1, max_length=200)


_SUSPENSIONS = TypeAdapter(dict[str, Suspension])


def suspensions(targets: Targets) -> Mapping[str, Suspension]:
    """Read who is suspended.

    Raises:
        FormatError: it is not written as it must be: whoever could not read it would go on as before.
    """
    try:
        found = _SUSPENSIONS.validate_python(targets.unrecognized_fields.get(SUSPENDED, {}))
    except ValidationError as error:
        raise FormatError("The list of countries says unreadably who is suspended.") from error
    for country in found:
        parse_country(country)
    return found
