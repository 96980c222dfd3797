//! Docker's events, as far as they change what is reached where.

use std::collections::HashMap;

use bollard::models::{EventMessage, EventMessageTypeEnum};

use crate::container::ContainerId;

/// What an event says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Event {
    /// The container's first process ended.
    Died(ContainerId),
    /// The container was started, renamed, or joined or left a network.
    Changed(ContainerId),
}

/// The events to be sent: the others, such as health checks by the second, stay where they are.
///
/// Podman goes by its own name for a death, "died", when it filters, and by Docker's when it answers.
pub(crate) fn filters() -> HashMap<String, Vec<String>> {
    let texts = |all: &[&str]| all.iter().map(|&one| one.to_owned()).collect();
    HashMap::from([
        ("type".to_owned(), texts(&["container", "network"])),
        (
            "event".to_owned(),
            texts(&["start", "die", "died", "rename", "connect", "disconnect"]),
        ),
    ])
}

/// Reads an event; none when it is of no interest.
pub(crate) fn read(message: EventMessage) -> Option<Event> {
    let actor = message.actor?;
    let attribute = |key| actor.attributes.as_ref().and_then(|all| all.get(key));
    match (message.typ?, message.action?.as_str()) {
        (EventMessageTypeEnum::CONTAINER, "die" | "died") => {
            Some(Event::Died(ContainerId::new(&actor.id?)))
        }
        (EventMessageTypeEnum::CONTAINER, "start" | "rename") => {
            Some(Event::Changed(ContainerId::new(&actor.id?)))
        }
        (EventMessageTypeEnum::NETWORK, "connect" | "disconnect") => {
            Some(Event::Changed(ContainerId::new(attribute("container")?)))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Option<Event> {
        read(serde_json::from_str(text).unwrap())
    }

    #[test]
    fn reads_what_docker_sends() {
        let id = ContainerId::new("e1b509");
        let died = r#"{"status":"die","id":"e1b509","from":"tiny","Type":"container","Action":"die","Actor":
            {"ID":"e1b509","Attributes":{"exitCode":"0","image":"tiny","name":"stopped"}},"scope":"local",
            "time":1795305848,"timeNano":1795305848123456789}"#;
        assert_eq!(event(died), Some(Event::Died(id.clone())));
        let connected = r#"{"Type":"network","Action":"connect","Actor":{"ID":"a39cd2","Attributes":
            {"container":"e1b509","name":"bridge","type":"bridge"}},"scope":"local","time":1795305848}"#;
        assert_eq!(event(connected), Some(Event::Changed(id)));
    }

    #[test]
    fn other_events_are_of_no_interest() {
        let created = r#"{"Type":"container","Action":"create","Actor":{"ID":"e1b509"}}"#;
        assert_eq!(event(created), None);
        assert_eq!(event("{}"), None);
    }
}
