//! The driver: keeps the simulation one tick ahead of the wall clock and carries everything between it and the
//! outside.

use std::time::{Duration, Instant};

use carriers::{CutKind, Fleet, FleetError, Pace};
use scenarios::Plan;
use sim_core::{Edge, Evidence, GRID, OccurrenceId, Outbound, Shards, SimId, SimTime, Span, Subject};
use tokio::runtime::Handle;
use verify::CommandCounts;

use crate::airwaves::{self, Airwaves};
use crate::commander::Commander;
use crate::error::Error;
use crate::events;
use crate::inbox::Inbox;
use crate::judge::Judge;
use crate::observer::{Interrupt, Observer};
use crate::timeline::{StepEdge, Timeline};

/// Wall-clock time between two exchanges with the outside.
const TICK: Span = Span::from_millis(200);

/// Everything the driver moves between.
pub(crate) struct Driver<'a> {
    /// What happens.
    pub(crate) plan: &'a Plan,
    /// Simulated time against the wall clock.
    pub(crate) pace: Pace,
    /// The simulation.
    pub(crate) shards: Shards,
    /// The Bluetooth side, if the scenario has one.
    pub(crate) airwaves: Option<Airwaves>,
    /// Connections by target.
    pub(crate) fleets: &'a [Option<Fleet>],
    /// The ledger's keeper.
    pub(crate) judge: &'a Judge,
    /// Sender of commands.
    pub(crate) commander: Commander,
    /// Where the commander's sends run.
    pub(crate) runtime: &'a Handle,
    /// Whether somebody asked to stop.
    pub(crate) interrupt: &'a Interrupt,
    /// Who watches.
    pub(crate) observer: &'a dyn Observer,
}

/// What a finished drive leaves.
pub(crate) struct Drive {
    /// How far simulated time came.
    pub(crate) reached: SimTime,
    /// What the signal steps changed.
    pub(crate) evidence: Evidence,
    /// What became of the commands.
    pub(crate) commands: CommandCounts,
    /// Still hears answers.
    pub(crate) commander: Commander,
    /// The simulation at its end.
    pub(crate) shards: Shards,
    /// The Bluetooth side, in which something may still be under way.
    pub(crate) airwaves: Option<Airwaves>,
}

