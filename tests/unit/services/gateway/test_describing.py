"""The document is made of what the services say, and kept while one of them is away."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.audit.main import ROUTERS as AUDIT
from services.exchange.main import ROUTERS as EXCHANGE
from services.gateway.describing import FRESH, Describer
from shared.runtime import openapi
from shared.runtime.app import create_app
from shared.runtime.refusals import Unavailable

ROUTERS = {"exchange": EXCHANGE, "audit": AUDIT}


@dataclass
class Inside:
    """The services, as the gateway asks them."""

    now: datetime = datetime(2026, 11, 21, tzinfo=UTC)
    away: bool = False
    asked: list[str] = field(default_factory=list)

    def ask(self, service: str) -> dict[str, Any]:
        self.asked.append(service)
        if self.away:
            raise Unavailable("service_unavailable", "It does not answer.")
        app = create_app(service, routers=ROUTERS[service], readiness=dict)
        return openapi.complete(app.openapi(), {})

    def describer(self) -> Describer:
        return Describer(ask=self.ask, url="https://gateway.example", clock=lambda: self.now)


def test_services_are_asked_now_and_then() -> None:
    inside = Inside()
    describer = inside.describer()
    first = describer.document()
    assert describer.document() is first
    assert inside.asked == ["exchange", "audit"]
    inside.now += FRESH
    assert describer.document() == first
    assert len(inside.asked) == 4


def test_the_document_outlives_a_service_that_is_away() -> None:
    inside = Inside()
    describer = inside.describer()
    first = describer.document()
    inside.away, inside.now = True, inside.now + FRESH + timedelta(seconds=1)
    assert describer.document() is first


def test_without_its_services_a_gateway_has_nothing_to_tell() -> None:
    with pytest.raises(Unavailable):
        Inside(away=True).describer().document()


def test_shapes_are_named_after_their_services() -> None:
    text = Inside().describer().document().decode()
    assert '"#/components/schemas/exchange.RequestAnswer"' in text
    assert '"#/components/schemas/Problem"' in text
    assert "exchange.Problem" not in text
