//! Docker's API as far as an agent asks it, with as many containers as one likes: a listing, inspections, and
//! events that never come.
//!
//! The containers have one process between them, in control groups whose path holds all their IDs: what an agent
//! asks before it takes a process for a container's.

use std::collections::HashMap;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::load;

/// A folder's name has at most so many characters, and so at most so many IDs of 64 characters begin in it.
const FOLDER: usize = 255;
const IDS_IN_FOLDER: usize = FOLDER - 64 + 1;

/// The hierarchy that the control groups are made in: the only one, or one of several.
const HIERARCHIES: [&str; 3] = [
    "/sys/fs/cgroup/unified",
    "/sys/fs/cgroup/pids",
    "/sys/fs/cgroup",
];

/// The process that all containers have; it ends when this is dropped.
#[derive(Debug)]
pub(super) struct CommonProcess {
    child: Child,
    /// The outermost first.
    groups: Vec<PathBuf>,
}

impl CommonProcess {
    /// Of so many containers.
    fn start(containers: usize) -> Result<Self> {
        let hierarchy = HIERARCHIES
            .iter()
            .map(Path::new)
            .find(|hierarchy| hierarchy.join("cgroup.procs").exists())
            .context("there are no control groups")?;
        let mut process = Self {
            // It ends with us, whatever becomes of us.
            child: Command::new("cat").stdin(Stdio::piped()).spawn()?,
            groups: Vec::new(),
        };
        let mut group = hierarchy.to_owned();
        for number in 0..containers.div_ceil(IDS_IN_FOLDER) {
            group.push(folder(number));
            // A run that was interrupted may have left it.
            fs::create_dir_all(&group).with_context(|| {
                format!(
                    "cannot make the control group {} (as root?)",
                    group.display()
                )
            })?;
            process.groups.push(group.clone());
        }
        fs::write(group.join("cgroup.procs"), process.child.id().to_string())?;
        Ok(process)
    }
}

impl Drop for CommonProcess {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        for group in self.groups.iter().rev() {
            // The kernel lets go of a group a moment after its last process has ended.
            let deadline = Instant::now() + Duration::from_secs(5);
            while fs::remove_dir(group).is_err() && Instant::now() < deadline {
                thread::park_timeout(Duration::from_millis(1));
            }
        }
    }
}

/// Labels of the sort that Compose gives, so that a container is as long as a real one.
const OTHER_LABELS: usize = 8;

/// Serves on a socket until the process ends. Container number N is called as [`load::name`] says.
pub(super) fn serve(socket: &Path, containers: usize) -> Result<CommonProcess> {
    let process = CommonProcess::start(containers)?;
    let pid = process.child.id();
    let numbers: HashMap<String, usize> =
        (0..containers).map(|number| (id(number), number)).collect();
    let numbers = Arc::new(numbers);
    let listener = UnixListener::bind(socket)?;
    let listing: Vec<Value> = (0..containers).map(summary).collect();
    let listing: Arc<str> = Value::from(listing).to_string().into();
    thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            let (listing, numbers) = (Arc::clone(&listing), Arc::clone(&numbers));
            // A client that goes away in between is no loss.
            thread::spawn(move || drop(answer(client, &listing, &numbers, pid)));
        }
    });
    Ok(process)
}

fn answer(
    mut client: UnixStream,
    listing: &str,
    numbers: &HashMap<String, usize>,
    pid: u32,
) -> Result<()> {
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
        let id = path.rsplit('/').nth(1).unwrap_or_default();
        let number = numbers.get(id).context("no such container")?;
        inspection(*number, pid).to_string()
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

fn inspection(number: usize, pid: u32) -> Value {
    let binding = |ip: &str| json!({ "HostIp": ip, "HostPort": port(number).to_string() });
    json!({
        "Id": id(number),
        "Name": format!("/{}", load::name(number)),
        "State": { "Running": true, "Pid": pid },
        "HostConfig": { "NetworkMode": "default" },
        "Config": { "Labels": {} },
        "NetworkSettings": {
            "Ports": { "12345/tcp": [binding("0.0.0.0"), binding("::")] },
            "Networks": { "bridge": { "IPAddress": address(number) } },
        },
    })
}

/// A stretch of a folder's name: each begins one digit after the one before.
fn id(number: usize) -> String {
    let start = number % IDS_IN_FOLDER;
    folder(number / IDS_IN_FOLDER)
        .chars()
        .skip(start)
        .take(64)
        .collect()
}

/// Digits at random, and the same for the same number.
fn folder(number: usize) -> String {
    let mut state = number as u64 + 1;
    let digit = |_| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        char::from_digit((state >> 60) as u32, 16)
    };
    (0..FOLDER).filter_map(digit).collect()
}

fn port(number: usize) -> usize {
    20_000 + number
}

fn address(number: usize) -> String {
    format!("172.20.{}.{}", number / 250, number % 250 + 2)
}
