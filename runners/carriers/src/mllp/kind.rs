//! `mllp`: the row of MLLP connections.

use scenarios::LinkPlan;
use sim_core::{AddressSpec, CarrierChecks, CarrierKind, Executor, ParameterKind, ParameterSpec};

use super::client::Client;
use super::hl7::control_id;
use super::server::Server;
use crate::access;
use crate::carrier::Carrier;
use crate::error::CarrierError;
use crate::exchange::dialogue::Dialogue;
use crate::exchange::opening::{Protocol, open as open_exchange};
use crate::exchange::pace_of_line::PaceOfLine;
use crate::opening::{Carry, Opening};
use crate::server_address::ServerAddress;

/// Schemes with their ports: 2575 is that of HL7 at IANA.
pub const SCHEMES: &[(&str, u16)] = &[("mllp", 2575), ("mllps", 2575)];

/// Most messages that wait for their acknowledgement at a time; nothing limits them but what engines bear.
const MOST_OPEN: f64 = 10_000.0;

/// The row.
pub(crate) fn row() -> CarrierKind {
    CarrierKind {
        name: "mllp",
        about: "an MLLP connection of each device and gateway, over which HL7 v2 travels; AA and CA acknowledge the message \
                whose MSH-10 stands in MSA-2, in whatever order they come; what is not acknowledged is sent again with the \
                same MSH-10",
        address: AddressSpec {
            schemes: &["mllp", "mllps"],
            words: &[],
            example: "mllp://host:2575",
            is_broker: false,
            check,
        },
        link_keys: &["outbox"],
        link_parameters: link_parameters(),
        target_parameters: access::parameters_of_servers(),
        checks: CarrierChecks {
            target: access::check,
            link: PaceOfLine::check,
            payload: check_hl7,
            ..CarrierChecks::NONE
        },
        acknowledges: true,
        takes_commands: false,
        takes_link_faults: true,
        watched_by: None,
        executor: Executor::new(Carry(open)),
    }
}

fn link_parameters() -> Vec<ParameterSpec> {
    let mut parameters = vec![
        ParameterSpec::optional("window", ParameterKind::Count, "most messages of a device that are not acknowledged")
            .range(1.0, MOST_OPEN)
            .default("1"),
        ParameterSpec::optional(
            "resend_on",
            ParameterKind::Choices(&["AE", "AR", "CE", "CR"]),
            "acknowledgement codes after which a message is sent again; after the others of AE, AR, CE and CR it is refused",
        )
        .default("AE,CE"),
    ];
    parameters.extend(PaceOfLine::parameters());
    parameters
}

/// Engines know a message by its MSH-10, and acknowledge nothing that has none.
fn check_hl7(payload: &[u8]) -> Result<(), String> {
    if control_id(payload).is_some() {
        return Ok(());
    }
    let reason = "MLLP carries HL7 v2, and what this writes has no MSH segment with a control id (MSH-10); `hl7v2` has, \
                  and a template may";
    Err(reason.to_owned())
}

fn check(url: &str) -> Result<(), String> {
    let address = ServerAddress::read(url, SCHEMES)?;
    if address.path.is_empty() { Ok(()) } else { Err(format!("`{url}` has a path, and MLLP knows none")) }
}

fn open(opening: Opening<'_>) -> Result<Box<dyn Carrier>, CarrierError> {
    let url = &opening.plan.targets[opening.target].url;
    let address = ServerAddress::read(url, SCHEMES).map_err(|reason| CarrierError::Refused { reason })?;
    let dialogue = |link: &LinkPlan| {
        let window = link.arguments.number("window").unwrap_or(1.0) as usize;
        let resend_on = link.arguments.texts("resend_on").unwrap_or_default().to_vec();
        Ok(Box::new(Client::new(window.max(1), resend_on)) as Box<dyn Dialogue>)
    };
    let protocol = Protocol {
        address: (&address.host, address.port),
        alpn: &[],
        stays_connected: true,
        dialogue: &dialogue,
        answering: Box::new(|| Box::<Server>::default()),
    };
    open_exchange(opening.clone(), protocol)
}
