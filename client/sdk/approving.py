"""An officer approves: signs one act on one version of one object, with a key of their own."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final
from urllib.parse import quote

from client.clock import Clock
from client.errors import StateError, UsageError, unreadable
from client.profiles import Profile
from client.sdk.records import Package
from shared.protocol.approvals import GRANT_LIFE, PACKAGE_RECEIVE, Act, sign_approval
from shared.protocol.errors import FormatError
from shared.protocol.keys import OfficerKey

GRANT_HEADER: Final = "Officer-Grant"
CASE_HEADER: Final = "Case-Reference"  # in percent-encoded UTF-8
RENEWED: Final = timedelta(seconds=GRANT_LIFE * 2 // 3)  # after which a grant is signed anew


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


@dataclass(slots=True)
class Grant:
    """An officer's leave to read one package for a case: signed when it is needed, anew before it ends."""

    officer: Officer
    package: Package
    clock: Clock
    case: str  # the case number for which it is read
    exculpatory: bool = False  # for another case, where COND-13 allows it
    _signed: tuple[datetime, str] | None = None

    def header(self) -> dict[str, str]:
        """Return the headers that read the content of the package.

        Raises:
            StateError: there is nothing to read yet.
        """
        now, signed = self.clock(), self._signed
        if signed is None or now - signed[0] > RENEWED:
            signed = self._signed = now, self._sign(now)
        stated = {GRANT_HEADER: signed[1], CASE_HEADER: quote(self.case, safe=" /")}
        return {**stated, "Exculpatory": "true"} if self.exculpatory else stated

    def _sign(self, now: datetime) -> str:
        if self.package.digest is None:
            raise StateError(
                f"package {self.package.package_id} is {self.package.state}: nothing to read yet",
                code="not_verified",
            )
        return self.officer.approve(
            PACKAGE_RECEIVE,
            object_id=self.package.package_id,
            version=self.package.version,
            digest=self.package.digest,
            now=now,
        )["approval"]


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
