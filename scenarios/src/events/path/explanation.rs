//! Why a path selects nobody: the first part that names nothing, and what there is instead.

use sim_core::{Level, Reach, Subject};

use super::{Cast, Pattern, Segment};
use crate::language::suggestion::hint;
use crate::network::radio::Peer;
use crate::people::cohort::CohortDraft;

impl Cast<'_> {
    /// Why a pattern selects nobody: the first part that names nothing, and what there is instead.
    pub(super) fn explain(&self, pattern: &Pattern, level: Level) -> String {
        let path = format!("path `{}` matches nothing", pattern.text);
        if level == Level::Target {
            let brokers = self.targets.iter().filter(|target| !target.is_host);
            let names: Vec<&str> = brokers.map(|target| target.id.value.as_str()).collect();
            return format!("{path}: targets that steps can reach are {}", names.join(", "));
        }
        if level == Level::Gateway {
            return self.explain_gateway(&path, pattern);
        }
        let mut cohorts: Vec<&CohortDraft> = self.cohorts.iter().collect();
        if let Some(Segment::Literal(cohort)) = pattern.segments.first() {
            cohorts.retain(|draft| draft.id == *cohort);
            if cohorts.is_empty() {
                let names: Vec<&str> = self.cohorts.iter().map(|cohort| cohort.id.as_str()).collect();
                return format!("{path}: there is no cohort `{cohort}`{}", hint(cohort, "cohorts", names));
            }
        }
        if pattern.segments.contains(&Segment::Many) {
            return path;
        }
        if let Some(Segment::Literal(number)) = pattern.segments.get(1)
            && let Some(cohort) = cohorts.first()
            && !number.parse::<u32>().is_ok_and(|number| (1..=cohort.count).contains(&number))
        {
            return format!("{path}: cohort `{}` has patients 1..{}", cohort.id, cohort.count);
        }
        let devices = cohorts.iter().flat_map(|cohort| cohort.devices.iter().map(move |device| (cohort, device)));
        let mut devices: Vec<_> = devices.collect();
        if let Some(Segment::Literal(wanted)) = pattern.segments.get(2) {
            let names: Vec<&str> = devices.iter().map(|(_, device)| device.id.as_str()).collect();
            let of = cohorts.iter().map(|cohort| format!("`{}`", cohort.id)).collect::<Vec<_>>().join(", ");
            let all = names.join(", ");
            devices.retain(|(_, device)| device.id == *wanted);
            if devices.is_empty() {
                return if names.is_empty() {
                    format!("{path}: cohort {of} has no devices")
                } else {
                    format!("{path}: cohort {of} has devices {all}")
                };
            }
        }
        if let (Some(Segment::Literal(_)), Some((_, device))) = (pattern.segments.get(3), devices.first()) {
            let kind = self.registry.device(&device.kind);
            let streams = device.streams.iter().filter_map(|(index, ..)| Some(kind?.streams.get(*index)?.id));
            let streams: Vec<&str> = streams.collect();
            if !devices.iter().any(|(_, device)| device.share < 1.0) || streams.is_empty() {
                return format!("{path}: device `{}` ({}) has streams {}", device.id, device.kind, streams.join(", "));
            }
        }
        match devices.iter().find(|(_, device)| device.share < 1.0) {
            Some((_, device)) => {
                format!("{path}: no such patient has `{}`, which a share of {} get", device.id, device.share)
            }
            None => path,
        }
    }

    /// Why a pattern selects no gateway.
    fn explain_gateway(&self, path: &str, pattern: &Pattern) -> String {
        let count = |id: &str| {
            let ids = self.air.gateways.iter().map(|gateway| &self.roster.devices[gateway.device.index()].id);
            ids.filter(|other| *other == id).count()
        };
        let ids: Vec<&str> = self.gateways.iter().map(|gateway| gateway.id.value.as_str()).collect();
        match pattern.segments.get(1) {
            Some(Segment::Literal(id)) if ids.contains(&id.as_str()) => match count(id) {
                0 => format!("{path}: there is no gateway `{id}`, because no device's link leads to it"),
                count => format!("{path}: gateways `{id}` are 1..{count}"),
            },
            Some(Segment::Literal(id)) => format!("{path}: there is no gateway `{id}`{}", hint(id, "gateways", ids)),
            _ => format!("{path}: there are no gateways"),
        }
    }

    /// Why somebody cannot be acted on over what an action needs.
    pub(crate) fn explain_carrier(&self, subject: &Subject, over: Reach) -> String {
        let path = self.path(subject);
        if let (Reach::Connection, Subject::Device(id) | Subject::Stream(id, _)) = (over, subject)
            && let Some(carrier) = self.connection(*id)
        {
            return format!("`{path}` speaks over carrier `{}`, which has no links that could fail", carrier.name);
        }
        let radio = match subject {
            Subject::Device(id) | Subject::Stream(id, _) => {
                let link = self.roster.devices[id.index()].link;
                self.links[link].body.as_ref().ok().and_then(|body| body.radio.as_ref())
            }
            Subject::Patient(_) | Subject::Target(_) => None,
        };
        match radio.map(|radio| radio.to) {
            None => format!("`{path}` has a connection of its own and no Bluetooth: use `net.*`"),
            Some(Peer::Gateway(gateway)) => {
                let gateway = &self.gateways[gateway].id.value;
                format!("`{path}` reaches the broker through gateway `{gateway}`: use `ble.*` or `gw.*`")
            }
            Some(Peer::Host(target)) => {
                let host = &self.targets[target].id.value;
                format!("`{path}` speaks Bluetooth to host `{host}`: use `ble.*`")
            }
        }
    }
}
