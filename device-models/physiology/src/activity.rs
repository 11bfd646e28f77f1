//! What a person does all day, and what sensors on the body feel of it.
//!
//! A [`Day`] is a chain of bouts - sleeping, sitting, walking ... - whose kind and length are drawn by bout index.
//! Everything else is a closed form of the bout: acceleration of any sample, steps up to any instant, effort and
//! posture for the circulation.

mod acceleration;
mod behaviour;
mod bout;
mod day;
mod skin;
mod weight;

pub use acceleration::{Acceleration, Placement};
pub use behaviour::Behaviour;
pub use bout::Bout;
pub use day::{Day, Habits};
pub use skin::{SkinConductance, SkinTemperature, SkinTemperatureSite};
pub use weight::BodyWeight;
