//! Hosts that live in the simulation: they are attached as real ones are, and answer at the instant at which they are
//! called.

use sim_core::Key;

use super::{Air, Timer};
use crate::address::Address;
use crate::air_event::Call;
use crate::host::{Host, HostOptions};
use crate::ids::HostId;

impl Air {
    /// Attaches a host that lives in the simulation. Unlike others it learns the names of values ([`Self::take_tag`]).
    pub(crate) fn attach_resident(&mut self, options: HostOptions) -> HostId {
        let id = self.attach_host(options);
        if let Some(host) = self.host_mut(id) {
            host.keep_tags();
        }
        self.residents.push(id);
        id
    }

    /// Works off everything up to and including an instant \[ns\] or, if that comes first, up to where a resident host
    /// has to be called. Nothing when the instant has been reached.
    pub(crate) fn next_call(&mut self, until_ns: u64) -> Option<Call> {
        loop {
            if let Some(host) = self.next_unheard() {
                return Some(Call::Output { host });
            }
            let Some((at_ns, timer)) = self.timers.pop_until(until_ns) else {
                self.now_ns = self.now_ns.max(until_ns);
                return None;
            };
            self.now_ns = self.now_ns.max(at_ns);
            if let Timer::Alarm { host } = timer {
                return Some(Call::Alarm { host });
            }
            self.fire(timer);
        }
    }

    /// The first resident host that has not taken what its controller says.
    pub(crate) fn next_unheard(&self) -> Option<HostId> {
        let has_output = |id: &HostId| self.hosts[id.0 as usize].as_ref().is_some_and(Host::has_output);
        self.residents.iter().copied().find(has_output)
    }

    /// Calls a resident host at an instant \[ns\].
    pub(crate) fn wake_at(&mut self, host: HostId, at_ns: u64) {
        self.timers.insert(at_ns, Timer::Alarm { host });
    }

    /// The name of the oldest value that has come over a connection of a resident host and was not asked for yet; 0 for
    /// none.
    pub(crate) fn take_tag(&mut self, host: HostId, handle: u16) -> u64 {
        self.host_mut(host).map_or(0, |host| host.take_tag(handle))
    }

    /// The key of a host's draws, and its public address.
    pub(crate) fn key_and_address(&self, host: HostId) -> Option<(Key, Address)> {
        let host = self.hosts.get(host.0 as usize)?.as_ref()?;
        Some((host.key, host.options.address))
    }

    /// The hosts with a link to the device that goes by this address at present.
    pub(crate) fn hosts_linked_to(&self, address: Address) -> impl Iterator<Item = HostId> {
        let device = self.peripherals.iter().find(|peripheral| peripheral.address == address);
        let links = device.into_iter().flat_map(|device| &device.links);
        links.filter_map(|link| self.links.get(link)?.host)
    }
}
