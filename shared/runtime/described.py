"""The address by which the gateway learns what a service behind it offers."""

from collections.abc import Mapping
from typing import Any

from fastapi import APIRouter, Request

from shared.runtime import openapi
from shared.runtime.openapi import PATH, Told


def router(told: Mapping[str, Told]) -> APIRouter:
    """Return the route of a service's OpenAPI document."""
    made = APIRouter()

    @made.get(PATH, include_in_schema=False)
    def describe(request: Request) -> dict[str, Any]:
        """What this service offers."""
        return openapi.complete(request.app.openapi(), told)

    return made
