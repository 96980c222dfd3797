//! What members tell one another, as terms: the words of [`Message`] on their way from VM to VM.

use beamport_cluster::membership::{Digest, Message, View};
use beamport_dist::FullName;
use beamport_term::{Term, atom};

/// The most members that a message may name. Far more nodes than a full mesh has ever carried.
const MOST_MEMBERS: usize = 10_000;

pub(super) fn to_term(message: &Message) -> Term {
    match message {
        Message::View(view) => (atom!("view"), view_term(view)).into(),
        Message::Hello(view) => (atom!("hello"), view_term(view)).into(),
        Message::Ask => atom!("ask").into(),
        Message::Members(members) => (
            atom!("members"),
            Term::list(members.iter().map(FullName::to_atom)),
        )
            .into(),
    }
}

/// None where the words are none of ours: those of a later release, or a stranger's.
pub(super) fn from_term(term: &Term) -> Option<Message> {
    if term.is_atom("ask") {
        return Some(Message::Ask);
    }
    if let Some([view]) = term.tagged("view") {
        return view_from(view).map(Message::View);
    }
    if let Some([view]) = term.tagged("hello") {
        return view_from(view).map(Message::Hello);
    }
    let [members] = term.tagged("members")? else {
        return None;
    };
    names(members).map(Message::Members)
}

/// A list of nodes.
fn names(term: &Term) -> Option<Vec<FullName>> {
    let list = term.as_list()?;
    if list.len() > MOST_MEMBERS {
        return None;
    }
    list.iter().map(|name| full_name(&name)).collect()
}

/// The name of a node.
pub(super) fn full_name(term: &Term) -> Option<FullName> {
    term.as_atom()?.as_str().parse().ok()
}

/// Keys that are not known are left out, so that later releases can say more.
fn view_term(view: &View) -> Term {
    Term::map([
        (atom!("cluster"), Term::from(view.cluster.as_str())),
        (atom!("place"), view.place.as_str().into()),
        (atom!("phase"), view.phase.as_str().into()),
        (atom!("members"), view.members.value().into()),
    ])
}

fn view_from(term: &Term) -> Option<View> {
    let text = |key| term.lookup(key)?.as_str().map(str::to_owned);
    Some(View {
        cluster: text("cluster")?,
        place: text("place")?,
        phase: text("phase")?.parse().ok()?,
        members: Digest::from_value(term.lookup("members")?.as_u64()?),
    })
}

#[cfg(test)]
mod tests {
    use beamport_cluster::membership::Phase;

    use super::*;

    #[test]
    fn what_is_said_is_understood() {
        let view = View {
            cluster: "shop".into(),
            place: "shop-1".into(),
            phase: Phase::Leaving,
            members: Digest::from_value(u64::MAX),
        };
        for message in [
            Message::View(view.clone()),
            Message::Hello(view),
            Message::Ask,
            Message::Members(vec!["a@h".parse().unwrap(), "b@h".parse().unwrap()]),
        ] {
            assert_eq!(from_term(&to_term(&message)), Some(message));
        }
    }

    #[test]
    fn what_is_not_understood_is_nothing() {
        for text in [
            "hello",
            "{view, #{}}",
            "{view, #{cluster => <<\"\">>, place => <<\"p\">>, phase => <<\"rushing\">>, members => 1}}",
            "{members, [a, b]}",
            "{members, [1]}",
            "{ask, 1}",
        ] {
            assert_eq!(from_term(&text.parse().unwrap()), None, "{text}");
        }
    }
}
