//! A network in memory, for virtual time: byte streams with a fixed latency to one other end, in one thread.
//!
//! Nothing happens by itself: whoever owns the time calls [`MemoryNetwork::arrivals`] and carries what has arrived.
//! As the latency is the same everywhere and time only goes forward, what is sent first arrives first, so that a plain
//! queue holds everything under way, and equal runs are equal to the byte.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use bytes::{Buf, Bytes};
use sim_core::Span;
use tokio::io::ReadBuf;

/// One way from a device to the broker in memory, by default: what a wired network of a site takes.
pub const MEMORY_LATENCY: Span = Span::from_millis(1);

/// One connection of a network; numbers are never used twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct LinkNumber(pub(crate) u32);

/// What travels over a link.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Carried {
    /// A connection is asked for, or accepted.
    Open,
    /// Bytes.
    Bytes(Bytes),
    /// The end of the stream.
    Fin,
    /// The end of the connection.
    Rst,
}

/// Something that has reached the other end.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Arrival {
    pub(crate) link: LinkNumber,
    pub(crate) what: Carried,
}

/// The network; clones are the same one.
#[derive(Debug, Clone)]
pub(crate) struct MemoryNetwork(Arc<Mutex<Network>>);

#[derive(Debug)]
struct Network {
    now_ns: i64,
    latency_ns: i64,
    /// What is on its way, in order of arrival.
    under_way: VecDeque<UnderWay>,
    /// The devices' ends by link; absent once the device has let go.
    ends: Vec<Option<Box<End>>>,
}

#[derive(Debug)]
struct UnderWay {
    at_ns: i64,
    to_device: bool,
    arrival: Arrival,
}

/// The device's end of a link.
#[derive(Debug, Default)]
struct End {
    connected: bool,
    arrived: VecDeque<Bytes>,
    finished: bool,
    reset: bool,
    waker: Option<Waker>,
}

/// A device's stream. Dropped, it is closed.
#[derive(Debug)]
pub(crate) struct MemoryStream {
    network: MemoryNetwork,
    link: LinkNumber,
}

impl MemoryNetwork {
    /// A network in which everything takes this long from one end to the other [ns].
    pub(crate) fn new(latency_ns: i64, now_ns: i64) -> Self {
        Self(Arc::new(Mutex::new(Network { now_ns, latency_ns, under_way: VecDeque::new(), ends: Vec::new() })))
    }

    fn lock(&self) -> MutexGuard<'_, Network> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Asks for a connection.
    pub(crate) fn dial(&self) -> MemoryStream {
        let mut network = self.lock();
        let link = LinkNumber(network.ends.len() as u32);
        network.ends.push(Some(Box::default()));
        network.send(false, link, Carried::Open);
        MemoryStream { network: self.clone(), link }
    }

    /// When the next thing arrives [ns]; `i64::MAX` is never.
    pub(crate) fn next_ns(&self) -> i64 {
        self.lock().under_way.front().map_or(i64::MAX, |next| next.at_ns)
    }

    /// Time has come to `now_ns`: devices get what has arrived for them and are woken; returns what has arrived at the
    /// other end, in order.
    pub(crate) fn arrivals(&self, now_ns: i64, at_other_end: &mut Vec<Arrival>) {
        let mut network = self.lock();
        network.now_ns = now_ns;
        while network.under_way.front().is_some_and(|next| next.at_ns <= now_ns) {
            let Some(next) = network.under_way.pop_front() else { return };
            if next.to_device {
                network.arrive(next.arrival);
            } else {
                at_other_end.push(next.arrival);
            }
        }
    }

    /// What is on its way to devices, taken away.
    #[cfg(test)]
    pub(crate) fn sent_to_devices(&self) -> Vec<Arrival> {
        self.lock().under_way.drain(..).filter(|under_way| under_way.to_device).map(|sent| sent.arrival).collect()
    }

    /// The other end sends.
    pub(crate) fn answer(&self, link: LinkNumber, what: Carried) {
        self.lock().send(true, link, what);
    }
}

impl Network {
    fn send(&mut self, to_device: bool, link: LinkNumber, what: Carried) {
        let at_ns = self.now_ns.saturating_add(self.latency_ns);
        self.under_way.push_back(UnderWay { at_ns, to_device, arrival: Arrival { link, what } });
    }

    fn end(&mut self, link: LinkNumber) -> Option<&mut End> {
        self.ends.get_mut(link.0 as usize)?.as_deref_mut()
    }

    fn arrive(&mut self, arrival: Arrival) {
        let Some(end) = self.end(arrival.link) else { return };
        match arrival.what {
            Carried::Open => end.connected = true,
            Carried::Bytes(bytes) => end.arrived.push_back(bytes),
            Carried::Fin => end.finished = true,
            Carried::Rst => end.reset = true,
        }
        if let Some(waker) = end.waker.take() {
            waker.wake();
        }
    }
}

