//! Draws are keyed by path: what one part of a scenario draws does not depend on the others.

use scenarios::{Plan, Settings};
use sim_core::{Argument, Subject};

use crate::ward::{WARD, load_text, load_with, printed, ward_with};

fn plan(replacements: &[(&str, &str)]) -> Plan {
    let result = load_text(&ward_with(replacements));
    assert!(result.is_ok(), "{}", printed(result));
    result.unwrap().plan
}

/// Paths of the devices of the first cohort.
fn devices(plan: &Plan) -> Vec<&str> {
    plan.roster.devices.iter().map(|device| device.path.as_str()).filter(|path| path.starts_with("icu/")).collect()
}

/// Age of each patient of the first cohort.
fn ages(plan: &Plan) -> Vec<&Argument> {
    let patients = plan.roster.patients.iter().filter(|patient| patient.cohort == "icu");
    patients.map(|patient| &patient.arguments.0["age"]).collect()
}

fn picked(plan: &Plan, step: &str) -> Vec<String> {
    let occurrence = plan.occurrences.iter().find(|occurrence| occurrence.step == step).unwrap();
    let path = |subject: &Subject| match subject {
        Subject::Device(id) | Subject::Stream(id, _) => plan.roster.devices[id.index()].path.clone(),
        Subject::Patient(id) => plan.roster.patients[id.index()].path.clone(),
        Subject::Target(id) => id.clone(),
    };
    occurrence.subjects.iter().map(path).collect()
}

const OTHER_COHORT: &str = "[[cohort]]\nid = \"gen\"\ncount = 9\npatient = { model = \"adult_ward\" }\n\n\
                            [[cohort.device]]\nid = \"mon\"\nkind = \"bedside_monitor\"\nlink = \"lan\"\n\n\
                            [link.lan]\nto = \"broker\"\ntopic = \"gen/${device.serial}/${stream}\"\n\n[[cohort]]";

#[test]
fn another_cohort_changes_nobody() {
    let (before, after) = (plan(&[]), plan(&[("[[cohort]]", OTHER_COHORT)]));
    assert!(after.roster.patients.len() > before.roster.patients.len());
    assert_eq!(ages(&before), ages(&after));
    assert_eq!(devices(&before), devices(&after));
    for step in ["hole", "motion", "rate"] {
        assert_eq!(picked(&before, step), picked(&after, step), "{step}");
    }
}

#[test]
fn more_beds_change_nobody_who_was_there() {
    let (before, after) = (plan(&[]), plan(&[("beds = 24", "beds = 40")]));
    assert_eq!(ages(&before), ages(&after)[..24]);
    let old = devices(&before);
    let still: Vec<&str> = devices(&after).into_iter().take(old.len()).collect();
    assert_eq!(old, still, "whoever had a pump has it");
    // Two of 40 beds are picked: whoever of the old beds is picked now was picked before.
    let picked_before = picked(&before, "motion");
    for path in picked(&after, "motion") {
        let number: u32 = path.split('/').nth(1).unwrap().parse().unwrap();
        assert!(number > 24 || picked_before.contains(&path), "{path}");
    }
}

#[test]
fn another_device_or_step_changes_nobody() {
    let before = plan(&[]);
    let device = "[[cohort.device]]\nid = \"pump2\"\nkind = \"infusion_pump\"\nlink = \"wifi\"\nshare = 0.5\n\n  [[cohort.device]]";
    let step =
        "[[step]]\nid = \"extra\"\nat = \"1s\"\non = \"icu/*\"\npick = 5\ndo = \"physio.desaturation\"\n\n[[step]]";
    let after = plan(&[("[[cohort.device]]", device), ("[[step]]", step)]);
    assert_eq!(ages(&before), ages(&after));
    let without: Vec<&str> = devices(&after).into_iter().filter(|path| !path.ends_with("pump2")).collect();
    assert_eq!(devices(&before), without);
    assert_eq!(picked(&before, "motion"), picked(&after, "motion"));
    assert_eq!(picked(&before, "hole"), picked(&after, "hole"));
}

#[test]
fn shares_and_parameters_follow_their_distributions() {
    let plan = plan(&[("beds = 24", "beds = 2000")]);
    let pumps = plan.roster.devices.iter().filter(|device| device.id == "pump").count();
    // Standard deviation of a share of 0.75 among 2 000 is 19.
    assert!((1420..=1580).contains(&pumps), "{pumps} pumps");
    let ages: Vec<f64> = plan.roster.patients.iter().filter_map(|patient| patient.arguments.number("age")).collect();
    let mean = ages.iter().sum::<f64>() / ages.len() as f64;
    assert!((mean - 64.0).abs() < 1.5, "mean age {mean}");
    assert!(ages.iter().all(|age| (18.0..=95.0).contains(age)), "limited to the range");
}

#[test]
fn seeds_differ() {
    let settings = Settings { seed: Some(8), ..Settings::default() };
    let other = load_with(WARD, &settings).unwrap().plan;
    assert_eq!(other.seed, 8);
    assert_ne!(ages(&plan(&[])), ages(&other));
    assert_ne!(picked(&plan(&[]), "hole"), picked(&other, "hole"));
}

#[test]
fn steps_left_out_leave_the_others_alone() {
    let whole = plan(&[]);
    let without = Settings { without: vec!["hole".to_owned()], ..Settings::default() };
    let without = load_with(WARD, &without).unwrap().plan;
    assert!(without.occurrences.iter().all(|occurrence| occurrence.step != "hole"));
    let others: Vec<_> = whole.occurrences.iter().filter(|occurrence| occurrence.step != "hole").collect();
    assert_eq!(others, without.occurrences.iter().collect::<Vec<_>>(), "triggers on it still resolve");
    assert_eq!(whole.expects, without.expects);
    let only = Settings { only: vec!["rate".to_owned()], ..Settings::default() };
    let only = load_with(WARD, &only).unwrap().plan;
    assert!(only.occurrences.iter().all(|occurrence| occurrence.step == "rate"));
    assert_eq!(only.occurrences.len(), 1);
}
