//! An owner of the air that keeps pace with the clock of the room.

use std::time::Duration;

use ble::Air;
use tokio::time::Instant;

use crate::attachments::{Attachments, HciEvent};

/// When output waits for a socket, it is tried again after this time.
const RETRY: Duration = Duration::from_millis(5);

/// The devices behind the peripherals.
pub trait Actor {
    /// The next instant at which a device does something \[ns\].
    fn next_at(&mut self) -> Option<u64>;

    /// Does what is due at the present instant of the air.
    fn act(&mut self, air: &mut Air);

    /// Hears what became of a host.
    fn hear(&mut self, event: HciEvent);
}

/// Drives the air until an instant \[ns\], simulated time passing `scale` times as fast as that of the room. An attached
/// host lives in real time, so anything but 1 changes what it sees of timeouts and intervals.
pub async fn drive(air: &mut Air, attachments: &mut Attachments, actor: &mut impl Actor, scale: f64, until_ns: u64) {
    let (start, start_ns) = (Instant::now(), air.now_ns());
    let clock = || start_ns + (start.elapsed().as_nanos() as f64 * scale) as u64;
    while air.now_ns() < until_ns {
        let now_ns = clock().min(until_ns);
        while let Some(at_ns) = actor.next_at().filter(|at_ns| *at_ns <= now_ns) {
            air.advance_to(at_ns);
            actor.act(air);
        }
        air.advance_to(now_ns);
        for event in attachments.pump(air) {
            actor.hear(event);
        }
        let next_ns = [air.next_event_at(), actor.next_at(), Some(until_ns)].into_iter().flatten().min();
        let ahead_ns = next_ns.unwrap_or(until_ns).saturating_sub(air.now_ns());
        let mut wait = Duration::from_nanos((ahead_ns as f64 / scale) as u64);
        if attachments.output_waits() {
            wait = wait.min(RETRY);
        }
        tokio::select! {
            biased;
            events = attachments.arrival(air, || clock().min(until_ns)) => {
                for event in events {
                    actor.hear(event);
                }
            }
            () = tokio::time::sleep(wait) => {}
        }
    }
}
