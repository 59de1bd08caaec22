"""The log's private keys, as the keystore has them."""

import secrets

from services.audit.confidential import Confidential
from services.audit.settings import AuditSettings
from shared.protocol.checkpoints import LogKey
from shared.runtime.keystore import Keystore, KeystoreError

STORAGE_KEY = "storage"


def log_keys(keystore: Keystore, settings: AuditSettings) -> list[LogKey]:
    """The keys that sign: one, or while it is changed the old and the new one.

    Raises:
        KeystoreError: one is missing, or is another log's.
    """
    keys = [LogKey.from_bytes(keystore.get(name)) for name in settings.log_keys.split(",")]
    for key in keys:
        if key.origin != settings.log_origin:
            raise KeystoreError(f"a log key is of {key.origin}, not of {settings.log_origin}")
    return keys


def confidential(keystore: Keystore) -> Confidential:
    """K_log, and the key that seals openings at rest, which is made at the first start.

    Raises:
        KeystoreError: K_log is missing, or a key does not open.
    """
    return Confidential(keystore.get("log-case"), _storage_key(keystore))


def _storage_key(keystore: Keystore) -> bytes:
    try:
        return keystore.get(STORAGE_KEY)
    except KeystoreError:
        # `put` never overwrites: a key that is there but does not open is still an error.
        keystore.put(STORAGE_KEY, secrets.token_bytes(32))
        return keystore.get(STORAGE_KEY)
