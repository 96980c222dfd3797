//! Our port mapper and stock epmd, held to the same.
//!
//! Every scenario runs twice: as `subject::…` against `beamport epmd`, or whatever program the variable
//! `BEAMPORT_EPMD_SUBJECT` names, and as `stock::…` against Debian's epmd (package erlang-base). So what is said
//! of stock epmd is checked as well, and where we differ on purpose, the scenario says so and asserts both.
//!
//! The scenarios in [`conformance`] are those of OTP's `epmd_SUITE` (identical in OTP 25 to 27), written anew.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test that panics says what failed"
)]

mod command_line;
mod conformance;
mod conversation;
mod differences;
mod endurance;
#[path = "../common/ports.rs"]
mod ports;
mod program;
mod traps;
mod vms;

use program::Program;

/// Makes two tests of each scenario.
macro_rules! scenarios {
    ($($room:ident { $($name:ident),* $(,)? })*) => {
        mod subject {
            $(mod $room { $(#[test] fn $name() { crate::$room::$name(&crate::Program::under_test()); })* })*
        }
        mod stock {
            $(mod $room { $(#[test] fn $name() { crate::$room::$name(&crate::Program::stock()); })* })*
        }
    };
}

scenarios! {
    command_line {
        questions_without_a_port_mapper,
        wrong_usage,
        questions_to_one_without_names,
        questions_to_one_with_names,
        questions_to_a_relaxed_one,
        a_second_one_leaves_quietly,
        addresses_that_cannot_be,
        loopback_is_listened_on_beside_the_addresses_asked_for,
        a_daemon_is_one,
        systemd_hands_over_its_sockets,
    }
    conformance {
        register_name,
        register_name_ipv6,
        register_names_1,
        register_names_2,
        register_duplicate_name,
        unicode_name,
        long_unicode_name,
        get_port_nr,
        slow_get_port_nr,
        unregister_others_name_1,
        unregister_others_name_2,
        register_overflow,
        name_with_null_inside,
        name_null_terminated,
        stupid_names_req,
        no_data,
        one_byte,
        two_bytes,
        partial_packet,
        zero_length,
        too_large,
        alive_req_too_small_1,
        alive_req_too_small_2,
        alive_req_too_large,
        returns_valid_empty_extra,
        returns_valid_populated_extra_with_nulls,
        names_stdout,
        buffer_overrun_1,
        buffer_overrun_2,
        no_nonlocal_register,
        no_nonlocal_kill,
        no_live_killing,
        socket_reset_before_alive2_reply_is_written,
    }
    traps {
        the_reply_to_alive2_comes_in_one_read,
        the_connection_ends_after_a_lookup,
        the_listing_says_the_port_that_was_asked,
        versions_are_answered_as_registered,
        a_node_that_restarts_at_once_gets_its_name,
        anything_said_on_a_registered_connection_ends_it,
        bytes_beyond_the_request_end_the_connection,
        a_refused_node_may_close_in_its_own_time,
        hosts_without_ipv6,
    }
    differences {
        names_that_would_forge_lines,
        port_zero,
        the_longest_name,
        stopping_an_unknown_name,
        refused_connections_are_not_kept,
    }
    endurance {
        more_names_than_select_can_watch,
        no_file_descriptors_left,
        idle_clients_do_not_starve_lookups,
        garbage_does_not_starve_lookups,
        slow_readers_do_not_stall_others,
    }
    vms {
        nodes_find_each_other,
        nodes_come_back_after_their_port_mapper_did,
    }
}
