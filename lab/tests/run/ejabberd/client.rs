//! A client of an XMPP server, as far as it takes to exchange messages.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use beamport_lab::Host;

/// For an answer.
const DEADLINE: Duration = Duration::from_secs(30);

/// The domain that the servers are for.
pub(super) const DOMAIN: &str = "shop.example";

const OPEN: &str = "<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' \
                    to='shop.example' version='1.0'>";

/// A session.
#[derive(Debug)]
pub(super) struct Client {
    stream: TcpStream,
    /// What was received and not looked at yet.
    received: String,
}

impl Client {
    /// Opens a session at the server that `address` leads to from `host`. `login` is what the mechanism PLAIN has it:
    /// name and password in base 64.
    pub(super) fn log_in(host: &Host, address: SocketAddr, login: &str) -> Result<Self> {
        let stream = host.inside(|| TcpStream::connect_timeout(&address, DEADLINE))??;
        stream.set_read_timeout(Some(DEADLINE))?;
        let mut client = Self {
            stream,
            received: String::new(),
        };
        client.send(OPEN)?;
        client.wait_for("</stream:features>")?;
        client.send(&format!(
            "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>{login}</auth>"
        ))?;
        client.wait_for("<success")?;
        client.send(OPEN)?;
        client.wait_for("</stream:features>")?;
        client.send(
            "<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>",
        )?;
        client.wait_for("</jid>")?;
        // Messages go to whoever is present.
        client.send("<presence/>")?;
        client.wait_for("<presence")?;
        Ok(client)
    }

    /// Sends a message to whoever has logged in as `user`, on whichever server.
    pub(super) fn write_to(&mut self, user: &str, text: &str) -> Result<()> {
        self.send(&format!(
            "<message to='{user}@{DOMAIN}' type='chat'><body>{text}</body></message>"
        ))
    }

    /// Waits for a message with this text.
    pub(super) fn wait_message(&mut self, text: &str) -> Result<()> {
        self.wait_for(&format!("<body>{text}</body>"))
    }

    fn send(&mut self, text: &str) -> Result<()> {
        Ok(self.stream.write_all(text.as_bytes())?)
    }

    /// Takes what is received, up to and with `needle`.
    fn wait_for(&mut self, needle: &str) -> Result<()> {
        let begun = Instant::now();
        loop {
            if let Some((_, rest)) = self.received.split_once(needle) {
                self.received = rest.to_owned();
                return Ok(());
            }
            ensure!(
                begun.elapsed() < DEADLINE,
                "no {needle} in {:?}",
                self.received
            );
            let mut bytes = [0; 4096];
            let length = self.stream.read(&mut bytes);
            let length = length.with_context(|| format!("no {needle} in {:?}", self.received))?;
            ensure!(length > 0, "closed without {needle}: {:?}", self.received);
            let bytes = bytes.get(..length).unwrap_or_default();
            self.received.push_str(&String::from_utf8_lossy(bytes));
        }
    }
}
