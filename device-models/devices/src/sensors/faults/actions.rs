//! The `sensor.*` actions that act on values, with their parameters.

use bevy_ecs::prelude::*;
use sim_core::{
    ActionSpec, Arguments, DurationRule, Executor, Level, ParameterKind, ParameterSpec, SignalAct, SignalCode, Span,
};
use vocabulary::{Dimension, MetricId};

use super::amplitude::{Quantise, Saturation};
use super::dropout::{Dropout, Swap, WarmUp};
use super::effect::Effect;
use super::episodes::{Episodes, Length};
use super::motion::{Bursts, Motion};
use super::noise::{Colour, Noise};
use super::offset::{Affine, LinearDrift, OtherUnit, RandomWalk};
use super::spike::Spikes;
use super::stuck::Stuck;
use super::{Placing, place};

/// A number without bounds of its own, in the unit of whatever metric is named.
const ANY: (f64, f64) = (-1e6, 1e6);

fn seconds(arguments: &Arguments, name: &str, usual_s: f64) -> f64 {
    arguments.number(name).map_or(usual_s, |nanos| nanos / 1e9)
}

fn stuck(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, |placing| Box::new(Stuck::new(placing.arguments.number("value"))));
}

fn bias(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, |placing| {
        let number = |name, usual| placing.arguments.number(name).unwrap_or(usual);
        Box::new(Affine { scale: number("scale", 1.0), add: number("add", 0.0) })
    });
}

fn drift(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, |placing| {
        let per_hour = placing.arguments.number("per_hour").unwrap_or_default();
        match placing.arguments.text("shape") {
            Some("random_walk") => Box::new(RandomWalk::new(per_hour)),
            _ => Box::new(LinearDrift { per_hour }),
        }
    });
}

fn noise(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, |placing| {
        let colour = Colour::from_word(placing.arguments.text("colour").unwrap_or_default());
        Box::new(Noise { sigma: placing.arguments.number("sigma").unwrap_or_default(), colour })
    });
}

fn spike(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, |placing| {
        let per_minute = placing.arguments.number("rate").unwrap_or(1.0);
        let width = Length::Fixed(seconds(placing.arguments, "width", 0.02));
        let impulses = Episodes::new(placing.key, placing.from, 60.0 / per_minute, width);
        Box::new(Spikes { impulses, amplitude: placing.arguments.number("amplitude").unwrap_or_default() })
    });
}

fn motion(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, |placing: &Placing<'_>| {
        let severity = placing.arguments.number("severity").unwrap_or(0.5);
        let noticed = placing.arguments.flag("flag").unwrap_or(true);
        let burst_s = seconds(placing.arguments, "burst", 5.0);
        let pause_ns = placing.arguments.number("pause");
        let bursts = match pause_ns {
            Some(pause_ns) => Bursts::many(placing.shared_key, placing.from, burst_s, pause_ns / 1e9),
            None => Bursts::One { begins: placing.from, ends: placing.from + Span::from_nanos((burst_s * 1e9) as i64) },
        };
        Box::new(Motion::new(placing.shared_key, bursts, severity, noticed))
    });
}

fn saturation(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, |placing| {
        let number = |name, usual| placing.arguments.number(name).unwrap_or(usual);
        Box::new(Saturation { smallest: number("min", ANY.0), largest: number("max", ANY.1) })
    });
}

fn quantise(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, |placing| Box::new(Quantise { step: placing.arguments.number("step").unwrap_or(1.0) }));
}

fn dropout(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, |placing| {
        let share = placing.arguments.number("p").unwrap_or(5.0) / 100.0;
        let burst_s = seconds(placing.arguments, "burst", 10.0);
        let pause_s = burst_s * (1.0 - share) / share;
        let gaps = Episodes::new(placing.key, placing.from, pause_s, Length::Exponential(burst_s));
        Box::new(Dropout { gaps })
    });
}

fn warm_up(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, |_| Box::new(WarmUp));
}

fn swap(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, |placing| {
        let metric = |name| placing.arguments.text(name).and_then(MetricId::find);
        // Names that are no metrics exchange nothing, and the step is without evidence.
        match (metric("first"), metric("second")) {
            (Some(first), Some(second)) => Box::new(Swap { pair: (first, second) }) as Box<dyn Effect>,
            _ => Box::new(Affine { scale: 1.0, add: 0.0 }),
        }
    });
}

fn unit(world: &mut World, act: &SignalAct<'_>) {
    place(world, act, |placing| Box::new(OtherUnit::named(placing.arguments.text("to").unwrap_or_default())));
}

