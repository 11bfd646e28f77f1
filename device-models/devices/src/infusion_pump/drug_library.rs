//! The drug library of a pump: what a syringe can hold, how strong it usually is, and where the pump refuses.
//!
//! Concentrations are those of the marketed solutions or of usual syringes. Hard limits are the highest rates that the
//! sources name for adults; above them a pump refuses whatever the order says.

use physiology::pharmacology::Drug;

/// What the pump knows about a drug.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Entry {
    drug: Drug,
    /// Usual concentration [ug/mL].
    pub(super) concentration_ug_ml: f64,
    /// Highest dose [ug/kg/min].
    pub(super) hard_limit_ug_kg_min: f64,
}

const fn entry(drug: Drug, concentration_ug_ml: f64, hard_limit_ug_kg_min: f64) -> Entry {
    Entry { drug, concentration_ug_ml, hard_limit_ug_kg_min }
}

/// In the order of [`Drug::ALL`].
static ENTRIES: [Entry; Drug::ALL.len()] = [
    // 1 % emulsion; the US label names up to 300 ug/kg/min (18 mg/kg/h) for maintenance.
    entry(Drug::Propofol, 10_000.0, 300.0),
    // Label: dilute to 20, 25, 50 or 250 ug/mL; 0.05 to 2 ug/kg/min.
    entry(Drug::Remifentanil, 50.0, 2.0),
    // As supplied; 0.7 to 10 ug/kg/h (Barr et al., Crit Care Med 2013;41:263, table 4).
    entry(Drug::Fentanyl, 50.0, 10.0 / 60.0),
    // 50 mg in 50 mL; 2 to 30 mg/h, here for 70 kg (Barr 2013).
    entry(Drug::Morphine, 1_000.0, 30_000.0 / 70.0 / 60.0),
    // 50 mg in 50 mL; 0.05 to 2 mg/kg/h in refractory seizures (Brophy et al., Neurocrit Care 2012;17:3).
    entry(Drug::Midazolam, 1_000.0, 2_000.0 / 60.0),
    // Label: 2 mg in 500 mL; a total of 10 mg without effect questions the diagnosis, here taken as an hour's for 70 kg.
    entry(Drug::Naloxone, 4.0, 10_000.0 / 70.0 / 60.0),
    // 1 mg in 50 mL; label for septic shock: 0.05 to 2 ug/kg/min.
    entry(Drug::Epinephrine, 20.0, 2.0),
    // 4 mg in 50 mL; usual limit of intensive-care libraries.
    entry(Drug::Norepinephrine, 80.0, 2.0),
];

/// What the syringe or bag holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Drug(Drug),
    Saline,
    Crystalloid,
    Blood,
}

impl Content {
    /// Words of a scenario.
    pub(super) const WORDS: &'static [&'static str] = &[
        "norepinephrine",
        "epinephrine",
        "propofol",
        "remifentanil",
        "fentanyl",
        "morphine",
        "midazolam",
        "naloxone",
        "saline",
        "crystalloid",
        "blood",
    ];

    pub(super) fn from_word(word: &str) -> Self {
        match word {
            "saline" => Self::Saline,
            "crystalloid" => Self::Crystalloid,
            "blood" => Self::Blood,
            drug => Self::Drug(Drug::find(drug).unwrap_or(Drug::Norepinephrine)),
        }
    }

    /// Code of `inf_drug`.
    pub(super) const fn code(self) -> &'static str {
        match self {
            Self::Drug(drug) => drug.name(),
            Self::Saline => "saline",
            Self::Crystalloid => "crystalloid",
            Self::Blood => "blood",
        }
    }

    /// The library's entry, for a drug.
    pub(super) fn entry(self) -> Option<&'static Entry> {
        match self {
            Self::Drug(drug) => ENTRIES.iter().find(|entry| entry.drug == drug),
            Self::Saline | Self::Crystalloid | Self::Blood => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_a_content_and_every_drug_has_an_entry() {
        for word in Content::WORDS {
            assert_eq!(Content::from_word(word).code(), *word);
        }
        for drug in Drug::ALL {
            assert!(Content::WORDS.contains(&drug.name()));
            let entry = Content::Drug(drug).entry().expect("every drug is in the library");
            // A pump of 1200 mL/h reaches the limit in the lightest adult, and a millilitre per hour is no overdose.
            assert!(entry.hard_limit_ug_kg_min * 40.0 * 60.0 / entry.concentration_ug_ml <= 2_000.0, "{drug:?}");
            assert!(entry.concentration_ug_ml / 60.0 / 40.0 < entry.hard_limit_ug_kg_min, "{drug:?}");
        }
    }
}
