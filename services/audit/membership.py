"""What the directory says of the country whose log this is."""

from dataclasses import dataclass

from shared.protocol.identifiers import Country
from shared.protocol.policies import Policy
from shared.protocol.trust import Member
from shared.runtime.directory import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """Our own place in the directory; None for whatever it does not say yet."""

    directory: Directory
    country: str
    origin: str = (
        ""  # of our log; one that the directory does not know stands under the open one's policy
    )

    @property
    def member(self) -> Member | None:
        """Our own member document."""
        return self.directory.members.get(Country(self.country))

    @property
    def policy(self) -> Policy | None:
        """Who must have cosigned our checkpoints before they are shown."""
        member = self.member
        return None if member is None else member.log_named(self.origin).witnessed_by

    @property
    def unwitnessed_limit(self) -> int | None:
        """Seconds without a checkpoint of that quorum after which no new transfer is taken."""
        member = self.member
        return None if member is None else member.log.unwitnessed_limit
