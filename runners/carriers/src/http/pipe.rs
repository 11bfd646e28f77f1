//! The bytes that `hyper` reads and writes, without I/O: whoever owns the connection puts in what has arrived and takes
//! out what is to be written.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes, BytesMut};
use hyper::rt::{Read, ReadBufCursor, Write};

/// Both directions of one connection; clones are the same one.
#[derive(Debug, Clone, Default)]
pub(crate) struct Pipe(Arc<Mutex<Ends>>);

#[derive(Debug, Default)]
struct Ends {
    arrived: BytesMut,
    /// Nothing more will arrive.
    has_ended: bool,
    written: BytesMut,
    reader: Option<Waker>,
}

impl Pipe {
    fn lock(&self) -> MutexGuard<'_, Ends> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes have arrived.
    pub(crate) fn put(&self, bytes: &[u8]) {
        let mut ends = self.lock();
        ends.arrived.extend_from_slice(bytes);
        if let Some(reader) = ends.reader.take() {
            reader.wake();
        }
    }

    /// Nothing more will arrive.
    pub(crate) fn end(&self) {
        let mut ends = self.lock();
        ends.has_ended = true;
        if let Some(reader) = ends.reader.take() {
            reader.wake();
        }
    }

    /// What is to be written.
    pub(crate) fn take_written(&self) -> Bytes {
        self.lock().written.split().freeze()
    }
}

impl Read for Pipe {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        mut buffer: ReadBufCursor<'_>,
    ) -> Poll<io::Result<()>> {
        let mut ends = self.lock();
        if ends.arrived.is_empty() && !ends.has_ended {
            ends.reader = Some(context.waker().clone());
            return Poll::Pending;
        }
        let count = ends.arrived.len().min(buffer.remaining());
        buffer.put_slice(&ends.arrived[..count]);
        ends.arrived.advance(count);
        Poll::Ready(Ok(()))
    }
}

impl Write for Pipe {
    fn poll_write(self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.lock().written.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
