"""TUF metadata judged without network and clock: the chain of roots, and who signed what (spec/trust.md).

Stricter than TUF where a changed byte could hide: every signature given must hold, not only as many as the
threshold, and metadata has one spelling.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeVar

from securesystemslib.exceptions import Error as SecureSystemsError
from tuf.api.exceptions import RepositoryError
from tuf.api.metadata import Metadata, Root, Targets

from shared.protocol import canonical
from shared.protocol.errors import FormatError, NotCanonicalError, TrustError

Signed = TypeVar("Signed", Root, Targets)


def follow_roots(pinned_root: bytes, roots: Sequence[bytes]) -> Metadata[Root]:
    """Walk the history to the newest root, each signed by the one before and by itself.

    History from before the pin is for those who pinned earlier. It is checked as well, and must lead
    to the pin byte for byte, so that nothing in a bundle can be changed unseen.
    """
    pin = read_metadata(pinned_root, Root)
    check_signed("root", pin, pin.signed, others=True)
    history = [read_metadata(data, Root) for data in roots]
    older = [root for root in history if root.signed.version <= pin.signed.version]
    if older and roots[len(older) - 1] != pinned_root:
        raise TrustError("The history of roots does not lead to the pinned root.")
    current = older[0] if older else pin
    check_signed("root", current, current.signed, others=current.signed.version > 1)
    for root in history[1:] if older else history:
        if root.signed.version != current.signed.version + 1:
            raise TrustError("A root is missing in the history.", version=root.signed.version)
        check_signed("root", root, current.signed, root.signed)
        current = root
    return current


def read_metadata(data: bytes, kind: type[Signed]) -> Metadata[Signed]:
    """Read TUF metadata of one kind, in the one spelling in which the directory writes it.

    Raises:
        FormatError: it is something else.
    """
    # The strict reader first: TUF's own takes a member twice.
    canonical.read(data)
    try:
        metadata = Metadata[Signed].from_bytes(data)
    except (RepositoryError, SecureSystemsError, ValueError) as error:
        raise FormatError("This is not TUF metadata.") from error
    if not isinstance(metadata.signed, kind):
        raise FormatError(f"This is TUF metadata, but not of type {kind.type}.")
    if metadata.to_bytes() != data:
        raise NotCanonicalError("This TUF metadata is not written as the directory writes it.")
    return metadata


def check_signed(
    role: str,
    metadata: Metadata[Root] | Metadata[Targets],
    *delegators: Root | Targets,
    others: bool = False,
) -> None:
    """Check that each delegator's keys sign, as many as its threshold, and that no signature is broken.

    `others` allows signatures by keys that are not at hand: those of the root before the first.
    """
    held: set[str] = set()
    try:
        for each in delegators:
            each.verify_delegate(role, metadata.signed_bytes, metadata.signatures)
            result = each.get_verification_result(role, metadata.signed_bytes, metadata.signatures)
            held |= result.signed.keys()
    except (RepositoryError, SecureSystemsError, ValueError) as error:
        raise TrustError(f"The directory's role {role} is not validly signed: {error}.") from error
    if not others and held != metadata.signatures.keys():
        raise TrustError(f"A signature of the directory's role {role} does not hold.")
