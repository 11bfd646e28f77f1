//! Names, births, makers and the like of patients and devices. All of it is invented: no name is that of a person, and
//! every draw is keyed by path, so adding patients or devices changes nobody.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan, tz::TimeZone};
use sim_core::{Arguments, Key, Purpose};
use vocabulary::{DeviceIdentity, PatientIdentity};

use crate::people::patient::{SEX_DRAW, is_male};
use crate::people::profile::{AGE, SEX};

const GIVEN_NAME: Purpose = Purpose::new("identity.given_name");
const FAMILY_NAME: Purpose = Purpose::new("identity.family_name");
const BIRTHDAY: Purpose = Purpose::new("identity.birthday");
const RECORD_NUMBER: Purpose = Purpose::new("identity.record_number");
const CANARY: Purpose = Purpose::new("identity.canary");
const MAKER: Purpose = Purpose::new("identity.maker");
const FIRMWARE: Purpose = Purpose::new("identity.firmware");

/// Plain given names, half for women and half for men.
const GIVEN_NAMES: [[&str; 12]; 2] = [
    ["Ada", "Bea", "Clara", "Dora", "Edith", "Flora", "Greta", "Hanna", "Ida", "Johanna", "Klara", "Lena"],
    ["Anton", "Bruno", "Carl", "David", "Emil", "Franz", "Georg", "Hugo", "Ivan", "Jakob", "Konrad", "Leo"],
];

/// Family names that nobody takes for those of real people.
const FAMILY_NAMES: [&str; 16] = [
    "Testalder",
    "Testbach",
    "Testberg",
    "Testdorf",
    "Testeck",
    "Testfeld",
    "Testgaard",
    "Testholm",
    "Testingen",
    "Testkamp",
    "Testlund",
    "Testmann",
    "Testnes",
    "Testrup",
    "Teststad",
    "Testwik",
];

/// Makers that do not exist.
const MAKERS: [&str; 6] = [
    "Auerbach Testgeraete",
    "Borealis Testware",
    "Cobalt Simulated",
    "Delphi Mock Medical",
    "Elbe Testtechnik",
    "Fjord Fictive",
];

/// Age of a patient whose model has none [years].
const USUAL_AGE: f64 = 60.0;

/// Identifier of a patient in messages, by number within the cohort, counted from 1.
pub(crate) fn patient_id_of(cohort: &str, number: u32) -> String {
    format!("{cohort}-{number:04}")
}

/// Serial number of a device of a patient.
pub(crate) fn serial_of(patient_id: &str, device: &str) -> String {
    format!("{patient_id}-{device}")
}

/// Who a patient is, at this instant [ns since the Unix epoch].
pub(crate) fn patient_identity(seed: u64, path: &str, arguments: &Arguments, now_ns: i64) -> PatientIdentity {
    let key = Key::new(seed, path);
    let male = match arguments.text(SEX) {
        Some("male") => true,
        Some("female") => false,
        _ => is_male(key.uniform(SEX_DRAW, 0)),
    };
    let age_years = arguments.number(AGE).unwrap_or(USUAL_AGE);
    PatientIdentity {
        given_name: pick(key, GIVEN_NAME, &GIVEN_NAMES[usize::from(male)]).to_owned(),
        family_name: pick(key, FAMILY_NAME, &FAMILY_NAMES).to_owned(),
        sex: if male { "male" } else { "female" }.to_owned(),
        birth_date: birth_date(age_years, key.uniform(BIRTHDAY, 0), now_ns).to_string(),
        record_number: format!("SIM{:07}", key.bits(RECORD_NUMBER, 0) % 10_000_000),
        canary: canary(key),
    }
}

/// What a device is. Devices of one kind have one maker, as a hospital buys them.
pub(crate) fn device_identity(seed: u64, path: &str, kind: &str) -> DeviceIdentity {
    let key = Key::new(seed, path);
    let bits = key.bits(FIRMWARE, 0);
    DeviceIdentity {
        manufacturer: pick(Key::new(seed, &format!("kind/{kind}")), MAKER, &MAKERS).to_owned(),
        model: kind.split('_').map(capitalised).collect::<Vec<_>>().join(" "),
        firmware: format!("{}.{}.{}", 1 + bits % 3, (bits >> 8) % 8, (bits >> 16) % 10),
        canary: canary(key),
    }
}

/// A day on which somebody has been born who is so many whole years old, `share` of a year before the next birthday.
fn birth_date(age_years: f64, share: f64, now_ns: i64) -> Date {
    let today = Timestamp::UNIX_EPOCH.saturating_add(SignedDuration::from_nanos(now_ns));
    let today = today.unwrap_or(Timestamp::UNIX_EPOCH).to_zoned(TimeZone::UTC).date();
    // Whole years as anybody counts them; the youngest day of that age is today's, so many years ago.
    let years = age_years.floor().clamp(0.0, 150.0) as i64;
    let days = (share * 365.0).floor() as i64;
    today.saturating_sub(years.years()).saturating_sub(days.days())
}

fn canary(key: Key) -> String {
    format!("canary-{:016x}", key.bits(CANARY, 0))
}

fn pick<'n>(key: Key, purpose: Purpose, names: &[&'n str]) -> &'n str {
    names[(key.uniform(purpose, 0) * names.len() as f64) as usize]
}

fn capitalised(word: &str) -> String {
    let mut letters = word.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sim_core::Argument;

    use super::*;

    /// 2026-03-01T00:00:00Z.
    const NOW_NS: i64 = 1_772_323_200_000_000_000;

    #[test]
    fn a_patient_has_the_age_and_the_sex_of_the_model() {
        for (age, number) in [(0.5, 1), (9.0, 2), (64.9, 3), (100.0, 4)] {
            let arguments = Arguments(
                [(AGE.to_owned(), Argument::Number(age)), (SEX.to_owned(), Argument::Text("male".to_owned()))].into(),
            );
            let identity = patient_identity(1, &format!("ward/{number}"), &arguments, NOW_NS);
            let born: Date = identity.birth_date.parse().expect("a date");
            let today = Date::constant(2026, 3, 1);
            let years = born.until((jiff::Unit::Year, today)).expect("in order").get_years();
            assert_eq!(f64::from(years), age.floor(), "{identity:?}");
            assert_eq!(identity.sex, "male");
            assert!(GIVEN_NAMES[1].contains(&identity.given_name.as_str()));
        }
    }

    #[test]
    fn identities_depend_on_seed_and_path_alone_and_canaries_are_unique() {
        let of = |seed, path: &str| patient_identity(seed, path, &Arguments::default(), NOW_NS);
        assert_eq!(of(1, "ward/1"), of(1, "ward/1"));
        assert_ne!(of(1, "ward/1"), of(2, "ward/1"));
        let canaries: BTreeSet<String> = (0..200).map(|number| of(1, &format!("ward/{number}")).canary).collect();
        assert_eq!(canaries.len(), 200);
        assert_eq!(
            device_identity(1, "ward/1/oxi", "pulse_oximeter").manufacturer,
            device_identity(1, "ward/2/oxi", "pulse_oximeter").manufacturer
        );
    }
}
