//! How an insulin pump turns settings into insulin: in steps, within limits, from a reservoir, through a tube.
//!
//! Steps and limits per maker are data (`data/glucose/pump_models.csv`). What an occluded tube holds back is delivered
//! when the occlusion clears, as in a real pump whose pressure rises.

use super::dose::{Units, UnitsPerHour};
use super::pack::{PackError, Table};

const SHIPPED: &str = include_str!("../../data/glucose/pump_models.csv");

/// A kind of pump.
#[derive(Debug, Clone, PartialEq)]
pub struct PumpModel {
    /// Its name in scenarios.
    pub name: String,
    /// Smallest step of a bolus.
    pub bolus_step: Units,
    /// Largest single bolus.
    pub largest_bolus: Units,
    /// Smallest step of the basal rate.
    pub basal_step: UnitsPerHour,
    /// Highest basal rate.
    pub highest_basal: UnitsPerHour,
    /// Filling of the reservoir.
    pub reservoir: Units,
    /// Insulin held back at which an occlusion is noticed.
    pub occlusion_threshold: Units,
    /// Speed at which a bolus is given [U/min].
    pub bolus_u_min: f64,
}

impl PumpModel {
    /// Reads a table of pumps with the columns of `pump_models.csv`.
    ///
    /// # Errors
    ///
    /// Says which line and column is missing, is not a number or is not positive.
    pub fn read_all(text: &str) -> Result<Vec<Self>, PackError> {
        Table::parse(text)?
            .rows()
            .map(|row| {
                Ok(Self {
                    name: row.text("name")?.to_owned(),
                    bolus_step: Units(row.positive("bolus_step_u")?),
                    largest_bolus: Units(row.positive("largest_bolus_u")?),
                    basal_step: UnitsPerHour(row.positive("basal_step_u_h")?),
                    highest_basal: UnitsPerHour(row.positive("highest_basal_u_h")?),
                    reservoir: Units(row.positive("reservoir_u")?),
                    occlusion_threshold: Units(row.positive("occlusion_threshold_u")?),
                    bolus_u_min: row.positive("bolus_u_min")?,
                })
            })
            .collect()
    }

    /// The shipped pumps.
    pub fn shipped() -> Vec<Self> {
        Self::read_all(SHIPPED).expect("the shipped table is read by a test")
    }

    /// The shipped pump of this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::shipped().into_iter().find(|model| model.name == name)
    }

    /// A bolus as this pump can give it: in whole steps, at most the largest.
    pub fn programmed_bolus(&self, wanted: Units) -> Units {
        Units(whole_steps(wanted.0.clamp(0.0, self.largest_bolus.0), self.bolus_step.0))
    }

    /// A basal rate as this pump can give it.
    pub fn programmed_basal(&self, wanted: UnitsPerHour) -> UnitsPerHour {
        UnitsPerHour(whole_steps(wanted.0.clamp(0.0, self.highest_basal.0), self.basal_step.0))
    }
}

fn whole_steps(value: f64, step: f64) -> f64 {
    libm::round(value / step) * step
}

/// A pump at work.
#[derive(Debug, Clone, PartialEq)]
pub struct InsulinPump {
    model: PumpModel,
    basal: UnitsPerHour,
    suspended: bool,
    occluded: bool,
    /// Insulin that the basal rate has earned but that makes no whole step yet.
    basal_due: Units,
    bolus_left: Units,
    /// Insulin in the tube behind an occlusion.
    held_back: Units,
    reservoir: Units,
    delivered: Units,
    /// What the piston pushed out as basal insulin and as boluses, whether or not it arrived.
    basal_pushed: Units,
    bolus_pushed: Units,
}

impl InsulinPump {
    /// A full pump at this basal rate, rounded to its steps.
    pub fn new(model: PumpModel, basal: UnitsPerHour) -> Self {
        Self {
            basal: model.programmed_basal(basal),
            suspended: false,
            occluded: false,
            basal_due: Units(0.0),
            bolus_left: Units(0.0),
            held_back: Units(0.0),
            reservoir: model.reservoir,
            delivered: Units(0.0),
            basal_pushed: Units(0.0),
            bolus_pushed: Units(0.0),
            model,
        }
    }