/// Every `sensor.*` action on values.
pub(super) fn actions() -> Vec<ActionSpec> {
    vec![
        action(
            "sensor.stuck",
            "a value no longer changes; times and sequences go on",
            stuck,
            vec![some_metrics(), number("value", "what it stays at; absent: its first value under the fault")],
            "notice the flat line and mark the quality",
        ),
        action(
            "sensor.bias",
            "a value times a factor plus an offset",
            bias,
            vec![
                these_metrics(),
                number("add", "added, in the metric's unit").default("0"),
                number("scale", "factor").default("1"),
            ],
            "find it implausible beside a second sensor",
        ),
        action(
            "sensor.drift",
            "a bias that grows",
            drift,
            vec![
                these_metrics(),
                ParameterSpec::required(
                    "per_hour",
                    ParameterKind::Number,
                    "growth in an hour, in the metric's unit; of a random walk its standard deviation then",
                )
                .range(ANY.0, ANY.1),
                choice("shape", &["linear", "random_walk"], "how it grows").default("linear"),
            ],
            "ask for a calibration",
        ),
        action(
            "sensor.noise",
            "additive noise",
            noise,
            vec![
                these_metrics(),
                ParameterSpec::required("sigma", ParameterKind::Number, "standard deviation, in the metric's unit")
                    .range(0.0, ANY.1),
                choice("colour", Colour::WORDS, "its spectrum").default("white"),
            ],
            "raise no arrhythmia alarm",
        ),
        action(
            "sensor.spike",
            "impulses at random instants; of single values the next one after an impulse",
            spike,
            vec![
                these_metrics(),
                quantity("rate", Dimension::Rate, "impulses").default("1 /min").range(0.01, 6_000.0),
                ParameterSpec::required("amplitude", ParameterKind::Number, "height, in the metric's unit, up or down")
                    .range(ANY.0, ANY.1),
                quantity("width", Dimension::Time, "how long an impulse lasts in a waveform")
                    .default("20ms")
                    .range(1e6, 60e9),
            ],
            "not page for a single outlier",
        ),
        action(
            "sensor.motion",
            "motion in all channels together: electrocardiogram, pleth, respiration, pressures, their rates",
            motion,
            vec![
                some_metrics(),
                number("severity", "0 to 1: artefact as high as the signal").default("0.5").range(0.0, 1.0),
                quantity("burst", Dimension::Time, "length of the burst, or mean length of bursts with pauses")
                    .default("5s")
                    .range(1e8, 3.6e12),
                quantity("pause", Dimension::Time, "mean pause between bursts; without it there is one burst")
                    .range(1e8, 3.6e12),
                ParameterSpec::optional("flag", ParameterKind::Flag, "whether the device marks what it measures then")
                    .default("true"),
            ],
            "mark the artefact and delay alarms",
        ),
        action(
            "sensor.saturation",
            "values are clipped at the rails of a converter",
            saturation,
            vec![these_metrics(), number("min", "lower rail, in the metric's unit"), number("max", "upper rail")],
            "mark what lies at a rail as out of range",
        ),
        action(
            "sensor.quantise",
            "values in coarse steps",
            quantise,
            vec![
                these_metrics(),
                ParameterSpec::required("step", ParameterKind::Number, "step, in the metric's unit").range(1e-6, ANY.1),
            ],
            "raise no alarm at the edge of a step",
        ),
        action(
            "sensor.dropout",
            "gaps: messages go on, without values, and say so by their quality",
            dropout,
            vec![
                some_metrics(),
                quantity("p", Dimension::Percent, "share of the time without values").default("5 %").range(0.1, 99.0),
                quantity("burst", Dimension::Time, "mean length of a gap").default("10s").range(1e7, 3.6e12),
            ],
            "show a gap as a gap, never fill it silently",
        ),
        action(
            "sensor.warmup",
            "the sensor is on and has no valid value",
            warm_up,
            vec![some_metrics()],
            "carry the status, never a zero",
        ),
        action(
            "sensor.swap",
            "two channels of a device under each other's names, as exchanged electrodes",
            swap,
            vec![
                ParameterSpec::required("first", ParameterKind::Text, "one metric, such as `ecg_i`"),
                ParameterSpec::required("second", ParameterKind::Text, "the other one"),
            ],
            "find the pair implausible",
        ),
        action(
            "sensor.unit",
            "values in another unit under the old label",
            unit,
            vec![
                some_metrics(),
                ParameterSpec::required(
                    "to",
                    ParameterKind::Choice(OtherUnit::WORDS),
                    "unit of the values; concerns metrics in mg/dL, mmHg, Cel or kg",
                ),
            ],
            "convert by the unit's code and never guess; refuse what is implausible",
        ),
    ]
}

fn action(
    name: &'static str,
    about: &'static str,
    act: SignalCode,
    parameters: Vec<ParameterSpec>,
    stack_should: &'static str,
) -> ActionSpec {
    ActionSpec {
        name,
        about,
        level: Level::Device,
        executor: Executor::signal(act),
        parameters,
        duration: DurationRule::Optional,
        evidence: &["samples_changed", "readings_changed"],
        heal: "the sensor is right again",
        stack_should,
    }
}

fn these_metrics() -> ParameterSpec {
    ParameterSpec::required("metrics", ParameterKind::Texts, "metrics concerned, such as `spo2`")
}

fn some_metrics() -> ParameterSpec {
    ParameterSpec::optional("metrics", ParameterKind::Texts, "metrics concerned; all but the battery when absent")
}

const fn number(name: &'static str, about: &'static str) -> ParameterSpec {
    ParameterSpec::optional(name, ParameterKind::Number, about).range(ANY.0, ANY.1)
}

const fn quantity(name: &'static str, dimension: Dimension, about: &'static str) -> ParameterSpec {
    ParameterSpec::optional(name, ParameterKind::Quantity(dimension), about)
}

const fn choice(name: &'static str, words: &'static [&'static str], about: &'static str) -> ParameterSpec {
    ParameterSpec::optional(name, ParameterKind::Choice(words), about)
}
