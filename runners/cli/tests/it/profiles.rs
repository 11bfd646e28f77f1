//! The built-in profiles: whoever is drawn from them lives, rests and looks like what the profile says.

use std::collections::BTreeMap;
use std::path::Path;

use crate::{iomt, result};

/// Patients of each profile.
const PATIENTS: usize = 50;

/// A cohort of this profile, watched for ten minutes.
fn scenario(profile: &str) -> String {
    format!(
        r#"
format   = 1
scenario = "{profile}"
seed     = 11
[time]
mode   = "virtual"
length = "10m"
[target.broker]
kind = "mqtt"
url  = "embedded"
[link.lan]
to    = "broker"
topic = "${{device.serial}}/${{stream}}"
[[cohort]]
id      = "p"
count   = {PATIENTS}
patient = {{ profile = "{profile}" }}
[[cohort.device]]
id     = "oxi"
kind   = "pulse_oximeter"
link   = "lan"
stream = {{ spo2 = "1s" }}
"#
    )
}

/// Every second of a patient's truth: values by column.
type Course = Vec<BTreeMap<String, f64>>;

fn course(folder: &Path, number: usize) -> Course {
    let text = std::fs::read_to_string(folder.join(format!("p/{number}/truth.csv"))).expect("truth was recorded");
    let mut lines = text.lines();
    let header = lines.next().expect("a header");
    let names: Vec<&str> = header.split(',').map(|column| column.split(' ').next().expect("a name")).collect();
    lines
        .map(|line| {
            let values = line.split(',').map(|value| value.parse().expect("a number"));
            names.iter().map(|name| (*name).to_owned()).zip(values).collect()
        })
        .collect()
}

fn courses(profile: &str) -> Vec<Course> {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("scenario.toml");
    std::fs::write(&file, scenario(profile)).expect("a file");
    let out = folder.path().join("out");
    let path = |path: &Path| path.to_str().expect("a path is text").to_owned();
    result(&["record", &path(&file), "--out", &path(&out)]);
    (1..=PATIENTS).map(|number| course(&out, number)).collect()
}

fn mean(courses: &[Course], column: &str) -> f64 {
    courses.iter().map(|course| course.last().expect("a second")[column]).sum::<f64>() / courses.len() as f64
}

/// Bounds of everybody alive: looser than health, tighter than a model that has come apart.
const ALIVE: &[(&str, f64, f64)] = &[
    ("heart_rate", 30.0, 165.0),
    ("sbp", 80.0, 220.0),
    ("dbp", 35.0, 115.0),
    ("map", 60.0, 135.0),
    ("cvp", 0.0, 10.0),
    ("cardiac_output", 2.0, 15.0),
    ("respiratory_rate", 6.0, 42.0),
    ("tidal_volume", 0.15, 1.3),
    ("paco2", 24.0, 62.0),
    ("pao2", 42.0, 120.0),
    ("sao2", 80.0, 99.0),
    ("temperature", 34.5, 40.5),
    ("lactate", 0.9, 5.0),
    ("blood_volume", 1.8, 11.0),
];

/// The first and the last seconds of a course that are compared; slow waves of the baroreflex average out.
const AVERAGED_S: usize = 120;

/// How far a patient may drift in ten minutes at rest.
const REST: &[(&str, f64)] = &[("heart_rate", 5.0), ("map", 3.0), ("respiratory_rate", 3.0), ("sao2", 2.0)];

/// Profile, and the means that tell its patients from others.
type Expected = (&'static str, &'static [(&'static str, f64, f64)]);

const PROFILES: &[Expected] = &[
    ("adult_icu", &[("heart_rate", 76.0, 95.0), ("sao2", 94.5, 97.2), ("temperature", 36.9, 37.6)]),
    ("septic", &[("heart_rate", 100.0, 128.0), ("respiratory_rate", 19.0, 26.0), ("temperature", 38.0, 39.2)]),
    ("post_op", &[("temperature", 36.2, 36.8), ("pao2", 74.0, 88.0), ("heart_rate", 78.0, 92.0)]),
    ("copd", &[("pao2", 63.0, 78.0), ("sao2", 91.5, 95.5), ("respiratory_rate", 15.5, 20.0), ("paco2", 38.0, 46.0)]),
    ("chf", &[("cardiac_output", 3.8, 5.0), ("cvp", 5.3, 8.5), ("heart_rate", 76.0, 92.0)]),
    ("elderly_home", &[("sbp", 138.0, 158.0), ("pao2", 86.0, 94.0)]),
    ("athlete", &[("heart_rate", 47.0, 54.0), ("blood_volume", 4.9, 6.2)]),
    (
        "pregnant",
        &[("paco2", 29.5, 32.5), ("cardiac_output", 6.3, 7.8), ("map", 80.0, 91.0), ("blood_volume", 5.4, 6.9)],
    ),
];

#[test]
fn everybody_drawn_from_a_profile_lives_and_rests() {
    for (profile, means) in PROFILES {
        let courses = courses(profile);
        for (number, course) in courses.iter().enumerate() {
            for (column, least, most) in ALIVE {
                for second in course {
                    let value = second[*column];
                    assert!((*least..=*most).contains(&value), "{profile}/{}: {column} {value}", number + 1);
                }
            }
            let (first, last) = (&course[..AVERAGED_S], &course[course.len() - AVERAGED_S..]);
            for (column, most) in REST {
                let average = |part: &[BTreeMap<String, f64>]| {
                    part.iter().map(|second| second[*column]).sum::<f64>() / part.len() as f64
                };
                let drift = (average(last) - average(first)).abs();
                assert!(drift <= *most, "{profile}/{}: {column} drifts by {drift}", number + 1);
            }
        }
        for (column, least, most) in *means {
            let mean = mean(&courses, column);
            assert!((*least..=*most).contains(&mean), "{profile}: mean {column} is {mean}");
        }
    }
}

#[test]
fn profiles_and_conditions_are_listed() {
    let listed = result(&["patients"]);
    for line in ["adult_icu\n  model: ", "septic\n  profile: ", "copd\n  condition: ", "  parameter shunt: "] {
        assert!(listed.contains(line), "{listed}");
    }
    let reference = result(&["reference"]);
    assert!(reference.contains("## Patient profiles") && reference.contains("### `elderly_home`"));
    assert!(!iomt(&["patients", "vampire"]).status.success());
}
