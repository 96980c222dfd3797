//! Between the agent and Docker: notes what is asked, and can keep event streams open that tell nothing more.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::Result;
use beamport_lab::Host;
use tempfile::TempDir;

/// A socket that leads to a host's daemon.
pub(crate) struct Proxy {
    folder: TempDir,
    connections: Connections,
}

type Connections = Arc<Mutex<Vec<Arc<Connection>>>>;

#[derive(Default)]
struct Connection {
    sent: Mutex<Vec<u8>>,
    is_silenced: AtomicBool,
}

impl Proxy {
    pub(crate) fn start(host: &Host) -> Result<Self> {
        let proxy = Self {
            folder: tempfile::tempdir()?,
            connections: Connections::default(),
        };
        let listener = UnixListener::bind(proxy.socket())?;
        let (daemon, connections) = (host.docker_socket(), Arc::clone(&proxy.connections));
        thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                let Ok(server) = UnixStream::connect(&daemon) else {
                    continue;
                };
                let connection = Arc::new(Connection::default());
                connections.lock().unwrap().push(Arc::clone(&connection));
                connection.pass_on(client, server);
            }
        });
        Ok(proxy)
    }

    /// What the agent's flag `--docker` takes.
    pub(crate) fn endpoint(&self) -> String {
        format!("unix://{}", self.socket().display())
    }

    /// The request lines of all that was asked.
    pub(crate) fn requests(&self) -> Vec<String> {
        let connections = self.connections.lock().unwrap();
        connections.iter().flat_map(|c| c.requests()).collect()
    }

    /// How many event streams were asked for.
    pub(crate) fn event_streams(&self) -> usize {
        let connections = self.connections.lock().unwrap();
        connections.iter().filter(|c| c.is_event_stream()).count()
    }

    /// Lets nothing more through on the event streams there are, and leaves them open.
    pub(crate) fn silence_events(&self) {
        let connections = self.connections.lock().unwrap();
        for stream in connections.iter().filter(|c| c.is_event_stream()) {
            stream.is_silenced.store(true, Ordering::SeqCst);
        }
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("docker.sock")
    }
}

impl Connection {
    fn pass_on(self: Arc<Self>, client: UnixStream, server: UnixStream) {
        let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        let connection = Arc::clone(&self);
        thread::spawn(move || {
            pass(from, to, |bytes| {
                connection.sent.lock().unwrap().extend(bytes);
                true
            });
        });
        thread::spawn(move || {
            pass(server, client, |_| !self.is_silenced.load(Ordering::SeqCst));
        });
    }

    fn requests(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.sent.lock().unwrap()).into_owned();
        text.lines()
            .filter(|line| line.ends_with(" HTTP/1.1"))
            .map(str::to_owned)
            .collect()
    }

    fn is_event_stream(&self) -> bool {
        self.requests().iter().any(|r| r.contains("/events"))
    }
}

/// Passes on what `is_let_through`, until the end.
fn pass(mut from: UnixStream, mut to: UnixStream, is_let_through: impl Fn(&[u8]) -> bool) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let Some(bytes) = buffer.get(..length) else {
            break;
        };
        if is_let_through(bytes) && to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
