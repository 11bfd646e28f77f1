//! Scanning and the filter accept list.

use crate::pdu::hci::{Command, Opcode, PeerAddress, ScanParameters, Status};

use crate::air::{Air, Timer};
use crate::host::Host;
use crate::ids::HostId;

/// Entries of the filter accept list.
const ACCEPT_LIST_SIZE: u8 = 32;

/// Range of scan intervals and windows \[0.625 ms\].
const SCAN_RANGE: std::ops::RangeInclusive<u16> = 0x0004..=0x4000;

/// Unit of scan durations \[ns\].
const DURATION_UNIT_NS: u64 = 10_000_000;

impl Air {
    pub(super) fn execute_scanning(&mut self, id: HostId, opcode: Opcode, command: Command) {
        let now_ns = self.now_ns;
        let Some(host) = self.host_mut(id) else { return };
        let status = match command {
            Command::LeReadAcceptListSize => {
                host.complete(opcode, &[Status::SUCCESS.0, ACCEPT_LIST_SIZE], now_ns);
                return;
            }
            Command::LeClearAcceptList => change_accept_list(host, |list| {
                list.clear();
                Status::SUCCESS
            }),
            Command::LeAddToAcceptList(entry) => change_accept_list(host, |list| {
                if list.len() >= usize::from(ACCEPT_LIST_SIZE) && !list.contains(&entry) {
                    return Status(0x07);
                }
                list.insert(entry);
                Status::SUCCESS
            }),
            Command::LeRemoveFromAcceptList(entry) => change_accept_list(host, |list| {
                list.remove(&entry);
                Status::SUCCESS
            }),
            Command::LeSetScanParameters(parameters) | Command::LeSetExtendedScanParameters { parameters, .. } => {
                set_parameters(host, parameters)
            }
            Command::LeSetScanEnable { enable, filter_duplicates } => {
                enable_scan(host, enable, filter_duplicates, false)
            }
            Command::LeSetExtendedScanEnable { enable, filter_duplicates, duration_10_ms, .. } => {
                let status = enable_scan(host, enable, filter_duplicates, true);
                if status == Status::SUCCESS && enable && duration_10_ms > 0 {
                    let timer = Timer::ScanEnd { host: id, epoch: host.scanning.epoch };
                    let end_ns = now_ns + u64::from(duration_10_ms) * DURATION_UNIT_NS;
                    self.timers.insert(end_ns, timer);
                }
                status
            }
            _ => Status::UNKNOWN_COMMAND,
        };
        self.complete(id, opcode, &[status.0]);
    }
}

/// The list may not change while it is in use (section 7.8.15).
fn change_accept_list(
    host: &mut Host,
    change: impl FnOnce(&mut std::collections::BTreeSet<PeerAddress>) -> Status,
) -> Status {
    let scanning = host.scanning.enabled && host.scanning.parameters.filter & 1 != 0;
    let initiating = host.initiating.is_some_and(|initiating| initiating.wish.use_accept_list);
    if scanning || initiating {
        return Status::COMMAND_DISALLOWED;
    }
    change(&mut host.accept_list)
}

fn set_parameters(host: &mut Host, parameters: ScanParameters) -> Status {
    if host.scanning.enabled {
        return Status::COMMAND_DISALLOWED;
    }
    let in_range = SCAN_RANGE.contains(&parameters.interval) && SCAN_RANGE.contains(&parameters.window);
    if !in_range || parameters.window > parameters.interval {
        return Status::INVALID_PARAMETERS;
    }
    host.scanning.parameters = parameters;
    Status::SUCCESS
}

fn enable_scan(host: &mut Host, enable: bool, filter_duplicates: bool, extended: bool) -> Status {
    let own = host.own_address(host.scanning.parameters.own_address_kind);
    if enable && own.is_none() {
        return Status::INVALID_PARAMETERS;
    }
    host.scanning.enabled = enable;
    host.scanning.extended = extended;
    host.scanning.filter_duplicates = filter_duplicates;
    host.scanning.seen.clear();
    host.scanning.epoch += 1;
    Status::SUCCESS
}
