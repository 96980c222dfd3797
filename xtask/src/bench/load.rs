//! Clients that look up names as fast as they are answered.

use std::io::{Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4, TcpStream};
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, connect, socket};

/// How many lookups are under way at any time. With two, both processors of a small machine are kept busy.
const CLIENTS: u64 = 2;

/// How long one lookup may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// What a while of lookups came to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Measured {
    pub(super) count: usize,
    pub(super) lookups_per_second: f64,
    pub(super) p99: Duration,
}

/// The name with this number.
pub(super) fn name(number: usize) -> String {
    format!("node{number}")
}

/// Looks up names at random, of so many, for a while.
pub(super) fn look_up(mapper: SocketAddr, names: usize, time: Duration) -> Result<Measured> {
    let is_over = &AtomicBool::new(false);
    let start = Instant::now();
    let mut latencies = std::thread::scope(|scope| {
        let clients: Vec<_> = (1..=CLIENTS)
            .map(|seed| scope.spawn(move || client(mapper, names, seed, is_over)))
            .collect();
        // It may be woken before its time.
        while let Some(rest) = time
            .checked_sub(start.elapsed())
            .filter(|rest| !rest.is_zero())
        {
            std::thread::park_timeout(rest);
        }
        is_over.store(true, Ordering::Relaxed);
        clients
            .into_iter()
            .map(|client| match client.join() {
                Ok(latencies) => latencies,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect::<Result<Vec<_>>>()
    })?
    .concat();
    let took = start.elapsed();
    latencies.sort_unstable();
    let count = latencies.len();
    let p99 = latencies
        .get(count * 99 / 100)
        .context("not a single lookup was answered")?;
    Ok(Measured {
        count,
        lookups_per_second: count as f64 / took.as_secs_f64(),
        p99: *p99,
    })
}

fn client(
    mapper: SocketAddr,
    names: usize,
    mut seed: u64,
    is_over: &AtomicBool,
) -> Result<Vec<Duration>> {
    let mut latencies = Vec::with_capacity(100_000);
    let mut request = Vec::new();
    let mut reply = Vec::new();
    // At least one, however busy the machine is.
    while latencies.is_empty() || !is_over.load(Ordering::Relaxed) {
        // A linear congruential generator: the upper half is random enough.
        seed = seed
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        let name = name((seed >> 33) as usize % names);
        request.clear();
        request.extend_from_slice(&(name.len() as u16 + 1).to_be_bytes());
        request.push(b'z');
        request.extend_from_slice(name.as_bytes());
        reply.clear();
        let start = Instant::now();
        let mut stream = TcpStream::connect(mapper)?;
        stream.set_read_timeout(Some(DEADLINE))?;
        stream.write_all(&request)?;
        stream.read_to_end(&mut reply)?;
        latencies.push(start.elapsed());
        ensure!(
            reply.starts_with(&[b'w', 0]),
            "{mapper} does not know {name}: {reply:?}"
        );
    }
    Ok(latencies)
}

/// Registers the names with these numbers, each on a connection that holds it.
pub(super) fn register(
    mapper: SocketAddr,
    numbers: impl Iterator<Item = usize>,
) -> Result<Vec<TcpStream>> {
    numbers
        .map(|number| {
            let name = name(number);
            let mut payload = b"x\x30\x39\x4d\x00\x00\x06\x00\x05".to_vec();
            payload.extend_from_slice(&(name.len() as u16).to_be_bytes());
            payload.extend_from_slice(name.as_bytes());
            payload.extend_from_slice(&[0, 0]);
            let mut request = (payload.len() as u16).to_be_bytes().to_vec();
            request.extend_from_slice(&payload);
            let mut stream = connect_aside(mapper, number)?;
            stream.set_read_timeout(Some(DEADLINE))?;
            stream.write_all(&request)?;
            let mut reply = [0; 6];
            stream
                .read_exact(&mut reply)
                .with_context(|| format!("{mapper} does not answer to {name}"))?;
            if !reply.starts_with(b"v\0") {
                bail!("{mapper} refuses {name}: {reply:?}");
            }
            Ok(stream)
        })
        .collect()
}

/// Connects from other addresses than lookups come from: where many ports of one address are taken, the kernel
/// searches long for a free one, and that would be measured.
fn connect_aside(mapper: SocketAddr, number: usize) -> Result<TcpStream> {
    const PORTS_OF_AN_ADDRESS: usize = 4000;
    let SocketAddr::V4(mapper) = mapper else {
        bail!("{mapper} is not an IPv4 address");
    };
    let source = Ipv4Addr::new(127, 0, 1 + (number / PORTS_OF_AN_ADDRESS) as u8, 1);
    let flags = SockFlag::SOCK_CLOEXEC;
    let socket = socket(AddressFamily::Inet, SockType::Stream, flags, None)?;
    bind(
        socket.as_raw_fd(),
        &SockaddrIn::from(SocketAddrV4::new(source, 0)),
    )?;
    connect(socket.as_raw_fd(), &SockaddrIn::from(mapper))?;
    Ok(socket.into())
}
