//! The dimensions a scenario value can have, and the unit spellings accepted for each.

/// What a quantity measures. Each dimension has one canonical unit in which values are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dimension {
    /// Duration [ns].
    Time,
    /// Dimensionless share; `25 %` is 0.25 [1].
    Ratio,
    /// Percentage points as clinicians write saturations; `82 %` is 82 [%].
    Percent,
    /// Events per minute [1/min]; `1 Hz` is 60.
    Rate,
    /// Sampling or mains frequency [Hz].
    Frequency,
    /// Pressure [mmHg].
    Pressure,
    /// Glucose concentration [mg/dL]; `1 mmol/L` is 18.016 mg/dL.
    Glucose,
    /// Mass concentration of a drug [ug/mL].
    Concentration,
    /// Voltage [mV].
    Voltage,
    /// Temperature [degree Celsius].
    Temperature,
    /// Length [cm].
    Length,
    /// Mass [kg].
    Mass,
    /// Volume [mL].
    Volume,
    /// Volume flow [mL/h].
    Flow,
    /// Drug dose per body mass and time [ug/kg/min].
    DoseRate,
    /// Data size [byte].
    DataSize,
    /// Data rate [bit/s].
    DataRate,
    /// Power level [dBm].
    PowerLevel,
    /// Difference of two power levels: attenuation, spread [dB].
    LevelDifference,
    /// Metabolic equivalents [MET].
    Metabolic,
    /// Amount of insulin [U].
    Insulin,
    /// Rate of insulin [U/h].
    InsulinRate,
}

/// One accepted spelling of a unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unit {
    /// The spelling, matched exactly.
    pub name: &'static str,
    /// Multiply by this ...
    pub factor: f64,
    /// ... then add this to reach the canonical unit.
    pub offset: f64,
}

const fn unit(name: &'static str, factor: f64) -> Unit {
    Unit { name, factor, offset: 0.0 }
}

impl Dimension {
    /// Every dimension.
    pub const ALL: [Self; 22] = [
        Self::Time,
        Self::Ratio,
        Self::Percent,
        Self::Rate,
        Self::Frequency,
        Self::Pressure,
        Self::Glucose,
        Self::Concentration,
        Self::Voltage,
        Self::Temperature,
        Self::Length,
        Self::Mass,
        Self::Volume,
        Self::Flow,
        Self::DoseRate,
        Self::DataSize,
        Self::DataRate,
        Self::PowerLevel,
        Self::LevelDifference,
        Self::Metabolic,
        Self::Insulin,
        Self::InsulinRate,
    ];

    /// The word for it in messages.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Time => "duration",
            Self::Ratio => "ratio",
            Self::Percent => "percentage",
            Self::Rate => "rate",
            Self::Frequency => "frequency",
            Self::Pressure => "pressure",
            Self::Glucose => "glucose concentration",
            Self::Concentration => "drug concentration",
            Self::Voltage => "voltage",
            Self::Temperature => "temperature",
            Self::Length => "length",
            Self::Mass => "mass",
            Self::Volume => "volume",
            Self::Flow => "flow",
            Self::DoseRate => "dose rate",
            Self::DataSize => "data size",
            Self::DataRate => "data rate",
            Self::PowerLevel => "power level",
            Self::LevelDifference => "level difference",
            Self::Metabolic => "metabolic rate",
            Self::Insulin => "amount of insulin",
            Self::InsulinRate => "rate of insulin",
        }
    }

    /// Accepted units; the first is the canonical one.
    pub const fn units(self) -> &'static [Unit] {
        match self {
            Self::Time => {
                const {
                    &[
                        unit("ns", 1.0),
                        unit("us", 1e3),
                        unit("ms", 1e6),
                        unit("s", 1e9),
                        unit("m", 60e9),
                        unit("min", 60e9),
                        unit("h", 3600e9),
                        unit("d", 86400e9),
                    ]
                }
            }
            Self::Ratio => const { &[unit("", 1.0), unit("%", 0.01), unit("ppm", 1e-6)] },
            Self::Percent => const { &[unit("%", 1.0)] },
            Self::Rate => {
                const {
                    &[
                        unit("/min", 1.0),
                        unit("bpm", 1.0),
                        unit("/s", 60.0),
                        unit("Hz", 60.0),
                        unit("/h", 1.0 / 60.0),
                        unit("/d", 1.0 / 1440.0),
                    ]
                }
            }
            Self::Frequency => const { &[unit("Hz", 1.0), unit("kHz", 1e3), unit("/s", 1.0)] },
            Self::Pressure => {
                const { &[unit("mmHg", 1.0), unit("kPa", 7.500_62), unit("cmH2O", 0.735_56), unit("hPa", 0.750_062)] }
            }
            Self::Glucose => const { &[unit("mg/dL", 1.0), unit("mmol/L", 18.016)] },
            Self::Concentration => {
                const {
                    &[
                        unit("ug/mL", 1.0),
                        unit("mg/mL", 1e3),
                        unit("ng/mL", 1e-3),
                        unit("mg/L", 1.0),
                        unit("ug/L", 1e-3),
                    ]
                }
            }
            Self::Voltage => const { &[unit("mV", 1.0), unit("uV", 1e-3), unit("V", 1e3)] },
            Self::Temperature => {
                const {
                    &[
                        unit("degC", 1.0),
                        unit("Cel", 1.0),
                        Unit { name: "degF", factor: 5.0 / 9.0, offset: -160.0 / 9.0 },
                    ]
                }
            }
            Self::Length => const { &[unit("cm", 1.0), unit("m", 100.0), unit("mm", 0.1)] },
            Self::Mass => const { &[unit("kg", 1.0), unit("g", 1e-3), unit("mg", 1e-6), unit("ug", 1e-9)] },
            Self::Volume => const { &[unit("mL", 1.0), unit("L", 1e3)] },
            Self::Flow => const { &[unit("mL/h", 1.0), unit("mL/min", 60.0), unit("L/h", 1e3), unit("L/min", 60e3)] },
            Self::DoseRate => {
                const { &[unit("ug/kg/min", 1.0), unit("ug/kg/h", 1.0 / 60.0), unit("mg/kg/h", 1e3 / 60.0)] }
            }
            Self::DataSize => {
                const { &[unit("B", 1.0), unit("kB", 1e3), unit("KiB", 1024.0), unit("MB", 1e6), unit("MiB", 1_048_576.0)] }
            }
            Self::DataRate => {
                const { &[unit("bit/s", 1.0), unit("kbit/s", 1e3), unit("Mbit/s", 1e6), unit("Gbit/s", 1e9)] }
            }
            Self::PowerLevel => const { &[unit("dBm", 1.0)] },
            Self::LevelDifference => const { &[unit("dB", 1.0)] },
            Self::Metabolic => const { &[unit("MET", 1.0)] },
            Self::Insulin => const { &[unit("U", 1.0), unit("mU", 1e-3)] },
            Self::InsulinRate => const { &[unit("U/h", 1.0), unit("mU/h", 1e-3)] },
        }
    }

    /// The unit with this spelling.
    pub fn unit(self, name: &str) -> Option<Unit> {
        self.units().iter().copied().find(|unit| unit.name == name)
    }

    /// Two or three accepted spellings, for messages: `ms, s, m`.
    pub fn examples(self) -> String {
        let names: Vec<_> = self.units().iter().map(|unit| unit.name).filter(|name| !name.is_empty()).collect();
        names.join(", ")
    }
}
