//! Makes patients, devices, streams and routes out of cohorts, with every draw keyed by path.

use std::sync::Arc;

use sim_core::{DevicePlan, Key, PatientPlan, Purpose, Registry, Roster, Route, RouteId, SimId, StreamPlan, Zone};

use crate::language::diagnostic::{Checked, Notes};
use crate::language::limits::{MOST_PATIENTS, MOST_ROUTES};
use crate::language::template::Names;
use crate::network::connection::LinkBody;
use crate::network::gateway::GatewayDraft;
use crate::network::link::LinkDraft;
use crate::network::radio::Peer;
use crate::people::cohort::CohortDraft;
use crate::people::identity::{device_identity, patient_id_of, patient_identity, serial_of};
use crate::plan::{AuthPlan, Carrier, Delivery, Endpoint, Will};

/// Whether a patient has a device of which only a share of the patients have one: the draw is below the share. It is
/// keyed by the device's path, so adding patients or devices changes nobody.
const SHARE: Purpose = Purpose::new("share");

/// Makes the roster and how each device connects, unless there would be too many.
pub(crate) fn populate(
    notes: &Notes,
    registry: &Registry,
    cohorts: &[CohortDraft],
    links: &[LinkDraft],
    gateways: &[GatewayDraft],
    seed: u64,
    (start_epoch_ns, zone): (i64, &Arc<Zone>),
) -> Checked<(Roster, Vec<Delivery>, Vec<Endpoint>)> {
    check_size(notes, cohorts)?;
    let mut roster = Roster { seed, start_epoch_ns, ..Roster::default() };
    let mut deliveries = Vec::new();
    let mut endpoints = Vec::new();
    for cohort in cohorts {
        for number in 1..=cohort.count {
            let zone = cohort.zone.as_ref().unwrap_or(zone);
            let outside = (&mut deliveries, &mut endpoints);
            add_patient(registry, (cohort, number, zone), (links, gateways), &mut roster, outside);
        }
    }
    Ok((roster, deliveries, endpoints))
}

fn check_size(notes: &Notes, cohorts: &[CohortDraft]) -> Checked<()> {
    let mut patients = 0;
    let mut routes = 0;
    for cohort in cohorts {
        let streams: usize = cohort.devices.iter().map(|device| device.streams.len()).sum();
        patients += u64::from(cohort.count);
        routes += u64::from(cohort.count) * streams as u64;
        if patients > MOST_PATIENTS || routes > MOST_ROUTES {
            let message = format!(
                "{patients} patients with {routes} streams up to this cohort; the most are {MOST_PATIENTS} and {MOST_ROUTES}"
            );
            return Err(notes.error(cohort.place, message));
        }
    }
    Ok(())
}

fn add_patient(
    registry: &Registry,
    (cohort, number, zone): (&CohortDraft, u32, &Arc<Zone>),
    (links, gateways): (&[LinkDraft], &[GatewayDraft]),
    roster: &mut Roster,
    (deliveries, endpoints): (&mut Vec<Delivery>, &mut Vec<Endpoint>),
) {
    let path = format!("{}/{number}", cohort.id);
    let listed = cohort.listed(number);
    let listed_id = listed.and_then(|patient| patient.id.clone());
    let patient_id = listed_id.unwrap_or_else(|| patient_id_of(&cohort.id, number));
    let patient = SimId(roster.patients.len() as u32);
    let arguments = cohort.patient.arguments(roster.seed, &path);
    let first_device = roster.devices.len();
    for (slot, device) in cohort.devices.iter().enumerate() {
        let device_path = format!("{path}/{}", device.id);
        let listed_device = listed.and_then(|patient| patient.devices.get(&slot));
        let wears = match listed {
            Some(_) => listed_device.is_some(),
            None => device.share >= 1.0 || Key::new(roster.seed, &device_path).uniform(SHARE, 0) < device.share,
        };
        let (true, Ok(link), Some(kind)) = (wears, &links[device.link].body, registry.device(&device.kind)) else {
            continue;
        };
        let listed_serial = listed_device.and_then(|device| device.serial.clone());
        let serial = listed_serial.unwrap_or_else(|| serial_of(&patient_id, &device.id));
        let mut identity = device_identity(roster.seed, &device_path, &device.kind);
        if let Some(listed) = listed_device {
            listed.give_identity(&mut identity);
        }
        let names = Names {
            cohort: &cohort.id,
            number,
            patient_id: &patient_id,
            device: &device.id,
            serial: &serial,
            stream: "",
            gateway: match link.radio.as_ref().map(|radio| radio.to) {
                Some(Peer::Gateway(gateway)) => &gateways[gateway].id.value,
                Some(Peer::Host(_)) | None => "",
            },
        };
        let id = SimId(roster.devices.len() as u32);
        let mut streams = Vec::with_capacity(device.streams.len());
        for (position, (kind_index, cadence, _)) in device.streams.iter().enumerate() {
            let stream = kind.streams[*kind_index].id;
            let route = RouteId(roster.routes.len() as u32);
            let topic = link.topic.render(&Names { stream, ..names });
            deliveries.push(Delivery { topic, qos: link.plan.qos, retain: link.retain });
            let format = link.route_format().to_owned();
            roster.routes.push(Route { device: id, stream: position as u16, format });
            streams.push(StreamPlan { id: stream.to_owned(), kind_index: *kind_index, cadence: *cadence, route });
        }
        let mut endpoint = endpoint(link, &names);
        if let Some(listed) = listed_device {
            listed.give_login(&mut endpoint);
        }
        endpoints.push(endpoint);
        roster.devices.push(DevicePlan {
            path: device_path,
            id: device.id.clone(),
            patient,
            kind: device.kind.clone(),
            serial,
            identity,
            options: device.options.clone(),
            link: device.link,
            aligned: device.aligned,
            streams,
        });
    }
    let mut identity = patient_identity(roster.seed, &path, &arguments, roster.start_epoch_ns);
    if let Some(record_number) = listed.and_then(|patient| patient.record_number.clone()) {
        identity.record_number = record_number;
    }
    roster.patients.push(PatientPlan {
        cohort: cohort.id.clone(),
        number,
        identity,
        path,
        patient_id,
        model: cohort.patient.model.clone(),
        arguments,
        zone: Arc::clone(listed.and_then(|patient| patient.zone.as_ref()).unwrap_or(zone)),
        devices: first_device..roster.devices.len(),
    });
}

