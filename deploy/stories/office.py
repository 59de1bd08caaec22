"""The people of a country: each with a client of the gateway and a key of their own, through the SDK."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from client.errors import ClientError
from client.profiles import Profile, read_lab
from client.sdk import packages, requests
from client.sdk.approving import Officer, load_officer
from client.sdk.download import fetch_bag
from client.sdk.records import Package, Request, read_request
from client.sdk.session import Session, connect
from client.sdk.sources import find_sources
from client.sdk.upload import add_files
from deploy.stories.clockwork import StoryClock
from shared.protocol.approvals import Act
from shared.protocol.bag import TAG_MANIFEST
from shared.protocol.canonical import Json, encode
from shared.protocol.digests import sha256

PREPARER, APPROVER, RECEIVER = "preparer", "approver", "receiver"


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

    def request(self, request_id: str) -> Request:
        """Read a request as this country has it."""
        return requests.find(self.session(APPROVER), request_id)

    def package(self, package_id: str) -> Package:
        """Read a package as this country has it."""
        return packages.find(self.session(APPROVER), package_id)

    def drafts(self, document: Mapping[str, Json]) -> Request:
        """Write a request; it is not handed in."""
        return requests.draft(self.session(PREPARER), document)

    def hands_in(self, request_id: str) -> Request:
        """Hand a draft to the second officer, signed."""
        return requests.submit(
            self.session(PREPARER),
            self.request(request_id),
            officer=self.officer(PREPARER),
            clock=self.clock,
        )

    def approves(self, request_id: str) -> Request:
        """Approve what was handed in, as the second officer."""
        return requests.approve(
            self.session(APPROVER),
            self.request(request_id),
            officer=self.officer(APPROVER),
            clock=self.clock,
        )

    def acts(self, role: str, request_id: str, act: str, **said: Json) -> Request:
        """Do an act on a request, by its address."""
        path = f"/v1/requests/{request_id}/{act}"
        return read_request(self.session(role).post(path, said))

    def states(self, role: str, object_id: str, version: int, act: Act, statement: Json) -> Json:
        """Sign a statement as the officer of a role, as the body of the call that makes it."""
        signed = self.officer(role).approve(
            act,
            object_id=object_id,
            version=version,
            digest=sha256(encode(statement)).hex(),
            now=self.clock(),
        )
        return {"statement": statement, **signed}

    def collects(
        self, request_id: str, measures: Sequence[str], title: str, files: Mapping[str, bytes]
    ) -> Package:
        """Open a package, put files into it and close it; reading back goes on."""
        session = self.session(PREPARER)
        made = packages.open_package(session, request_id=request_id, measures=measures, title=title)
        folder = self._folder / "exhibits" / made.package_id
        folder.mkdir(parents=True)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        sources = find_sources([folder / name for name in files], recursive=False)
        add_files(session, made, sources, clock=self.clock, hashed=_ignore, sent=_ignore)
        return packages.close(session, made.package_id)

    def prepares(self, package_id: str) -> Package:
        """Sign the closed package as ready."""
        return packages.prepare(
            self.session(PREPARER),
            self.package(package_id),
            officer=self.officer(PREPARER),
            clock=self.clock,
        )

    def clears(self, package_id: str) -> Package:
        """Clear a package as the second officer."""
        return packages.clear(
            self.session(APPROVER),
            self.package(package_id),
            officer=self.officer(APPROVER),
            clock=self.clock,
        )

    def releases(self, package_id: str) -> Package:
        """Release a cleared package."""
        return packages.release(
            self.session(APPROVER),
            self.package(package_id),
            officer=self.officer(APPROVER),
            clock=self.clock,
        )

    def fetches(self, package_id: str, folder: Path) -> Path:
        """Fetch a package as a bag and confirm the hand-over."""
        session, found = self.session(RECEIVER), self.package(package_id)
        fetch_bag(session, found, folder, officer=self.officer(RECEIVER), progress=_ignore)
        packages.hand_over(session, package_id, sha256((folder / TAG_MANIFEST).read_bytes()))
        return folder


def refusal(act: object) -> str:
    """Return the code with which a call is refused; empty if it is not.

    Args:
        act: a call without arguments.
    """
    assert callable(act)
    try:
        act()
    except ClientError as error:
        return error.code
    return ""


def _ignore(_count: int) -> None:
    pass
