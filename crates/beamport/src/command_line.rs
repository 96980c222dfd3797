//! The command line, its environment variables and `beamport.toml`, which are three ways to say the same.
//!
//! A flag `--log-format` of any command is also the variable `BEAMPORT_LOG_FORMAT` and, in the file, the key
//! `log-format` of the table named after the command (or outside any table, for flags that all commands have).
//! Flag beats variable beats file. Commands declare flags only: [`Cli::read`] derives the other two from them,
//! so that none can be forgotten.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Arg, CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::failure::{Code, Failure};
use crate::logging::LoggingOptions;
use crate::{agent, call, epmd, exec, names, nodes, ping, rpc, run, send, whereis, whois};

/// Where the file is looked for when no flag and no variable names it, first found wins.
const DEFAULT_FILES: [&str; 2] = ["beamport.toml", "/etc/beamport/beamport.toml"];

/// The flag, and the variable, that name the file.
const FILE_FLAG: &str = "config";
const FILE_VARIABLE: &str = "BEAMPORT_CONFIG";

const ENVIRONMENT_PREFIX: &str = "BEAMPORT_";

/// Distributed Erlang for containers: stock nodes find each other, connect and assemble across Docker hosts.
#[derive(Debug, Parser)]
#[command(name = "beamport", version, max_term_width = 100)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    #[command(flatten)]
    pub(crate) logging: LoggingOptions,

    /// The settings file [default: beamport.toml here, else /etc/beamport/beamport.toml]
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve EPMD on a Docker host: answer with the ports that Docker published
    Agent(agent::AgentOptions),
    /// Start a node in a container: name it, keep its registration, be its PID 1
    Run(Box<run::RunOptions>),
    /// Run a command with the name, cookie and flags of the node that `beamport run` started here
    Exec(exec::ExecOptions),
    /// List the nodes that the port mapper of each host knows
    Names(names::NamesOptions),
    /// Tell which node owns a key on a consistent hash ring, as libring has it
    Whois(whois::WhoisOptions),
    /// Go the whole way to a node, show each part of it, and explain why it cannot be reached
    Ping(ping::PingOptions),
    /// Call a function on a node: beamport rpc shop@10.0.0.1 'lists:seq(1, 3)'
    Rpc(rpc::RpcOptions),
    /// Call a gen_server of a node
    Call(call::CallOptions),
    /// Send a message to a process of a node
    Send(send::SendOptions),
    /// Show which process is registered by a name on a node
    Whereis(whereis::WhereisOptions),
    /// List the nodes that a node sees
    Nodes(nodes::NodesOptions),
    /// The port mapper daemon, a drop-in for stock epmd
    Epmd(epmd::EpmdArguments),
}

impl Cli {
    /// Reads the command line, the environment and the file. Prints help, and usage errors, itself.
    pub(crate) fn read() -> Result<Self, Failure> {
        let arguments: Vec<OsString> = std::env::args_os().collect();
        refuse_secrets(&arguments)?;
        let file = match find_file(&arguments) {
            Some(path) => {
                let text = std::fs::read_to_string(&path)
                    .map_err(|e| Failure::usage(format!("cannot read {}: {e}", path.display())))?;
                FileSettings::parse(&text)
                    .map_err(|e| Failure::usage(format!("{}: {e}", path.display())))?
            }
            None => FileSettings::default(),
        };
        let command = file.apply(Self::command())?;
        let matches = command.get_matches_from(arguments);
        Self::from_arg_matches(&matches).map_err(|e| Failure::new(Code::Usage, e))
    }
}

/// The arguments that are ours: what follows `--` belongs to the command that is to be run.
fn own(arguments: &[OsString]) -> impl Iterator<Item = &OsString> {
    arguments.iter().take_while(|a| *a != "--")
}

/// Refuses the flag that is easily thought of, and does not repeat what it says.
fn refuse_secrets(arguments: &[OsString]) -> Result<(), Failure> {
    let is_cookie = |argument: &OsString| {
        let text = argument.to_string_lossy();
        text == "--cookie" || text.starts_with("--cookie=")
    };
    if !own(arguments).any(is_cookie) {
        return Ok(());
    }
    Err(Failure::usage(
        "there is no flag --cookie: everybody on this machine who runs `ps` could read the cookie. Put it into a file \
         that only you can read and give --cookie-file FILE, or set the variable BEAMPORT_COOKIE; without either, \
         ~/.erlang.cookie is read. A cookie that has been on a command line is best replaced",
    ))
}

/// The file in use, found before the command line proper is read since it changes the defaults.
fn find_file(arguments: &[OsString]) -> Option<PathBuf> {
    let prefix = format!("--{FILE_FLAG}=");
    let mut own = own(arguments);
    while let Some(argument) = own.next() {
        let text = argument.to_string_lossy();
        if let Some(path) = text.strip_prefix(&prefix) {
            return Some(path.into());
        }
        if text == format!("--{FILE_FLAG}") {
            return own.next().map(PathBuf::from);
        }
    }
    std::env::var_os(FILE_VARIABLE)
        .map(PathBuf::from)
        .or_else(|| {
            DEFAULT_FILES
                .iter()
                .map(PathBuf::from)
                .find(|p| p.is_file())
        })
}

