"""Attacks that a test of their own plays: they need a clock, a database or a directory in hand."""

from tests.attacks.table import Shown

GATEWAY = "tests/service/gateway"

SHOWN: tuple[Shown, ...] = (
    Shown(29, "tests/unit/shared/protocol/test_dpop.py::test_an_address_is_compared_as_an_address"),
    Shown(43, f"{GATEWAY}/test_tokens.py::test_43_a_suspended_client_is_out_at_once"),
    Shown(48, f"{GATEWAY}/test_edge.py::test_a_request_that_does_not_come_is_cut_off"),
    Shown(70, f"{GATEWAY}/test_processes.py::test_70_what_was_used_once_stays_used_after_a_kill"),
)
