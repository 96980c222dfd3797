//! A hidden node of our own, for as long as a command lasts.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use beamport_dist::FullName;
use beamport_dist::handshake::{HandshakeError, Refusal};
use beamport_dist::node::{CallError, Config, ConnectError, ErpcError, Node, Observer, Reached};
use tokio::runtime;
use tokio::time::{Instant, timeout_at};

use super::cookie::{self, Source};
use super::explain::Explanation;
use super::options::ClientOptions;
use super::target::{self, Target};
use crate::failure::{Code, Failure};
use crate::run::state::NodeState;

/// A node of our own that is about to talk to another, or does.
#[derive(Debug)]
pub(crate) struct Session {
    node: Node,
    config: Config,
    /// The host in our own name, if that was made up.
    own_host: Option<String>,
    target: Target,
    /// Where the cookie is from.
    cookie: Source,
    deadline: Instant,
}

/// An error that says that an answer did not come in time.
pub(crate) trait Late {
    fn late() -> Self;
}

impl Late for CallError {
    fn late() -> Self {
        Self::TimedOut
    }
}

impl Late for ErpcError {
    fn late() -> Self {
        Self::TimedOut
    }
}

/// Does what a command has to do, on a runtime of its own.
pub(crate) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("cannot start")?
        .block_on(work)
}

impl Session {
    /// Makes ready to talk to a node, without a connection yet.
    ///
    /// What is no name is explained, as is everything else that is wrong with the way to a node.
    pub(crate) async fn open(
        options: &ClientOptions,
        node: &str,
    ) -> Result<Result<Self, Explanation>, Failure> {
        let running = NodeState::read_all(options.state_dir.as_deref());
        let this_host = target::this_host();
        let target = match Target::read(node, &running, &this_host) {
            Ok(target) => target,
            Err(error) => return Ok(Err(Explanation::of_name(node, error))),
        };
        let cookie = cookie::find(options, &running, target.node.as_str())?;
        let config = Config {
            tls: options.tls.read()?,
            mapper_port: options.epmd_port.get(),
            setup_time: options.timeout,
            call_time: options.timeout,
            take_over: false,
            ..Config::new(cookie.cookie.clone())
        };
        let name = match &options.own_name {
            Some(name) => name.clone(),
            None => random_name(&this_host)?,
        };
        Ok(Ok(Self {
            node: start(name, &config).await?,
            config,
            own_host: options.own_name.is_none().then_some(this_host),
            target,
            cookie: cookie.source,
            deadline: Instant::now() + options.timeout,
        }))
    }

    /// The same, and connects; the failure explains why there is no connection.
    pub(crate) async fn connected(options: &ClientOptions, node: &str) -> Result<Self, Failure> {
        let mut session = Self::open(options, node)
            .await?
            .map_err(Explanation::into_failure)?;
        match session.connect(|| |_: Reached<'_>, _: Duration| {}).await? {
            Ok(()) => Ok(session),
            Err(error) => Err(session.explain(&error).await.into_failure()),
        }
    }

    /// Connects, with an observer for each attempt.
    ///
    /// There is another under the name that the node says it has, if its host was a guess; and under another name of
    /// ours, if a command that runs at the same time has made up the same.
    pub(crate) async fn connect<O: Observer + 'static>(
        &mut self,
        mut observer: impl FnMut() -> O,
    ) -> Result<Result<(), Arc<ConnectError>>, Failure> {
        for _ in 1..ATTEMPTS {
            let outcome = self.attempt(observer()).await;
            let Err(failure) = &outcome else {
                return Ok(outcome);
            };
            let ConnectError::Handshake(HandshakeError::Refused(refusal)) = &**failure else {
                return Ok(outcome);
            };
            match (refusal, &self.own_host) {
                (Refusal::OtherNode { found }, _) => match self.target.corrected(found) {
                    Some(target) => self.target = target,
                    None => return Ok(outcome),
                },
                (Refusal::Alive | Refusal::Simultaneous, Some(host)) => {
                    self.node = start(random_name(host)?, &self.config).await?;
                }
                _ => return Ok(outcome),
            }
        }
        Ok(self.attempt(observer()).await)
    }

    async fn attempt(&self, observer: impl Observer + 'static) -> Result<(), Arc<ConnectError>> {
        self.node
            .connect_observed(&self.target.node, observer)
            .await
    }

    /// Why there is no connection. May ask the port mapper for more.
    pub(crate) async fn explain(&self, error: &ConnectError) -> Explanation {
        Explanation::found_out(error, &self.target.node, self.node.name(), &self.cookie).await
    }

    /// Why a node that is connected does not answer.
    pub(crate) fn explain_silence(&self, error: &CallError) -> Explanation {
        Explanation::of_silence(self.peer(), error)
    }

    /// Waits for an answer as long as the command may take.
    pub(crate) async fn in_time<T, E: Late>(
        &self,
        answer: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        timeout_at(self.deadline, answer)
            .await
            .unwrap_or_else(|_| Err(E::late()))
    }

    /// Our own node.
    pub(crate) fn node(&self) -> &Node {
        &self.node
    }

    /// The other node.
    pub(crate) fn peer(&self) -> &FullName {
        &self.target.node
    }

    /// Where the cookie is from.
    pub(crate) fn cookie(&self) -> &Source {
        &self.cookie
    }

    /// What a call ends in that gave no answer and that no node is to blame for in particular.
    pub(crate) async fn call_failure(&self, error: CallError) -> Failure {
        match error {
            CallError::Connect(error) => self.explain(&error).await.into_failure(),
            CallError::TimedOut => failed(format!(
                "{} did not answer in time (--timeout gives it more)",
                self.peer()
            )),
            CallError::Down(reason) if reason.is_atom("noconnection") => {
                failed(format!("the connection to {} was lost", self.peer()))
            }
            other => failed(format!("{}: {other}", self.peer())),
        }
    }
}

async fn start(name: FullName, config: &Config) -> Result<Node, Failure> {
    Ok(Node::start(name, config.clone())
        .await
        .context("cannot start")?)
}

/// A name that hardly anybody has at this moment.
///
/// There are not many, because a VM keeps an atom for each node that ever connected, and there is no end to commands.
fn random_name(this_host: &str) -> Result<FullName, Failure> {
    let number = getrandom::u32().context("the operating system gives no random numbers")?;
    let number = number % NAMES;
    let named = |host| format!("{NAME_PREFIX}{number}@{host}").parse();
    // A kernel may have any text for the host's name.
    Ok(named(this_host)
        .or_else(|_| named("localhost"))
        .context("cannot make up a name")?)
}

/// Whether a name is one that a command made up.
pub(crate) fn is_made_up(node: &str) -> bool {
    let number = node
        .strip_prefix(NAME_PREFIX)
        .and_then(|rest| rest.split('@').next());
    number.is_some_and(|number| number.parse().is_ok_and(|number: u32| number < NAMES))
}

/// What names begin with that are made up, and how many there are.
const NAME_PREFIX: &str = "beamport-";
const NAMES: u32 = 1000;

/// How often it is tried to connect: the name of each side may have to be corrected.
const ATTEMPTS: usize = 4;

/// The thing asked for failed, in a sentence.
pub(crate) fn failed(sentence: String) -> Failure {
    Failure::new(Code::Failed, anyhow::Error::msg(sentence))
}
