//! The built-in expectation metrics: each row with its definition and the code that measures it.

use hdrhistogram::Histogram;
use sim_core::{CommandAction, Executor, ExpectMetricSpec, MetricShape, Registry, Sampled, Seam};
use vocabulary::Dimension;

use crate::event::Event;
use crate::fate::{self, End, Fate, Incident, LinkFate};
use crate::measure::{Contribution, Measure, Measuring, RunDistributions};

use Contribution::{Chance, Delay, DelayAtMost, Doubt, Hit, Nothing, Sample, Value};

/// Adds the rows.
pub(crate) fn register(registry: &mut Registry) {
    registry.extend(rows());
}

fn rows() -> [ExpectMetricSpec; 23] {
    [
        count("sent", "messages written to a connection at least once; re-sent copies do not count", |_| {
            Messages::counted(|fate| Sample(fate.sent_at.is_some())).words("written", "never written")
        }),
        of_acknowledgements(count("acked", "messages the target acknowledged (QoS 1 and 2), each once", |_| {
            Messages::counted(|fate| Sample(fate.acked_at.is_some())).words("acknowledged", "never acknowledged")
        })),
        count("delivered", "messages the probe of their route observed with the right bytes, each once", |_| {
            Messages::counted(|fate| among(is_watched(fate), fate, End::Delivered)).boxed()
        }),
        ExpectMetricSpec {
            arguments: &["acked"],
            sampled: |argument| argument.map_or(Sampled::Messages, |_| Sampled::Acknowledgements),
            ..count(
                "lost",
                "messages written to a connection and not observed by the end of the drain, in whatever words (one that was \
                 altered is `corrupted`, and not delivered); lost(acked): those of them that the target had acknowledged",
                |argument| match argument {
                    None => {
                        let of_written = |fate: &Fate| among(is_watched_and(fate.sent_at, fate), fate, End::Lost);
                        Messages::counted(of_written).boxed()
                    }
                    Some(_) => Messages {
                        proves_harm: true,
                        counted: Some("acknowledged, never observed"),
                        ..Messages::counted(|fate| among(is_watched_and(fate.acked_at, fate), fate, End::Lost))
                    }
                    .boxed(),
                },
            )
        },
        count("duplicates", "observations of a message beyond the first, at the probe of its route", |_| {
            Incidents::of(Incident::Duplicate)
        }),
        count("out_of_order", "messages first observed after a later one of the same stream", |_| {
            Incidents::of(Incident::OutOfOrder)
        }),
        share("delivered.ratio", "messages delivered / messages sent", |_| {
            Messages::counted(|fate| among(is_watched_and(fate.sent_at, fate), fate, End::Delivered)).boxed()
        }),
        share(
            "completeness",
            "messages delivered / messages said, declared drops and values lost in the air among the latter",
            |_| Messages::counted(|fate| among(is_watched(fate), fate, End::Delivered)).boxed(),
        ),
        // A message is only a sample of a time in which a link could end.
        of_radio_links(count("link.losses", "Bluetooth links that ended, at gateways", |_| {
            Links::boxed(Chance, |link| if link == LinkFate::Lost { Hit } else { Nothing })
        })),
        of_radio_links(distribution(
            "link.rssi",
            "signal strength at which a gateway heard each value that it handed on",
            Dimension::PowerLevel,
            |_| {
                Links::boxed(Nothing, |link| match link {
                    LinkFate::Heard(dbm) => Value(dbm),
                    LinkFate::Lost | LinkFate::Back(_) => Nothing,
                })
            },
        )),
        of_radio_links(distribution(
            "link.reconnect",
            "from the end of a Bluetooth link to the device's next one, at whichever gateway; 0 when it had another \
             already, infinite when none came",
            Dimension::Time,
            |_| {
                Links::boxed(Nothing, |link| match link {
                    LinkFate::Back(delay) => Delay(delay),
                    LinkFate::Lost | LinkFate::Heard(_) => Nothing,
                })
            },
        )),
        count(
            "dropped.declared",
            "messages that a full outbox dropped, as the device declares, or that the air lost for good, and that were \
             not observed",
            |_| Messages::counted(|fate| Sample(fate.end == End::Dropped)).boxed(),
        ),
        distribution(
            "latency.e2e",
            "observed - intended instant of every message said; one that came altered came when that was observed, and one \
             that was not observed by the end of the drain (lost, dropped or never written), or only elsewhere, counts as \
             infinite",
            Dimension::Time,
            |_| Messages { includes_lag: true, ..Messages::counted(until_observed) }.boxed(),
        ),
        distribution(
            "latency.send",
            "first written - intended instant of every message said; one that was never written counts as infinite",
            Dimension::Time,
            |_| Messages { includes_lag: true, ..Messages::counted(|fate| Delay(fate.until_sent())) }.boxed(),
        ),
        of_acknowledgements(distribution(
            "latency.ack",
            "acknowledged - first written, of written messages that ask for an acknowledgement; one that got none by the \
             end of the drain counts as infinite",
            Dimension::Time,
            |_| Messages::counted(|fate| fate.until_acked().map_or(Nothing, Delay)).boxed(),
        )),
        distribution(
            "pause",
            "from one message of a stream that was observed, altered or not, to the next, and from the last to the last one \
             said; infinite for a stream of which none was observed",
            Dimension::Time,
            |_| Box::new(Silences),
        ),
        of_commands(share("commands.answered", "commands of steps whose answer was heard / commands given", |_| {
            Commands::boxed(|event| matches!(event, Event::AnswerHeard { .. }))
        })),
        of_commands(share(
            "commands.applied",
            "commands of steps that were answered as applied / commands given",
            |_| Commands::boxed(|event| matches!(event, Event::AnswerHeard { applied: true, .. })),
        )),
        distribution(
            "generator.lag",
            "moment the generator handled a message - its intended instant, over the whole run and all devices; p99 <= \
             50ms guards every run",
            Dimension::Time,
            |_| Box::new(GeneratorLag),
        ),
        count(
            "corrupted",
            "observations of a message that do not say what was said (or what a gateway made of what it heard), first ones and \
             copies, however late; on another stream's topic of its device; or unreadable on a topic of ours",
            |_| Incidents::of(Incident::Corrupted),
        ),
        count(
            "invented",
            "observations with the serial and stream of one of our devices and a sequence number that the device had not \
             said, or not written",
            |_| Incidents::of(Incident::Invented),
        ),
        count(
            "stale",
            "observations of values that the target had kept (retained) from before the run, under the name or on the topic of \
             one of our devices",
            |_| Incidents::of(Incident::Stale),
        ),
        count(
            "identity.mismatch",
            "observations of one device's message on a topic of another device, or of data of a patient under the serial \
             of a device that another one wears",
            |_| Incidents::of(Incident::IdentityMismatch),
        ),
    ]
}

