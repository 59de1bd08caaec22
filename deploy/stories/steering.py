"""The steering group: two holders of the list's keys decide who is a member, with keys of the ceremony."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from securesystemslib.signer import Signer

from client.federation import drafting, folder, keyfiles
from client.federation.folder import Held
from deploy import layout
from deploy.ceremony import PASSPHRASE, ROLE_KEY
from deploy.stories.world import World
from shared.protocol.drafts import Draft
from shared.protocol.trust import Member

HOLDERS = ("targets-1", "targets-3")


class SteeringGroup:
    """Who may suspend a country, and take it up again; and a country that changes its own document."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._repository = world.folder / layout.DIRECTORY / "repository"
        self._ceremony = world.folder / "ceremony"

    def suspends(self, country: str, reason: str) -> None:
        """Suspend a member; every node hears of it now."""
        held = self._held()
        draft = drafting.suspend(held, country, reason, self._world.clock())
        self._publish(draft, held, self._signers("directory", HOLDERS))

    def resumes(self, country: str) -> None:
        """End a suspension."""
        held = self._held()
        draft = drafting.resume(held, country, self._world.clock())
        self._publish(draft, held, self._signers("directory", HOLDERS))

    def member(self, country: str) -> Member:
        """Return a country's document."""
        return {str(name): member for name, member in self._held().members.items()}[country]

    def revised(self, member: Member) -> None:
        """Have a country publish its next document, signed with its own key of the ceremony."""
        held = self._held()
        draft = drafting.revise(held, member, self._world.clock())
        name = ROLE_KEY.removesuffix(".key")
        self._publish(draft, held, self._signers(member.country, [name]))

    def _held(self) -> Held:
        return folder.read_held(self._repository)

    def _publish(self, draft: Draft, held: Held, signers: Sequence[Signer]) -> None:
        for signer in signers:
            drafting.sign(draft, signer, drafting.delegators(draft, held))
        folder.publish(self._repository, [draft])
        self._world.refresh()

    def _signers(self, whose: str, names: Sequence[str]) -> list[Signer]:
        home: Path = self._ceremony / whose
        passphrase = (home / PASSPHRASE).read_text().strip()
        return [
            keyfiles.read(home / f"{name}.key").open(lambda _name: passphrase) for name in names
        ]
