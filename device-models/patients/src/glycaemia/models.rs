//! Who has a glucose model: the diabetic patients, and adults for whom a scenario asks for one.

use sim_core::{Arguments, Key, ParameterKind, ParameterSpec, PatientPlan, PatientSpec, SpawnError, TruthColumn};
use vocabulary::Dimension;

use super::living::Living;
use super::{COLUMNS, Glycaemia};
use crate::patient;
use physiology::glucose::{
    BEGINS_IN_TYPE_1_MG_DL, BEGINS_UNAWARE_MG_DL, Counting, Group, MealPlan, Metabolism, Minimal, MinimalParameters,
    Parameters, PopulationTable, Type1, carbohydrate_ratio_g_u, correction_factor_mg_dl_u, reference_patients,
    reference_ratio_g_u,
};

const ADULTS: [&str; 11] = [
    "drawn",
    "adult_001",
    "adult_002",
    "adult_003",
    "adult_004",
    "adult_005",
    "adult_006",
    "adult_007",
    "adult_008",
    "adult_009",
    "adult_010",
];
const ADOLESCENTS: [&str; 11] = [
    "drawn",
    "adolescent_001",
    "adolescent_002",
    "adolescent_003",
    "adolescent_004",
    "adolescent_005",
    "adolescent_006",
    "adolescent_007",
    "adolescent_008",
    "adolescent_009",
    "adolescent_010",
];
const CHILDREN: [&str; 11] = [
    "drawn",
    "child_001",
    "child_002",
    "child_003",
    "child_004",
    "child_005",
    "child_006",
    "child_007",
    "child_008",
    "child_009",
    "child_010",
];

/// Swing of insulin sensitivity over the day where a scenario does not set it (see
/// [`physiology::glucose::circadian_sensitivity`]).
const USUAL_DAWN_PERCENT: f64 = 20.0;

/// Truth of a patient with circulation and glucose.
static BOTH: [TruthColumn; patient::TRUTH.len() + COLUMNS.len()] = {
    let mut both = [COLUMNS[0]; patient::TRUTH.len() + COLUMNS.len()];
    let mut index = 0;
    while index < both.len() {
        both[index] =
            if index < patient::TRUTH.len() { patient::TRUTH[index] } else { COLUMNS[index - patient::TRUTH.len()] };
        index += 1;
    }
    both
};

/// What kind of glucose model a patient has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    None,
    Healthy,
    Type1(Group),
    Type2,
}

impl Kind {
    fn of(model: &str, arguments: &Arguments) -> Self {
        match (model, arguments.text("glucose")) {
            ("t1d_adult", _) | (_, Some("t1d")) => Self::Type1(Group::Adult),
            ("t1d_adolescent", _) => Self::Type1(Group::Adolescent),
            ("t1d_child", _) => Self::Type1(Group::Child),
            ("t2d_adult", _) | (_, Some("t2d")) => Self::Type2,
            (_, Some("healthy")) => Self::Healthy,
            _ => Self::None,
        }
    }
}

/// Whether patients of a model with these parameters have one.
pub(crate) fn has_glucose(model: &str, arguments: &Arguments) -> bool {
    Kind::of(model, arguments) != Kind::None
}

