//! The requests made to Docker's API. All of them are GET.

use std::pin::Pin;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::Docker;
use bollard::errors::Error as ApiError;
use bollard::query_parameters::{
    EventsOptionsBuilder, InspectContainerOptions, ListContainersOptionsBuilder,
};
use futures_util::{Stream, StreamExt};

use crate::container::{Container, ContainerId};
use crate::endpoint::{ClientError, Endpoint, Resolve};
use crate::event::{self, Event};
use crate::mapping;
use crate::tls_fault::TlsFault;

/// How long an answer may take before Docker counts as gone.
const ANSWER: Duration = Duration::from_secs(10);

/// Events, until the stream fails.
pub(crate) type Events = Pin<Box<dyn Stream<Item = Result<Event, Error>> + Send>>;

/// Why Docker gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Tls(TlsFault),
    #[error("{}", with_causes(.0))]
    Api(ApiError),
    #[error("{}", with_causes(.0))]
    Client(#[from] ClientError),
    #[error("no answer within {} s", ANSWER.as_secs())]
    Timeout,
    #[error("it ended the event stream")]
    StreamEnded,
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        TlsFault::within(&error).map_or(Self::Api(error), Self::Tls)
    }
}

/// A client that speaks a version of the API that Docker speaks too.
pub(crate) async fn connect(endpoint: &Endpoint, resolve: &impl Resolve) -> Result<Docker, Error> {
    within(async {
        let docker = endpoint.client(resolve, ANSWER).await?;
        Ok(docker.negotiate_version().await?)
    })
    .await
}

/// All containers, running or not, the latest first.
pub(crate) async fn list(docker: Docker) -> Result<Vec<Container>, Error> {
    within(async {
        let options = ListContainersOptionsBuilder::new().all(true).build();
        let listing = docker.list_containers(Some(options)).await?;
        Ok(listing
            .into_iter()
            .filter_map(mapping::from_summary)
            .collect())
    })
    .await
}

/// One container; none when there is no such container.
pub(crate) async fn inspect(docker: Docker, id: ContainerId) -> Result<Option<Container>, Error> {
    within(async {
        let answer = docker
            .inspect_container(id.as_str(), None::<InspectContainerOptions>)
            .await;
        match answer {
            Ok(inspection) => Ok(mapping::from_inspection(inspection)),
            Err(ApiError::DockerResponseServerError {
                status_code: 404, ..
            }) => Ok(None),
            Err(error) => Err(error.into()),
        }
    })
    .await
}

/// Events from now on. The moment is named to Docker, so that none is lost while the stream is being opened.
pub(crate) fn follow(docker: &Docker) -> Events {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    let since = format!("{}.{:09}", now.as_secs(), now.subsec_nanos());
    let options = EventsOptionsBuilder::new()
        .since(&since)
        .filters(&event::filters())
        .build();
    let events = docker.events(Some(options)).filter_map(|message| async {
        match message {
            Ok(message) => event::read(message).map(Ok),
            Err(error) => Some(Err(error.into())),
        }
    });
    let end = futures_util::stream::once(async { Err(Error::StreamEnded) });
    Box::pin(events.chain(end))
}

async fn within<T>(answer: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(ANSWER, answer)
        .await
        .unwrap_or(Err(Error::Timeout))
}

/// An error in full: the client's own text leaves out what it wraps.
fn with_causes(error: &dyn std::error::Error) -> String {
    // Docker ends its own sentences with a new line.
    let mut text = error.to_string().trim_end().to_owned();
    let mut cause = error.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}
