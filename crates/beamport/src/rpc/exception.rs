//! What a call raised, printed as the shell of its language does.

use beamport_dist::node::{Class, Exception};
use beamport_term::{Syntax, Term, atom};

use crate::client::Session;
use crate::client::answer::{as_text, to_text};

/// The exception as the node's own shell would print it: the node is asked to, because only there is known what its
/// modules say of their errors. A node that cannot is one of before OTP 24, or without Elixir.
pub(super) async fn format(exception: &Exception, session: &Session, syntax: Syntax) -> String {
    let class = match exception.class {
        Class::Error => atom!("error"),
        Class::Exit => atom!("exit"),
        Class::Throw => atom!("throw"),
    };
    let stack = exception.stacktrace.clone().unwrap_or_default();
    let parts = [class.into(), exception.reason.clone(), stack];
    let (module, function, arguments) = match syntax {
        Syntax::Erlang => {
            // Behind the stars.
            let options = Term::map([(atom!("column"), 4)]);
            let arguments = Term::list(parts.into_iter().chain([options]));
            (atom!("erl_error"), atom!("format_exception"), arguments)
        }
        Syntax::Elixir => (
            atom!("Elixir.Exception"),
            atom!("format"),
            Term::list(parts),
        ),
    };
    let text = session
        .node()
        .erpc(session.peer(), module, function, arguments);
    let text = session.in_time(text).await.ok();
    match (text.as_ref().and_then(to_text), syntax) {
        (Some(text), Syntax::Erlang) => format!("** {text}"),
        // Begins with the stars.
        (Some(text), Syntax::Elixir) => text.trim_end().to_owned(),
        (None, _) => plainly(exception, session, syntax),
    }
}

/// Class, reason and stack as they are.
fn plainly(exception: &Exception, session: &Session, syntax: Syntax) -> String {
    let text = |term: &Term| as_text(term, syntax, session.peer());
    let stack = exception.stacktrace.as_ref().and_then(Term::as_list);
    let frames: String = stack
        .into_iter()
        .flatten()
        .map(|frame| format!("\n     in {}", text(&frame)))
        .collect();
    format!(
        "** exception {}: {}{frames}",
        exception.class,
        text(&exception.reason)
    )
}