/// The glucose model that a plan asks for, if it asks for one.
///
/// # Errors
/// [`SpawnError`] when the list of meals cannot be read.
pub(crate) fn of_plan(plan: &PatientPlan, key: Key) -> Result<Option<Glycaemia>, SpawnError> {
    let weight_kg = plan.arguments.number("weight");
    let (metabolism, ratio_g_u) = match Kind::of(&plan.model, &plan.arguments) {
        Kind::None => return Ok(None),
        Kind::Type1(group) => type_1(plan, group, weight_kg, key),
        Kind::Healthy => (secreting(MinimalParameters::healthy(weight_kg.unwrap_or(75.0)), key), f64::INFINITY),
        Kind::Type2 => (secreting(MinimalParameters::type2(weight_kg.unwrap_or(92.0)), key), f64::INFINITY),
    };
    let weight_kg = match &metabolism {
        Metabolism::Type1(person) => person.parameters().weight_kg,
        Metabolism::Secreting(person) => person.parameters().weight_kg,
    };
    let mut meals = match plan.arguments.text("meals") {
        Some("none") => MealPlan::fasting(key),
        Some("default") | None => MealPlan::usual(key, weight_kg),
        Some(list) => MealPlan::listed(key, list)
            .map_err(|error| SpawnError { path: plan.path.clone(), reason: format!("meals: {error}") })?,
    };
    meals.counting = match plan.arguments.text("therapy") {
        Some("exact") => Counting::Exact,
        Some("none") => Counting::Never,
        _ => Counting::Usual,
    };
    let living = match Kind::of(&plan.model, &plan.arguments) {
        Kind::Type1(group) if meals.counting == Counting::Usual => {
            Some(living(plan, (group, key), &metabolism, meals.is_varied()))
        }
        _ => None,
    };
    if let Some(living) = &living {
        meals = meals.lived(&living.habits);
    }
    meals.missed_share = plan.arguments.number_or("missed", 100.0 * meals.missed_share) / 100.0;
    let dawn_percent = plan.arguments.number("dawn").unwrap_or(USUAL_DAWN_PERCENT);
    let mut glycaemia = Glycaemia::new(metabolism, weight_kg, meals, ratio_g_u, dawn_percent / 100.0);
    if let Kind::Type1(_) = Kind::of(&plan.model, &plan.arguments) {
        glycaemia.defended_below_mg_dl = defended_below_mg_dl(plan);
    }
    if let Some(living) = living {
        glycaemia.live_as_people_do(living);
    }
    Ok(Some(glycaemia))
}

/// How a person with type 1 diabetes lives, who snacks unless the scenario lists the meals.
fn living(plan: &PatientPlan, who: (Group, Key), metabolism: &Metabolism, snacks: bool) -> Living {
    let Metabolism::Type1(person) = metabolism else { unreachable!("a person of type 1 has its metabolism") };
    let correction_mg_dl_u = correction_factor_mg_dl_u(person.parameters());
    let mut living = Living::of(who, person.parameters().weight_kg, correction_mg_dl_u, snacks);
    if is_unaware(plan) {
        living.habits = living.habits.unaware();
    }
    living
}

fn is_unaware(plan: &PatientPlan) -> bool {
    plan.arguments.flag("unaware").unwrap_or(false)
}

/// Glucose at which the adrenaline of a person with type 1 diabetes comes [mg/dL].
fn defended_below_mg_dl(plan: &PatientPlan) -> f64 {
    if is_unaware(plan) { BEGINS_UNAWARE_MG_DL } else { BEGINS_IN_TYPE_1_MG_DL }
}

/// A person with type 1 diabetes and the carbohydrate ratio of that person [g/U].
fn type_1(plan: &PatientPlan, group: Group, weight_kg: Option<f64>, key: Key) -> (Metabolism, f64) {
    let pack = plan.arguments.text("pack").map(|name| name.replace('_', "#"));
    let published = pack.and_then(|name| reference_patients().into_iter().find(|(known, _)| *known == name));
    let name = published.as_ref().map(|(name, _)| name.clone());
    let drawn = || PopulationTable::shipped(group).sample(key).resisting(group.insulin_need());
    let mut parameters: Parameters = published.map_or_else(drawn, |(_, parameters)| parameters);
    parameters.weight_kg = weight_kg.unwrap_or(parameters.weight_kg);
    let ratio_g_u =
        name.and_then(|name| reference_ratio_g_u(&name)).unwrap_or_else(|| carbohydrate_ratio_g_u(&parameters));
    let mut person = Type1::new(parameters);
    if plan.arguments.flag("glucagon").unwrap_or(true) {
        person = person.with_counter_regulation(defended_below_mg_dl(plan));
    }
    (Metabolism::Type1(Box::new(person)), ratio_g_u)
}

fn secreting(means: MinimalParameters, key: Key) -> Metabolism {
    Metabolism::Secreting(Box::new(Minimal::new(means.sample(key))))
}

fn meals() -> ParameterSpec {
    ParameterSpec::optional(
        "meals",
        ParameterKind::Text,
        "`default` (three meals and a snack that vary from day to day), `none`, or a list by the clock of the patient's zone such as \
         `07:00 45 g, 12:00 70 g`",
    )
    .default("default")
}

