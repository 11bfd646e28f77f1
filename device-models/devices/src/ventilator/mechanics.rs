//! The lung as a ventilator meets it: one compartment with a resistance and a compliance.
//!
//! Equation of motion: airway pressure = PEEP + resistance x flow + volume / compliance (Hess, "Respiratory mechanics in
//! mechanically ventilated patients", Respir Care 2014;59:1773). Expiration is passive, with the time constant
//! resistance x compliance.

/// Time in which the pressure at the airway falls to PEEP when the expiratory valve opens [s].
const VALVE_S: f64 = 0.05;

/// Chest and airways with the tube.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Lung {
    /// Resistance [cmH2O s/L].
    pub(super) resistance: f64,
    /// Compliance [L/cmH2O].
    pub(super) compliance: f64,
}

/// How a breath is given.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Drive {
    /// At a constant flow, until the volume is in or the pressure limit is reached.
    Volume,
    /// At a constant pressure above PEEP [cmH2O].
    Pressure(f64),
    /// The patient breathes, helped by a constant pressure above PEEP [cmH2O].
    Support(f64),
    /// The tube is off.
    Nothing,
}

/// One breath at the airway.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct AirwayBreath {
    pub(super) lung: Lung,
    pub(super) drive: Drive,
    pub(super) peep_cmh2o: f64,
    pub(super) volume_l: f64,
    pub(super) inspiration_s: f64,
}

/// What sensors at the airway see.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Airway {
    pub(super) pressure_cmh2o: f64,
    pub(super) flow_l_s: f64,
    pub(super) volume_l: f64,
}

impl Lung {
    fn time_constant_s(&self) -> f64 {
        self.resistance * self.compliance
    }

    /// Volume that a flow delivers in an inspiration before a pressure limit above PEEP ends it [L].
    pub(super) fn limited_volume_l(&self, wanted_l: f64, inspiration_s: f64, limit_cmh2o: f64) -> f64 {
        let flow_l_s = wanted_l / inspiration_s;
        let left_cmh2o = limit_cmh2o - self.resistance * flow_l_s;
        (left_cmh2o * self.compliance).clamp(0.0, wanted_l)
    }

    /// Volume that a pressure above PEEP delivers in an inspiration [L].
    pub(super) fn pushed_volume_l(&self, pressure_cmh2o: f64, inspiration_s: f64) -> f64 {
        self.compliance * pressure_cmh2o * -libm::expm1(-inspiration_s / self.time_constant_s())
    }
}

impl AirwayBreath {
    /// Pressure, flow and volume so long after the beginning of inspiration.
    pub(super) fn at(&self, since_s: f64) -> Airway {
        if self.drive == Drive::Nothing {
            return Airway { pressure_cmh2o: 0.0, flow_l_s: 0.0, volume_l: 0.0 };
        }
        if since_s < self.inspiration_s {
            return self.inspired(since_s);
        }
        let expired_s = since_s - self.inspiration_s;
        let volume_l = self.volume_l * libm::exp(-expired_s / self.lung.time_constant_s());
        let released =
            (self.inspired(self.inspiration_s).pressure_cmh2o - self.peep_cmh2o) * libm::exp(-expired_s / VALVE_S);
        Airway {
            pressure_cmh2o: self.peep_cmh2o + released,
            flow_l_s: -volume_l / self.lung.time_constant_s(),
            volume_l,
        }
    }

    fn inspired(&self, since_s: f64) -> Airway {
        let Lung { resistance, compliance } = self.lung;
        match self.drive {
            Drive::Volume => {
                let flow_l_s = self.volume_l / self.inspiration_s;
                let volume_l = flow_l_s * since_s;
                let pressure_cmh2o = self.peep_cmh2o + resistance * flow_l_s + volume_l / compliance;
                Airway { pressure_cmh2o, flow_l_s, volume_l }
            }
            Drive::Pressure(above_cmh2o) => {
                let decay = libm::exp(-since_s / self.lung.time_constant_s());
                Airway {
                    pressure_cmh2o: self.peep_cmh2o + above_cmh2o,
                    flow_l_s: above_cmh2o / resistance * decay,
                    volume_l: compliance * above_cmh2o * (1.0 - decay),
                }
            }
            // Half a cosine of volume, as the patient draws it.
            Drive::Support(above_cmh2o) => {
                let angle = std::f64::consts::PI * since_s / self.inspiration_s;
                let flow_l_s = 0.5 * self.volume_l * std::f64::consts::PI / self.inspiration_s * libm::sin(angle);
                Airway {
                    pressure_cmh2o: self.peep_cmh2o + above_cmh2o,
                    flow_l_s,
                    volume_l: 0.5 * self.volume_l * (1.0 - libm::cos(angle)),
                }
            }
            Drive::Nothing => Airway { pressure_cmh2o: 0.0, flow_l_s: 0.0, volume_l: 0.0 },
        }
    }

