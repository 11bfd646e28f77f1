//! Profiles and conditions of patients: what is drawn, what changes nothing else, and what is said about broken ones.

use std::collections::BTreeMap;

use scenarios::{Diagnostic, Loaded, Settings, Texts, conditions, load, profiles};
use sim_core::{Argument, Change, ParameterKind, ParameterSpec, PatientPlan, ProfileFile, Registry};
use vocabulary::Dimension;

use crate::ward::{WARD, printed, ward_with};

/// Profiles and conditions that the program brings.
const PROFILES: &str = r#"
[condition.fever]
about = "a fever"
plus  = { heat = "1.5 degC" }

[condition.stress]
about = "high pressure"
times = { pressure = 1.2 }

[condition.weakness]
about = "low pressure"
times = { pressure = 0.5 }
plus  = { pressure = "10 mmHg" }
set   = { children = 2 }

[profile.elderly]
about      = "the old"
model      = "adult_ward"
parameters = { age = "uniform(65, 95)", weight = "normal(70 kg, 10 kg)" }
conditions = { stress = "30 %" }

[profile.elderly.sex.female]
parameters = { weight = "normal(60 kg, 5 kg)" }

[[profile.elderly.age]]
from       = 85
parameters = { heat = "36 degC" }
conditions = { stress = "60 %" }
"#;

/// The registry of the tests, with a few parameters more and with profiles.
fn registry() -> Registry {
    let mut registry = crate::registry::registry();
    for model in registry.all_mut::<sim_core::PatientSpec>() {
        model.parameters.retain(|spec| spec.name != "conditions");
        model.parameters.extend([
            ParameterSpec::optional("sex", ParameterKind::Choice(&["any", "female", "male"]), "sex").default("any"),
            ParameterSpec::optional("pressure", ParameterKind::Quantity(Dimension::Pressure), "pressure")
                .range(40.0, 160.0)
                .inherent(),
            ParameterSpec::optional("heat", ParameterKind::Quantity(Dimension::Temperature), "heat")
                .default("37 degC")
                .range(34.0, 41.0),
        ]);
    }
    registry.add(ProfileFile { name: "profiles.toml".to_owned(), text: PROFILES.to_owned() });
    registry
}

fn load_text(text: &str) -> Result<Loaded, Vec<Diagnostic>> {
    let files = Texts(BTreeMap::from([("ward.toml".to_owned(), text.to_owned())]));
    load(&files, "ward.toml", &Settings::default(), &registry())
}

const PATIENT: &str = r#"patient = { model = "adult_icu", age = "normal(64, 12)" }"#;

/// A ward whose patients are described by `patient`; `tables` go to the end of the file.
fn ward_of(count: u32, patient: &str, tables: &str) -> String {
    let text = ward_with(&[("beds = 24", &format!("beds = {count}")), (PATIENT, &format!("patient = {patient}"))]);
    format!("{text}\n{tables}")
}

fn patients_of(text: &str) -> Vec<PatientPlan> {
    match load_text(text) {
        Ok(loaded) => loaded.plan.roster.patients.clone(),
        broken => panic!("{}", printed(broken)),
    }
}

fn errors_of(text: &str) -> String {
    let broken = load_text(text);
    assert!(broken.is_err());
    printed(broken)
}

fn number(patient: &PatientPlan, name: &str) -> f64 {
    patient.arguments.number(name).unwrap_or_else(|| panic!("{name} of {:?}", patient.arguments))
}

fn has(patient: &PatientPlan, condition: &str) -> bool {
    patient.arguments.texts("conditions").is_some_and(|names| names.iter().any(|name| name == condition))
}

/// Mean and standard deviation.
fn moments(values: &[f64]) -> (f64, f64) {
    let mean = values.iter().sum::<f64>() / values.len() as f64;
    let variance = values.iter().map(|value| libm::pow(value - mean, 2.0)).sum::<f64>() / values.len() as f64;
    (mean, variance.sqrt())
}

/// Chi-square of a share, one degree of freedom; 10.8 is exceeded once in a thousand.
fn chi_square(present: usize, total: usize, share: f64) -> f64 {
    let expected = share * total as f64;
    libm::pow(present as f64 - expected, 2.0) / (expected * (1.0 - share))
}

