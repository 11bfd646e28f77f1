//! Level of consciousness as nurses chart it.

/// The ACVPU scale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum Consciousness {
    /// Alert.
    #[default]
    Alert,
    /// Newly confused.
    Confused,
    /// Responds to voice.
    Voice,
    /// Responds to pain.
    Pain,
    /// Unresponsive.
    Unresponsive,
}

impl Consciousness {
    /// Every level, from alert down.
    pub const ALL: [Self; 5] = [Self::Alert, Self::Confused, Self::Voice, Self::Pain, Self::Unresponsive];

    /// The letter on the chart.
    pub const fn letter(self) -> char {
        match self {
            Self::Alert => 'A',
            Self::Confused => 'C',
            Self::Voice => 'V',
            Self::Pain => 'P',
            Self::Unresponsive => 'U',
        }
    }

    /// Usual Glasgow coma score of the level: medians 15, 13, 8 and 6 of the four levels A, V, P and U in Anaesthesia
    /// 2004;59:34; confusion costs one point of the verbal scale.
    pub const fn glasgow(self) -> u8 {
        match self {
            Self::Alert => 15,
            Self::Confused => 14,
            Self::Voice => 13,
            Self::Pain => 8,
            Self::Unresponsive => 6,
        }
    }

    /// Level of a patient who answers a voice with this probability (0 to 1), as sedation leaves it.
    pub fn from_wakefulness(probability: f64) -> Self {
        match probability {
            awake if awake >= 0.9 => Self::Alert,
            drowsy if drowsy >= 0.3 => Self::Voice,
            asleep if asleep >= 0.05 => Self::Pain,
            _ => Self::Unresponsive,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn deeper_is_lower() {
        for pair in Consciousness::ALL.windows(2) {
            assert!(pair[0] < pair[1] && pair[0].glasgow() > pair[1].glasgow());
        }
        assert_eq!(Consciousness::from_wakefulness(1.0), Consciousness::Alert);
        assert_eq!(Consciousness::from_wakefulness(0.5), Consciousness::Voice);
        assert_eq!(Consciousness::from_wakefulness(0.1), Consciousness::Pain);
        assert_eq!(Consciousness::from_wakefulness(0.0), Consciousness::Unresponsive);
    }
}
