//! Docker's API as far as an agent asks it, with as many containers as one likes: a listing, inspections, and
//! events that never come.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::thread;

use anyhow::Result;
use serde_json::{Value, json};

use super::load;

/// Labels of the sort that Compose gives, so that a container is as long as a real one.
const OTHER_LABELS: usize = 8;

/// Serves on a socket until the process ends. Container number N is called as [`load::name`] says.
pub(super) fn serve(socket: &Path, containers: usize) -> Result<()> {
    let listener = UnixListener::bind(socket)?;
    let listing: Vec<Value> = (0..containers).map(summary).collect();
    let listing: Arc<str> = Value::from(listing).to_string().into();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let listing = Arc::clone(&listing);
            // A client that goes away in between is no loss.
            thread::spawn(move || drop(answer(client, &listing)));
        }
    });
    Ok(())
}

fn answer(mut client: UnixStream, listing: &str) -> Result<()> {
    let mut lines = BufReader::new(client.try_clone()?).lines();
    let request = lines.next().transpose()?.unwrap_or_default();
    for line in lines.by_ref().map_while(Result::ok) {
        if line.is_empty() {
            break;
        }
    }
    let path = request.split(' ').nth(1).unwrap_or_default();
    if path.contains("/events") {
        client.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
        // Until the agent hangs up.
        lines.for_each(drop);
        return Ok(());
    }
    let body = if path.ends_with("/version") {
        json!({ "ApiVersion": "1.41", "MinAPIVersion": "1.12", "Version": "simulated" }).to_string()
    } else if path.contains("/containers/json") {
        listing.to_owned()
    } else {
        inspection(path).to_string()
    };
    let length = body.len();
    write!(
        client,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{body}"
    )?;
    Ok(())
}

fn summary(number: usize) -> Value {
    let labels: serde_json::Map<_, _> = (0..OTHER_LABELS)
        .map(|n| {
            (
                format!("com.example.label{n}"),
                "a value of some length".into(),
            )
        })
        .collect();
    json!({
        "Id": id(number),
        "Names": [format!("/{}", load::name(number))],
        "Image": "image", "ImageID": "sha256:0", "Command": "sleep", "Created": 1,
        "Ports": [
            { "IP": "0.0.0.0", "PrivatePort": 12345, "PublicPort": port(number), "Type": "tcp" },
            { "IP": "::", "PrivatePort": 12345, "PublicPort": port(number), "Type": "tcp" },
        ],
        "Labels": labels,
        "State": "running", "Status": "Up",
        "HostConfig": { "NetworkMode": "default" },
        "NetworkSettings": { "Networks": { "bridge": { "IPAddress": address(number) } } },
        "Mounts": [],
    })
}

fn inspection(path: &str) -> Value {
    let id = path.rsplit('/').nth(1).unwrap_or_default();
    let number = id
        .get(..8)
        .and_then(|hex| usize::from_str_radix(hex, 16).ok());
    let number = number.unwrap_or_default();
    let binding = |ip: &str| json!({ "HostIp": ip, "HostPort": port(number).to_string() });
    json!({
        "Id": id,
        "Name": format!("/{}", load::name(number)),
        "State": { "Running": true, "Pid": 0 },
        "HostConfig": { "NetworkMode": "default" },
        "Config": { "Labels": {} },
        "NetworkSettings": {
            "Ports": { "12345/tcp": [binding("0.0.0.0"), binding("::")] },
            "Networks": { "bridge": { "IPAddress": address(number) } },
        },
    })
}

/// The number, and zeros.
fn id(number: usize) -> String {
    format!("{number:08x}{:056x}", 0)
}

fn port(number: usize) -> usize {
    20_000 + number
}

fn address(number: usize) -> String {
    format!("172.20.{}.{}", number / 250, number % 250 + 2)
}
