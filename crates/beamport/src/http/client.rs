//! Asking a server of ours.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use http_body_util::{BodyExt as _, Limited};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper::header::HOST;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::AbortHandle;
use tokio::time::timeout;

/// How long connecting may take, and an answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest answer, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ClientError {
    /// Nobody is there.
    #[error(
        "nothing is to be reached at {address}: say with --at where a `beamport run` serves HTTP"
    )]
    Connect {
        address: SocketAddr,
        source: std::io::Error,
    },
    /// Nothing came in time.
    #[error("{address} has not answered within {} s", PATIENCE.as_secs())]
    Late { address: SocketAddr },
    /// What is there does not speak as we do.
    #[error("what listens on {address} is no `beamport run`: {reason}")]
    Stranger { address: SocketAddr, reason: String },
    /// The server says no, in a sentence.
    #[error("{0}")]
    Refused(String),
}

/// A connection to a server of ours.
#[derive(Debug)]
pub(crate) struct Client {
    address: SocketAddr,
    requests: SendRequest<Body>,
    connection: AbortHandle,
}

impl Drop for Client {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

impl Client {
    pub(crate) async fn connect(address: SocketAddr) -> Result<Self, ClientError> {
        let connecting = async {
            let stream = TcpStream::connect(address)
                .await
                .map_err(|source| ClientError::Connect { address, source })?;
            http1::handshake(TokioIo::new(stream))
                .await
                .map_err(|error| stranger(address, error))
        };
        let (requests, connection) = within(address, connecting).await?;
        let connection = tokio::spawn(async move { drop(connection.await) });
        Ok(Self {
            address,
            requests,
            connection: connection.abort_handle(),
        })
    }

    /// Asks for a path, with its query, and gives the JSON that is there.
    pub(crate) async fn get(&mut self, path: &str) -> Result<Value, ClientError> {
        let address = self.address;
        let request = Request::get(path)
            .header(HOST, address.to_string())
            .body(Body::empty())
            .map_err(|error| ClientError::Refused(format!("this cannot be asked: {error}")))?;
        let asking = async {
            self.requests.ready().await?;
            let answer = self.requests.send_request(request).await?;
            let is_good = answer.status().is_success();
            let body = Limited::new(answer.into_body(), MAX_ANSWER);
            Ok::<_, hyper::Error>((is_good, body.collect().await))
        };
        let asked = async { asking.await.map_err(|error| stranger(address, error)) };
        let (is_good, body) = within(address, asked).await?;
        let body = body.map_err(|error| stranger(address, error))?.to_bytes();
        let answer: Value =
            serde_json::from_slice(&body).map_err(|error| stranger(address, error))?;
        match (is_good, answer.get("error").and_then(Value::as_str)) {
            (true, _) => Ok(answer),
            (false, Some(sentence)) => Err(ClientError::Refused(sentence.to_owned())),
            (false, None) => Err(stranger(address, "it says no and not why")),
        }
    }
}

async fn within<T>(
    address: SocketAddr,
    asking: impl Future<Output = Result<T, ClientError>>,
) -> Result<T, ClientError> {
    timeout(PATIENCE, asking)
        .await
        .unwrap_or(Err(ClientError::Late { address }))
}

fn stranger(address: SocketAddr, reason: impl ToString) -> ClientError {
    ClientError::Stranger {
        address,
        reason: reason.to_string(),
    }
}
