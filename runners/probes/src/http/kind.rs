//! `http`: the row of the receiver, and how it answers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use carriers::topic_of;
use http_body_util::{BodyExt, Empty, Limited};
use hyper::body::Incoming;
use hyper::header::{HeaderValue, RETRY_AFTER};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use sim_core::{Executor, ParameterKind, ParameterSpec, ProbeKind};
use tokio::net::TcpStream;
use tokio::runtime::Handle;

use super::socket::Socket;
use crate::manners::{Manner, Manners};
use crate::receiver::{Receiver, Reception};
use crate::{Probe, ProbeError, Sighting, Start, Watch};

/// Largest body that is taken [bytes].
const LARGEST: usize = 16 * 1024 * 1024;

/// How a connection of HTTP/2 begins (RFC 9113, section 3.4); no method of HTTP/1.1 is called so.
const PREFACE: &[u8; 3] = b"PRI";

/// Rest between two looks at a beginning that is not whole.
const PEEK_AGAIN: Duration = Duration::from_millis(1);

/// How the receiver answers.
#[derive(Debug, Clone)]
struct Statuses {
    taken: StatusCode,
    refused: StatusCode,
    retry_after: Option<HeaderValue>,
}

/// The row.
pub(crate) fn row() -> ProbeKind {
    let mut parameters = Manners::parameters();
    parameters.extend([
        ParameterSpec::optional("status", ParameterKind::Count, "status of a request that is taken")
            .range(200.0, 299.0)
            .default("200"),
        ParameterSpec::optional("refuse_with", ParameterKind::Count, "status of a request that is refused")
            .range(300.0, 599.0)
            .default("503"),
        ParameterSpec::optional("retry_after_s", ParameterKind::Count, "seconds that a refusal names as `Retry-After`")
            .range(0.0, 86_400.0),
    ]);
    ProbeKind {
        name: "http",
        about: "a receiver of HTTP requests (a webhook), version 1.1 and 2: the topic is what stands in the path behind that \
                of the target",
        takes_filters: false,
        tells_topics: true,
        watches: &["http"],
        parameters,
        executor: Executor::new(Watch(start)),
    }
}

fn start(start: Start<'_>) -> Result<Box<dyn Probe>, ProbeError> {
    let with = start.arguments;
    let status = |name: &str, silent: StatusCode| {
        let code = with.number(name).and_then(|code| StatusCode::from_u16(code as u16).ok());
        code.unwrap_or(silent)
    };
    let statuses = Statuses {
        taken: status("status", StatusCode::OK),
        refused: status("refuse_with", StatusCode::SERVICE_UNAVAILABLE),
        retry_after: with.number("retry_after_s").map(|seconds| HeaderValue::from(seconds as u64)),
    };
    let runtime = start.runtime.clone();
    let serve = move |stream, reception| serve(stream, reception, statuses.clone(), runtime.clone());
    Ok(Box::new(Receiver::begin(&start, carriers::HTTP_SCHEMES, serve)?))
}

/// Serves one connection until it ends, by itself or by the manners of the receiver.
async fn serve(stream: TcpStream, reception: Arc<Reception>, statuses: Statuses, runtime: Handle) {
    let speaks_2 = speaks_2(&stream).await;
    let service = service_fn(move |request| answer(request, Arc::clone(&reception), statuses.clone()));
    let socket = Socket(stream);
    // How a connection ends is the sender's business, and seen there.
    if speaks_2 {
        drop(http2::Builder::new(Spawner(runtime)).serve_connection(socket, service).await);
    } else {
        drop(http1::Builder::new().serve_connection(socket, service).await);
    }
}

/// Whether a connection begins as one of HTTP/2.
async fn speaks_2(stream: &TcpStream) -> bool {
    let mut first = [0; PREFACE.len()];
    loop {
        match stream.peek(&mut first).await {
            Ok(count) if count > 0 && PREFACE.starts_with(&first[..count]) => {
                if count == PREFACE.len() {
                    return true;
                }
                // The rest is on its way; nothing tells when it is there but another look.
                tokio::time::sleep(PEEK_AGAIN).await;
            }
            _ => return false,
        }
    }
}

async fn answer(
    request: Request<Incoming>,
    reception: Arc<Reception>,
    statuses: Statuses,
) -> Result<Response<Empty<Bytes>>, io::Error> {
    let mut response = Response::new(Empty::new());
    let topic = topic_of(request.uri().path(), &reception.base);
    let Ok(body) = Limited::new(request.into_body(), LARGEST).collect().await else {
        *response.status_mut() = StatusCode::PAYLOAD_TOO_LARGE;
        return Ok(response);
    };
    tokio::time::sleep(reception.manners.delay).await;
    let manner = reception.manners.next();
    if matches!(manner, Manner::Take | Manner::TakeAndCut) {
        (reception.see)(Sighting::publication(topic, body.to_bytes(), reception.pace.now_ns()));
    }
    match manner {
        Manner::Take => *response.status_mut() = statuses.taken,
        Manner::Refuse => {
            *response.status_mut() = statuses.refused;
            if let Some(seconds) = statuses.retry_after {
                response.headers_mut().insert(RETRY_AFTER, seconds);
            }
        }
        // An error of the service ends the connection without an answer.
        Manner::Cut | Manner::TakeAndCut => return Err(io::ErrorKind::ConnectionAborted.into()),
    }
    Ok(response)
}

/// Runs what `hyper` has to do beside a connection.
#[derive(Debug, Clone)]
struct Spawner(Handle);

impl<F: Future<Output = ()> + Send + 'static> hyper::rt::Executor<F> for Spawner {
    fn execute(&self, task: F) {
        self.0.spawn(task);
    }
}
