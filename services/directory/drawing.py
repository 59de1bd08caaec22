"""`python -m services.directory.drawing KEYSTORE PASSPHRASE_FILE OUT`: draw the online keys.

The private halves stay in a new keystore; `OUT/snapshot.pub` and `OUT/timestamp.pub` go to the steering
group, for `rogatory federation init` or `rotate-root`. To change them, draw into another keystore, have the
root name the new ones, and start the directory with that keystore.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from services.directory.repository import OnlineKeys
from shared.protocol.signingkeys import fingerprint, public_file
from shared.runtime.keystore import Keystore, KeystoreError

WORDS = 3


def draw(keystore: Path, passphrase_file: Path, out: Path) -> dict[str, str]:
    """Draw both keys.

    Returns:
        The id of each.

    Raises:
        KeystoreError: there is a keystore already.
    """
    store, keys = Keystore.create(keystore, passphrase_file), OnlineKeys.generate()
    ids: dict[str, str] = {}
    for role, signer in (("snapshot", keys.snapshot), ("timestamp", keys.timestamp)):
        store.put(f"online-{role}", signer.private_bytes)
        (out / f"{role}.pub").write_bytes(public_file(role, signer.public_key))
        ids[role] = signer.public_key.keyid
    return ids


def main(arguments: Sequence[str] | None = None) -> None:
    """Draw the keys and say their fingerprints, which are read to the steering group."""
    told = sys.argv[1:] if arguments is None else arguments
    if len(told) != WORDS:
        sys.exit(__doc__)
    try:
        ids = draw(*map(Path, told))
    except (KeystoreError, OSError) as error:
        sys.exit(str(error))
    for role, keyid in ids.items():
        sys.stdout.write(f"{role}\n  {fingerprint(keyid)}\n")


if __name__ == "__main__":
    main()