/// Parameters of every patient whose glucose is the point.
fn of_diabetes() -> [ParameterSpec; 3] {
    [
        meals(),
        ParameterSpec::optional(
            "dawn",
            ParameterKind::Quantity(Dimension::Percent),
            "swing of insulin sensitivity over the day, lowest at 6:00",
        )
        .default("20 %")
        .range(0.0, 60.0),
        ParameterSpec::optional(
            "circulation",
            ParameterKind::Flag,
            "whether heart, breathing and pressure are simulated too; without them many days pass quickly",
        )
        .default("true"),
    ]
}

/// Parameters of type 1 diabetes.
fn of_type_1(packs: &'static [&'static str]) -> [ParameterSpec; 5] {
    [
        ParameterSpec::optional(
            "pack",
            ParameterKind::Choice(packs),
            "a published virtual patient instead of a drawn one",
        )
        .default("drawn"),
        ParameterSpec::optional(
            "therapy",
            ParameterKind::Choice(&["usual", "exact", "none"]),
            "`usual`: as people live, with habits of their own: boluses forgotten, late and misjudged, corrections, lows \
             noticed or slept through, snacks, exercise, alcohol, illness, and a sensitivity that is never the same; `exact`: \
             every meal covered with the first bite, lows treated with 15 g; `none`: no boluses. A pump gives them if there is \
             one, otherwise a pen",
        )
        .default("usual"),
        ParameterSpec::optional(
            "missed",
            ParameterKind::Quantity(Dimension::Percent),
            "share of boluses that are forgotten instead of the person's own",
        )
        .range(0.0, 100.0)
        .inherent(),
        ParameterSpec::optional(
            "unaware",
            ParameterKind::Flag,
            "whether lows are felt late and adrenaline comes late, as in many who have had many lows",
        )
        .default("false"),
        ParameterSpec::optional(
            "glucagon",
            ParameterKind::Flag,
            "whether low glucose is answered by glucagon (S2013) or not (S2008)",
        )
        .default("true"),
    ]
}

/// Lets a scenario ask for glucose in an adult model.
pub(crate) fn with_glucose(mut spec: PatientSpec) -> PatientSpec {
    spec.parameters.push(
        ParameterSpec::optional(
            "glucose",
            ParameterKind::Choice(&["none", "healthy", "t2d", "t1d"]),
            "whether glucose and insulin are simulated, and with which pancreas; glucose joins the truth",
        )
        .default("none"),
    );
    spec.parameters.push(meals());
    spec
}

/// The diabetic patient models.
pub(crate) fn models() -> Vec<PatientSpec> {
    // Heights of the young are medians of the WHO growth reference of 2007 for the middle of their ages.
    let adult = "normal(170 cm, 9 cm)";
    vec![
        type_1_model("t1d_adult", "adult with type 1 diabetes", ("uniform(18, 75)", 18.0, 100.0), adult, &ADULTS),
        type_1_model(
            "t1d_adolescent",
            "adolescent with type 1 diabetes",
            ("uniform(12, 17.9)", 12.0, 18.0),
            "normal(164 cm, 8 cm)",
            &ADOLESCENTS,
        ),
        type_1_model(
            "t1d_child",
            "child with type 1 diabetes",
            ("uniform(7, 12)", 5.0, 12.0),
            "normal(137 cm, 7 cm)",
            &CHILDREN,
        ),
        type_2_model(),
    ]
}

fn type_1_model(
    name: &'static str,
    about: &'static str,
    (age, youngest, oldest): (&'static str, f64, f64),
    height: &'static str,
    packs: &'static [&'static str],
) -> PatientSpec {
    let mut spec = PatientSpec { truth: &BOTH, ..patient::model(name, about, age, "75 kg") };
    for parameter in &mut spec.parameters {
        match parameter.name {
            "age" => parameter.range = Some((youngest, oldest)),
            "height" => (parameter.default, parameter.range) = (Some(height), Some((90.0, 210.0))),
            "weight" => {
                (parameter.default, parameter.range) = (None, Some((15.0, 200.0)));
                parameter.about = "body mass instead of the drawn or published one";
            }
            _ => {}
        }
    }
    spec.parameters.extend(of_type_1(packs));
    spec.parameters.extend(of_diabetes());
    spec
}

fn type_2_model() -> PatientSpec {
    let about = "adult with type 2 diabetes, without insulin";
    let adult = patient::model("t2d_adult", about, "normal(62, 10)", "normal(92 kg, 16 kg)");
    let mut spec = PatientSpec { truth: &BOTH, ..adult };
    spec.parameters.extend(of_diabetes());
    spec
}
