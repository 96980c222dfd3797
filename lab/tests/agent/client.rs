//! A client of the port mapper: on a host, or in the network of a container.

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpStream};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use beamport_epmd::agent::{self, AgentFacts};
use beamport_epmd::wire::{self, AliveReply, Request};
use beamport_epmd::{NodeName, Registration};
use beamport_lab::{Host, Node};

/// An agent may wait 2 s for news of a container, and some more for a name.
const ANSWER: Duration = Duration::from_secs(20);

const PORT: u16 = 4369;

/// Where to ask from, and whom.
#[derive(Debug, Clone)]
pub(crate) struct Client<'a> {
    host: &'a Host,
    network: Network,
    mapper: SocketAddr,
}

#[derive(Debug, Clone)]
enum Network {
    Host,
    Container(String),
    Process(u32),
}

/// A name that is held until dropped.
#[derive(Debug)]
pub(crate) struct Holding(TcpStream);

impl<'a> Client<'a> {
    /// On the host itself, over loopback.
    pub(crate) fn on(host: &'a Host) -> Self {
        Self {
            host,
            network: Network::Host,
            mapper: ([127, 0, 0, 1], PORT).into(),
        }
    }

    /// In a container of the host, asking the host's agent at the address that other hosts dial.
    pub(crate) fn in_container(host: &'a Host, container: &str) -> Self {
        Self {
            host,
            network: Network::Container(container.to_owned()),
            mapper: (host.address(), PORT).into(),
        }
    }

    /// The same, for a node's container.
    pub(crate) fn in_node(node: &'a Node) -> Self {
        Self::in_container(node.host(), node.container())
    }

    /// The same, in the network of a process.
    pub(crate) fn in_process(host: &'a Host, process: u32) -> Self {
        Self {
            network: Network::Process(process),
            ..Self::in_container(host, "")
        }
    }

    /// Asks another mapper.
    pub(crate) fn asking(mut self, mapper: impl Into<IpAddr>) -> Self {
        self.mapper = SocketAddr::new(mapper.into(), PORT);
        self
    }

    /// Registers a node; none when the name is refused.
    pub(crate) fn register(&self, name: &str, port: u16) -> Result<Option<Holding>> {
        let node = Registration::new(name.parse()?, port.try_into()?);
        let mut stream = self.send(&Request::Register(node))?;
        let mut received = Vec::new();
        loop {
            match wire::decode_alive(&received)? {
                Some(AliveReply::Refused { .. }) => return Ok(None),
                Some(_) => return Ok(Some(Holding(stream))),
                None => read_some(&mut stream, &mut received)?,
            }
        }
    }

    /// The port of a node.
    pub(crate) fn lookup(&self, name: &str) -> Result<Option<u16>> {
        Ok(self.find(name)?.map(|node| node.port.get()))
    }

    /// What the agent says about itself and about this client.
    pub(crate) fn facts(&self) -> Result<AgentFacts> {
        let answer = self.find(agent::NAME)?.context("there is no agent")?;
        AgentFacts::from_extra(&answer.extra).context("it says nothing of itself")
    }

    /// All names, with their ports.
    pub(crate) fn names(&self) -> Result<Vec<(String, u16)>> {
        let mut received = Vec::new();
        self.send(&Request::Names)?.read_to_end(&mut received)?;
        let nodes = wire::decode_listing(&received)?.nodes;
        Ok(nodes
            .into_iter()
            .map(|node| (node.name.to_string(), node.port))
            .collect())
    }

    /// Asks the mapper to take a name from its holder; what it answers.
    pub(crate) fn stop(&self, name: &str) -> Result<Vec<u8>> {
        let mut received = Vec::new();
        self.send(&Request::Stop(name.parse()?))?
            .read_to_end(&mut received)?;
        Ok(received)
    }

    fn find(&self, name: &str) -> Result<Option<Registration>> {
        let name: NodeName = name.parse()?;
        let mut received = Vec::new();
        self.send(&Request::Lookup(name))?
            .read_to_end(&mut received)?;
        wire::decode_port(&received)?.context("half an answer")
    }

    fn send(&self, request: &Request) -> Result<TcpStream> {
        let dial = || TcpStream::connect_timeout(&self.mapper, ANSWER);
        let mut stream = match &self.network {
            Network::Host => self.host.inside(dial)?,
            Network::Container(container) => self.host.inside_container(container, dial)?,
            Network::Process(process) => self.host.inside_process(*process, dial)?,
        }
        .with_context(|| format!("no port mapper at {}", self.mapper))?;
        stream.set_read_timeout(Some(ANSWER))?;
        let mut bytes = Vec::new();
        request.encode(&mut bytes);
        stream.write_all(&bytes)?;
        Ok(stream)
    }
}

impl Holding {
    /// Whether the mapper has closed the connection, and with it taken the name back.
    pub(crate) fn is_lost(&mut self) -> bool {
        self.0.set_nonblocking(true).unwrap();
        let read = self.0.read(&mut [0]);
        !matches!(read, Err(error) if error.kind() == ErrorKind::WouldBlock)
    }
}

fn read_some(stream: &mut TcpStream, received: &mut Vec<u8>) -> Result<()> {
    let mut buffer = [0; 64];
    let length = stream.read(&mut buffer)?;
    ensure!(length > 0, "closed without an answer");
    received.extend(buffer.iter().take(length));
    Ok(())
}
