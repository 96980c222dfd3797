//! What a request is answered, decided without waiting.

use crate::directory::{Client, Directory};
use crate::node::Registration;
use crate::wire::{
    Request, RequestError, encode_dump, encode_kill, encode_listing, encode_port, encode_stop,
};

use super::Shared;

/// What to do with a connection whose request has been read.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Send what was put into the buffer, then close.
    Answer,
    /// Ask the directory for the name, answer, and keep the connection while the name is held.
    Register(Registration),
    /// Send what was put into the buffer, then end the server.
    Kill,
    /// Close without a word.
    Close,
}

/// Decides on one request, putting the answer into `out`.
pub(super) fn answer<D: Directory>(
    shared: &Shared<D>,
    client: &Client<'_>,
    request: Result<Request, RequestError>,
    out: &mut Vec<u8>,
) -> Verdict {
    let Shared {
        config, directory, ..
    } = shared;
    let peer = client.remote;
    let request = match request {
        Ok(request) => request,
        Err(error) => {
            tracing::warn!(%peer, %error, "a request is refused");
            let registers = matches!(error, RequestError::Unregistrable { .. });
            if !registers || directory.may_register(client) {
                error.encode_answer(out);
            }
            return if out.is_empty() {
                Verdict::Close
            } else {
                Verdict::Answer
            };
        }
    };
    match request {
        Request::Lookup(name) => {
            let node = directory.lookup(client, &name);
            tracing::debug!(%peer, node = %name, port = node.as_ref().map(|n| n.port), "lookup");
            encode_port(node.as_ref(), out);
            Verdict::Answer
        }
        Request::Names => {
            let names = directory.names(client);
            tracing::debug!(%peer, count = names.len(), "names");
            encode_listing(config.port, &names, out);
            Verdict::Answer
        }
        Request::Register(node) if directory.may_register(client) => Verdict::Register(node),
        Request::Dump if client.is_local() => {
            tracing::debug!(%peer, "dump");
            encode_dump(config.port, &directory.dump(), out);
            Verdict::Answer
        }
        Request::Kill if client.is_local() => {
            let ends = config.relaxed || !directory.is_in_use();
            encode_kill(ends, out);
            if ends {
                tracing::info!(%peer, "killed");
                Verdict::Kill
            } else {
                tracing::warn!(%peer, "not killed: there are registered nodes");
                Verdict::Answer
            }
        }
        Request::Stop(name) if client.is_local() && config.relaxed => {
            let stopped = directory.stop(&name);
            tracing::info!(%peer, node = %name, stopped, "stop");
            encode_stop(stopped, out);
            Verdict::Answer
        }
        Request::Register(_) | Request::Dump | Request::Kill | Request::Stop(_) => {
            tracing::warn!(%peer, "a request is refused: it is not for this client to make");
            Verdict::Close
        }
    }
}