/// What the file says: values as text, by table (the command's name; empty outside any table) and key.
#[derive(Debug, Default, PartialEq, Eq)]
struct FileSettings(BTreeMap<String, BTreeMap<String, Vec<String>>>);

impl FileSettings {
    fn parse(text: &str) -> Result<Self, String> {
        let mut settings = Self::default();
        for (key, value) in text.parse::<toml::Table>().map_err(|e| e.to_string())? {
            match value {
                toml::Value::Table(table) => {
                    for (inner, value) in table {
                        let values = as_texts(&format!("{key}.{inner}"), value)?;
                        settings
                            .0
                            .entry(key.clone())
                            .or_default()
                            .insert(inner, values);
                    }
                }
                value => {
                    let values = as_texts(&key, value)?;
                    settings
                        .0
                        .entry(String::new())
                        .or_default()
                        .insert(key, values);
                }
            }
        }
        Ok(settings)
    }

    /// Gives each flag its variable, and the file's value as its default.
    fn apply(mut self, command: clap::Command) -> Result<clap::Command, Failure> {
        let mut global = self.0.remove("").unwrap_or_default();
        let mut command = command.mut_args(|arg| with_sources(arg, &mut global));
        let names: Vec<String> = command
            .get_subcommands()
            .map(|c| c.get_name().to_owned())
            .collect();
        for name in names {
            let mut own = self.0.remove(&name).unwrap_or_default();
            command =
                command.mut_subcommand(&name, |c| c.mut_args(|arg| with_sources(arg, &mut own)));
            if let Some(key) = own.keys().next() {
                return Err(Failure::usage(format!(
                    "the settings file has an unknown key: {name}.{key}"
                )));
            }
        }
        match (global.keys().next(), self.0.keys().next()) {
            (Some(key), _) => Err(Failure::usage(format!(
                "the settings file has an unknown key: {key}"
            ))),
            (_, Some(table)) => Err(Failure::usage(format!(
                "the settings file has an unknown table: [{table}]"
            ))),
            (None, None) => Ok(command),
        }
    }
}

fn with_sources(arg: Arg, file: &mut BTreeMap<String, Vec<String>>) -> Arg {
    let Some(flag) = arg.get_long().map(str::to_owned) else {
        return arg;
    };
    let variable = format!(
        "{ENVIRONMENT_PREFIX}{}",
        flag.to_uppercase().replace('-', "_")
    );
    // A flag that stock tools have a variable for keeps that one.
    let arg = match arg.get_env() {
        Some(_) => arg,
        None => arg.env(variable),
    }
    .hide_env_values(true);
    match file.remove(&flag) {
        Some(values) => arg.default_values(values),
        None => arg,
    }
}

fn as_texts(key: &str, value: toml::Value) -> Result<Vec<String>, String> {
    match value {
        toml::Value::String(text) => Ok(vec![text]),
        toml::Value::Integer(number) => Ok(vec![number.to_string()]),
        toml::Value::Boolean(flag) => Ok(vec![flag.to_string()]),
        toml::Value::Array(values) => {
            let each: Result<Vec<_>, _> = values.into_iter().map(|v| as_texts(key, v)).collect();
            Ok(each?.into_iter().flatten().collect())
        }
        other => Err(format!("{key}: a {} cannot be a setting", other.type_str())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_declaration_is_sound() {
        FileSettings::default()
            .apply(Cli::command())
            .unwrap()
            .debug_assert();
    }

    #[test]
    fn the_file_is_a_default_and_the_flag_beats_it() {
        let file = || FileSettings::parse("log-format = \"json\"\n[agent]\nport = 4000\n").unwrap();
        let port = |arguments: &[&str]| {
            let matches = file()
                .apply(Cli::command())
                .unwrap()
                .get_matches_from(arguments);
            let (_, agent) = matches.subcommand().unwrap();
            agent
                .get_one::<std::num::NonZeroU16>("port")
                .copied()
                .unwrap()
                .get()
        };
        assert_eq!(port(&["beamport", "agent"]), 4000);
        assert_eq!(port(&["beamport", "agent", "--port", "5000"]), 5000);
    }

    #[test]
    fn a_cookie_on_the_command_line_is_refused_and_not_repeated() {
        let refused = |words: &[&str]| {
            let words: Vec<OsString> = words.iter().map(Into::into).collect();
            refuse_secrets(&words).map_err(|failure| format!("{failure:?}"))
        };
        for words in [
            &["ping", "a@b", "--cookie", "SECRET"][..],
            &["ping", "--cookie=SECRET"],
        ] {
            let said = refused(words).unwrap_err();
            assert!(
                said.contains("--cookie-file") && !said.contains("SECRET"),
                "{said}"
            );
        }
        assert_eq!(refused(&["ping", "a@b", "--cookie-file", "f"]), Ok(()));
        assert_eq!(refused(&["exec", "--", "iex", "--cookie", "x"]), Ok(()));
    }

    #[test]
    fn unknown_keys_and_tables_are_errors() {
        for text in ["nonsense = 1", "[agent]\nnonsense = 1", "[nonsense]\na = 1"] {
            assert!(
                FileSettings::parse(text)
                    .unwrap()
                    .apply(Cli::command())
                    .is_err(),
                "{text}"
            );
        }
        assert!(FileSettings::parse("[agent]\nport = 1.5").is_err());
    }
}
