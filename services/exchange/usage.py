"""Use cases: conditions, and the use of a package, as they are shown."""

from collections.abc import Sequence

from services.exchange.store import conditions, onwards, packages, requests, uses
from services.exchange.store.conditions import ConditionSet
from services.exchange.store.onwards import Onward
from services.exchange.store.uses import Use
from shared.runtime.database import Database


def conditions_of(request_id: str, *, database: Database) -> Sequence[ConditionSet]:
    """Return the sets of conditions of a request, the oldest first.

    Raises:
        NotFound: there is no such request.
    """
    with database.read() as db:
        requests.find(db, request_id)
        return conditions.of_request(db, request_id)


def use_of(package_id: str, *, database: Database) -> tuple[Use, Sequence[Onward]]:
    """Return how a package may be used, and what was asked or told about handing it on.

    Raises:
        NotFound: there is no such package.
    """
    with database.read() as db:
        packages.find(db, package_id)
        return uses.of(db, package_id), onwards.of_package(db, package_id)