/// How somebody with these names connects over a link.
pub(crate) fn endpoint(link: &LinkBody, names: &Names<'_>) -> Endpoint {
    let prefix = link.topic.command_prefix(names);
    let will = link.will.as_ref().map(|will| Will {
        topic: will.topic.render(names),
        body: will.body.render(names),
        qos: will.qos,
        retain: will.retain,
        delay: will.delay,
    });
    let auth = link
        .auth
        .as_ref()
        .map(|auth| AuthPlan { user: auth.user.render(names), password: auth.password.render(names) });
    let token = link.auth.as_ref().and_then(|auth| auth.token.as_ref()).map(|token| token.render(names));
    Endpoint {
        client_id: link.client_id.as_ref().map(|client_id| client_id.render(names)).unwrap_or_default(),
        command_topic: format!("{prefix}/cmd"),
        reply_topic: format!("{prefix}/ack"),
        will,
        auth,
        token,
        certificate: None,
    }
}

/// Complains where two devices cannot be told apart: same topic, command topic, client id or serial number.
pub(crate) fn check_distinct(
    notes: &Notes,
    links: &[LinkDraft],
    roster: &Roster,
    deliveries: &[Delivery],
    endpoints: &[Endpoint],
) {
    let body = |device: usize| links[roster.devices[device].link].body.as_ref().ok();
    let target = |device: usize| body(device).map_or(0, |body| body.plan.target);
    let carrier = |device: usize| body(device).map(|body| body.plan.carrier);
    let has_client_id = |device: usize| body(device).is_some_and(|body| body.client_id.is_some());
    let routes = roster.routes.iter().zip(deliveries);
    let topics = routes.map(|(route, delivery)| (delivery.topic.as_str(), route.device.index()));
    let topics = topics
        .filter(|(_, device)| carrier(*device) != Some(Carrier::Host))
        .map(|(topic, device)| (target(device), topic, device));
    let shared_topic = first_shared(topics);
    if let Some((topic, one, other)) = shared_topic {
        complain(notes, links, roster, "topic", topic, one, other);
    }
    let commands = endpoints
        .iter()
        .enumerate()
        .filter(|(device, _)| carrier(*device) != Some(Carrier::Host))
        .map(|(device, endpoint)| (target(device), endpoint.command_topic.as_str(), device));
    if let (None, Some((topic, one, other))) = (shared_topic, first_shared(commands)) {
        complain(notes, links, roster, "command topic", topic, one, other);
    }
    // Bluetooth devices are no clients.
    let clients = endpoints
        .iter()
        .enumerate()
        .filter(|(device, _)| carrier(*device) == Some(Carrier::Connection) && has_client_id(*device))
        .map(|(device, endpoint)| (target(device), endpoint.client_id.as_str(), device));
    if let Some((client_id, one, other)) = first_shared(clients) {
        complain(notes, links, roster, "client id", client_id, one, other);
    }
    let serials = roster.devices.iter().enumerate().map(|(device, plan)| (0, plan.serial.as_str(), device));
    if let Some((serial, one, other)) = first_shared(serials) {
        complain(notes, links, roster, "serial number", serial, one, other);
    }
}

/// The first text that two different devices of one target share.
fn first_shared<'a>(texts: impl Iterator<Item = (usize, &'a str, usize)>) -> Option<(&'a str, usize, usize)> {
    let mut sorted: Vec<_> = texts.collect();
    sorted.sort_unstable();
    sorted.windows(2).find_map(|pair| {
        let [(target, text, device), (other_target, other_text, other_device)] = pair else { return None };
        (target == other_target && text == other_text && device != other_device).then_some((
            *text,
            *device,
            *other_device,
        ))
    })
}

fn complain(notes: &Notes, links: &[LinkDraft], roster: &Roster, what: &str, text: &str, one: usize, other: usize) {
    let (one, other) = (&roster.devices[one], &roster.devices[other]);
    let link = &links[other.link];
    let cohort = |path: &str| path.split('/').next().map(str::to_owned);
    let remedy = if cohort(&one.path) == cohort(&other.path) {
        "add `${device.serial}`"
    } else {
        "add `${cohort}` or `${device.serial}`"
    };
    let place = match (&link.body, what) {
        (Ok(body), "client id") => body.client_id_place,
        (Ok(body), _) => body.topic_place,
        (Err(_), _) => link.id.place,
    };
    notes.error(place, format!("`{}` and `{}` would both have the {what} `{text}`; {remedy}", one.path, other.path));
}