impl MemoryStream {
    /// Whether the attempt to connect is over; wakes when it is. The other end accepts everybody.
    pub(crate) fn poll_connected(&self, context: &Context<'_>) -> bool {
        let mut network = self.network.lock();
        let Some(end) = network.end(self.link) else { return true };
        if !end.connected {
            end.waker = Some(context.waker().clone());
        }
        end.connected
    }

    /// Reads what has arrived.
    pub(crate) fn poll_read(&mut self, context: &Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let mut network = self.network.lock();
        let Some(end) = network.end(self.link) else { return Poll::Ready(Ok(())) };
        let mut read = false;
        while let Some(front) = end.arrived.front_mut()
            && buffer.remaining() > 0
        {
            let count = front.len().min(buffer.remaining());
            buffer.put_slice(&front[..count]);
            front.advance(count);
            read = true;
            if front.is_empty() {
                end.arrived.pop_front();
            }
        }
        if read || end.finished {
            return Poll::Ready(Ok(()));
        }
        if end.reset {
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        end.waker = Some(context.waker().clone());
        Poll::Pending
    }

    /// Sends; the network takes everything.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut network = self.network.lock();
        if network.end(self.link).is_none_or(|end| end.reset) {
            return Err(io::ErrorKind::ConnectionReset.into());
        }
        network.send(false, self.link, Carried::Bytes(Bytes::copy_from_slice(bytes)));
        Ok(bytes.len())
    }

    /// Ends the sending direction.
    pub(crate) fn finish(&mut self) {
        self.network.lock().send(false, self.link, Carried::Fin);
    }

    /// Ends the connection.
    pub(crate) fn reset(self) {
        self.let_go(Carried::Rst);
    }

    fn let_go(&self, last: Carried) {
        let mut network = self.network.lock();
        if let Some(end) = network.ends.get_mut(self.link.0 as usize)
            && end.take().is_some()
        {
            network.send(false, self.link, last);
        }
    }
}

impl Drop for MemoryStream {
    fn drop(&mut self) {
        self.let_go(Carried::Fin);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(stream: &mut MemoryStream) -> Poll<io::Result<Vec<u8>>> {
        let mut memory = [0; 4];
        let mut buffer = ReadBuf::new(&mut memory);
        let outcome = stream.poll_read(&Context::from_waker(Waker::noop()), &mut buffer);
        outcome.map_ok(|()| buffer.filled().to_vec())
    }

    fn arrivals(network: &MemoryNetwork, now_ns: i64) -> Vec<Carried> {
        let mut arrived = Vec::new();
        network.arrivals(now_ns, &mut arrived);
        arrived.into_iter().map(|arrival| arrival.what).collect()
    }

    #[test]
    fn everything_takes_its_time_and_keeps_its_order() {
        let network = MemoryNetwork::new(10, 0);
        let mut stream = network.dial();
        assert_eq!(network.next_ns(), 10);
        assert_eq!(arrivals(&network, 9), []);
        assert_eq!(arrivals(&network, 10), [Carried::Open]);
        network.answer(stream.link, Carried::Open);
        assert!(!stream.poll_connected(&Context::from_waker(Waker::noop())));
        assert_eq!(arrivals(&network, 20), []);
        assert!(stream.poll_connected(&Context::from_waker(Waker::noop())));
        stream.write(b"one").unwrap();
        stream.write(b"two").unwrap();
        network.answer(stream.link, Carried::Bytes(Bytes::from_static(b"welcome")));
        network.answer(stream.link, Carried::Fin);
        let sent = [Carried::Bytes(Bytes::from_static(b"one")), Carried::Bytes(Bytes::from_static(b"two"))];
        assert_eq!(arrivals(&network, 30), sent);
        assert!(matches!(read(&mut stream), Poll::Ready(Ok(bytes)) if bytes == b"welc"));
        assert!(matches!(read(&mut stream), Poll::Ready(Ok(bytes)) if bytes == b"ome"));
        assert!(matches!(read(&mut stream), Poll::Ready(Ok(bytes)) if bytes.is_empty()), "the end of the stream");
    }

    #[test]
    fn a_stream_that_is_let_go_says_so_once() {
        let network = MemoryNetwork::new(1, 0);
        drop(network.dial());
        network.dial().reset();
        assert_eq!(arrivals(&network, 1), [Carried::Open, Carried::Fin, Carried::Open, Carried::Rst]);
        network.answer(LinkNumber(0), Carried::Rst);
        assert_eq!(arrivals(&network, 2), [], "nobody is there to be told");
    }
}
