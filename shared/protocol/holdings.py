"""The newest versions in a folder of the trust repository that are signed as they must be.

Whatever else lies there (a stray file, a role under-signed or signed by another country) is passed over.
Used by the directory process, by signers and by publishers alike.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from tuf.api.metadata import Metadata, Root, Targets

from shared.protocol.ceremonies import check_root
from shared.protocol.errors import ProtocolError, TrustError
from shared.protocol.rootchain import check_signed, read_metadata


@dataclass(frozen=True, slots=True, kw_only=True)
class Holdings:
    """Which versions of each role there are (ascending), and how to read one of them."""

    versions: Mapping[str, Sequence[int]]
    read: Callable[[str, int], bytes]

    def roots(self) -> tuple[bytes, ...]:
        """Give the roots from the first one on, each signed by the one before, as far as they hold.

        Raises:
            TrustError: there is none, or the first one is not signed by itself.
        """
        found: list[bytes] = []
        current: Root | None = None
        for version in self.versions.get("root", ()):
            data = self.read("root", version)
            try:
                metadata = read_metadata(data, Root)
                check_root(metadata, current)
            except ProtocolError:
                break
            found.append(data)
            current = metadata.signed
        if not found:
            raise TrustError("There is no root that is signed as it must be.")
        return tuple(found)

    def root(self) -> Metadata[Root]:
        """Give the newest root; raises as `roots`."""
        return read_metadata(self.roots()[-1], Root)

    def newest(self, role: str, delegator: Root | Targets) -> Metadata[Targets] | None:
        """Give the newest version of `targets` or of a country's role that its delegator's keys signed."""
        for version in reversed(self.versions.get(role, ())):
            try:
                metadata = read_metadata(self.read(role, version), Targets)
                check_signed(role, metadata, delegator)
            except ProtocolError:
                continue
            if metadata.signed.version == version:
                return metadata
        return None
