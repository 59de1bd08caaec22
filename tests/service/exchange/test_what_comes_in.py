"""A request that comes in is held against the gates of that moment before a person sees it."""

from dataclasses import replace
from typing import Any

from services.exchange.records import RequestsWanted
from services.exchange.store import requests
from shared.protocol.identifiers import Country
from shared.runtime.directory import Directory
from tests.service.exchange.node import Node
from tests.service.exchange.pair import Pair

Case = tuple[Pair, str]


class _Without(Directory):
    """The same directory, in which the two countries have agreed on nothing, or a peer has no keys."""

    def __init__(self, known: Directory, **changed: Any) -> None:  # noqa: ANN401
        self._bundle = known.bundle()
        self._members = dict(known.members) | changed.get("members", {})
        self._agreements = changed.get("agreements", known._agreements)


def says(node: Node, **changed: Any) -> None:  # noqa: ANN401
    directory = _Without(node.parts.directory, **changed)
    node.app.state.parts = replace(node.parts, directory=directory)


def test_what_is_in_order_is_delivered(sent_case: Case) -> None:
    pair, request_id = sent_case
    pair.settle()
    assert pair.request(pair.qn, request_id)["state"] == "S05"
    gates = pair.qn.call("approver", "GET", f"/v1/requests/{request_id}/gates")
    assert gates["moment"] == "accept"


def test_what_stands_on_no_instrument_between_both_is_not_taken(sent_case: Case) -> None:
    pair, request_id = sent_case
    nothing = type(pair.qn.node.parts.directory._agreements)(read=(), unread=())
    says(pair.qn.node, agreements=nothing)
    pair.settle()
    with pair.qn.database.read() as db:
        assert not requests.listed(db, RequestsWanted())
    assert pair.request(pair.qm, request_id)["state"] == "S20"


def test_a_peer_without_keys_in_force_asks_nothing(sent_case: Case) -> None:
    pair, request_id = sent_case
    member = pair.qn.node.parts.directory.member(Country("QM"))
    bare = member.model_copy(update={"kem": ()})
    says(pair.qn.node, members={Country("QM"): bare})
    pair.settle()
    with pair.qn.database.read() as db:
        assert not requests.listed(db, RequestsWanted())
    assert pair.request(pair.qm, request_id)["state"] == "S20"