    /// Starts a bolus, rounded and limited; returns what will be given. A running bolus is extended.
    pub fn bolus(&mut self, wanted: Units) -> Units {
        let programmed = self.model.programmed_bolus(wanted);
        self.bolus_left += programmed;
        programmed
    }

    /// Stops a running bolus; returns what was not given.
    pub fn stop_bolus(&mut self) -> Units {
        std::mem::take(&mut self.bolus_left)
    }

    /// Sets the basal rate, rounded and limited; returns what was set.
    pub fn set_basal(&mut self, wanted: UnitsPerHour) -> UnitsPerHour {
        self.basal = self.model.programmed_basal(wanted);
        self.basal
    }

    /// Suspends all delivery, or resumes the basal rate. A suspended bolus is lost.
    pub fn set_suspended(&mut self, suspended: bool) {
        self.suspended = suspended;
        if suspended {
            self.bolus_left = Units(0.0);
        }
    }

    /// Blocks the tube, or clears it.
    pub fn set_occluded(&mut self, occluded: bool) {
        self.occluded = occluded;
    }

    /// Changes the reservoir for one with this much in it, at most a full one.
    pub fn refill(&mut self, filling: Units) {
        self.reservoir = Units(filling.0.clamp(0.0, self.model.reservoir.0));
    }

    /// Advances by one minute; returns the insulin that reaches the tissue. A pump that has noticed an occlusion stops,
    /// and gives up its bolus, as does one whose reservoir has less than a step left.
    pub fn advance_minute(&mut self) -> Units {
        if self.notices_occlusion() {
            self.bolus_left = Units(0.0);
        }
        let stopped = self.suspended || self.notices_occlusion();
        let pushed = if stopped { Units(0.0) } else { self.push_minute() };
        if self.occluded {
            self.held_back += pushed;
            return Units(0.0);
        }
        let arriving = pushed + std::mem::take(&mut self.held_back);
        self.delivered += arriving;
        arriving
    }

    /// What the piston pushes out of the reservoir in a minute: the basal rate in whole steps, and part of a bolus.
    fn push_minute(&mut self) -> Units {
        self.basal_due += self.basal.over_minutes(1.0);
        let step = self.model.bolus_step.0;
        // A billionth of a step forgives the rounding of the sum.
        let steps = libm::floor(self.basal_due.0 / step + 1e-9);
        let basal = (steps * step).min(self.reservoir.0);
        self.basal_due = Units((self.basal_due.0 - steps * step).max(0.0));
        let bolus = self.bolus_left.0.min(self.model.bolus_u_min).min(self.reservoir.0 - basal);
        self.bolus_left = Units(self.bolus_left.0 - bolus);
        self.reservoir = Units(self.reservoir.0 - basal - bolus);
        if self.reservoir < self.model.bolus_step {
            self.bolus_left = Units(0.0);
        }
        self.basal_pushed += Units(basal);
        self.bolus_pushed += Units(bolus);
        Units(basal + bolus)
    }

    /// Whether the pump has noticed that its tube is blocked.
    pub fn notices_occlusion(&self) -> bool {
        self.held_back >= self.model.occlusion_threshold
    }

    /// Insulin left in the reservoir.
    pub fn reservoir(&self) -> Units {
        self.reservoir
    }

    /// Insulin of a running bolus that is still to come.
    pub fn bolus_left(&self) -> Units {
        self.bolus_left
    }

    /// Programmed basal rate.
    pub fn basal(&self) -> UnitsPerHour {
        self.basal
    }

    /// Basal insulin pushed out so far; an occlusion may have held it back.
    pub fn basal_pushed(&self) -> Units {
        self.basal_pushed
    }

    /// Insulin of boluses pushed out so far; an occlusion may have held it back.
    pub fn bolus_pushed(&self) -> Units {
        self.bolus_pushed
    }

    /// Whether delivery is suspended.
    pub fn is_suspended(&self) -> bool {
        self.suspended
    }

    /// Insulin held back by an occlusion.
    pub fn held_back(&self) -> Units {
        self.held_back
    }

    /// What kind of pump it is.
    pub fn model(&self) -> &PumpModel {
        &self.model
    }

