//! Stock epmd's command line and variables.

use std::num::NonZeroI32;
use std::time::Duration;

use beamport_epmd::DEFAULT_PORT;

/// What stock epmd prints when it does not understand: word for word.
pub(super) const USAGE: &str = include_str!("usage.txt");

const PORT_VARIABLE: &str = "ERL_EPMD_PORT";
const ADDRESS_VARIABLE: &str = "ERL_EPMD_ADDRESS";
const RELAXED_VARIABLE: &str = "ERL_EPMD_RELAXED_COMMAND_CHECK";

/// Stock epmd's `CLOSE_TIMEOUT`, in seconds.
const PACKET_TIMEOUT: i32 = 60;

/// The variables that stock epmd heeds.
#[derive(Debug, Default)]
pub(super) struct Environment {
    port: Option<String>,
    addresses: Option<String>,
    is_relaxed: bool,
}

impl Environment {
    pub(super) fn read() -> Self {
        let text = |name| std::env::var_os(name).map(|v| v.to_string_lossy().into_owned());
        Self {
            port: text(PORT_VARIABLE),
            addresses: text(ADDRESS_VARIABLE),
            is_relaxed: std::env::var_os(RELAXED_VARIABLE).is_some(),
        }
    }
}

/// What is asked of us.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arguments {
    /// Where the port mapper listens, ours or the one that is asked.
    pub(super) port: u16,
    pub(super) task: Task,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// To be a port mapper.
    Serve(ServeOptions),
    /// To ask the one on this host.
    Ask(Question),
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct ServeOptions {
    /// How often `-d` was given.
    pub(super) debug: usize,
    /// Where to listen besides loopback, as it was written; everywhere if there is none in it.
    pub(super) addresses: String,
    pub(super) is_daemon: bool,
    pub(super) is_systemd: bool,
    pub(super) is_relaxed: bool,
    pub(super) packet_timeout: Duration,
    pub(super) delay_accept: Option<Duration>,
    pub(super) delay_write: Option<Duration>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Question {
    Names,
    Started,
    Dump,
    Kill,
    Stop(String),
}

impl Arguments {
    /// Reads the arguments as stock epmd does: in order, and a question must come last. None: say how it goes.
    pub(super) fn parse(arguments: &[String], environment: &Environment) -> Option<Self> {
        // Numbers are read with `atoi` and cut to 16 bits.
        let mut port = environment
            .port
            .as_deref()
            .map_or(DEFAULT_PORT, |text| number(text) as u16);
        let mut options = ServeOptions {
            debug: 0,
            addresses: environment.addresses.clone().unwrap_or_default(),
            is_daemon: false,
            is_systemd: false,
            is_relaxed: environment.is_relaxed,
            packet_timeout: seconds(PACKET_TIMEOUT),
            delay_accept: None,
            delay_write: None,
        };
        let ask = |port, question| {
            Some(Self {
                port,
                task: Task::Ask(question),
            })
        };
        let mut rest = arguments.iter().map(String::as_str);
        while let Some(flag) = rest.next() {
            match flag {
                "-d" | "-debug" => options.debug += 1,
                "-daemon" => options.is_daemon = true,
                "-systemd" => options.is_systemd = true,
                "-relaxed_command_check" => options.is_relaxed = true,
                "-port" => port = value(rest.next())?.get() as u16,
                "-address" => options.addresses = rest.next()?.to_owned(),
                "-packet_timeout" => options.packet_timeout = seconds(value(rest.next())?.get()),
                "-delay_accept" => options.delay_accept = Some(seconds(value(rest.next())?.get())),
                "-delay_write" => options.delay_write = Some(seconds(value(rest.next())?.get())),
                "-names" if rest.len() == 0 => return ask(port, Question::Names),
                "-started" if rest.len() == 0 => return ask(port, Question::Started),
                "-dump" if rest.len() == 0 => return ask(port, Question::Dump),
                "-kill" if rest.len() == 0 => return ask(port, Question::Kill),
                "-stop" if rest.len() == 1 => {
                    return ask(port, Question::Stop(rest.next()?.to_owned()));
                }
                _ => return None,
            }
        }
        Some(Self {
            port,
            task: Task::Serve(options),
        })
    }
}

/// The value of a flag, for which 0 counts as none.
fn value(text: Option<&str>) -> Option<NonZeroI32> {
    NonZeroI32::new(number(text?))
}

fn seconds(count: i32) -> Duration {
    Duration::from_secs(count.max(0).unsigned_abs().into())
}

/// C's `atoi`: the number at the start, 0 when there is none.
fn number(text: &str) -> i32 {
    let text = text.trim_start();
    let unsigned = text.strip_prefix(['-', '+']).unwrap_or(text);
    let digits = unsigned.len()
        - unsigned
            .trim_start_matches(|c: char| c.is_ascii_digit())
            .len();
    let end = text.len() - unsigned.len() + digits;
    let number: i64 = text
        .get(..end)
        .and_then(|digits| digits.parse().ok())
        .unwrap_or(0);
    number as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Option<Arguments> {
        let arguments: Vec<String> = text.split_whitespace().map(str::to_owned).collect();
        Arguments::parse(&arguments, &Environment::default())
    }

    fn options(text: &str) -> ServeOptions {
        match parse(text).unwrap().task {
            Task::Serve(options) => options,
            Task::Ask(question) => panic!("{question:?}"),
        }
    }

    #[test]
    fn numbers_are_read_as_c_reads_them() {
        for (text, expected) in [
            ("12", 12),
            (" 12abc", 12),
            ("-3", -3),
            ("+4", 4),
            ("abc", 0),
            ("", 0),
            ("-", 0),
        ] {
            assert_eq!(number(text), expected, "{text:?}");
        }
    }

    #[test]
    fn a_question_comes_last() {
        let names = parse("-port 5000 -names").unwrap();
        assert_eq!((names.port, names.task), (5000, Task::Ask(Question::Names)));
        assert_eq!(parse("-names -port 5000"), None);
        assert_eq!(parse("-stop"), None);
        assert_eq!(parse("-stop a b"), None);
        let stop = parse("-stop a").unwrap();
        assert_eq!(stop.task, Task::Ask(Question::Stop("a".to_owned())));
    }

    #[test]
    fn zero_and_nothing_are_no_values() {
        for text in [
            "-port 0",
            "-port",
            "-packet_timeout x",
            "-delay_write 0",
            "-address",
            "-x",
        ] {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn the_environment_is_overruled_by_flags() {
        let environment = Environment {
            port: Some("5001".to_owned()),
            addresses: Some("10.0.0.1".to_owned()),
            is_relaxed: true,
        };
        let without = Arguments::parse(&[], &environment).unwrap();
        assert_eq!(without.port, 5001);
        assert!(
            matches!(without.task, Task::Serve(o) if o.is_relaxed && o.addresses == "10.0.0.1")
        );
        let with = ["-port", "5002", "-address", "10.0.0.2"].map(str::to_owned);
        let with = Arguments::parse(&with, &environment).unwrap();
        assert_eq!(with.port, 5002);
        assert!(matches!(with.task, Task::Serve(o) if o.addresses == "10.0.0.2"));
    }

    #[test]
    fn flags_of_a_server() {
        let options = options("-d -debug -daemon -relaxed_command_check -packet_timeout 3");
        assert_eq!(options.debug, 2);
        assert!(options.is_daemon && options.is_relaxed && !options.is_systemd);
        assert_eq!(options.packet_timeout, Duration::from_secs(3));
    }
}
