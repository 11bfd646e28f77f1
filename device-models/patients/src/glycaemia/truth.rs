//! Glucose and insulin in `truth.csv`.

use bevy_ecs::prelude::*;
use sim_core::{Clock, Entities, Rest, StateSample, Truth, TruthColumn};

use super::{Glycaemia, Minute};
use crate::{Person, Physiology};

/// Columns that follow those of the circulation, or stand alone in a patient without one.
pub(crate) const COLUMNS: &[TruthColumn] = &[
    TruthColumn { name: "plasma_glucose", unit: "mg/dL" },
    TruthColumn { name: "interstitial_glucose", unit: "mg/dL" },
    TruthColumn { name: "plasma_insulin", unit: "pmol/L" },
    TruthColumn { name: "insulin_delivered", unit: "U" },
    TruthColumn { name: "gut_carbohydrate", unit: "g" },
    TruthColumn { name: "insulin_on_board", unit: "U" },
    TruthColumn { name: "blood_ketones", unit: "mmol/L" },
    TruthColumn { name: "ketone_bicarbonate", unit: "mmol/L" },
    TruthColumn { name: "adrenaline", unit: "1" },
];

impl Glycaemia {
    /// Values of [`COLUMNS`].
    fn state(&self) -> [f64; COLUMNS.len()] {
        let metabolism = self.metabolism();
        [
            metabolism.plasma_mg_dl(),
            metabolism.interstitial_mg_dl(),
            metabolism.insulin_pmol_l(),
            self.delivered().0,
            metabolism.gut_carbohydrate_g(),
            metabolism.insulin_on_board().0,
            self.ketones().blood_mmol_l(),
            self.ketones().bicarbonate_mmol_l(),
            self.adrenaline(),
        ]
    }
}

/// Adds glucose to the states noted in this grid step; patients without a circulation are noted once a minute.
pub(crate) fn note_glycaemia(
    clock: Res<Clock>,
    entities: Res<Entities>,
    all: Query<&Glycaemia>,
    alone: Query<(&Person, &Glycaemia), Without<Physiology>>,
    mut truth: ResMut<Truth>,
    mut rest: ResMut<Rest>,
) {
    rest.until_at_most(Minute::next_begin(&clock));
    if !truth.wanted || all.is_empty() {
        return;
    }
    for sample in truth.states.iter_mut().rev().take_while(|sample| sample.at == clock.now) {
        let patient = entities.patient(sample.patient).and_then(|entity| all.get(entity).ok());
        if let Some(glycaemia) = patient {
            sample.columns.push(COLUMNS);
            sample.values.extend(glycaemia.state());
        }
    }
    if Minute::beginning(&clock).is_some() {
        truth.states.extend(alone.iter().map(|(person, glycaemia)| StateSample {
            patient: person.id,
            at: clock.now,
            columns: std::iter::once(COLUMNS).collect(),
            values: glycaemia.state().to_vec(),
        }));
    }
}
