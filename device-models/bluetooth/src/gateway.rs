//! A gateway: its central in the air, and what it has done.

use ble::gatt::Service;
use ble::pairing::Association;
use ble::pdu::att::Uuid;
use ble::services::battery;
use ble::{Address, CentralMemory, CentralOptions, HostId, HostOptions, KnownDevice};
use radio_plan::{GatewayFormatSpec, RadioSecurity};
use sim_core::{SimId, Span};

/// The Generic Attribute service, by which a device says that its handles have changed.
const GENERIC_ATTRIBUTE: Uuid = Uuid::Short(0x1801);

/// Where several gateways hear a device, each waits so long for a better one for every decibel below -50 dBm
/// [ns/dB]: 30 dB, ten times the distance in free space, are nearly a second.
const COURTESY_NS_PER_DB: u64 = 30_000_000;

/// Where there is another gateway, a device is let go below this: at 5 dB above the sensitivity of 1 Mbit/s the link
/// still works, but not for long [dBm].
const LEAVE_BELOW_DBM: i8 = -90;

/// How often gateways look at the signal strength of their links [ns].
const POLL_NS: u64 = 5_000_000_000;

/// After a link has ended, the device is left alone for this time [ns].
const BACKOFF_NS: u64 = 1_000_000_000;

/// Supervision timeout: 4 s [10 ms].
const TIMEOUT: u16 = 400;

/// A gateway of a site.
#[derive(Debug)]
pub(crate) struct Gateway {
    pub(crate) device: SimId,
    pub(crate) path: String,
    pub(crate) format: GatewayFormatSpec,
    /// Its controller; none while it is down.
    pub(crate) host: Option<HostId>,
    pub(crate) host_options: HostOptions,
    pub(crate) options: CentralOptions,
    /// What it remembers while it is down.
    pub(crate) memory: CentralMemory,
    pub(crate) forwarded: u64,
    pub(crate) backfilled: u64,
    pub(crate) duplicates: u64,
    pub(crate) unreadable: u64,
    pub(crate) links: u64,
    pub(crate) failed_pairings: u64,
    pub(crate) rssi_sum_dbm: i64,
    pub(crate) rssi_count: u64,
}

impl Gateway {
    pub(crate) fn new(
        device: SimId,
        path: String,
        format: GatewayFormatSpec,
        host_options: HostOptions,
        options: CentralOptions,
    ) -> Self {
        Self {
            device,
            path,
            format,
            host: None,
            host_options,
            options,
            memory: CentralMemory::default(),
            forwarded: 0,
            backfilled: 0,
            duplicates: 0,
            unreadable: 0,
            links: 0,
            failed_pairings: 0,
            rssi_sum_dbm: 0,
            rssi_count: 0,
        }
    }
}

/// How a gateway knows a device.
pub(crate) fn known(address: Address, identity_key: [u8; 16], security: RadioSecurity) -> KnownDevice {
    KnownDevice { address, identity_key: Some(identity_key), association: association(security) }
}

/// How two sides pair for a demand.
pub(crate) fn association(security: RadioSecurity) -> Association {
    match security {
        RadioSecurity::Open => Association::None,
        RadioSecurity::JustWorks => Association::JustWorks,
        RadioSecurity::Passkey(digits) => Association::Passkey(digits),
    }
}

/// Units of 1.25 ms that a span has.
pub(crate) fn interval_units(span: Span) -> u16 {
    // 7.5 ms to 4 s (Core Specification 5.4, volume 6, part B, section 4.5.1).
    (span.nanos() / 1_250_000).clamp(6, 3_200) as u16
}

/// How a central of a gateway behaves. `slowest_advertising_ns` is the longest interval of its devices.
pub(crate) fn central_options(
    slots: u32,
    interval: Span,
    devices: Vec<KnownDevice>,
    services: Vec<Uuid>,
    slowest_advertising_ns: u64,
    has_company: bool,
) -> CentralOptions {
    let interval = interval_units(interval);
    CentralOptions {
        slots: slots as usize,
        services,
        allowed: devices,
        interval,
        // Six lost events in a row do not end the link.
        timeout: TIMEOUT.max((u32::from(interval) * 6 / 8).min(3_200) as u16),
        // Three chances to hear it again.
        connect_timeout_ns: (3 * slowest_advertising_ns + 1_000_000_000).max(4_000_000_000),
        backoff_ns: BACKOFF_NS,
        courtesy_ns_per_db: if has_company { COURTESY_NS_PER_DB } else { 0 },
        leave_below_dbm: has_company.then_some(LEAVE_BELOW_DBM),
        poll_ns: POLL_NS,
        memory: CentralMemory::default(),
    }
}

/// The services that gateways want: those of the devices, the battery, and word of changed handles.
pub(crate) fn wanted_services(of_devices: impl Iterator<Item = Uuid>) -> Vec<Uuid> {
    let mut services = vec![GENERIC_ATTRIBUTE, battery::SERVICE];
    services.extend(of_devices);
    services.sort_unstable();
    services.dedup();
    services
}

/// The services of a device as its security demands them.
pub(crate) fn protected(services: Vec<Service>, security: RadioSecurity) -> Vec<Service> {
    let access = match security {
        RadioSecurity::Open => return services,
        RadioSecurity::JustWorks => ble::gatt::Access::Encrypted,
        RadioSecurity::Passkey(_) => ble::gatt::Access::Authenticated,
    };
    services.into_iter().map(|service| service.protected(access)).collect()
}
