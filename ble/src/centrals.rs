//! The gateways of a site: they are called when their controllers have something to say.

use std::collections::BTreeMap;

use crate::air::Air;
use crate::air_event::Call;
use crate::central::{Central, CentralEvent, CentralMemory, CentralOptions, Claims, Controller};
use crate::host::HostOptions;
use crate::ids::HostId;

/// The centrals that live in one [`Air`].
#[derive(Debug, Default)]
pub struct Centrals {
    by_host: BTreeMap<HostId, Central>,
    claims: Claims,
    events: Vec<(HostId, CentralEvent)>,
}

impl Centrals {
    /// Adds the Bluetooth side of a gateway, which begins to scan at once.
    pub fn add(&mut self, air: &mut Air, host: HostOptions, options: CentralOptions) -> HostId {
        let host = air.attach_resident(host);
        self.claims.insert(host, None);
        let mut controller = Controller { air, host, claims: &mut self.claims, events: &mut self.events };
        let central = Central::start(options, &mut controller);
        self.by_host.insert(host, central);
        while let Some(host) = air.next_unheard() {
            self.call(air, host, Central::take_output);
        }
        host
    }

    /// Switches a gateway off without a word: its peripherals notice after the supervision timeout. Gives what it
    /// remembers.
    pub fn remove(&mut self, air: &mut Air, host: HostId) -> Option<CentralMemory> {
        air.detach_host(host);
        self.claims.remove(&host);
        self.by_host.remove(&host).map(Central::into_memory)
    }

    /// Works off everything in the air up to and including this instant \[ns\], gateways answering at once.
    pub fn advance_to(&mut self, air: &mut Air, until_ns: u64) {
        while let Some(call) = air.next_call(until_ns) {
            match call {
                Call::Output { host } => self.call(air, host, Central::take_output),
                Call::Alarm { host } => self.call(air, host, Central::tick),
            }
        }
    }

    fn call(&mut self, air: &mut Air, host: HostId, work: impl FnOnce(&mut Central, &mut Controller<'_>)) {
        let Some(central) = self.by_host.get_mut(&host) else { return };
        work(central, &mut Controller { air, host, claims: &mut self.claims, events: &mut self.events });
    }

    /// What has happened at one gateway since the last call.
    pub fn take_events_of(&mut self, host: HostId) -> Vec<CentralEvent> {
        self.events.extract_if(.., |(of, _)| *of == host).map(|(_, event)| event).collect()
    }

    /// What has happened at all gateways since the last call, in the order of time.
    pub fn take_events(&mut self) -> Vec<(HostId, CentralEvent)> {
        std::mem::take(&mut self.events)
    }
}
