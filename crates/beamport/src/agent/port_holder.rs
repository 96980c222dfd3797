//! Which process listens on a port, and how to have it free: read from `/proc`.

use std::fmt;
use std::fs;
use std::path::Path;

/// In `/proc/net/tcp`, the state of a socket that listens.
const LISTENING: &str = "0A";

/// A process that listens on a port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    process: u32,
    command: String,
}

impl fmt::Display for Holder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (process {})", self.command, self.process)
    }
}

impl Holder {
    /// Finds the process that listens on `port`; none when there is none, or it is not ours to see.
    pub(super) fn of(port: u16) -> Option<Self> {
        let inodes: Vec<String> = ["/proc/net/tcp", "/proc/net/tcp6"]
            .iter()
            .filter_map(|table| fs::read_to_string(table).ok())
            .flat_map(|table| listening_inodes(&table, port))
            .collect();
        let links: Vec<_> = inodes.iter().map(|i| format!("socket:[{i}]")).collect();
        let process = fs::read_dir("/proc")
            .ok()?
            .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse::<u32>().ok())
            .find(|process| has_open(*process, &links))?;
        let command = fs::read_to_string(format!("/proc/{process}/comm")).ok()?;
        Some(Self {
            process,
            command: command.trim_end().to_owned(),
        })
    }

    /// How to have the port free.
    pub(super) fn remedy(&self) -> String {
        match (self.process, self.command.as_str()) {
            (1, _) | (_, "systemd") => {
                "it is a socket of systemd's: `systemctl disable --now epmd.socket`".to_owned()
            }
            (_, "epmd") => "stop it with `epmd -kill`, once no node needs it, and keep it from coming back \
                 with `systemctl disable --now epmd.socket epmd.service`; nodes on this host register here as well"
                .to_owned(),
            (_, "beamport") => "another agent runs on this host already".to_owned(),
            (_, "docker-proxy") => "a container publishes the port: `docker ps` tells which".to_owned(),
            (process, _) => format!("stop it with `kill {process}`"),
        }
    }
}

/// Reads `/proc/net/tcp` (proc_net(5)): the inodes of sockets that listen on `port`.
fn listening_inodes(table: &str, port: u16) -> Vec<String> {
    let suffix = format!(":{port:04X}");
    table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let fields: Vec<&str> = line.split_ascii_whitespace().collect();
            let listens = fields.get(1)?.ends_with(&suffix) && *fields.get(3)? == LISTENING;
            listens.then(|| fields.get(9).map(|inode| (*inode).to_owned()))?
        })
        .collect()
}

fn has_open(process: u32, links: &[String]) -> bool {
    let folder = format!("/proc/{process}/fd");
    let Ok(files) = fs::read_dir(Path::new(&folder)) else {
        return false;
    };
    files
        .filter_map(|file| fs::read_link(file.ok()?.path()).ok())
        .any(|target| links.iter().any(|link| target.as_os_str() == link.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn finds_the_process_that_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        assert_eq!(Holder::of(port).unwrap().process, std::process::id());
        drop(listener);
        assert_eq!(Holder::of(port), None);
    }

    #[test]
    fn only_sockets_that_listen_count() {
        let table = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n\
             0: 0100007F:1111 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 777 1\n\
             1: 0100007F:1111 0100007F:8888 01 00000000:00000000 00:00000000 00000000     0        0 778 1\n";
        assert_eq!(listening_inodes(table, 0x1111), ["777"]);
        assert_eq!(listening_inodes(table, 0x1112), [""; 0]);
    }
}
