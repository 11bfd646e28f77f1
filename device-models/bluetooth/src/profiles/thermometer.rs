//! Thermometer: Health Thermometer service; a measurement is kept until it was confirmed.

use ble::services::health_thermometer::{self, Measurement, Site};
use vocabulary::{MetricId, OwnedMessage, metrics};

use crate::profile::{Manner, Part, Profile, Received, Reception, Sender, number_or_nan, reading_of};

/// Which metric is measured where: the service knows sites, the metric table knows metrics.
const SITES: [(MetricId, Site); 3] = [
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
    read,
};

fn parts(message: &OwnedMessage, sender: &mut Sender<'_>) -> Vec<Part> {
    let measured =
        SITES.into_iter().find_map(|(metric, site)| number_or_nan(message, metric).map(|celsius| (celsius, site)));
    let Some((temperature_celsius, site)) = measured else { return Vec::new() };
    let measurement = Measurement { temperature_celsius, time: Some(sender.date_time()), site: Some(site) };
    vec![Part {
        service: health_thermometer::SERVICE,
        characteristic: health_thermometer::MEASUREMENT,
        value: measurement.encode(),
        manner: Manner::Confirmed,
    }]
}

fn read(received: &Received<'_>) -> Option<Reception> {
    let measurement = Measurement::decode(received.only(health_thermometer::MEASUREMENT)?)?;
    let known = SITES.into_iter().find(|(_, site)| measurement.site == Some(*site));
    let metric = known.map_or(metrics::TEMP_BODY, |(metric, _)| metric);
    Some(vec![reading_of(metric, measurement.temperature_celsius)].into())
}

#[cfg(test)]
mod tests {
    use vocabulary::{Reading, metrics};

    use super::PROFILE;
    use crate::tests::assert_read_back;

    #[test]
    fn a_temperature_is_read_back() {
        let readings = [Reading::number(metrics::TEMP_CORE, 37.2)];
        assert_read_back(PROFILE.kind, &readings, r#""m":{"temp_core":37.2}"#);
    }
}
