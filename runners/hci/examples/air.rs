//! A handful of peripherals with synthetic values, to which a Bluetooth host can attach.
//!
//! ```text
//! host (Bumble, noble, Zephyr ..) == H4 over TCP or a Unix socket ==> controller ~~~ air ~~~ peripherals
//! ```
//!
//! Prints `READY <address>` when hosts can attach, and events of the air after it.
#![expect(clippy::print_stdout, reason = "the example talks to whoever started it")]

use std::net::SocketAddr;
use std::path::PathBuf;

use ble::Air;
use ble::advertising::{Advertising, AdvertisingData, AdvertisingKind};
use ble::pairing::{Association, SecureConnections, SecurityPolicy};
use ble::propagation::{Environment, Position};
use ble::services::{battery, heart_rate};
use ble::{AirOptions, PeripheralId, PeripheralOptions};
use clap::Parser;
use hci::{Actor, Attachments, Endpoint, HciEvent, Listen, drive};

const SECOND_NS: u64 = 1_000_000_000;

#[derive(Debug, Parser)]
struct Arguments {
    /// TCP address to listen on.
    #[arg(long, default_value = "127.0.0.1:0")]
    tcp: SocketAddr,
    /// Unix socket to listen on as well.
    #[arg(long)]
    unix: Option<PathBuf>,
    /// Seed of all draws.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Advertisers that only advertise, once a second each.
    #[arg(long, default_value_t = 0)]
    crowd: u32,
    /// Heart rate sensors besides the usual ones.
    #[arg(long, default_value_t = 0)]
    sensors: u32,
    /// Folder for captures.
    #[arg(long)]
    capture: Option<PathBuf>,
    /// End after this many seconds.
    #[arg(long, default_value_t = 600)]
    seconds: u64,
}

#[derive(Debug)]
struct Devices {
    heart_rate_sensors: Vec<PeripheralId>,
    next_ns: u64,
    beats: u16,
}

impl Actor for Devices {
    fn next_at(&mut self) -> Option<u64> {
        Some(self.next_ns)
    }

    fn act(&mut self, air: &mut Air) {
        self.next_ns += SECOND_NS;
        self.beats += 1;
        for &sensor in &self.heart_rate_sensors {
            let measurement = heart_rate::Measurement {
                rate_per_min: 60 + self.beats % 40,
                contact: Some(true),
                energy_kj: None,
                rr_s: vec![1.0, 0.98],
            };
            let value = measurement.encode(air.room(sensor));
            air.send(sensor, heart_rate::SERVICE, heart_rate::MEASUREMENT, &value);
        }
        for (at_ns, event) in air.take_events() {
            println!("{at_ns} {event:?}");
        }
    }

    fn hear(&mut self, event: HciEvent) {
        println!("{event:?}");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let mut air = Air::new(AirOptions { seed: arguments.seed, environment: Environment::default() });
    let mut devices = Devices { heart_rate_sensors: Vec::new(), next_ns: SECOND_NS, beats: 0 };
    let policies = [
        ("hr-open", SecurityPolicy::default()),
        (
            "hr-legacy",
            SecurityPolicy { secure_connections: SecureConnections::Unsupported, ..SecurityPolicy::default() },
        ),
        ("hr-passkey", SecurityPolicy { association: Association::Passkey(123_456), ..SecurityPolicy::default() }),
        (
            "hr-legacy-passkey",
            SecurityPolicy {
                association: Association::Passkey(654_321),
                secure_connections: SecureConnections::Unsupported,
                ..SecurityPolicy::default()
            },
        ),
    ];
    for (name, security) in policies {
        let sensor = heart_rate_sensor(name, security)?;
        devices.heart_rate_sensors.push(air.add_peripheral(sensor)?);
    }
    for number in 0..arguments.sensors {
        let sensor = heart_rate_sensor(&format!("hr-{number}"), SecurityPolicy::default())?;
        devices.heart_rate_sensors.push(air.add_peripheral(sensor)?);
    }
    for number in 0..arguments.crowd {
        let mut options = PeripheralOptions::new(format!("crowd/{number}"), "crowd", Vec::new());
        options.position = Position { x_m: f64::from(number % 32), y_m: f64::from(number / 32), z_m: 1.0 };
        air.add_peripheral(options)?;
    }
    let mut endpoints =
        vec![Endpoint { capture: arguments.capture.clone(), ..Endpoint::new("tcp", Listen::Tcp(arguments.tcp)) }];
    if let Some(path) = arguments.unix {
        endpoints.push(Endpoint { capture: arguments.capture, ..Endpoint::new("unix", Listen::Unix(path)) });
    }
    let mut attachments = Attachments::listen(endpoints, 0).await?;
    for address in attachments.addresses().iter().flatten() {
        println!("READY {address}");
    }
    drive(&mut air, &mut attachments, &mut devices, 1.0, arguments.seconds * SECOND_NS).await;
    Ok(())
}

fn heart_rate_sensor(name: &str, security: SecurityPolicy) -> Result<PeripheralOptions, Box<dyn std::error::Error>> {
    let mut services = vec![heart_rate::service(heart_rate::BodySensorLocation::Chest, false), battery::service(87)];
    if name != "hr-open" && name.contains("-l") | name.contains("-p") {
        services[1] = services[1].clone().protected(ble::gatt::Access::Encrypted);
    }
    let mut options = PeripheralOptions::new(format!("ward/{name}"), name, services);
    options.appearance = 0x0341;
    options.position = Position { x_m: 2.0, y_m: 1.0, z_m: 0.0 };
    options.security = security;
    options.advertising = Advertising {
        kind: AdvertisingKind::Connectable,
        interval_us: 100_000,
        data: AdvertisingData::new().flags().services(&[heart_rate::SERVICE]).build()?,
        scan_response: AdvertisingData::new().name(name).build()?,
    };
    Ok(options)
}
