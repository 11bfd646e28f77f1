//! One well-stirred compartment with linear elimination, stepped exactly.

/// Amount of a drug in the body.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct OneCompartment {
    /// Volume of distribution [L].
    volume_l: f64,
    /// Elimination rate [1/s].
    elimination_per_s: f64,
    amount_ug: f64,
}

impl OneCompartment {
    /// An empty compartment of this volume [L] and clearance [L/min].
    pub fn new(volume_l: f64, clearance_l_min: f64) -> Self {
        Self { volume_l, elimination_per_s: clearance_l_min / volume_l / 60.0, amount_ug: 0.0 }
    }

    /// Advances by `seconds` [s] during which `dose_ug` [ug] arrive at a constant rate; a bolus takes zero seconds.
    ///
    /// Exact for any step, since rate and elimination are constant within it.
    pub fn advance(&mut self, dose_ug: f64, seconds: f64) {
        let elapsed = self.elimination_per_s * seconds;
        let lost = -libm::expm1(-elapsed);
        let kept_of_dose = if elapsed > 0.0 { lost / elapsed } else { 1.0 };
        self.amount_ug += dose_ug * kept_of_dose - self.amount_ug * lost;
    }

    /// Plasma concentration [ug/L].
    pub fn concentration_ug_l(&self) -> f64 {
        self.amount_ug / self.volume_l
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// A long step equals many short ones at the same rate.
        #[test]
        fn steps_of_any_length_agree(rate in 0.0_f64..10.0, steps in 1_u32..200) {
            let mut fine = OneCompartment::new(8.84, 2.0);
            let mut coarse = fine;
            fine.advance(50.0, 0.0);
            coarse.advance(50.0, 0.0);
            for _ in 0..steps {
                fine.advance(rate * 0.1, 0.1);
            }
            let seconds = f64::from(steps) * 0.1;
            coarse.advance(rate * seconds, seconds);
            prop_assert!((fine.concentration_ug_l() - coarse.concentration_ug_l()).abs() < 1e-9);
        }
    }

    #[test]
    fn an_infusion_settles_at_rate_over_clearance() {
        let mut drug = OneCompartment::new(8.84, 2.0);
        for _ in 0..3_600 {
            drug.advance(7.0 / 60.0, 1.0);
        }
        assert!((drug.concentration_ug_l() - 3.5).abs() < 1e-5);
    }

    #[test]
    fn half_is_gone_after_the_half_life() {
        let mut drug = OneCompartment::new(8.84, 2.0);
        drug.advance(8.84, 0.0);
        drug.advance(0.0, 60.0 * std::f64::consts::LN_2 * 8.84 / 2.0);
        assert!((drug.concentration_ug_l() - 0.5).abs() < 1e-12);
    }
}
