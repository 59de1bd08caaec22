"""What every act of this country rests on; the parts that `main` composed."""

from dataclasses import dataclass

from services.exchange.approving import Officers
from services.exchange.keyring import Keyring
from services.exchange.own_log import OwnLog
from services.exchange.vault import Vault
from shared.runtime.database import Database
from shared.runtime.directory import Directory


@dataclass(frozen=True, slots=True, kw_only=True)
class Bench:
    """Store, keys, registry of officers, directory, and what is known of the own log."""

    database: Database
    vault: Vault
    keyring: Keyring
    officers: Officers
    directory: Directory
    own_log: OwnLog
