//! Any person's glucose, with diabetes or without.

use super::conditions::Conditions;
use super::dose::{Units, UnitsPerHour};
use super::minimal::Minimal;
use super::type1::Type1;

/// The glucose and insulin of one person.
#[derive(Debug, Clone, PartialEq)]
pub enum Metabolism {
    /// Without insulin of its own.
    Type1(Box<Type1>),
    /// With insulin of its own, enough or not.
    Secreting(Box<Minimal>),
}

impl Metabolism {
    /// Serves carbohydrate [g], eaten from the next minute on at 5 g/min.
    pub fn serve(&mut self, carbohydrate_g: f64) {
        match self {
            Self::Type1(person) => person.serve(carbohydrate_g),
            Self::Secreting(person) => person.serve(carbohydrate_g),
        }
    }

    /// Advances by one minute in which this insulin leaves pump or pen.
    pub fn advance_minute(&mut self, insulin: Units, conditions: &Conditions) {
        match self {
            Self::Type1(person) => person.advance_minute(insulin, conditions),
            Self::Secreting(person) => person.advance_minute(insulin, conditions),
        }
    }

    /// Plasma glucose [mg/dL].
    pub fn plasma_mg_dl(&self) -> f64 {
        match self {
            Self::Type1(person) => person.plasma_mg_dl(),
            Self::Secreting(person) => person.plasma_mg_dl(),
        }
    }

    /// Interstitial glucose [mg/dL].
    pub fn interstitial_mg_dl(&self) -> f64 {
        match self {
            Self::Type1(person) => person.interstitial_mg_dl(),
            Self::Secreting(person) => person.interstitial_mg_dl(),
        }
    }

    /// Plasma insulin [pmol/L].
    pub fn insulin_pmol_l(&self) -> f64 {
        match self {
            Self::Type1(person) => person.insulin_pmol_l(),
            Self::Secreting(person) => person.insulin_pmol_l(),
        }
    }

    /// Injected insulin that has not yet reached the plasma [U].
    pub fn insulin_on_board(&self) -> Units {
        match self {
            Self::Type1(person) => person.insulin_on_board(),
            Self::Secreting(person) => person.insulin_on_board(),
        }
    }

    /// Carbohydrate in stomach and gut [g].
    pub fn gut_carbohydrate_g(&self) -> f64 {
        match self {
            Self::Type1(person) => person.gut_carbohydrate_g(),
            Self::Secreting(person) => person.gut_carbohydrate_g(),
        }
    }

    /// Insulin that has to be injected to hold the basal glucose [U/h].
    pub fn basal_need(&self) -> UnitsPerHour {
        match self {
            Self::Type1(person) => person.parameters().basal_rate(),
            Self::Secreting(_) => UnitsPerHour(0.0),
        }
    }
}
