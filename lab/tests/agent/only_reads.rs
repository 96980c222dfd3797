//! The agent asks Docker, and never tells it anything.

use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread;

use anyhow::Result;
use beamport_lab::{Image, Lab, wait_until};

use super::DEADLINE;
use super::client::Client;

/// What was sent over each connection.
type Sent = Arc<Mutex<Vec<Arc<Mutex<Vec<u8>>>>>>;

#[test]
fn every_request_is_a_get() -> Result<()> {
    let lab = Lab::attach()?;
    let host = lab.host(1)?;
    let image = lab.image(Image::Otp25)?;
    let folder = tempfile::tempdir()?;
    let socket = folder.path().join("docker.sock");
    let sent = record(UnixListener::bind(&socket)?, host.docker_socket());
    let _agent = host.agent(
        lab.binary(),
        ["--docker".into(), format!("unix://{}", socket.display())],
    )?;

    let local = Client::on(host);
    let is_known = |name: &str| local.lookup(name).is_ok_and(|port| port.is_some());
    let id = host.docker([
        "run", "-d", "--name", "web", "-p", "12345", &image, "sleep", "600",
    ])?;
    wait_until("the container to be known", DEADLINE, || is_known("web"))?;
    host.docker(["rename", "web", "shop"])?;
    wait_until("its new name to be known", DEADLINE, || {
        is_known("shop") && !is_known("web")
    })?;
    let held = Client::in_container(host, &id).register("orders", 12345)?;
    assert!(held.is_some());
    host.docker(["rm", "-f", "--volumes", "shop"])?;
    wait_until("its name to be gone", DEADLINE, || !is_known("shop"))?;

    let sent = sent.lock().unwrap();
    let requests: Vec<String> = sent
        .iter()
        .flat_map(|bytes| {
            let text = String::from_utf8_lossy(&bytes.lock().unwrap()).into_owned();
            let lines: Vec<_> = text.lines().map(str::to_owned).collect();
            lines.into_iter().filter(|line| line.ends_with(" HTTP/1.1"))
        })
        .collect();
    for needed in [
        "/events",
        "/containers/json",
        &format!("/containers/{id}/json"),
    ] {
        assert!(requests.iter().any(|r| r.contains(needed)), "{requests:?}");
    }
    assert!(
        requests.iter().all(|r| r.starts_with("GET /")),
        "{requests:?}"
    );
    Ok(())
}

/// Passes connections on to the daemon, and notes what is sent there.
fn record(listener: UnixListener, daemon: PathBuf) -> Sent {
    let sent = Sent::default();
    let noted = Arc::clone(&sent);
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let Ok(server) = UnixStream::connect(&daemon) else {
                continue;
            };
            let note = Arc::new(Mutex::new(Vec::new()));
            noted.lock().unwrap().push(Arc::clone(&note));
            let (from, to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || pass(from, to, |bytes| note.lock().unwrap().extend(bytes)));
            thread::spawn(move || pass(server, client, |_| {}));
        }
    });
    sent
}

fn pass(mut from: UnixStream, mut to: UnixStream, note: impl Fn(&[u8])) {
    let mut buffer = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        let Some(bytes) = buffer.get(..length) else {
            break;
        };
        note(bytes);
        if to.write_all(bytes).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}
