"""A country's desks: a client of the gateway for each role, and the key of whoever sits there."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from client.errors import ClientError
from client.profiles import Profile, read_lab
from client.sdk import packages, requests
from client.sdk.approving import Officer, load_officer
from client.sdk.records import Package, Request
from client.sdk.session import Session, connect
from deploy.stories.clockwork import StoryClock
from shared.protocol.approvals import Act, statement_digest
from shared.protocol.canonical import Json

PREPARER, APPROVER, RECEIVER = "preparer", "approver", "receiver"
COURT, PRIVILEGE, ASSESSOR, DUTY = "court", "privilege", "assessor", "duty"


class Desks:
    """Who works in a country, by role: preparer, approver, receiver, court, duty, ops and so on."""

    def __init__(self, folder: Path, country: str, clock: StoryClock) -> None:
        self.country, self.clock, self.folder = country, clock, folder
        self._sessions: dict[tuple[str, str | None], Session] = {}

    def profile(self, role: str) -> Profile:
        """Return what a client of this role is registered with."""
        return read_lab(self.folder / "node.json", self.country, role)

    def session(self, role: str, purpose: str | None = None) -> Session:
        """Return the conversation of this role with its own gateway."""
        key = role, purpose
        if key not in self._sessions:
            made = connect(self.profile(role), clock=self.clock, purpose=purpose)
            made.wire.pause = self.clock.skip
            self._sessions[key] = made
        return self._sessions[key]

    def leave(self) -> None:
        """Close every conversation."""
        for session in self._sessions.values():
            session.wire.pool.close()

    def officer(self, role: str) -> Officer:
        """Return the person who signs in this role."""
        return load_officer(self.profile(role))

    def request(self, request_id: str) -> Request:
        """Read a request as this country has it."""
        return requests.find(self.session(APPROVER), request_id)

    def package(self, package_id: str) -> Package:
        """Read a package as this country has it."""
        return packages.find(self.session(APPROVER), package_id)

    def tells(self, role: str, path: str, said: Mapping[str, Json]) -> dict[str, Json]:
        """Post to an address as a role."""
        return self.session(role).post(path, said)

    def signs(
        self, role: str, path: str, act: Act, version: int, statement: Mapping[str, Json]
    ) -> dict[str, Json]:
        """Post a statement with the signature of the officer of a role.

        Args:
            role: whose desk.
            path: `/v1/requests|packages/ID/WHAT…`; the statement is about that object.
            act: of the approval.
            version: of the object.
            statement: what is said; nothing in it is null.
        """
        object_id, what = path.split("/")[3], path.rsplit("/", 1)[1]
        said = dict(statement)
        signed = self.officer(role).approve(
            act,
            object_id=object_id,
            version=version,
            digest=statement_digest(what, said),
            now=self.clock(),
        )
        return self.tells(role, path, {"statement": said, **signed})


def refusal(act: Callable[[], object]) -> str:
    """Return the code with which a call is refused; empty if it is not."""
    try:
        act()
    except ClientError as error:
        return error.code
    return ""
