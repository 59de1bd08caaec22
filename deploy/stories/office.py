"""The people of a country: each with a client of the gateway and a key of their own, through the SDK."""

from __future__ import annotations

from pathlib import Path

from client.profiles import Profile, read_lab
from client.sdk.approving import Officer, load_officer
from client.sdk.session import Session, connect
from deploy.stories.clockwork import StoryClock


class Office:
    """Who works in a country, by role: preparer, approver, receiver, oversight, ops and so on."""

    def __init__(self, folder: Path, country: str, clock: StoryClock) -> None:
        self.country, self.clock = country, clock
        self._folder = folder
        self._sessions: dict[tuple[str, str | None], Session] = {}

    def profile(self, role: str) -> Profile:
        """Return what a client of this role is registered with."""
        return read_lab(self._folder / "node.json", self.country, role)

    def session(self, role: str, purpose: str | None = None) -> Session:
        """Return the conversation of this role with its own gateway."""
        key = role, purpose
        if key not in self._sessions:
            self._sessions[key] = connect(self.profile(role), clock=self.clock, purpose=purpose)
        return self._sessions[key]

    def officer(self, role: str) -> Officer:
        """Return the person who signs in this role."""
        return load_officer(self.profile(role))
