//! The port mapper itself, as stock epmd runs.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use beamport_epmd::LocalDirectory;
use beamport_epmd::local::REMEMBERED_NAMES;
use beamport_epmd::server::{Config, Server, listen};
use listenfd::ListenFd;
use sd_notify::NotifyState;

use super::arguments::ServeOptions;
use super::{background, debug};
use crate::file_limit;

/// Stock epmd's `MAX_LISTEN_SOCKETS`.
const MOST_LISTENERS: usize = 16;

/// How many names that are gone stock epmd remembers under `-d`.
const REMEMBERED_NAMES_IN_DEBUG: usize = 5;

/// Stock epmd counts idle time in whole seconds and closes after more than so many.
const TIMEOUT_GRAIN: Duration = Duration::from_secs(1);

/// Why there is no port mapper.
enum Obstacle {
    /// There is one already, which is as good.
    AlreadyThere,
    /// What is wrong.
    Fault(String),
}

/// Serves until killed.
pub(super) fn serve(port: u16, options: &ServeOptions) -> ExitCode {
    if options.is_daemon {
        background::leave_session();
    } else {
        debug::start(options.debug);
        if options.debug > 0 {
            debug::say("epmd running - daemon = 0");
        }
    }
    file_limit::raise();
    let listeners = if options.is_systemd {
        adopt_listeners()
    } else {
        open_listeners(port, options)
    };
    let outcome = listeners.and_then(|listeners| {
        if options.is_daemon {
            background::release_starter();
        }
        run(port, options, listeners).map_err(|e| Obstacle::Fault(e.to_string()))
    });
    match outcome {
        Ok(()) | Err(Obstacle::AlreadyThere) => ExitCode::SUCCESS,
        Err(Obstacle::Fault(message)) => {
            debug::say(&message);
            ExitCode::FAILURE
        }
    }
}

fn run(port: u16, options: &ServeOptions, listeners: Vec<TcpListener>) -> io::Result<()> {
    let remembered = match options.debug {
        0 => REMEMBERED_NAMES,
        _ => REMEMBERED_NAMES_IN_DEBUG,
    };
    let config = Config {
        port,
        idle_timeout: options.packet_timeout + TIMEOUT_GRAIN,
        relaxed: options.is_relaxed,
        delay_accept: options.delay_accept,
        delay_write: options.delay_write,
        ..Config::default()
    };
    let server = Server::new(config, Arc::new(LocalDirectory::remembering(remembered)));
    // One thread does: what a port mapper does is over before another thread could be woken.
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    if options.is_systemd {
        let states = [
            NotifyState::Ready,
            NotifyState::Status("Processing port mapping requests..."),
            NotifyState::MainPid(std::process::id()),
        ];
        if let Err(error) = sd_notify::notify(&states) {
            tracing::warn!(%error, "cannot tell systemd that we are ready");
        }
    }
    runtime
        .block_on(server.serve(listeners, std::future::pending()))
        .map(|_| ())
}

/// Takes the listening sockets that systemd opened for us.
fn adopt_listeners() -> Result<Vec<TcpListener>, Obstacle> {
    let mut given = ListenFd::from_env();
    if given.len() == 0 {
        return Err(Obstacle::Fault("systemd provides no sockets".to_owned()));
    }
    too_many(given.len())?;
    (0..given.len())
        .filter_map(|index| given.take_tcp_listener(index).transpose())
        .collect::<io::Result<_>>()
        .map_err(|e| Obstacle::Fault(format!("cannot obtain sockets from systemd: {e}")))
}

fn open_listeners(port: u16, options: &ServeOptions) -> Result<Vec<TcpListener>, Obstacle> {
    let wanted = addresses(&options.addresses)?;
    too_many(wanted.len())?;
    let mut listeners = Vec::with_capacity(wanted.len());
    let mut fault = "no address to listen on".to_owned();
    for Wanted { address, is_asked } in wanted {
        match listen(SocketAddr::new(address, port)) {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                if options.debug > 0 {
                    debug::say(&format!(
                        "there is already a epmd running at port {port} on ipaddr {address}"
                    ));
                }
                return Err(Obstacle::AlreadyThere);
            }
            Err(error) => {
                let message = format!("failed to bind on ipaddr {address}: {}", reason(&error));
                if is_asked {
                    return Err(Obstacle::Fault(message));
                }
                // A host without IPv6 is no reason not to serve IPv4.
                debug::say(&message);
                fault = message;
            }
        }
    }
    if listeners.is_empty() {
        return Err(Obstacle::Fault(fault));
    }
    Ok(listeners)
}

/// An address to listen on.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    address: IpAddr,
    /// Asked for, rather than added by us.
    is_asked: bool,
}

/// What `-address` or its variable means: those addresses and loopback, or everything if it names none.
fn addresses(text: &str) -> Result<Vec<Wanted>, Obstacle> {
    let mut wanted = text
        .split([' ', ','])
        .filter(|word| !word.is_empty())
        .map(|word| match word.parse() {
            Ok(address) => Ok(Wanted {
                address,
                is_asked: true,
            }),
            Err(_) => Err(Obstacle::Fault(format!(
                "cannot parse IP address \"{word}\""
            ))),
        })
        .collect::<Result<Vec<_>, _>>()?;
    let added: [IpAddr; 2] = if wanted.is_empty() {
        [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()]
    } else {
        [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()]
    };
    for address in added {
        if !wanted.iter().any(|w| w.address == address) {
            wanted.push(Wanted {
                address,
                is_asked: false,
            });
        }
    }
    Ok(wanted)
}

fn too_many(listeners: usize) -> Result<(), Obstacle> {
    if listeners > MOST_LISTENERS {
        return Err(Obstacle::Fault(format!(
            "cannot listen on more than {MOST_LISTENERS} IP addresses"
        )));
    }
    Ok(())
}

/// What the operating system says, without the number that Rust adds.
fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rsplit_once(" (os error ") {
        Some((reason, _)) => reason.to_owned(),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Option<Vec<String>> {
        let wanted = addresses(text).ok()?;
        Some(wanted.iter().map(|w| w.address.to_string()).collect())
    }

    #[test]
    fn loopback_is_always_among_the_addresses() {
        let expect = |text: &str, expected: &[&str]| {
            assert_eq!(
                texts(text).unwrap(),
                expected.iter().map(|s| s.to_string()).collect::<Vec<_>>()
            );
        };
        expect("", &["0.0.0.0", "::"]);
        expect(" ,", &["0.0.0.0", "::"]);
        expect(
            "10.0.0.1, 10.0.0.2",
            &["10.0.0.1", "10.0.0.2", "127.0.0.1", "::1"],
        );
        expect("::1 10.0.0.1", &["::1", "10.0.0.1", "127.0.0.1"]);
        assert!(texts("10.0.0.999").is_none());
    }
}