    /// Highest pressure of the breath [cmH2O].
    pub(super) fn peak_cmh2o(&self) -> f64 {
        self.at(0.0).pressure_cmh2o.max(self.inspired(self.inspiration_s).pressure_cmh2o)
    }

    /// Pressure in a pause at the end of inspiration [cmH2O].
    pub(super) fn plateau_cmh2o(&self) -> f64 {
        if self.drive == Drive::Nothing { 0.0 } else { self.peep_cmh2o + self.volume_l / self.lung.compliance }
    }

    /// Mean pressure over a whole breath of this length [cmH2O].
    pub(super) fn mean_cmh2o(&self, period_s: f64) -> f64 {
        if self.drive == Drive::Nothing {
            return 0.0;
        }
        let inspired = match self.drive {
            Drive::Volume => {
                0.5 * (self.inspired(0.0).pressure_cmh2o + self.inspired(self.inspiration_s).pressure_cmh2o)
            }
            _ => self.inspired(0.0).pressure_cmh2o,
        };
        let share = (self.inspiration_s / period_s).clamp(0.0, 1.0);
        share * inspired + (1.0 - share) * self.peep_cmh2o
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LUNG: Lung = Lung { resistance: 10.0, compliance: 0.05 };

    /// Worked by hand: 0.5 L in 1 s through 10 cmH2O s/L into 50 mL/cmH2O above a PEEP of 5.
    #[test]
    fn a_volume_breath_obeys_the_equation_of_motion() {
        let breath =
            AirwayBreath { lung: LUNG, drive: Drive::Volume, peep_cmh2o: 5.0, volume_l: 0.5, inspiration_s: 1.0 };
        assert!((breath.peak_cmh2o() - 20.0).abs() < 1e-9);
        assert!((breath.plateau_cmh2o() - 15.0).abs() < 1e-9);
        let start = breath.at(0.0);
        assert!((start.pressure_cmh2o - 10.0).abs() < 1e-9 && (start.flow_l_s - 0.5).abs() < 1e-9);
        let later = breath.at(1.5);
        assert!((later.volume_l - 0.5 * libm::exp(-1.0)).abs() < 1e-9 && later.flow_l_s < 0.0);
        assert!((breath.mean_cmh2o(3.0) - (15.0 + 2.0 * 5.0) / 3.0).abs() < 1e-9);
    }

    #[test]
    fn pressure_and_limits_deliver_what_the_lung_takes() {
        let full_l = LUNG.pushed_volume_l(10.0, 10.0);
        assert!((full_l - 0.5).abs() < 1e-6);
        assert!((LUNG.pushed_volume_l(10.0, 0.5) - 0.5 * (1.0 - libm::exp(-1.0))).abs() < 1e-9);
        assert_eq!(LUNG.limited_volume_l(0.5, 1.0, 35.0), 0.5);
        let stiff = Lung { compliance: 0.01, ..LUNG };
        assert!((stiff.limited_volume_l(0.5, 1.0, 35.0) - 0.3).abs() < 1e-9);
        let blocked = Lung { resistance: 200.0, ..LUNG };
        assert_eq!(blocked.limited_volume_l(0.5, 1.0, 35.0), 0.0);
    }

    /// Flow is the slope of volume in every mode, in and out.
    #[test]
    fn flow_fills_the_volume() {
        for drive in [Drive::Volume, Drive::Pressure(12.0), Drive::Support(8.0)] {
            let inspiration_s = 1.2;
            let volume_l = match drive {
                Drive::Pressure(above) => LUNG.pushed_volume_l(above, inspiration_s),
                _ => 0.45,
            };
            let breath = AirwayBreath { lung: LUNG, drive, peep_cmh2o: 6.0, volume_l, inspiration_s };
            let mut volume = 0.0;
            for step in 0..3_000 {
                let since_s = f64::from(step) * 0.001;
                assert!((breath.at(since_s).volume_l - volume).abs() < 0.002, "{drive:?} at {since_s} s");
                volume += 0.001 * breath.at(since_s + 0.0005).flow_l_s;
            }
        }
    }
}
