"""Replace the keys by which the services of a node know each other: `python -m deploy.internal_keys NODE`.

NODE is the folder with the folders of the three services. First every service is given the new public
key, then its owner the new private one; running services take up both without a restart, and the key
of before counts for 60 s more, so no call is lost. Interrupted in between, run it again: it begins anew.
"""

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

from deploy.credentials import public_jwk
from shared.protocol import canonical, jose
from shared.runtime.keystore import Keystore
from shared.runtime.principals import SERVICES


def replace(node: Path, services: Sequence[str] = SERVICES) -> list[str]:
    """Draw new keys.

    Args:
        node: holds `<service>/etc` of every service.
        services: whose keys are replaced.

    Returns:
        The thumbprints of the new keys, in the order of `services`.
    """
    return [_replace(node, service) for service in services]


def _replace(node: Path, service: str) -> str:
    etc = node / service / "etc"
    keystore = Keystore.open(etc / "keystore", etc / "passphrase")
    key = jose.generate()
    public = canonical.encode(public_jwk(key))
    for other in SERVICES:
        _overwrite(node / other / "etc/internal" / f"{service}.pub.jwk", public)
    # From here on both keys are taken, for as long as the old one counts.
    keystore.replace(f"internal-{service}", canonical.encode(key))
    return str(key["kid"])


def _overwrite(path: Path, content: bytes) -> None:
    """Put a new file in the place of one, of the same owner and mode; a reader sees either, whole."""
    part, before = path.with_suffix(".part"), path.stat()
    part.write_bytes(content)
    shutil.copymode(path, part)
    if os.geteuid() == 0:
        os.chown(part, before.st_uid, before.st_gid)
    part.replace(path)


def main() -> None:
    """Replace the keys of the services named, or of all three."""
    node, *named = sys.argv[1:]
    services = named or list(SERVICES)
    for service, kid in zip(services, replace(Path(node), services), strict=True):
        print(f"{service}  {kid}")


if __name__ == "__main__":
    main()
