//! The twelve leads, as what each sees of the heart's dipole.
//!
//! Rows of the matrix of Dower, Machado and Osborne ("On deriving the electrocardiogram from vectorcardiographic
//! leads", Clin Cardiol 1980;3:87-95) for Frank's axes: x to the left, y to the feet, z to the back. The other limb
//! leads follow by Einthoven and Goldberger.

use vocabulary::{MetricId, metrics};

/// A lead of the electrocardiogram.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lead {
    /// Limb lead I.
    I,
    /// Limb lead II.
    II,
    /// Limb lead III.
    III,
    /// Augmented limb lead aVR.
    Avr,
    /// Augmented limb lead aVL.
    Avl,
    /// Augmented limb lead aVF.
    Avf,
    /// Chest lead V1.
    V1,
    /// Chest lead V2.
    V2,
    /// Chest lead V3.
    V3,
    /// Chest lead V4.
    V4,
    /// Chest lead V5.
    V5,
    /// Chest lead V6.
    V6,
}

/// A vector in Frank's axes: x to the left, y to the feet, z to the back.
pub(crate) type Vector = [f64; 3];

const ROW_I: Vector = [0.632, -0.235, 0.059];
const ROW_II: Vector = [0.235, 1.066, -0.132];

impl Lead {
    /// All leads in the usual order.
    pub const ALL: [Self; 12] = [
        Self::I,
        Self::II,
        Self::III,
        Self::Avr,
        Self::Avl,
        Self::Avf,
        Self::V1,
        Self::V2,
        Self::V3,
        Self::V4,
        Self::V5,
        Self::V6,
    ];

    /// The lead's metric.
    pub const fn metric(self) -> MetricId {
        match self {
            Self::I => metrics::ECG_I,
            Self::II => metrics::ECG_II,
            Self::III => metrics::ECG_III,
            Self::Avr => metrics::ECG_AVR,
            Self::Avl => metrics::ECG_AVL,
            Self::Avf => metrics::ECG_AVF,
            Self::V1 => metrics::ECG_V1,
            Self::V2 => metrics::ECG_V2,
            Self::V3 => metrics::ECG_V3,
            Self::V4 => metrics::ECG_V4,
            Self::V5 => metrics::ECG_V5,
            Self::V6 => metrics::ECG_V6,
        }
    }

    /// The lead with this metric.
    pub fn of_metric(metric: MetricId) -> Option<Self> {
        Self::ALL.into_iter().find(|lead| lead.metric() == metric)
    }

    /// Twice the weights of leads I and II in a limb lead that follows from them; `None` for the others.
    pub const fn of_limbs(self) -> Option<[i32; 2]> {
        match self {
            Self::III => Some([-2, 2]),
            Self::Avr => Some([-1, -1]),
            Self::Avl => Some([2, -1]),
            Self::Avf => Some([-1, 2]),
            _ => None,
        }
    }

    /// What the lead sees of a dipole along each axis.
    pub(crate) fn row(self) -> Vector {
        match self {
            Self::I => ROW_I,
            Self::II => ROW_II,
            Self::V1 => [-0.515, 0.157, -0.917],
            Self::V2 => [0.044, 0.164, -1.387],
            Self::V3 => [0.882, 0.098, -1.277],
            Self::V4 => [1.213, 0.127, -0.601],
            Self::V5 => [1.125, 0.127, -0.086],
            Self::V6 => [0.831, 0.076, 0.230],
            Self::III | Self::Avr | Self::Avl | Self::Avf => {
                let [one, two] = self.of_limbs().unwrap_or_default().map(|weight| 0.5 * f64::from(weight));
                [0, 1, 2].map(|axis| one * ROW_I[axis] + two * ROW_II[axis])
            }
        }
    }
}

/// The dipole that is seen in leads I and II with these heights and has this part along the z axis.
pub(crate) fn vector(height_i: f64, height_ii: f64, z: f64) -> Vector {
    let (one, two) = (height_i - ROW_I[2] * z, height_ii - ROW_II[2] * z);
    let determinant = ROW_I[0] * ROW_II[1] - ROW_I[1] * ROW_II[0];
    [(ROW_II[1] * one - ROW_I[1] * two) / determinant, (ROW_I[0] * two - ROW_II[0] * one) / determinant, z]
}

/// Projection of a dipole on a row.
pub(crate) fn seen(row: Vector, dipole: Vector) -> f64 {
    row[0] * dipole[0] + row[1] * dipole[1] + row[2] * dipole[2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dipole_is_found_from_its_heights() {
        let dipole = vector(0.7, 1.1, -0.4);
        assert!((seen(Lead::I.row(), dipole) - 0.7).abs() < 1e-12);
        assert!((seen(Lead::II.row(), dipole) - 1.1).abs() < 1e-12);
        assert!((seen(Lead::III.row(), dipole) - 0.4).abs() < 1e-12);
        assert!((seen(Lead::Avr.row(), dipole) + 0.9).abs() < 1e-12);
    }

    #[test]
    fn leads_are_metrics() {
        for lead in Lead::ALL {
            assert_eq!(Lead::of_metric(lead.metric()), Some(lead));
        }
        assert_eq!(Lead::of_metric(metrics::PLETH), None);
    }
}
