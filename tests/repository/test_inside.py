"""The two tables of addresses agree: what is let in at the gateway, and what is taken inside."""

import re

import pytest

from services.gateway.addresses import PARAMETERS, ROUTES, Route
from shared.runtime import inside
from shared.runtime.inside import Door

FORWARDED = [route for route in ROUTES if route.service != "gateway"]
UUID = "01a1fdfa-4600-7c63-8c66-804dc68564d2"
SAMPLES = {"digest": "a" * 64, "peer": "QN", "n": "0", "tile": "0/x001/067.p/8", "challenge": UUID}
# Held whole by the exchange, which parses it, though the gateway streams it.
PARSED = {"PUT /v1/packages/{id}/case"}


def door_of(route: Route) -> Door:
    names = re.findall(r"\{(\w+)\}", route.template)
    filled = {name: SAMPLES.get(name, "a") for name in names}
    for name, value in filled.items():
        assert re.fullmatch(PARAMETERS[name], value)
    found = inside.find(route.service, route.method, route.target.format(**filled))
    assert found is not None, f"{route.method} {route.target} leads nowhere inside"
    return found


@pytest.mark.parametrize(
    "route", FORWARDED, ids=[f"{route.method} {route.template}" for route in FORWARDED]
)
def test_what_the_gateway_lets_in_is_taken_inside_on_the_same_terms(route: Route) -> None:
    door = door_of(route)
    assert "gateway" in door.callers
    assert door.scopes == route.scopes
    name = f"{route.method} {route.template}"
    assert door.streamed == (route.streams and name not in PARSED)


def test_for_a_client_nothing_else_is_taken() -> None:
    """What the gateway may call for clients is what it lets clients ask for."""
    reached = {id(door_of(route)) for route in FORWARDED}
    for service in ("exchange", "audit"):
        for door in inside.DOORS[service]:
            assert not door.scopes or id(door) in reached, door.shape


def test_nobody_calls_itself_and_no_stranger_calls() -> None:
    for service, doors in inside.DOORS.items():
        for door in doors:
            assert door.callers
            assert door.callers <= set(inside.SERVICES) - {service}
