//! After `distribution_SUITE` of OTP's emulator, and what it has no test for: every signal there is, in both
//! directions, over a connection that may be loaded, stuck or about to break.

mod aliases;
mod atoms;
mod bulk;
mod exits;
mod flags;
mod fragments;
mod identifiers;
mod leaders;
mod links;
mod malformed;
mod messages;
mod monitors;
mod private;
mod reasons;
mod reconnecting;
mod spawning;
