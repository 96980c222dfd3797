//! Who is told of changes: a module in the VM, a command beside it.

use std::str::FromStr;

use beamport_term::Atom;

/// A module with `on_state_change(From, To, State)`, or Cloister's older `on_state_change(From, State)`.
///
/// It is called in the VM, in a process that has nothing else to do, after each change and in order. `From` and `To`
/// are phases, the same where members come or go; `State` is what `persistent_term:get(beamport)` gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listener(pub(super) Atom);

impl FromStr for Listener {
    type Err = String;

    /// `my_listener` of Erlang, `MyApp.Listener` of Elixir.
    fn from_str(text: &str) -> Result<Self, String> {
        let is_elixir =
            text.starts_with(|c: char| c.is_ascii_uppercase()) && !text.starts_with("Elixir.");
        let name = match is_elixir {
            true => format!("Elixir.{text}"),
            false => text.to_owned(),
        };
        let is_module = |c: char| c.is_alphanumeric() || "_.@".contains(c);
        if name.is_empty() || !name.chars().all(is_module) {
            return Err(format!(
                "`{text}` is no module: say my_listener, or MyApp.Listener for one of Elixir"
            ));
        }
        Atom::new(&name)
            .map(Self)
            .map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn modules_of_erlang_and_elixir_are_told_apart() {
        for (text, module) in [
            ("my_listener", "my_listener"),
            ("MyApp.Listener", "Elixir.MyApp.Listener"),
            ("Elixir.MyApp.Listener", "Elixir.MyApp.Listener"),
        ] {
            assert_eq!(text.parse::<Listener>().unwrap().0, *module);
        }
        for wrong in ["", "a b", "a:b", "'quoted'"] {
            assert!(wrong.parse::<Listener>().is_err(), "{wrong}");
        }
    }
}
