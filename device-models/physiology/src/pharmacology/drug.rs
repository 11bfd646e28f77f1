//! Drugs that can be given.

/// A drug with kinetics and an effect on the core.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Drug {
    /// Propofol, a hypnotic.
    Propofol,
    /// Remifentanil, an opioid of minutes.
    Remifentanil,
    /// Fentanyl, an opioid.
    Fentanyl,
    /// Morphine, an opioid of hours.
    Morphine,
    /// Midazolam, a sedative.
    Midazolam,
    /// Naloxone, the antagonist of the opioids.
    Naloxone,
    /// Epinephrine, a catecholamine.
    Epinephrine,
    /// Norepinephrine, a catecholamine.
    Norepinephrine,
}

impl Drug {
    /// Every drug.
    pub const ALL: [Self; 8] = [
        Self::Propofol,
        Self::Remifentanil,
        Self::Fentanyl,
        Self::Morphine,
        Self::Midazolam,
        Self::Naloxone,
        Self::Epinephrine,
        Self::Norepinephrine,
    ];

    /// Names of all drugs, as a scenario writes them, in the order of [`Self::ALL`].
    pub const NAMES: &'static [&'static str] =
        &["propofol", "remifentanil", "fentanyl", "morphine", "midazolam", "naloxone", "epinephrine", "norepinephrine"];

    /// Its name in scenarios and commands.
    pub const fn name(self) -> &'static str {
        Self::NAMES[self as usize]
    }

    /// The drug of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|drug| drug.name() == name)
    }
}

/// By which kinetic set propofol spreads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PropofolModel {
    /// Schnider et al. 1998.
    #[default]
    Schnider,
    /// Marsh et al. 1991 with a slow effect site (0.26 /min).
    Marsh,
    /// Marsh et al. 1991 with the fast effect site of Struys et al. 2000 (1.2 /min).
    ModifiedMarsh,
}

impl PropofolModel {
    /// Names, as a scenario writes them.
    pub const NAMES: &'static [&'static str] = &["schnider", "marsh", "marsh_modified"];

    /// The model of this name.
    pub fn find(name: &str) -> Option<Self> {
        match name {
            "schnider" => Some(Self::Schnider),
            "marsh" => Some(Self::Marsh),
            "marsh_modified" => Some(Self::ModifiedMarsh),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_find_their_drugs() {
        for drug in Drug::ALL {
            assert_eq!(Drug::find(drug.name()), Some(drug));
        }
        assert_eq!(Drug::ALL.map(Drug::name).as_slice(), Drug::NAMES);
        assert_eq!(Drug::find("aspirin"), None);
        assert!(PropofolModel::NAMES.iter().all(|name| PropofolModel::find(name).is_some()));
        assert_eq!(PropofolModel::find("guess"), None);
    }
}