#[test]
fn a_profile_describes_age_sex_and_what_follows() {
    let patients = patients_of(&ward_of(4_000, r#"{ profile = "elderly" }"#, ""));
    assert!(patients.iter().all(|patient| patient.model == "adult_ward"));
    let (mean, deviation) = moments(&patients.iter().map(|patient| number(patient, "age")).collect::<Vec<_>>());
    assert!((mean - 80.0).abs() < 0.5 && (deviation - 30.0 / 12.0_f64.sqrt()).abs() < 0.2, "{mean} {deviation}");
    for (sex, expected_mean, expected_deviation) in [("female", 60.0, 5.0), ("male", 70.0, 10.0)] {
        let theirs = patients.iter().filter(|patient| patient.arguments.text("sex") == Some(sex));
        let weights: Vec<f64> = theirs.map(|patient| number(patient, "weight")).collect();
        assert!(chi_square(weights.len(), patients.len(), 0.5) < 10.8);
        let (mean, deviation) = moments(&weights);
        assert!((mean - expected_mean).abs() < 0.8 && (deviation - expected_deviation).abs() < 0.6, "{sex} {mean}");
    }
    for patient in &patients {
        assert_eq!(number(patient, "heat"), if number(patient, "age") >= 85.0 { 36.0 } else { 37.0 });
    }
}

#[test]
fn conditions_are_as_frequent_as_asked() {
    let patients = patients_of(&ward_of(4_000, r#"{ profile = "elderly", conditions = { fever = 0.25 } }"#, ""));
    let share_of = |condition: &str, of: &dyn Fn(&PatientPlan) -> bool, share: f64| {
        let theirs: Vec<&PatientPlan> = patients.iter().filter(|patient| of(patient)).collect();
        let present = theirs.iter().filter(|patient| has(patient, condition)).count();
        let chi_square = chi_square(present, theirs.len(), share);
        assert!(chi_square < 10.8, "{condition}: {present} of {}", theirs.len());
    };
    share_of("fever", &|_| true, 0.25);
    share_of("stress", &|patient| number(patient, "age") < 85.0, 0.3);
    share_of("stress", &|patient| number(patient, "age") >= 85.0, 0.6);
    // Conditions are drawn independently of one another.
    share_of("stress", &|patient| has(patient, "fever") && number(patient, "age") < 85.0, 0.3);
    assert!(!patients.iter().any(|patient| has(patient, "weakness")));
}

#[test]
fn conditions_change_what_is_given_and_what_only_the_model_knows() {
    let all = "conditions = { fever = 1, stress = 1, weakness = 1 }";
    let patient = &patients_of(&ward_of(8, &format!(r#"{{ model = "adult_icu", {all} }}"#), ""))[0];
    assert_eq!(number(patient, "heat"), 38.5);
    assert_eq!(number(patient, "children"), 2.0);
    let change = Change { times: 1.2 * 0.5, plus: 10.0, bounds: (40.0, 160.0) };
    assert_eq!(patient.arguments.0.get("pressure"), Some(&Argument::Change(change)));
    let said = format!(r#"{{ model = "adult_icu", pressure = "100 mmHg", children = 5, heat = "40.5 degC", {all} }}"#);
    let patient = &patients_of(&ward_of(8, &said, ""))[0];
    assert_eq!(number(patient, "pressure"), 70.0);
    assert_eq!(number(patient, "children"), 5.0);
    assert_eq!(number(patient, "heat"), 41.0);
}

/// One more condition or another share changes no other draw.
#[test]
fn a_further_condition_changes_no_other_draw() {
    let few = patients_of(&ward_of(200, r#"{ profile = "elderly" }"#, ""));
    let more = patients_of(&ward_of(200, r#"{ profile = "elderly", conditions = { fever = 0.5 } }"#, ""));
    for (one, other) in few.iter().zip(&more) {
        for name in ["age", "weight", "sex"] {
            assert_eq!(one.arguments.0.get(name), other.arguments.0.get(name), "{name}");
        }
        assert_eq!(has(one, "stress"), has(other, "stress"));
    }
}

/// Without profile and conditions a patient's arguments are what they were before there were any.
#[test]
fn plain_models_stay_plain() {
    let patient = &patients_of(WARD)[0];
    let names: Vec<&str> = patient.arguments.0.keys().map(String::as_str).collect();
    assert_eq!(names, ["age", "heat", "sex", "weight"]);
}

#[test]
fn a_scenario_brings_its_own_in_itself_and_in_an_included_file() {
    let vendor =
        "[profile.acme]\nmodel = \"adult_icu\"\nparameters = { weight = \"99 kg\" }\nconditions = { chill = 1 }\n";
    let text = ward_of(8, r#"{ profile = "acme" }"#, "[condition.chill]\nplus = { heat = \"-2 degC\" }");
    let text = text.replace("seed     = 7", "seed = 7\ninclude = [\"acme.toml\"]");
    let texts = Texts(BTreeMap::from([
        ("wards/ward.toml".to_owned(), text.clone()),
        ("wards/acme.toml".to_owned(), vendor.to_owned()),
    ]));
    let loaded = load(&texts, "wards/ward.toml", &Settings::default(), &registry()).unwrap();
    let patient = &loaded.plan.roster.patients[0];
    assert_eq!((number(patient, "weight"), number(patient, "heat")), (99.0, 35.0));

    let broken = vendor.replace("99 kg", "99 cm").replace("chill", "chil");
    let texts = Texts(BTreeMap::from([("wards/ward.toml".to_owned(), text), ("wards/acme.toml".to_owned(), broken)]));
    let errors = printed(load(&texts, "wards/ward.toml", &Settings::default(), &registry()));
    for expected in [
        "wards/acme.toml:3:26 (included from wards/ward.toml:5:12): error: `99 cm` is a length",
        "wards/acme.toml:4:16 (included from wards/ward.toml:5:12): error: there is no condition `chil`; did you mean",
    ] {
        assert!(errors.contains(expected), "{errors}");
    }
}

#[test]
fn a_profile_of_the_same_name_replaces_the_built_in_one() {
    let own = "[profile.elderly]\nmodel = \"adult_icu\"\nparameters = { age = 77 }";
    let patient = &patients_of(&ward_of(8, r#"{ profile = "elderly" }"#, own))[0];
    assert_eq!((patient.model.as_str(), number(patient, "age")), ("adult_icu", 77.0));
}

#[test]
fn broken_profiles_are_told_where_and_why() {
    let line_of = |text: &str, part: &str| text.lines().position(|line| line.contains(part)).unwrap() + 1;
    for (patient, tables, part, expected) in [
        (r#"{ profile = "eldery" }"#, "", "eldery", "error: there is no profile `eldery`; did you mean `elderly`?"),
        ("{ age = 60 }", "", "age = 60", "error: `patient` has no `model`"),
        (
            r#"{ profile = "elderly", model = "adult_icu" }"#,
            "",
            "adult_icu",
            "error: `patient` has a `profile`, which names the model; leave out one of them",
        ),
        (
            r#"{ profile = "elderly", wieght = "70 kg" }"#,
            "",
            "wieght",
            "error: unknown key `wieght` in `patient`; did you mean `weight`?",
        ),
        (
            r#"{ model = "adult_icu", conditions = { fevre = 0.1 } }"#,
            "",
            "fevre",
            "error: there is no condition `fevre`; did you mean `fever`?",
        ),
        (
            r#"{ model = "adult_icu", conditions = { fever = 12 } }"#,
            "",
            "fever = 12",
            "error: `fever` is a share from 0 to 1 (0 % to 100 %), got 12",
        ),
        (
            r#"{ profile = "x" }"#,
            "[profile.x]\nmodel = \"adult_icu\"\nparameters = { age = 12 }",
            "age = 12",
            "error: `age` is 18..95, got 12",
        ),
        (
            r#"{ profile = "x" }"#,
            "[profile.x]\nmodel = \"adlut_icu\"",
            "adlut_icu",
            "error: there is no patient model `adlut_icu`; did you mean `adult_icu`?",
        ),
        (
            r#"{ profile = "elderly" }"#,
            "[profile.x]\nmodel = \"adult_icu\"\n[profile.x.sex.femal]\nparameters = {}",
            "sex.femal]",
            "error: there is no sex `femal`; did you mean `female`?",
        ),
        (
            r#"{ profile = "elderly" }"#,
            "[profile.x]\nmodel = \"adult_icu\"\n[[profile.x.age]]\nfrom = 50\nbelow = 40",
            "below = 40",
            "error: `below` is not above `from`, 50",
        ),
        (
            r#"{ profile = "elderly" }"#,
            "[profile.x]\nmodel = \"adult_icu\"\n[[profile.x.age]]\nparameters = { sex = \"male\" }",
            "sex = ",
            "error: `sex` cannot differ between groups",
        ),
        (
            r#"{ model = "adult_icu", conditions = { x = 1 } }"#,
            "[condition.x]\ntimes = { sex = 2 }",
            "sex = 2",
            "error: `sex` is not a number, so it can only be set",
        ),
        (
            r#"{ model = "adult_icu", conditions = { x = 1 } }"#,
            "[condition.x]\ntimes = { children = 2 }",
            "children = 2",
            "error: patient model `adult_icu` has no `children` of its own that could be changed; set it",
        ),
        (
            r#"{ model = "adult_icu", conditions = { x = 1 } }"#,
            "[condition.x]\ntimes = { pressure = -2 }",
            "pressure = -2",
            "error: `pressure` is 0..100, got -2",
        ),
        (
            r#"{ model = "adult_icu", conditions = { x = 1 } }"#,
            "[condition.x]\nplsu = { pressure = 2 }",
            "plsu",
            "error: unknown key `plsu` in [condition.x]; did you mean `plus`?",
        ),
    ] {
        let text = ward_of(8, patient, tables);
        let errors = errors_of(&text);
        let position = format!(":{}:", line_of(&text, part));
        let told = errors.lines().any(|line| line.contains(&position) && line.contains(expected));
        assert!(told, "{position} {expected}\n{errors}");
    }
}

#[test]
fn profiles_and_conditions_can_be_listed() {
    let registry = registry();
    let names = |all: Vec<scenarios::Described>| all.into_iter().map(|described| described.id).collect::<Vec<_>>();
    assert_eq!(names(profiles(&registry)), ["elderly"]);
    assert_eq!(names(conditions(&registry)), ["fever", "stress", "weakness"]);
    let elderly = &profiles(&registry)[0];
    let says = |place: &str, name: &str, value: &str| {
        let said = (place.to_owned(), name.to_owned(), value.to_owned());
        assert!(elderly.says.contains(&said), "{:?}", elderly.says);
    };
    says("parameters", "age", "uniform(65, 95)");
    says("sex.female.parameters", "weight", "normal(60 kg, 5 kg)");
    says("age.1.conditions", "stress", "60 %");
}
