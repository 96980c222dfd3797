//! What holds for every input, shared by the fuzz targets and by the test that replays the corpus with a stable
//! toolchain (`crates/epmd/tests/corpus.rs`).
//!
//! Everywhere: no panic, and what was decoded comes back when it is encoded and decoded again.

#![allow(dead_code, reason = "each fuzz target uses one")]

use beamport_epmd::agent::AgentFacts;
use beamport_epmd::wire::{
    self, AliveReply, MAX_REQUEST, Request, decode_alive, decode_kill, decode_listing, decode_port,
    decode_stop,
};
use beamport_epmd::{Annotations, Extra};

/// Any bytes at the start of a connection.
pub(crate) fn epmd_request(bytes: &[u8]) {
    match Request::decode(bytes) {
        Ok(Some(request)) => {
            let mut again = Vec::new();
            request.encode(&mut again);
            assert!(again.len() <= 2 + MAX_REQUEST);
            assert_eq!(Request::decode(&again), Ok(Some(request)));
            // A request is one only once it is whole.
            assert_eq!(Request::decode(&bytes[..bytes.len() - 1]), Ok(None));
        }
        Ok(None) => assert!(bytes.len() < 2 + MAX_REQUEST),
        Err(error) => {
            let mut answer = Vec::new();
            error.encode_answer(&mut answer);
            assert!(answer.len() <= 7);
            assert!(!error.to_string().is_empty());
        }
    }
}

/// Any bytes that come back, after one that says what was asked.
pub(crate) fn epmd_reply(bytes: &[u8]) {
    let Some((asked, bytes)) = bytes.split_first() else {
        return;
    };
    let mut again = Vec::new();
    match asked % 5 {
        0 => {
            if let Ok(Some(reply)) = decode_alive(bytes) {
                reply.encode(&mut again);
                let wide = matches!(reply, AliveReply::Registered(_))
                    || matches!(reply, AliveReply::Refused { wide: true });
                assert_eq!(again.len(), if wide { 6 } else { 4 });
                assert_eq!(decode_alive(&again), Ok(Some(reply)));
            }
        }
        1 => {
            if let Ok(Some(node)) = decode_port(bytes) {
                wire::encode_port(node.as_ref(), &mut again);
                assert_eq!(decode_port(&again), Ok(Some(node)));
            }
        }
        2 => {
            if let Ok(listing) = decode_listing(bytes)
                && let Ok(port) = u16::try_from(listing.port)
            {
                wire::encode_listing(port, &listing.nodes, &mut again);
                assert_eq!(decode_listing(&again), Ok(listing));
            }
        }
        3 => {
            if let Ok(Some(ends)) = decode_kill(bytes) {
                wire::encode_kill(ends, &mut again);
                assert_eq!(again, bytes);
            }
        }
        _ => {
            if let Ok(Some(stopped)) = decode_stop(bytes) {
                wire::encode_stop(stopped, &mut again);
                assert!(bytes.starts_with(&again));
            }
        }
    }
}

/// Any bytes in an extra field.
pub(crate) fn epmd_annotations(bytes: &[u8]) {
    let Some(extra) = Extra::new(bytes) else {
        assert!(bytes.len() > Extra::MAX_BYTES);
        return;
    };
    // What does not fit once it is escaped cannot be written, which is fine.
    if let Some(annotations) = Annotations::from_extra(&extra)
        && let Some(again) = annotations.to_extra()
    {
        assert_eq!(Annotations::from_extra(&again), Some(annotations));
    }
    if let Some(facts) = AgentFacts::from_extra(&extra) {
        let again = facts.to_extra();
        if let Some(same) = AgentFacts::from_extra(&again) {
            assert_eq!((same.host, same.version), (facts.host, facts.version));
        }
    }
}
