//! Asks a port mapper.
//!
//! One connection for each question, as the protocol has it. Every call takes a deadline, by which it has either
//! an answer or an error that says what happened and whose fault it is. All of it is cancel safe: a call that is
//! dropped leaves nothing but a closed connection.

use std::io;
use std::net::SocketAddr;

use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};

use crate::node::{Creation, NodeName, Registration};
use crate::wire::{
    AliveReply, Listing, MAX_LISTING, ReplyError, Request, decode_alive, decode_kill,
    decode_listing, decode_port, decode_stop,
};

/// Registers a node. Its name is held until the [`Holding`] is dropped or the mapper goes.
pub async fn register(
    mapper: SocketAddr,
    node: &Registration,
    deadline: Instant,
) -> Result<Holding, ClientError> {
    let request = Request::Register(node.clone());
    let conversation = Conversation::open(mapper, &request, deadline).await?;
    let creation = match conversation.reply(decode_alive).await? {
        AliveReply::Registered(creation) => creation,
        AliveReply::RegisteredNarrow(creation) => Creation::new(creation.into()),
        AliveReply::Refused { .. } => {
            return Err(ClientError::NameRefused {
                mapper,
                name: node.name.clone(),
            });
        }
    };
    Ok(Holding {
        creation,
        stream: conversation.stream,
    })
}

/// Asks for a node by name, with all that it registered; none when the mapper does not know it.
pub async fn lookup(
    mapper: SocketAddr,
    name: &NodeName,
    deadline: Instant,
) -> Result<Option<Registration>, ClientError> {
    let request = Request::Lookup(name.clone());
    Conversation::open(mapper, &request, deadline)
        .await?
        .reply(decode_port)
        .await
}

/// Asks for all nodes.
pub async fn names(mapper: SocketAddr, deadline: Instant) -> Result<Listing, ClientError> {
    let text = everything(mapper, &Request::Names, deadline).await?;
    decode_listing(&text).map_err(|source| ClientError::Garbage { mapper, source })
}

/// Asks for all nodes, in the mapper's own words: for people, who can do with names that we could not.
pub async fn names_text(mapper: SocketAddr, deadline: Instant) -> Result<ListingText, ClientError> {
    let text = everything(mapper, &Request::Names, deadline).await?;
    ListingText::split(mapper, &text)
}

/// Asks for all nodes, present and past, in the mapper's own words, which nothing specifies: for people.
pub async fn dump_text(mapper: SocketAddr, deadline: Instant) -> Result<ListingText, ClientError> {
    let text = everything(mapper, &Request::Dump, deadline).await?;
    ListingText::split(mapper, &text)
}

/// The reply to NAMES or DUMP as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListingText {
    /// The port the mapper says it listens on.
    pub port: u32,
    /// The lines: UTF-8 as a rule.
    pub lines: Vec<u8>,
}

impl ListingText {
    fn split(mapper: SocketAddr, text: &[u8]) -> Result<Self, ClientError> {
        let (port, lines) = text.split_first_chunk().ok_or(ClientError::Garbage {
            mapper,
            source: ReplyError::Short,
        })?;
        Ok(Self {
            port: u32::from_be_bytes(*port),
            lines: lines.to_vec(),
        })
    }
}

/// Asks the mapper to end; false when it will not, because it has registered nodes.
pub async fn kill(mapper: SocketAddr, deadline: Instant) -> Result<bool, ClientError> {
    Conversation::open(mapper, &Request::Kill, deadline)
        .await?
        .reply(decode_kill)
        .await
}

/// Asks the mapper to take a name from its holder; false when nobody holds it.
pub async fn stop(
    mapper: SocketAddr,
    name: &NodeName,
    deadline: Instant,
) -> Result<bool, ClientError> {
    let request = Request::Stop(name.clone());
    Conversation::open(mapper, &request, deadline)
        .await?
        .reply(decode_stop)
        .await
}

/// A name that is held at a mapper until this is dropped.
#[derive(Debug)]
pub struct Holding {
    creation: Creation,
    stream: TcpStream,
}

impl Holding {
    /// The incarnation the mapper gave.
    ///
    /// A mapper that speaks only the form of before OTP 23 gives 1 to 3, which [`Creation`] moves above 3.
    pub fn creation(&self) -> Creation {
        self.creation
    }

    /// Completes when the name is no longer held: the mapper has gone or has closed the connection. Cancel safe.
    pub async fn lost(&self) {
        loop {
            let readable = self.stream.readable().await;
            match readable.and_then(|()| self.stream.try_read(&mut [0])) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                // A mapper has nothing more to say on this connection.
                _ => return,
            }
        }
    }
}

