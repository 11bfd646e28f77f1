//! What the bodies of patients have, what devices and steps need of them, and what can be known of steps before they run.

use sim_core::{
    ActionSpec, Arguments, Complaint, DurationRule, Key, Need, PatientFaculties, PatientText, Registry, StepCheck,
    StepFacts,
};

use crate::glycaemia;
use physiology::glucose::MealPlan;

const CIRCULATION: &str = "circulation";
const GLUCOSE: &str = "glucose";

/// Parameter that says how long the way to full strength takes.
const RAMP: &str = "ramp";

/// Devices of this kind, or steps of this action, need a heart that beats and blood that flows.
pub const fn needs_circulation(of: &'static str) -> Need {
    Need { of, faculty: CIRCULATION, remedy: "leave out `circulation = false`" }
}

/// Devices of this kind, or steps of this action, need glucose and insulin.
pub const fn needs_glucose(of: &'static str) -> Need {
    Need { of, faculty: GLUCOSE, remedy: "choose a diabetic model or set `glucose`" }
}

fn faculties(model: &str, arguments: &Arguments) -> Vec<&'static str> {
    let circulation = (arguments.flag("circulation") != Some(false)).then_some(CIRCULATION);
    let glucose = glycaemia::has_glucose(model, arguments).then_some(GLUCOSE);
    circulation.into_iter().chain(glucose).collect()
}

/// A step that ends before it has reached what it says.
fn ramp_fits(facts: &StepFacts<'_>) -> Vec<Complaint> {
    let (Some(ramp_ns), Some(lasts)) = (facts.arguments.number(RAMP), facts.lasts) else { return Vec::new() };
    if ramp_ns <= lasts.nanos() as f64 {
        return Vec::new();
    }
    let ramp = sim_core::Span::from_nanos(ramp_ns as i64);
    let percent = 100.0 * lasts.nanos() as f64 / ramp_ns;
    vec![Complaint::warning(
        RAMP,
        format!("the ramp takes {ramp}, but the step lasts {lasts}: it ends {percent:.2} % of the way"),
    )]
}

fn read_meals(text: &str) -> Result<(), String> {
    match text {
        "none" | "default" => Ok(()),
        list => MealPlan::listed(Key::new(0, "meals"), list).map(|_| ()).map_err(|error| error.to_string()),
    }
}

/// Adds what is known of the models, and of the actions from number `first` on.
pub(crate) fn register(registry: &mut Registry, first: usize) {
    let models: Vec<&str> = registry.patients().iter().map(|patient| patient.model).collect();
    registry.extend(models.into_iter().map(|model| PatientFaculties { model, of: faculties }));
    registry.add(PatientText { parameter: "meals", read: read_meals });
    let own = registry.actions()[first..].iter();
    let own: Vec<&ActionSpec> = own.filter(|action| registry.find::<Need>(action.name).is_none()).collect();
    let needs: Vec<Need> = own.into_iter().map(|action| needs_circulation(action.name)).collect();
    let ramps = registry.actions()[first..].iter().filter(|action| {
        action.duration != DurationRule::Instant && action.parameters.iter().any(|spec| spec.name == RAMP)
    });
    let ramps: Vec<StepCheck> = ramps.map(|action| StepCheck { action: action.name, look: ramp_fits }).collect();
    registry.extend(needs).extend(ramps);
}
