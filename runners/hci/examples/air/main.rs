//! A handful of peripherals with synthetic values, to which a Bluetooth host can attach.
//!
//! ```text
//! host (Bumble, noble, Zephyr ..) == H4 over TCP or a Unix socket ==> controller ~~~ air ~~~ peripherals
//! ```
//!
//! Prints `READY <address>` when hosts can attach, and what happens in the air after it. Lines on standard input inflict
//! faults: `loss NAME 0.2`, `range NAME out`, `range NAME in`, `forget NAME`, `mute NAME`.
#![expect(clippy::print_stdout, reason = "the example talks to whoever started it")]

mod devices;

use std::io::BufRead;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::mpsc;

use ble::advertising::{Advertising, AdvertisingKind};
use ble::propagation::{Environment, Position};
use ble::{Air, AirOptions, Fault, PeripheralOptions};
use clap::Parser;
use hci::{Actor, Attachments, Endpoint, HciEvent, Listen, drive};

use devices::Devices;

const SECOND_NS: u64 = 1_000_000_000;

/// How often standard input is looked at.
const STEP_NS: u64 = 50_000_000;

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
    /// Peripherals that only advertise, once a second each.
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

struct Ward {
    devices: Devices,
    faults: mpsc::Receiver<String>,
    next_ns: u64,
}

impl Actor for Ward {
    fn next_at(&mut self) -> Option<u64> {
        Some(self.next_ns)
    }

    fn act(&mut self, air: &mut Air) {
        while let Ok(line) = self.faults.try_recv() {
            let done = self.devices.find(&line).zip(parse_fault(&line));
            match done.map(|(peripheral, fault)| air.inflict(peripheral, fault)) {
                Some(Ok(())) => println!("FAULT {line}"),
                _ => println!("NOT UNDERSTOOD {line}"),
            }
        }
        self.devices.step(air, self.next_ns);
        self.next_ns += STEP_NS;
        for (at_ns, event) in air.take_events() {
            println!("{at_ns} {event:?}");
        }
    }

    fn hear(&mut self, event: HciEvent) {
        println!("{event:?}");
    }
}

fn parse_fault(line: &str) -> Option<Fault> {
    let words: Vec<&str> = line.split_whitespace().collect();
    Some(match words[..] {
        ["loss", _, share] => Fault::Loss(share.parse().ok()?),
        ["range", _, "out"] => Fault::OutOfRange(true),
        ["range", _, "in"] => Fault::OutOfRange(false),
        ["forget", _] => Fault::ForgetBonds,
        ["mute", _] => Fault::Mute(true),
        _ => return None,
    })
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments = Arguments::parse();
    let mut air = Air::new(AirOptions { seed: arguments.seed, environment: Environment::default() });
    let devices = Devices::add_to(&mut air, arguments.sensors)?;
    for number in 0..arguments.crowd {
        let mut options = PeripheralOptions::new(format!("crowd/{number}"), "crowd", Vec::new());
        options.position = Position { x_m: f64::from(number % 32) * 0.3, y_m: f64::from(number / 32) * 0.3, z_m: 1.0 };
        options.advertising = Advertising {
            data: vec![2, 1, 6, 3, 3, 0x0F, 0x18],
            ..Advertising::every_second(AdvertisingKind::Broadcast)
        };
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
    let mut ward = Ward { devices, faults: lines_of_standard_input(), next_ns: STEP_NS };
    drive(&mut air, &mut attachments, &mut ward, 1.0, arguments.seconds * SECOND_NS).await;
    Ok(())
}

fn lines_of_standard_input() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in std::io::stdin().lock().lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}
