//! Glucose and insulin: from meals and doses to plasma and interstitial glucose, one step per minute.
//!
//! [`Type1`] is the UVA/Padova model S2008 of type 1 diabetes with thirteen states, integrated with the classical
//! Runge-Kutta method at one minute and inputs constant within it (24 h agree with an adaptive solver to
//! 0.003 mg/dL); [`Minimal`] is Bergman's model with the insulin secretion of a healthy or a type 2 pancreas.
//! [`Metabolism`] is either. Insulin is counted in [`Units`] and set in [`UnitsPerHour`], never in bare numbers.

mod adrenaline;
mod circumstances;
mod conditions;
mod counter_regulation;
mod dose;
mod drive;
mod habits;
mod ketones;
mod kidney;
mod meal;
mod meal_plan;
mod metabolism;
mod minimal;
mod on_board;
mod pack;
mod parameters;
mod population;
mod pump;
mod ratios;
mod self_care;
mod type1;

pub use adrenaline::{BEGINS_IN_HEALTH_MG_DL, BEGINS_IN_TYPE_1_MG_DL, BEGINS_UNAWARE_MG_DL, adrenaline};
pub use circumstances::{Circumstances, Moment};
pub use conditions::{Conditions, circadian_sensitivity};
pub use dose::{Units, UnitsPerHour};
pub use drive::GlucoseDrive;
pub use habits::Habits;
pub use ketones::{Ketones, ph};
pub use kidney::osmotic_loss_ml_kg_h;
pub use meal_plan::{Counting, MealPlan, MenuError, PlannedMeal};
pub use metabolism::Metabolism;
pub use minimal::{Minimal, MinimalParameters};
pub use on_board::InsulinOnBoard;
pub use pack::{PackError, Row, Table, read_pack, reference_patients};
pub use parameters::Parameters;
pub use population::{Group, PopulationTable};
pub use pump::{InsulinPump, PumpModel};
pub use ratios::{carbohydrate_ratio_g_u, correction_factor_mg_dl_u, reference_ratio_g_u};
pub use self_care::{Deeds, SelfCare, Situation, is_asleep};
pub use type1::Type1;
