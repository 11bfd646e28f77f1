//! Thermometer: Health Thermometer service; a measurement is kept until it was confirmed.

use ble::services::health_thermometer::{self, Measurement, Site};
use vocabulary::{MetricId, OwnedMessage, metrics};

use super::{Manner, Part, Profile, Sender, number_or_nan};

/// Which metric is measured where: the service knows sites, the metric table knows metrics.
pub(crate) const SITES: [(MetricId, Site); 3] = [
    (metrics::TEMP_BODY, Site::Body),
    (metrics::TEMP_CORE, Site::GastrointestinalTract),
    (metrics::TEMP_SKIN, Site::Armpit),
];

pub(super) const PROFILE: Profile = Profile {
    kind: "thermometer",
    // Thermometer, ear.
    appearance: 0x0301,
    service: health_thermometer::SERVICE,
    history: 100,
    equip: |_| health_thermometer::service(Site::Body, 0).into(),
    parts,
};

fn parts(said: &OwnedMessage, sender: &mut Sender<'_>) -> Vec<Part> {
    let measured =
        SITES.into_iter().find_map(|(metric, site)| number_or_nan(said, metric).map(|celsius| (celsius, site)));
    let Some((temperature_celsius, site)) = measured else { return Vec::new() };
    let measurement = Measurement { temperature_celsius, time: Some(sender.date_time()), site: Some(site) };
    vec![Part {
        service: health_thermometer::SERVICE,
        characteristic: health_thermometer::MEASUREMENT,
        value: measurement.encode(),
        manner: Manner::Confirmed,
    }]
}
