//! The cookie that a command shows to a node: where it comes from.

use std::ffi::OsStr;
use std::fmt;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use beamport_dist::Cookie;

use super::options::ClientOptions;
use crate::failure::{Code, Failure};
use crate::run::cookie::{Cookie as Text, CookieError};
use crate::run::delivery::COOKIE as VARIABLE;
use crate::run::state::NodeState;

/// The file in a user's home that VMs read.
const FILE: &str = ".erlang.cookie";

/// A cookie, and where it was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) cookie: Cookie,
    pub(crate) source: Source,
}

/// Where a cookie was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Source {
    File(PathBuf),
    Variable,
    /// What `beamport run` gave the node of this name, here.
    Run(String),
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Variable => f.write_str(VARIABLE),
            Self::Run(node) => write!(f, "`beamport run`, which gave it to {node}"),
        }
    }
}

/// Finds the cookie for a node, which may be one of those that `beamport run` started here.
pub(crate) fn find(
    options: &ClientOptions,
    running: &[NodeState],
    node: &str,
) -> Result<Found, Failure> {
    find_in(
        options.cookie_file.as_deref(),
        std::env::var_os(VARIABLE).as_deref(),
        running,
        std::env::var_os("HOME").as_deref(),
        node,
    )
}

fn find_in(
    file: Option<&Path>,
    variable: Option<&OsStr>,
    running: &[NodeState],
    home: Option<&OsStr>,
    node: &str,
) -> Result<Found, Failure> {
    if let Some(path) = file {
        return read(path);
    }
    if let Some(text) = variable.filter(|text| !text.is_empty()) {
        let cookie = parse(Text::parse(text.as_bytes(), VARIABLE))?;
        let source = Source::Variable;
        return Ok(Found { cookie, source });
    }
    if let Some((name, text)) = of_running(running, node) {
        let cookie = parse(Text::parse(text.as_bytes(), "the state file"))?;
        let source = Source::Run(name);
        return Ok(Found { cookie, source });
    }
    match home.map(|home| Path::new(home).join(FILE)) {
        Some(path) if path.exists() => read(&path),
        _ => Err(Failure::usage(format!(
            "there is no cookie, which the node has to be shown: give it by --cookie-file FILE, by the variable \
             {VARIABLE} or in ~/{FILE}"
        ))),
    }
}

/// The cookie of that node, if it is one of these; otherwise the one that all of these have.
fn of_running(running: &[NodeState], node: &str) -> Option<(String, String)> {
    let cookie = |state: &NodeState| {
        let cookie = state.cookie.as_ref()?;
        Some((state.identity.to_string(), cookie.text.clone()))
    };
    let is_meant = |state: &&NodeState| state.identity.to_string() == node;
    if let Some(found) = running.iter().find(is_meant).and_then(cookie) {
        return Some(found);
    }
    let mut all = running.iter().filter_map(cookie);
    let first = all.next()?;
    all.all(|other| other.1 == first.1).then_some(first)
}

fn read(path: &Path) -> Result<Found, Failure> {
    Ok(Found {
        cookie: parse(Text::read(path))?,
        source: Source::File(path.to_owned()),
    })
}

fn parse(text: Result<Text, CookieError>) -> Result<Cookie, Failure> {
    let text = text.map_err(|error| Failure::new(Code::Usage, error))?;
    // Printable ASCII, up to 255 characters: that is a cookie.
    text.reveal()
        .parse()
        .map_err(|error: beamport_dist::cookie::CookieError| Failure::new(Code::Usage, error))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::PortRange;
    use crate::run::identity::Identity;
    use crate::run::state::CookieState;

    fn node(name: &str, cookie: &str) -> NodeState {
        let identity = Identity {
            name: name.to_owned(),
            host: "h".to_owned(),
        };
        let cookie = CookieState {
            text: cookie.to_owned(),
            by_variable: false,
        };
        NodeState::of_this_process(identity, PortRange::Any, Some(cookie), None)
    }

    fn is(found: Result<Found, Failure>, cookie: &str) -> bool {
        found.unwrap().cookie == cookie.parse().unwrap()
    }

    #[test]
    fn what_is_said_goes_before_what_is_found() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("other");
        std::fs::write(&file, "FROM_FILE\n").unwrap();
        std::fs::write(home.path().join(FILE), "FROM_HOME").unwrap();
        let home = Some(home.path().as_os_str());
        let run = [node("a", "FROM_RUN")];
        let variable = Some(OsStr::new("FROM_VARIABLE"));
        assert!(is(
            find_in(Some(&file), variable, &run, home, "a@h"),
            "FROM_FILE"
        ));
        assert!(is(
            find_in(None, variable, &run, home, "a@h"),
            "FROM_VARIABLE"
        ));
        assert!(is(find_in(None, None, &run, home, "x@y"), "FROM_RUN"));
        assert!(is(
            find_in(None, Some(OsStr::new("")), &[], home, "a@h"),
            "FROM_HOME"
        ));
        assert!(find_in(None, None, &[], None, "a@h").is_err());
    }

    #[test]
    fn of_several_cookies_here_only_that_of_the_node_is_taken() {
        let run = [node("a", "A"), node("b", "B")];
        assert!(is(find_in(None, None, &run, None, "b@h"), "B"));
        assert!(find_in(None, None, &run, None, "c@h").is_err());
    }
}
