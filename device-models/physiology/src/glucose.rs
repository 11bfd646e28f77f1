//! Glucose and insulin: from meals and doses to plasma and interstitial glucose, one step per minute.
//!
//! [`Type1`] is the UVA/Padova model S2008 of type 1 diabetes with thirteen states, integrated with the classical
//! Runge-Kutta method at one minute and inputs constant within it (24 h agree with an adaptive solver to
//! 0.003 mg/dL); [`Minimal`] is Bergman's model with the insulin secretion of a healthy or a type 2 pancreas.
//! [`Metabolism`] is either. Insulin is counted in [`Units`] and set in [`UnitsPerHour`], never in bare numbers.

mod conditions;
mod counter_regulation;
mod dose;
mod drive;
mod meal;
mod meal_plan;
mod metabolism;
mod minimal;
mod pack;
mod parameters;
mod population;
mod pump;
mod ratios;
mod type1;

pub use conditions::{Conditions, circadian_sensitivity};
pub use dose::{Units, UnitsPerHour};
pub use drive::GlucoseDrive;
pub use meal_plan::{Counting, MealPlan, MenuError, PlannedMeal};
pub use metabolism::Metabolism;
pub use minimal::{Minimal, MinimalParameters};
pub use pack::{PackError, Row, Table, read_pack, reference_patients};
pub use parameters::Parameters;
pub use population::{Group, PopulationTable};
pub use pump::{InsulinPump, PumpModel};
pub use ratios::{carbohydrate_ratio_g_u, correction_factor_mg_dl_u, reference_ratio_g_u};
pub use type1::Type1;