impl Driver<'_> {
    /// Drives the run to its end or to its interruption.
    ///
    /// # Errors
    /// [`Error::Resources`] when the connections have ended.
    pub(crate) fn drive(mut self) -> Result<Drive, Error> {
        let end = SimTime::ZERO + self.plan.time.length;
        let tick = self.tick();
        let mut inbox = Inbox::default();
        let mut timeline = Timeline::of(&self.plan.occurrences);
        let mut reached = SimTime::ZERO;
        while reached < end && !self.interrupt.is_asked() {
            let tick_end = (reached + tick).min(end);
            // One tick ahead: the messages of this tick leave at their own instants while the next is simulated.
            self.wait_until(reached - tick, reached)?;
            self.take_commands(&mut inbox, reached)?;
            self.shards.advance_to(tick_end);
            let (outbound, spoken) = airwaves::split(self.plan, self.shards.take_outbound());
            self.speak(spoken);
            // The judge must know a message before anybody can have seen it.
            self.judge.tell(events::generated(&outbound, self.pace));
            submit(self.plan, self.fleets, outbound)?;
            if !self.airwaves.as_ref().is_some_and(Airwaves::is_open) {
                self.work_air(tick_end)?;
            }
            self.commander.give_until(tick_end, self.runtime);
            self.take_steps(&mut timeline, tick_end)?;
            for reply in self.shards.take_replies() {
                self.judge.tell(vec![events::answered(&reply)]);
                let device_time_ms = self.device_time_ms(reply.at);
                let (device, payload) = inbox.answer(reply, device_time_ms);
                self.fleet_of(device)?.reply(device, payload).map_err(ended)?;
            }
            reached = tick_end;
            self.observer.progress(self.judge.progress(self.plan, reached));
        }
        self.wait_until(reached, reached)?;
        for occurrence in timeline.cut_short(reached, &self.plan.occurrences) {
            self.judge.tell(vec![events::step(occurrence, Edge::Heal, reached)]);
            self.heal(occurrence, reached)?;
        }
        self.wait_until(reached, reached)?;
        Ok(Drive {
            reached,
            evidence: self.shards.evidence(),
            commands: inbox.counts,
            commander: self.commander,
            shards: self.shards,
            airwaves: self.airwaves,
        })
    }

    /// Simulated time of a tick, whole grid steps: the faster time passes, the more of it fits between two exchanges.
    fn tick(&self) -> Span {
        let steps = (TICK.seconds() * self.pace.speed() / GRID.seconds()) as i64;
        Span::from_nanos(GRID.nanos() * steps.max(TICK.nanos() / GRID.nanos()))
    }

    /// Sleeps until a simulated instant comes on the wall clock, in slices that notice an interruption. Where real
    /// Bluetooth hosts can attach, the air keeps pace with the clock meanwhile, up to what is simulated.
    fn wait_until(&mut self, at: SimTime, simulated: SimTime) -> Result<(), Error> {
        const SLICE: Duration = Duration::from_millis(100);
        let open = self.airwaves.as_ref().is_some_and(Airwaves::is_open);
        let slice = if open { airwaves::EXCHANGE } else { SLICE };
        let goal = self.pace.instant(self.pace.wall_ns(at));
        loop {
            let now = Instant::now();
            if open {
                self.work_air(airwaves::now(&self.pace).min(simulated))?;
            }
            if now >= goal || self.interrupt.is_asked() {
                return Ok(());
            }
            std::thread::sleep((goal - now).min(slice));
        }
    }

    /// Tells the air, and the judge, what devices say over the radio.
    fn speak(&mut self, spoken: Vec<Outbound>) {
        let Some(airwaves) = &mut self.airwaves else { return };
        self.judge.tell(events::said(self.plan, &spoken, self.pace));
        for message in spoken {
            airwaves.say(message);
        }
    }

    fn work_air(&mut self, until: SimTime) -> Result<(), Error> {
        match &mut self.airwaves {
            Some(airwaves) => work_air(airwaves, until, self.plan, self.pace, self.fleets, self.judge, self.observer),
            None => Ok(()),
        }
    }

    fn device_time_ms(&self, at: SimTime) -> i64 {
        (self.plan.roster.start_epoch_ns + at.nanos()).div_euclid(1_000_000)
    }

    fn take_commands(&mut self, inbox: &mut Inbox, now: SimTime) -> Result<(), Error> {
        for arrival in self.fleets.iter().flatten().flat_map(Fleet::take_commands) {
            match inbox.read(&arrival, self.device_time_ms(now)) {
                Ok(command) => self.shards.inject(command),
                Err(answer) => self.fleet_of(arrival.device)?.reply(arrival.device, answer).map_err(ended)?,
            }
        }
        Ok(())
    }

    /// Tells the begins and heals before `end`; those of links act on the connections.
    fn take_steps(&self, timeline: &mut Timeline, end: SimTime) -> Result<(), Error> {
        while let Some(StepEdge { at, occurrence, edge }) = timeline.next_before(end) {
            self.judge.tell(vec![events::step(occurrence, edge, at)]);
            match edge {
                Edge::Begin => self.cut(occurrence, at)?,
                Edge::Heal => self.heal(occurrence, at)?,
            }
        }
        Ok(())
    }

    fn cut(&self, id: OccurrenceId, at: SimTime) -> Result<(), Error> {
        let occurrence = &self.plan.occurrences[id.0 as usize];
        let Some(how) = CutKind::of(occurrence) else { return Ok(()) };
        for (target, fleet) in self.fleets.iter().enumerate() {
            let Some(fleet) = fleet else { continue };
            let devices: Vec<SimId> = occurrence
                .subjects
                .iter()
                .filter_map(|subject| match subject {
                    Subject::Device(device) => Some(*device),
                    _ => None,
                })
                .filter(|device| self.plan.link_of(*device).target == target && fleet.has(*device))
                .collect();
            fleet.cut(&devices, how, id, at).map_err(ended)?;
        }
        Ok(())
    }

    fn heal(&self, id: OccurrenceId, at: SimTime) -> Result<(), Error> {
        self.fleets.iter().flatten().try_for_each(|fleet| fleet.heal(id, at).map_err(ended))
    }

    fn fleet_of(&self, device: SimId) -> Result<&Fleet, Error> {
        self.fleets[self.plan.link_of(device).target]
            .as_ref()
            .ok_or_else(|| Error::Resources("a device without a connection was asked to answer".to_owned()))
    }
}

/// Lets the air come to an instant; what gateways hand on goes to their connections.
///
/// # Errors
/// [`Error::Resources`] when the connections have ended.
pub(crate) fn work_air(
    airwaves: &mut Airwaves,
    until: SimTime,
    plan: &Plan,
    pace: Pace,
    fleets: &[Option<Fleet>],
    judge: &Judge,
    observer: &dyn Observer,
) -> Result<(), Error> {
    let news = airwaves.advance_to(until, observer);
    // The judge must know the wording of a message before anybody can have seen it.
    judge.tell(events::from_air(&news, pace));
    submit(plan, fleets, news.handed_on)
}

fn submit(plan: &Plan, fleets: &[Option<Fleet>], outbound: Vec<Outbound>) -> Result<(), Error> {
    if let [Some(only)] = fleets {
        return only.submit_blocking(outbound).map_err(ended);
    }
    let mut by_target: Vec<Vec<Outbound>> = fleets.iter().map(|_| Vec::new()).collect();
    for message in outbound {
        by_target[plan.link_of(message.device).target].push(message);
    }
    for (fleet, messages) in fleets.iter().zip(by_target) {
        if let Some(fleet) = fleet {
            fleet.submit_blocking(messages).map_err(ended)?;
        }
    }
    Ok(())
}

fn ended(error: FleetError) -> Error {
    Error::Resources(error.to_string())
}
