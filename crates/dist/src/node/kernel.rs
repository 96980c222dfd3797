//! What every node answers for itself.

use std::sync::Arc;

use beamport_term::{Term, atom};

use super::{Mailbox, Received, Request, Shared};

/// Answers to the name `net_kernel`: that is who `net_adm:ping/1` asks whether the connection is good.
pub(super) fn start(shared: &Arc<Shared>) {
    let mut mailbox = Mailbox::open(shared);
    // The node has no other mailbox yet.
    let _ = mailbox.register(atom!("net_kernel"));
    shared.spawn_until_stopped(async move { answer(&mut mailbox).await });
}

async fn answer(mailbox: &mut Mailbox) {
    while let Some(received) = mailbox.receive().await {
        let Received::Message(message) = received else {
            continue;
        };
        if let Some(Request::Call { caller, request }) = Request::read(&message)
            && request.tagged("is_auth").is_some()
        {
            // Who asks from a node that is gone needs no answer.
            let _ = caller.reply(mailbox, Term::from(atom!("yes"))).await;
        }
    }
}
