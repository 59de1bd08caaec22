"""An officer approves: signs one act on one version of one object, with a key of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from client.errors import UsageError, unreadable
from client.profiles import Profile
from shared.protocol.approvals import Act, sign_approval
from shared.protocol.errors import FormatError
from shared.protocol.keys import OfficerKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Officer:
    """A person with the key that stands under their name in the exchange's registry."""

    name: str
    key: OfficerKey = field(repr=False)

    def approve(
        self, act: Act, *, object_id: str, version: int, digest: str, now: datetime
    ) -> dict[str, str]:
        """Approve an act, as the body of the call that makes it."""
        approval = sign_approval(
            self.key,
            act=act,
            object_id=object_id,
            version=version,
            digest=digest,
            iat=int(now.timestamp()),
            officer=self.name,
        )
        return {"approval": approval}


def load_officer(profile: Profile) -> Officer:
    """Load the officer of a profile.

    Raises:
        UsageError: the profile has none, or the key file cannot be used.
    """
    if profile.officer_key is None or profile.officer is None:
        raise UsageError(
            f"profile {profile.name} has no officer, so it cannot approve",
            code="no_officer",
            next_step="add officer and officer_key to the profile, or use an officer's profile",
        )
    try:
        return Officer(
            name=profile.officer, key=OfficerKey.from_bytes(profile.officer_key.read_bytes())
        )
    except OSError as error:
        raise unreadable(profile.officer_key, error) from error
    except FormatError as error:
        raise UsageError(
            f"{profile.officer_key}: {error.detail}", code="bad_officer_key"
        ) from error
