//! What disease, circuit and sampling line make of a capnogram.
//!
//! Shapes: Thompson and Jaffe, "Capnographic waveforms in the mechanically ventilated patient", Respir Care
//! 2005;50:100-9 (slow upstroke of bronchospasm, raised baseline of rebreathing, curare cleft in the last third of the
//! plateau, fall of the plateau with a leak, cardiac oscillations at the end of expiration).

/// Form of a capnogram.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CapnogramShape {
    /// Time constant with which alveolar gas arrives [s].
    pub rise_s: f32,
    /// Slope of the plateau [mmHg/s].
    pub slope_mmhg_s: f32,
    /// Carbon dioxide in what is inspired [mmHg].
    pub inspired_mmhg: f32,
    /// Depth of a cleft in the plateau, as a share of it.
    pub cleft: f32,
    /// Share of the expiration after which room air is drawn in; 1 for a tight line.
    pub tight_share: f32,
}

/// Centre and width of the cleft, as shares of the expiration.
const CLEFT_CENTRE: f32 = 0.7;
const CLEFT_WIDTH: f32 = 0.06;

/// What a leak leaves of the carbon dioxide, and how fast the rest falls [shares of the expiration].
const LEAK_LEVEL: f32 = 0.35;
const LEAK_SHARE: f32 = 0.12;

impl CapnogramShape {
    /// Of a healthy lung through a tight line.
    pub const HEALTHY: Self =
        Self { rise_s: 0.12, slope_mmhg_s: 2.0, inspired_mmhg: 0.0, cleft: 0.0, tight_share: 1.0 };

    /// Of narrow airways: the shark's fin.
    pub const BRONCHOSPASM: Self = Self { rise_s: 0.45, slope_mmhg_s: 5.0, ..Self::HEALTHY };

    /// Factor of the plateau when `share` (0 to 1) of the expiration has passed.
    #[inline]
    pub(super) fn plateau_factor(&self, share: f32) -> f32 {
        let mut factor = 1.0;
        if self.cleft > 0.0 {
            let distance = (share - CLEFT_CENTRE) * (1.0 / CLEFT_WIDTH);
            factor -= self.cleft * super::elementary::exp(-0.5 * distance * distance);
        }
        let leaked = share - self.tight_share;
        if self.tight_share < 1.0 && leaked > 0.0 {
            factor *= LEAK_LEVEL + (1.0 - LEAK_LEVEL) * super::elementary::exp(-leaked * (1.0 / LEAK_SHARE));
        }
        factor
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_healthy_plateau_is_left_alone() {
        for step in 0..=20 {
            assert_eq!(CapnogramShape::HEALTHY.plateau_factor(step as f32 / 20.0), 1.0);
        }
    }

    #[test]
    fn clefts_and_leaks_lie_in_the_second_half() {
        let cleft = CapnogramShape { cleft: 0.4, ..CapnogramShape::HEALTHY };
        assert!(cleft.plateau_factor(0.3) > 0.99 && cleft.plateau_factor(0.7) < 0.61);
        assert!(cleft.plateau_factor(0.95) > 0.99);
        let leak = CapnogramShape { tight_share: 0.6, ..CapnogramShape::HEALTHY };
        assert_eq!(leak.plateau_factor(0.5), 1.0);
        assert!(leak.plateau_factor(1.0) < 0.4);
    }
}
