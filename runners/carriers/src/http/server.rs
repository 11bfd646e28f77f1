//! The target's side of HTTP in virtual time: it takes every request, and says 200.

use std::convert::Infallible;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper::{Request, Response};
use percent_encoding::percent_decode_str;

use super::engine::Engine;
use super::pipe::Pipe;
use super::request_head::Version;
use crate::exchange::dialogue::Answering;

/// One connection.
pub(crate) struct Server {
    engine: Engine,
    pipe: Pipe,
    heard: Arc<Mutex<Vec<(String, Bytes)>>>,
}

impl Server {
    /// Begins one whose topics are what stands behind `base` in a path.
    pub(crate) fn begin(base: &str, version: Version) -> Self {
        let (engine, pipe, heard) = (Engine::default(), Pipe::default(), Arc::default());
        let (told, base) = (Arc::clone(&heard), base.to_owned());
        let service = service_fn(move |request| take(request, base.clone(), Arc::clone(&told)));
        match version {
            Version::V1 => {
                let mut builder = http1::Builder::new();
                let connection = builder.auto_date_header(false).serve_connection(pipe.clone(), service);
                engine.spawner().spawn(async move { drop(connection.await) });
            }
            Version::V2 => {
                let mut builder = http2::Builder::new(engine.spawner());
                let connection = builder.auto_date_header(false).serve_connection(pipe.clone(), service);
                engine.spawner().spawn(async move { drop(connection.await) });
            }
        }
        Self { engine, pipe, heard }
    }
}

async fn take(
    request: Request<Incoming>,
    base: String,
    heard: Arc<Mutex<Vec<(String, Bytes)>>>,
) -> Result<Response<Empty<Bytes>>, Infallible> {
    let topic = topic_of(request.uri().path(), &base);
    // A request that breaks off is none.
    if let Ok(body) = request.into_body().collect().await {
        heard.lock().unwrap_or_else(PoisonError::into_inner).push((topic, body.to_bytes()));
    }
    Ok(Response::new(Empty::new()))
}

/// The topic that a path names: what stands behind the base of its target, or nothing.
pub fn topic_of(path: &str, base: &str) -> String {
    let below = path.strip_prefix(base).unwrap_or_default();
    percent_decode_str(below.strip_prefix('/').unwrap_or_default()).decode_utf8_lossy().into_owned()
}

impl Answering for Server {
    fn hear(&mut self, bytes: &[u8]) {
        self.pipe.put(bytes);
        self.engine.run();
    }

    fn take_heard(&mut self) -> Vec<(String, Bytes)> {
        std::mem::take(&mut *self.heard.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn next_bytes(&mut self) -> Option<Bytes> {
        Some(self.pipe.take_written()).filter(|bytes| !bytes.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_behind_the_base_is_the_topic() {
        assert_eq!(topic_of("/fhir/ward/a%20b/vitals", "/fhir"), "ward/a b/vitals");
        assert_eq!(topic_of("/fhir", "/fhir"), "");
        assert_eq!(topic_of("/other/x", "/fhir"), "");
        assert_eq!(topic_of("/x", ""), "x");
    }
}
