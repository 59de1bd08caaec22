"""Attacks that a test of their own plays: they need a clock, a database or a directory in hand."""

from tests.attacks.table import Shown

GATEWAY = "tests/service/gateway"
EXCHANGE = "tests/service/exchange"
GUARD = "tests/unit/shared/runtime/test_guard.py"

SHOWN: tuple[Shown, ...] = (
    Shown(29, "tests/unit/shared/protocol/test_dpop.py::test_an_address_is_compared_as_an_address"),
    Shown(43, f"{GATEWAY}/test_tokens.py::test_43_a_suspended_client_is_out_at_once"),
    Shown(
        48, f"{GATEWAY}/test_edge.py::test_48_a_request_that_does_not_come_is_cut_off_and_counted"
    ),
    Shown(52, f"{GUARD}::test_52_an_assertion_for_another_call_is_refused"),
    Shown(52, f"{GUARD}::test_52_54_no_assertion_two_a_strangers_or_another_kind"),
    Shown(53, f"{GATEWAY}/test_headers.py::test_53_44_nothing_a_caller_writes_speaks_inside"),
    Shown(54, f"{GUARD}::test_52_54_no_assertion_two_a_strangers_or_another_kind"),
    Shown(55, f"{EXCHANGE}/test_intake.py::test_55_a_country_writes_its_own_channel_alone"),
    Shown(
        55,
        f"{EXCHANGE}/test_captured_gateway.py"
        "::test_55_it_cannot_bring_what_another_country_did_not_sign",
    ),
    Shown(
        56, f"{GATEWAY}/test_registry.py::test_56_a_peer_is_found_by_its_issuer_in_the_directory"
    ),
    Shown(56, f"{GATEWAY}/test_tokens.py::test_56_a_suspended_or_unknown_peer_is_refused"),
    Shown(57, f"{GATEWAY}/test_directory.py::test_an_attack_is_refused_and_the_old_view_stays"),
    Shown(58, f"{GATEWAY}/test_registry.py::test_58_without_a_directory_only_peers_are_refused"),
    Shown(59, f"{GATEWAY}/test_delivery.py::test_59_no_redirect_is_followed"),
    Shown(59, f"{GATEWAY}/test_delivery.py::test_59_only_the_anchor_of_the_directory_counts"),
    Shown(59, "tests/unit/shared/runtime/test_outward.py::test_59_nothing_is_sent_inside"),
    Shown(60, f"{GATEWAY}/test_registering.py::test_60_one_officer_is_not_two"),
    Shown(60, f"{EXCHANGE}/test_release.py::test_one_officer_cannot_do_both"),
    Shown(61, f"{GATEWAY}/test_founding.py::test_61_a_client_outside_its_role_stops_the_start"),
    Shown(61, f"{GATEWAY}/test_registering.py::test_61_no_such_client_is_even_proposed"),
    Shown(62, f"{GATEWAY}/test_registering.py::test_62_ops_reads_no_evidence_and_approves_nothing"),
    Shown(64, f"{EXCHANGE}/test_reading.py::test_64_a_package_exists_for_its_recipient_alone"),
    Shown(
        65, f"{GATEWAY}/test_quotas.py::test_65_who_fails_too_often_waits_and_nobody_is_locked_out"
    ),
    Shown(
        66, f"{GATEWAY}/test_floods.py::test_66_a_thousand_are_at_most_twenty_events_that_add_up"
    ),
    Shown(66, f"{GATEWAY}/test_quotas.py::test_66_a_thousand_bad_calls_are_twenty_events_at_most"),
    Shown(67, f"{GATEWAY}/test_quotas.py::test_67_what_needs_the_log_waits_for_it"),
    Shown(67, f"{GATEWAY}/test_denials.py::test_67_a_log_that_comes_back_gets_what_waited"),
    Shown(68, f"{GATEWAY}/test_denials.py::test_68_what_a_caller_wrote_stays_text"),
    Shown(
        68, "tests/unit/shared/runtime/test_logs.py::test_68_what_a_caller_wrote_stays_on_its_line"
    ),
    Shown(
        69, f"{GATEWAY}/test_forwarding.py::test_69_a_caller_that_goes_away_stops_the_call_inside"
    ),
    Shown(70, f"{GATEWAY}/test_processes.py::test_70_what_was_used_once_stays_used_after_a_kill"),
    Shown(70, f"{GATEWAY}/test_bindings.py::test_70_d12_one_use_counts_for_both_workers"),
    Shown(71, f"{GATEWAY}/test_token_keys.py::test_71_a_rotation_under_load_fails_no_call"),
    Shown(
        71, f"{GATEWAY}/test_token_keys.py::test_71_a_dropped_key_ends_its_tokens_at_the_next_call"
    ),
    Shown(
        72, f"{GATEWAY}/test_clocks.py::test_72_set_back_an_hour_it_takes_no_token_and_gives_none"
    ),
)
