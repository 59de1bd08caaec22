"""One country's node in the process of a story: gateway, exchange and audit, each on its own sockets."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from fastapi import FastAPI
from pydantic_settings import BaseSettings

from deploy import layout
from deploy.layout import Addresses
from deploy.stories.clockwork import StoryClock
from deploy.stories.serving import Listener
from services.audit import main as audit
from services.audit.settings import AuditSettings
from services.exchange import main as exchange
from services.exchange.settings import ExchangeSettings
from services.gateway import main as gateway
from services.gateway.settings import GatewaySettings
from shared.runtime import server
from shared.runtime.app import OK
from shared.runtime.database import Database

Settings = TypeVar("Settings", bound=BaseSettings)
PREFIX = "ROGATORY_"
# One case at a time needs no batches, and a log that nobody knows yet no witness's memory.
PACE = {
    "ROGATORY_BATCH_MS": "5",
    "ROGATORY_WITNESS_MS": "20",
    "ROGATORY_WITNESS_START_S": "0.2",
}


class Node:
    """The services of a country; each can be stopped and started again over its data."""

    def __init__(
        self, home: Path, addresses: Addresses, directory_url: str, clock: StoryClock
    ) -> None:
        self.home, self.addresses = home, addresses
        self._directory_url, self._clock = directory_url, clock
        self._running: dict[str, Listener] = {}
        self._apps: dict[str, FastAPI] = {}

    @property
    def country(self) -> str:
        """Whose node it is."""
        return self.addresses.country

    def start(self, *names: str) -> None:
        """Start these services, all by default."""
        start = {"gateway": self._gateway, "audit": self._audit, "exchange": self._exchange}
        for name in names or start:
            self._running[name] = listener = start[name]()
            listener.start()
            listener.wait()

    def stop(self, *names: str) -> None:
        """Stop these services, all by default."""
        ending = [self._running.pop(name) for name in names or tuple(self._running)]
        for listener in ending:
            listener.ask_to_stop()
        for listener in ending:
            listener.join()
            self._apps.pop(listener.name, None)

    def database(self, service: str) -> Database | None:
        """Return the database of exchange or audit; None while the service is away."""
        app = self._apps.get(service)
        if app is None:
            return None
        parts = app.state.parts
        found: Database = parts.database if service == "exchange" else parts.log.database
        return found

    def log_stands(self) -> bool:
        """Whether the exchange knows its log witnessed; with one of the two away nobody can say so."""
        app = self._apps.get("exchange")
        return app is None or "audit" not in self._apps or app.state.parts.own_log.state == OK

    def damage(self, package_id: str) -> None:
        """Let the disk lose an octet of the largest sealed segment of a package."""
        database = self.database("exchange")
        assert database is not None
        query = sa.text("SELECT digest FROM segment WHERE package_id = :id ORDER BY size DESC")
        with database.read() as db:
            digest = str(db.execute(query, {"id": package_id}).scalars().first())
        path = self.home / "exchange/blobs" / digest[:2] / digest
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.chmod(0o600)
        path.write_bytes(bytes(content))

    def removes(self, rows: Sequence[int]) -> str:
        """Remove rows of the log as an administrator of the database would; return why that fails."""
        database = self.database("audit")
        assert database is not None
        gone = sa.text("DELETE FROM log_entry WHERE idx = :row")
        try:
            with database.begin() as db:
                for row in rows:
                    db.execute(gone, {"row": row})
        except sa.exc.DBAPIError as error:
            return str(error.orig)
        return ""

    def unguards(self) -> None:
        """Drop the triggers that keep the log from being rewritten."""
        database = self.database("audit")
        assert database is not None
        with database.begin() as db:
            query = sa.text("SELECT name FROM sqlite_master WHERE type = 'trigger'")
            for name in db.execute(query).scalars().all():
                db.execute(sa.text(f'DROP TRIGGER "{name}"'))

    def ask(self, to: str, path: str) -> tuple[int, str]:
        """Ask another country for something, as whoever holds this node may; return status and code."""
        answer = self._apps["exchange"].state.jobs["courier"].gateway.get(f"/egress/{to}/{path}")
        found = answer.json() if "json" in answer.headers.get("content-type", "") else {}
        return answer.status_code, str(found.get("code", ""))

    def send(self, to: str, envelope: bytes) -> tuple[int, str]:
        """Send any envelope to another country, as whoever holds this node may; return status and code."""
        answer = (
            self._apps["exchange"]
            .state.jobs["courier"]
            .gateway.post(
                f"/egress/{to}/entries",
                content=envelope,
                headers={"Content-Type": "application/json"},
            )
        )
        return answer.status_code, str(answer.json().get("code", ""))

    def databases(self) -> Iterable[Database]:
        """Return the databases of the services that run."""
        found = (self.database(name) for name in ("exchange", "audit"))
        return [each for each in found if each is not None]

    def _audit(self) -> Listener:
        settings = read_settings(AuditSettings, self._told("audit"))
        self._apps["audit"] = app = audit.create(settings, self._clock)
        return Listener("audit", server.make_server(app, settings.audit_listen))

    def _exchange(self) -> Listener:
        settings = read_settings(ExchangeSettings, self._told("exchange"))
        self._apps["exchange"] = app = exchange.create(settings, self._clock)
        return Listener("exchange", server.make_server(app, settings.exchange_listen))

    def _gateway(self) -> Listener:
        settings = read_settings(GatewaySettings, self._told("gateway"))
        made = gateway.create(settings, clock=self._clock)
        inside = server.make_server(made.internal, settings.gateway_internal_listen)
        return Listener("gateway", made.listening.serve(made.public), inside)

    def _told(self, service: str) -> Mapping[str, str]:
        home = self.home / service
        told = layout.environment(service, home, self.addresses, self._directory_url)
        return {**told, **PACE} if service == "audit" else told


def read_settings(kind: type[Settings], environment: Mapping[str, str]) -> Settings:
    """Read settings as a process reads them from its environment."""
    told = {name.removeprefix(PREFIX).lower(): value for name, value in environment.items()}
    return kind.model_validate(told)