/// Asks, and reads until the mapper closes.
async fn everything(
    mapper: SocketAddr,
    request: &Request,
    deadline: Instant,
) -> Result<Vec<u8>, ClientError> {
    let conversation = Conversation::open(mapper, request, deadline).await?;
    let mut received = Vec::new();
    while conversation.read_some(&mut received).await? > 0 {
        if received.len() > MAX_LISTING {
            return Err(conversation.garbage(ReplyError::TooLong));
        }
    }
    if received.is_empty() {
        return Err(conversation.lost());
    }
    Ok(received)
}

/// A request that has been sent.
struct Conversation {
    mapper: SocketAddr,
    stream: TcpStream,
    deadline: Instant,
}

impl Conversation {
    async fn open(
        mapper: SocketAddr,
        request: &Request,
        deadline: Instant,
    ) -> Result<Self, ClientError> {
        let stream = timeout_at(deadline, TcpStream::connect(mapper))
            .await
            .map_err(|_| ClientError::Timeout {
                mapper,
                step: Step::Connect,
            })?
            .map_err(|source| match source.kind() {
                io::ErrorKind::ConnectionRefused => ClientError::Refused { mapper },
                io::ErrorKind::TimedOut => ClientError::Timeout {
                    mapper,
                    step: Step::Connect,
                },
                _ => ClientError::Unreachable { mapper, source },
            })?;
        let conversation = Self {
            mapper,
            stream,
            deadline,
        };
        conversation.send(request).await?;
        Ok(conversation)
    }

    async fn send(&self, request: &Request) -> Result<(), ClientError> {
        let mut bytes = Vec::new();
        request.encode(&mut bytes);
        let mut rest = bytes.as_slice();
        while !rest.is_empty() {
            self.in_time(self.stream.writable()).await?;
            match self.stream.try_write(rest) {
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(self.lost()),
            }
        }
        Ok(())
    }

    /// Reads until `decode` has what it needs.
    async fn reply<T>(
        &self,
        decode: impl Fn(&[u8]) -> Result<Option<T>, ReplyError>,
    ) -> Result<T, ClientError> {
        let mut received = Vec::new();
        loop {
            if self.read_some(&mut received).await? == 0 {
                return Err(if received.is_empty() {
                    self.lost()
                } else {
                    self.garbage(ReplyError::Short)
                });
            }
            if let Some(reply) = decode(&received).map_err(|e| self.garbage(e))? {
                return Ok(reply);
            }
        }
    }

    async fn read_some(&self, received: &mut Vec<u8>) -> Result<usize, ClientError> {
        loop {
            self.in_time(self.stream.readable()).await?;
            received.reserve(4096);
            match self.stream.try_read_buf(received) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(_) => return Err(self.lost()),
                Ok(length) => return Ok(length),
            }
        }
    }

    async fn in_time(
        &self,
        ready: impl Future<Output = io::Result<()>>,
    ) -> Result<(), ClientError> {
        timeout_at(self.deadline, ready)
            .await
            .map_err(|_| ClientError::Timeout {
                mapper: self.mapper,
                step: Step::Answer,
            })?
            .map_err(|_| self.lost())
    }

    fn lost(&self) -> ClientError {
        ClientError::Closed {
            mapper: self.mapper,
        }
    }

    fn garbage(&self, source: ReplyError) -> ClientError {
        ClientError::Garbage {
            mapper: self.mapper,
            source,
        }
    }
}

/// Where a conversation was when time was up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// Connecting: packets are dropped on the way, by a firewall as a rule, or the host is not there.
    Connect,
    /// Waiting for the answer: whatever listens there is stuck, or is waiting for something else to be said.
    Answer,
}

/// Why a port mapper gave no answer.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The host is there, and nothing listens on the port.
    #[error("nothing listens on {mapper} (connection refused): no port mapper runs there")]
    Refused {
        /// Who was asked.
        mapper: SocketAddr,
    },
    /// The deadline has passed.
    #[error("{mapper} {}", match step {
        Step::Connect => "does not answer at all: the host is down, or a firewall drops the connection",
        Step::Answer => "accepts connections and does not answer in time",
    })]
    Timeout {
        /// Who was asked.
        mapper: SocketAddr,
        /// How far it got.
        step: Step,
    },
    /// The operating system knows no way there.
    #[error("cannot reach {mapper}: {source}")]
    Unreachable {
        /// Who was asked.
        mapper: SocketAddr,
        /// What the operating system says.
        source: io::Error,
    },
    /// The connection was closed without an answer, as port mappers do to requests that the client may not make.
    #[error("{mapper} closed the connection without an answer: it may not let this host ask that")]
    Closed {
        /// Who was asked.
        mapper: SocketAddr,
    },
    /// The answer is none.
    #[error("{mapper} does not speak EPMD: {source}")]
    Garbage {
        /// Who was asked.
        mapper: SocketAddr,
        /// What is wrong with it.
        source: ReplyError,
    },
    /// The mapper does not give the name.
    #[error("{mapper} refuses the name {name}: as a rule because another node holds it")]
    NameRefused {
        /// Who was asked.
        mapper: SocketAddr,
        /// What it was asked for.
        name: NodeName,
    },
}
