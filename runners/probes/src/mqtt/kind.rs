//! `subscribe`: the row of the MQTT subscriber.

use carriers::Visitor;
use sim_core::{Executor, ProbeKind};
use tokio::runtime::Handle;

use super::{Subscriber, Subscription};
use crate::{Probe, ProbeError, Start, Watch};

/// The row.
pub(crate) fn row() -> ProbeKind {
    ProbeKind {
        name: "subscribe",
        about: "an MQTT subscriber",
        takes_filters: true,
        tells_topics: true,
        watches: &["mqtt"],
        parameters: Vec::new(),
        executor: Executor::new(Watch(start)),
    }
}

/// The client id of a probe in a run: what a broker's rules of access have to let in.
pub fn client_id(probe: &str, run: &str) -> String {
    format!("iomt-probe-{probe}-{run}")
}

fn start(start: Start<'_>) -> Result<Box<dyn Probe>, ProbeError> {
    let refused = || ProbeError::Refused { reason: "only a broker can be subscribed to".to_owned() };
    let (access, visitor) = start.broker.ok_or_else(refused)?;
    let subscription = Subscription {
        access: access.clone(),
        visitor: Visitor { client_id: client_id(start.id, start.run), ..visitor.clone() },
        filters: start.filters.to_vec(),
        qos: start.qos,
    };
    let (see, tell_sight) = (start.see, start.tell_sight);
    let seen = move |sighting| see(sighting);
    let sight = move |sight| tell_sight(sight);
    Ok(Box::new(Subscriber::begin(subscription, start.pace, start.runtime, seen, sight)))
}

impl Probe for Subscriber {
    fn wait_ready(&mut self, runtime: &Handle) -> Result<(), ProbeError> {
        self.wait_granted(runtime)
    }

    fn stop(self: Box<Self>, runtime: &Handle) {
        Self::stop(*self, runtime);
    }
}
