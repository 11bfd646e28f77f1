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
}

impl Drug {
    /// Every drug.
    pub const ALL: [Self; 7] = [
        Self::Propofol,
        Self::Remifentanil,
        Self::Fentanyl,
        Self::Morphine,
        Self::Midazolam,
        Self::Naloxone,
        Self::Epinephrine,
    ];

    /// Its name in scenarios and commands.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Propofol => "propofol",
            Self::Remifentanil => "remifentanil",
            Self::Fentanyl => "fentanyl",
            Self::Morphine => "morphine",
            Self::Midazolam => "midazolam",
            Self::Naloxone => "naloxone",
            Self::Epinephrine => "epinephrine",
        }
    }

    /// The drug of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|drug| drug.name() == name)
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
        assert_eq!(Drug::find("aspirin"), None);
    }
}
