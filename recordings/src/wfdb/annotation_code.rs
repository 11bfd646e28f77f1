//! The MIT annotation codes and the characters that stand for them (`ecgcodes.h`, `ecgmap.h` of the WFDB library).

/// What an annotation says: 1 to 49. Codes without a meaning of their own (15, 17, 42 to 49) may be used freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AnnotationCode(u8);

/// Largest code (`ACMAX`).
const LARGEST: u8 = 49;

macro_rules! codes {
    ($($number:literal $symbol:literal $name:ident $meaning:literal;)*) => {
        impl AnnotationCode {
            $(#[doc = $meaning] pub const $name: Self = Self($number);)*

            /// Every code that has a meaning of its own.
            pub const ASSIGNED: &'static [Self] = &[$(Self::$name),*];

            /// The character that stands for the code in listings.
            pub const fn symbol(self) -> Option<char> {
                match self.0 {
                    $($number => Some($symbol),)*
                    _ => None,
                }
            }
        }
    };
}

codes! {
    1 'N' NORMAL "Normal beat.";
    2 'L' LEFT_BUNDLE_BRANCH_BLOCK "Left bundle branch block beat.";
    3 'R' RIGHT_BUNDLE_BRANCH_BLOCK "Right bundle branch block beat.";
    4 'a' ABERRATED_ATRIAL_PREMATURE "Aberrated atrial premature beat.";
    5 'V' VENTRICULAR_PREMATURE "Premature ventricular contraction.";
    6 'F' VENTRICULAR_FUSION "Fusion of ventricular and normal beat.";
    7 'J' NODAL_PREMATURE "Nodal (junctional) premature beat.";
    8 'A' ATRIAL_PREMATURE "Atrial premature beat.";
    9 'S' SUPRAVENTRICULAR_PREMATURE "Premature or ectopic supraventricular beat.";
    10 'E' VENTRICULAR_ESCAPE "Ventricular escape beat.";
    11 'j' NODAL_ESCAPE "Nodal (junctional) escape beat.";
    12 '/' PACED "Paced beat.";
    13 'Q' UNCLASSIFIABLE "Unclassifiable beat.";
    14 '~' SIGNAL_QUALITY "Signal quality change.";
    16 '|' ARTIFACT "Isolated artifact that resembles a QRS complex.";
    18 's' ST_CHANGE "Change of the ST segment.";
    19 'T' T_WAVE_CHANGE "Change of the T wave.";
    20 '*' SYSTOLE "Systole.";
    21 'D' DIASTOLE "Diastole.";
    22 '"' NOTE "Comment; the text says what.";
    23 '=' MEASUREMENT "Measurement; the text says what.";
    24 'p' P_WAVE "Peak of a P wave.";
    25 'B' BUNDLE_BRANCH_BLOCK "Bundle branch block beat, left or right.";
    26 '^' PACER_SPIKE "Pacer spike that does not conduct.";
    27 't' T_WAVE "Peak of a T wave.";
    28 '+' RHYTHM "Change of rhythm; the text names the new one.";
    29 'u' U_WAVE "Peak of a U wave.";
    30 '?' LEARNING "Beat while a detector learns.";
    31 '!' FLUTTER_WAVE "Ventricular flutter wave.";
    32 '[' FIBRILLATION_ONSET "Start of ventricular flutter or fibrillation.";
    33 ']' FIBRILLATION_END "End of ventricular flutter or fibrillation.";
    34 'e' ATRIAL_ESCAPE "Atrial escape beat.";
    35 'n' SUPRAVENTRICULAR_ESCAPE "Supraventricular escape beat.";
    36 '@' LINK "Link to other data; the text is its URL.";
    37 'x' NON_CONDUCTED_P_WAVE "P wave that does not conduct.";
    38 'f' PACED_FUSION "Fusion of paced and normal beat.";
    39 '(' WAVE_ONSET "Onset of a wave.";
    40 ')' WAVE_END "End of a wave.";
    41 'r' R_ON_T "Premature ventricular contraction on the T wave.";
}

impl AnnotationCode {
    /// The code with this number, if it lies in 1 to 49.
    pub const fn new(number: u8) -> Option<Self> {
        if number >= 1 && number <= LARGEST { Some(Self(number)) } else { None }
    }

    /// The code that this character stands for.
    pub fn from_symbol(symbol: char) -> Option<Self> {
        Self::ASSIGNED.iter().copied().find(|code| code.symbol() == Some(symbol))
    }

    /// The number in the file.
    pub const fn number(self) -> u8 {
        self.0
    }

    /// Whether the label marks a QRS complex (`isqrs` of `ecgmap.h`).
    pub const fn is_qrs(self) -> bool {
        matches!(self.0, 1..=13 | 25 | 30 | 31 | 34 | 35 | 38 | 41)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbols_are_unique_and_found() {
        assert_eq!(AnnotationCode::ASSIGNED.len(), 39);
        for code in AnnotationCode::ASSIGNED {
            let symbol = code.symbol().expect("assigned codes have a symbol");
            assert_eq!(AnnotationCode::from_symbol(symbol), Some(*code), "{symbol}");
        }
        assert_eq!(AnnotationCode::from_symbol('z'), None);
        assert_eq!(AnnotationCode::new(42).and_then(AnnotationCode::symbol), None);
    }

    #[test]
    fn numbers_outside_the_table_are_no_codes() {
        assert_eq!(AnnotationCode::new(0), None);
        assert_eq!(AnnotationCode::new(50), None);
        assert_eq!(AnnotationCode::new(49).map(AnnotationCode::number), Some(49));
    }

    #[test]
    fn beats_are_told_from_other_labels() {
        assert!(AnnotationCode::VENTRICULAR_PREMATURE.is_qrs());
        assert!(!AnnotationCode::RHYTHM.is_qrs());
        assert_eq!((1..=49).filter_map(AnnotationCode::new).filter(|code| code.is_qrs()).count(), 20);
    }
}