    /// Insulin that has reached the tissue so far.
    pub fn delivered(&self) -> Units {
        self.delivered
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pump(basal_u_h: f64) -> InsulinPump {
        InsulinPump::new(PumpModel::find("insulet").unwrap(), UnitsPerHour(basal_u_h))
    }

    fn run(pump: &mut InsulinPump, minutes: usize) -> f64 {
        (0..minutes).map(|_| pump.advance_minute().0).sum()
    }

    #[test]
    fn a_basal_rate_is_per_hour_and_comes_in_steps() {
        let mut pump = pump(1.27);
        assert_eq!(pump.basal(), UnitsPerHour(1.25));
        let hour: Vec<f64> = (0..60).map(|_| pump.advance_minute().0).collect();
        assert!((hour.iter().sum::<f64>() - 1.25).abs() < 0.051, "{hour:?}");
        assert!(hour.iter().all(|dose| *dose == 0.0 || (dose - 0.05).abs() < 1e-12));
        assert!((run(&mut pump, 1_440) - 30.0).abs() < 0.051);
    }

    #[test]
    fn a_bolus_is_rounded_limited_and_takes_its_time() {
        let mut pump = pump(0.0);
        assert!((pump.bolus(Units(4.52)).0 - 4.5).abs() < 1e-9);
        assert_eq!(pump.advance_minute(), Units(1.5));
        assert!((run(&mut pump, 10) - 3.0).abs() < 1e-9);
        assert_eq!(pump.bolus(Units(500.0)), Units(30.0));
        run(&mut pump, 2);
        assert!((pump.stop_bolus().0 - 27.0).abs() < 1e-9);
        assert_eq!(run(&mut pump, 10), 0.0);
    }

    #[test]
    fn an_occlusion_holds_back_and_is_noticed() {
        let mut pump = pump(1.0);
        pump.set_occluded(true);
        assert_eq!(run(&mut pump, 60), 0.0);
        assert!(!pump.notices_occlusion());
        run(&mut pump, 130);
        assert!(pump.notices_occlusion());
        pump.bolus(Units(5.0));
        run(&mut pump, 600);
        assert!(pump.held_back().0 < 3.1, "a pump that knows of the occlusion stops");
        assert_eq!(pump.bolus_left(), Units(0.0));
        pump.set_occluded(false);
        assert!(pump.advance_minute().0 > 2.9);
        assert!(!pump.notices_occlusion());
    }

    #[test]
    fn a_suspended_or_empty_pump_gives_nothing() {
        let mut pump = pump(1.0);
        pump.bolus(Units(5.0));
        pump.set_suspended(true);
        assert_eq!(run(&mut pump, 120), 0.0);
        pump.set_suspended(false);
        assert!((run(&mut pump, 60) - 1.0).abs() < 0.051);
        for _ in 0..30 {
            pump.bolus(Units(30.0));
        }
        run(&mut pump, 600);
        assert!(pump.reservoir().0 < 1e-9);
        assert_eq!(run(&mut pump, 60), 0.0);
        // What was asked of it in the meantime is not given when it is full again.
        pump.bolus(Units(30.0));
        run(&mut pump, 60);
        pump.refill(Units(200.0));
        assert!((run(&mut pump, 60) - 1.0).abs() < 0.051);
    }

    proptest! {
        /// What leaves the reservoir has been delivered or is held back, whatever is done.
        #[test]
        fn insulin_is_conserved(actions in prop::collection::vec((0_u8..6, 0.0_f64..10.0, 1_usize..90), 1..40)) {
            let mut pump = pump(1.5);
            for (action, amount, minutes) in actions {
                match action {
                    0 => { pump.bolus(Units(amount)); }
                    1 => pump.set_occluded(amount > 5.0),
                    2 => pump.set_suspended(amount > 5.0),
                    3 => { pump.set_basal(UnitsPerHour(amount)); }
                    4 => { pump.stop_bolus(); }
                    _ => {}
                }
                run(&mut pump, minutes);
                let gone = pump.model.reservoir.0 - pump.reservoir().0;
                prop_assert!((gone - pump.delivered().0 - pump.held_back.0).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn faults_in_a_table_are_located() {
        assert_eq!(
            PumpModel::read_all("name,bolus_step_u\nx,0\n"),
            Err(PackError::NotPositive { line: 2, column: "bolus_step_u".to_owned(), value: "0".to_owned() })
        );
    }
}
