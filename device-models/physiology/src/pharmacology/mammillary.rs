//! A central compartment, two peripheral ones around it, and an effect site without volume.
//!
//! The equations are linear, so a second's step is one product with a matrix computed once: exact for bolus and for
//! an infusion that is constant within the second, for any number of steps.

use super::matrix_exponential::exponential;

/// Seconds in a minute.
const SECONDS: f64 = 60.0;

/// Volumes, clearances and the equilibration of the effect site. Whether the amounts are mg or ug is the drug's
/// affair; concentrations are per litre of the same.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Kinetics {
    /// Central volume [L].
    pub central_l: f64,
    /// Volumes of the fast and the slow peripheral compartment [L].
    pub peripheral_l: [f64; 2],
    /// Elimination clearance [L/min].
    pub clearance_l_min: f64,
    /// Clearances between the central and each peripheral compartment [L/min].
    pub exchange_l_min: [f64; 2],
    /// Equilibration of the effect site with plasma [1/min].
    pub effect_site_per_min: f64,
}

impl Kinetics {
    /// From a central volume [L] and the rate constants `k10, k12, k13, k21, k31` and `ke0` [1/min].
    pub fn from_rate_constants(central_l: f64, [k10, k12, k13, k21, k31]: [f64; 5], ke0: f64) -> Self {
        Self {
            central_l,
            peripheral_l: [central_l * k12 / k21, central_l * k13 / k31],
            clearance_l_min: central_l * k10,
            exchange_l_min: [central_l * k12, central_l * k13],
            effect_site_per_min: ke0,
        }
    }

    /// Volume of distribution at steady state [L].
    pub fn steady_state_volume_l(&self) -> f64 {
        self.central_l + self.peripheral_l[0] + self.peripheral_l[1]
    }
}

/// A drug in one patient.
#[derive(Debug, Clone, PartialEq)]
pub struct Mammillary {
    kinetics: Kinetics,
    /// What a second makes of the three amounts, the effect-site concentration and a dose given at a constant rate.
    transition: [[f64; 5]; 4],
    /// Amounts in the three compartments, and the effect-site concentration.
    states: [f64; 4],
}

impl Mammillary {
    /// None in the body.
    pub fn new(kinetics: Kinetics) -> Self {
        let [fast_l, slow_l] = kinetics.peripheral_l;
        let [fast_l_min, slow_l_min] = kinetics.exchange_l_min;
        let central = 1.0 / (kinetics.central_l * SECONDS);
        let elimination = -(kinetics.clearance_l_min + fast_l_min + slow_l_min) * central;
        let ke0 = kinetics.effect_site_per_min / SECONDS;
        let rates = [
            [elimination, fast_l_min / (fast_l * SECONDS), slow_l_min / (slow_l * SECONDS), 0.0, 1.0],
            [fast_l_min * central, -fast_l_min / (fast_l * SECONDS), 0.0, 0.0, 0.0],
            [slow_l_min * central, 0.0, -slow_l_min / (slow_l * SECONDS), 0.0, 0.0],
            [ke0 / kinetics.central_l, 0.0, 0.0, -ke0, 0.0],
            [0.0; 5],
        ];
        let [first, second, third, fourth, _] = exponential(&rates);
        Self { kinetics, transition: [first, second, third, fourth], states: [0.0; 4] }
    }

    /// Gives an amount at once.
    pub fn bolus(&mut self, amount: f64) {
        self.states[0] += amount;
    }

    /// Advances by one second in which this amount arrives at a constant rate.
    pub fn advance_second(&mut self, amount: f64) {
        let before = self.states;
        for (state, row) in self.states.iter_mut().zip(&self.transition) {
            let kept = row[0] * before[0] + row[1] * before[1] + row[2] * before[2] + row[3] * before[3];
            *state = kept + row[4] * amount;
        }
    }

    /// Concentration in plasma [per L].
    pub fn plasma(&self) -> f64 {
        self.states[0] / self.kinetics.central_l
    }

    /// Concentration at the effect site [per L].
    pub fn effect_site(&self) -> f64 {
        self.states[3]
    }

    /// Amount in the three compartments.
    pub fn amount(&self) -> f64 {
        self.states[0] + self.states[1] + self.states[2]
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const KINETICS: Kinetics = Kinetics {
        central_l: 4.27,
        peripheral_l: [24.0, 238.0],
        clearance_l_min: 1.6,
        exchange_l_min: [1.6, 0.836],
        effect_site_per_min: 0.456,
    };

    #[test]
    fn an_infusion_settles_at_rate_over_clearance() {
        let mut drug = Mammillary::new(KINETICS);
        for _ in 0..400 * 3_600 {
            drug.advance_second(10.0 / 60.0);
        }
        assert!((drug.plasma() - 10.0 / 1.6).abs() < 1e-3, "{}", drug.plasma());
        assert!((drug.effect_site() - drug.plasma()).abs() < 1e-6);
    }

    proptest! {
        /// Without elimination nothing is lost, however it is given.
        #[test]
        fn amounts_are_conserved(bolus in 0.0_f64..500.0, rate in 0.0_f64..5.0, seconds in 0_u32..600) {
            let mut drug = Mammillary::new(Kinetics { clearance_l_min: 0.0, ..KINETICS });
            drug.bolus(bolus);
            for _ in 0..seconds {
                drug.advance_second(rate);
            }
            let given = bolus + rate * f64::from(seconds);
            prop_assert!((drug.amount() - given).abs() < 1e-9 * (1.0 + given));
        }

        /// Doses superpose: two together act as the sum of each alone.
        #[test]
        fn doses_superpose(first in 0.0_f64..100.0, second in 0.0_f64..100.0, seconds in 1_u32..900) {
            let run = |doses: [f64; 2]| {
                let mut drug = Mammillary::new(KINETICS);
                drug.bolus(doses[0]);
                for _ in 0..seconds {
                    drug.advance_second(doses[1] / 60.0);
                }
                drug.effect_site()
            };
            let together = run([first, second]);
            let apart = run([first, 0.0]) + run([0.0, second]);
            prop_assert!((together - apart).abs() < 1e-10 * (1.0 + together));
        }
    }
}