/// Why nobody can tell of messages, copies and delays.
const PERHAPS_MISSED: &str = "messages may have been shown when the probe was blind";
const PERHAPS_UNREAD: &str = "messages may have been shown in a shape that no format reads";
const PERHAPS_UNTOLD: &str = "messages may be among what was seen without a name, as their format gives them none";
const PERHAPS_SEEN_LATE: &str = "messages were seen after the probe had been blind, and the delay may be its own";
const TOO_OLD: &str = "sightings came too late to be compared with what was said";

type Make = fn(Option<&str>) -> Box<dyn Measure>;

fn row(name: &'static str, about: &'static str, shape: MetricShape, make: Make) -> ExpectMetricSpec {
    let executor = Executor::new(Measuring(make));
    ExpectMetricSpec { name, about, shape, arguments: &[], sampled: |_| Sampled::Messages, executor }
}

fn count(name: &'static str, about: &'static str, make: Make) -> ExpectMetricSpec {
    row(name, about, MetricShape::Count, make)
}

fn share(name: &'static str, about: &'static str, make: Make) -> ExpectMetricSpec {
    row(name, about, MetricShape::Share, make)
}

fn distribution(name: &'static str, about: &'static str, dimension: Dimension, make: Make) -> ExpectMetricSpec {
    row(name, about, MetricShape::Distribution(dimension), make)
}

fn of_acknowledgements(row: ExpectMetricSpec) -> ExpectMetricSpec {
    ExpectMetricSpec { sampled: |_| Sampled::Acknowledgements, ..row }
}

fn of_radio_links(row: ExpectMetricSpec) -> ExpectMetricSpec {
    ExpectMetricSpec { sampled: |_| Sampled::RadioLinks, ..row }
}

fn of_commands(row: ExpectMetricSpec) -> ExpectMetricSpec {
    ExpectMetricSpec { sampled: |_| Sampled::Steps(CommandAction::WORD), ..row }
}

fn is_watched(fate: &Fate) -> bool {
    fate.end != End::Unknown
}

/// Whether the message got so far, and its end can be told.
fn is_watched_and(reached: Option<i64>, fate: &Fate) -> bool {
    reached.is_some() && is_watched(fate)
}

/// What a message adds to those that ended so, if it is one of those looked at.
fn among(is_sample: bool, fate: &Fate, wanted: End) -> Contribution {
    match fate.end {
        _ if !is_sample => Nothing,
        End::Unjudged => Doubt(PERHAPS_MISSED),
        End::Unread => Doubt(PERHAPS_UNREAD),
        End::Untold => Doubt(PERHAPS_UNTOLD),
        end => Sample(end == wanted),
    }
}

fn until_observed(fate: &Fate) -> Contribution {
    match fate.end {
        End::Unknown => Nothing,
        End::Unjudged => Doubt(PERHAPS_MISSED),
        End::Unread => Doubt(PERHAPS_UNREAD),
        End::Untold => Doubt(PERHAPS_UNTOLD),
        End::Delivered | End::Altered if fate.blind => DelayAtMost(fate.end_to_end(), PERHAPS_SEEN_LATE),
        End::Delivered | End::Altered | End::Lost | End::Dropped | End::Pending => Delay(fate.end_to_end()),
    }
}

/// A metric of settled messages.
#[derive(Debug)]
struct Messages {
    contribution: fn(&Fate) -> Contribution,
    /// Words for a message that counts, where its end does not say it.
    counted: Option<&'static str>,
    /// Words for one that does not.
    uncounted: Option<&'static str>,
    includes_lag: bool,
    proves_harm: bool,
}

impl Messages {
    fn counted(contribution: fn(&Fate) -> Contribution) -> Self {
        Self { contribution, counted: None, uncounted: None, includes_lag: false, proves_harm: false }
    }

    fn words(self, counted: &'static str, uncounted: &'static str) -> Box<dyn Measure> {
        Self { counted: Some(counted), uncounted: Some(uncounted), ..self }.boxed()
    }

    fn boxed(self) -> Box<dyn Measure> {
        Box::new(self)
    }
}

impl Measure for Messages {
    fn message(&mut self, fate: &Fate) -> Contribution {
        (self.contribution)(fate)
    }

    fn words(&self, counted: bool, fate: &Fate) -> &'static str {
        let own = if counted { self.counted } else { self.uncounted };
        own.unwrap_or_else(|| fate.end.words())
    }

    fn includes_lag(&self) -> bool {
        self.includes_lag
    }

    fn proves_harm(&self) -> bool {
        self.proves_harm
    }
}

/// A metric of what should not have been seen; a delivered message is one sample in which it could have been.
#[derive(Debug)]
struct Incidents(Incident);

impl Incidents {
    fn of(incident: Incident) -> Box<dyn Measure> {
        Box::new(Self(incident))
    }
}

impl Measure for Incidents {
    fn message(&mut self, fate: &Fate) -> Contribution {
        match (fate.end, self.0) {
            (End::Delivered, _) => Chance,
            // What has no name, and says what no message of its stream did, is one of them altered, or none of them.
            (End::Untold, Incident::Corrupted | Incident::Invented | Incident::IdentityMismatch) => {
                Doubt(PERHAPS_UNTOLD)
            }
            _ => Nothing,
        }
    }

    fn incident(&mut self, incident: Incident) -> Contribution {
        match (incident, self.0) {
            (seen, counted) if seen == counted => Hit,
            (Incident::TooOld, Incident::Duplicate | Incident::Corrupted) => Doubt(TOO_OLD),
            _ => Nothing,
        }
    }

    fn listens_to_the_end(&self) -> bool {
        self.0 != Incident::OutOfOrder
    }

    fn proves_harm(&self) -> bool {
        matches!(self.0, Incident::Corrupted | Incident::Invented | Incident::IdentityMismatch)
    }
}

/// The metric of how long streams are silent.
#[derive(Debug)]
struct Silences;

impl Measure for Silences {
    fn message(&mut self, _: &Fate) -> Contribution {
        Nothing
    }

    fn pause(&mut self, pause: fate::Delay, is_blind: bool) -> Contribution {
        if is_blind { DelayAtMost(pause, PERHAPS_SEEN_LATE) } else { Delay(pause) }
    }

    fn measures_pauses(&self) -> bool {
        true
    }
}

/// A metric of Bluetooth links.
#[derive(Debug)]
struct Links {
    of_message: Contribution,
    of_link: fn(LinkFate) -> Contribution,
}

impl Links {
    fn boxed(of_message: Contribution, of_link: fn(LinkFate) -> Contribution) -> Box<dyn Measure> {
        Box::new(Self { of_message, of_link })
    }
}

impl Measure for Links {
    fn message(&mut self, _: &Fate) -> Contribution {
        self.of_message
    }

    fn link(&mut self, fate: LinkFate) -> Contribution {
        (self.of_link)(fate)
    }
}

/// A metric of commands that steps give: a command is a sample, its answer may count.
#[derive(Debug)]
struct Commands(fn(&Event) -> bool);

impl Commands {
    fn boxed(counts: fn(&Event) -> bool) -> Box<dyn Measure> {
        Box::new(Self(counts))
    }
}

impl Measure for Commands {
    fn message(&mut self, _: &Fate) -> Contribution {
        Nothing
    }

    fn event(&mut self, event: &Event) -> Contribution {
        match event {
            Event::CommandGiven { .. } => Chance,
            answer if (self.0)(answer) => Hit,
            _ => Nothing,
        }
    }
}

/// The generator's lag, which the generator measures.
#[derive(Debug)]
struct GeneratorLag;

impl Measure for GeneratorLag {
    fn message(&mut self, _: &Fate) -> Contribution {
        Nothing
    }

    fn of_run<'r>(&mut self, run: RunDistributions<'r>) -> Option<&'r Histogram<u64>> {
        Some(run.generator_lag)
    }
}
