//! The driver: keeps the simulation one tick ahead of the wall clock and carries everything between it and the
//! outside.

use std::time::Duration;

use carriers::{Carrier, CarrierError, LinkAction, LinkRule, LinkRuleOrder, Pace};
use scenarios::Plan;
use sim_core::{Edge, Evidence, GRID, Key, OccurrenceId, Outbound, Registry, Shards, SimId, SimTime, Span, Subject};

use crate::airwaves::{self, Airwaves};
use crate::commander::Orders;
use crate::error::Error;
use crate::events;
use crate::inbox::Inbox;
use crate::judge::Judge;
use crate::observer::{Interrupt, Observer};
use crate::outside::Outside;
use crate::timeline::{StepEdge, Timeline};
use crate::truth_record::TruthRecord;
use crate::vitals::Vitals;

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
    /// Vital signs that are kept, unless there are too many patients.
    pub(crate) vitals: Option<Vitals>,
    /// What is said and true is recorded here, if somebody wants it.
    pub(crate) truth: Option<TruthRecord>,
    /// The Bluetooth side, if the scenario has one.
    pub(crate) airwaves: Option<Airwaves>,
    /// Connections, and the time.
    pub(crate) outside: &'a mut dyn Outside,
    /// Who reads the events.
    pub(crate) judge: &'a Judge,
    /// Commands to be given.
    pub(crate) orders: Orders,
    /// What steps do.
    pub(crate) registry: &'a Registry,
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
    /// What became of the commands that reached devices.
    pub(crate) inbox: Inbox,
    /// The commands of steps.
    pub(crate) orders: Orders,
    /// The time outside when the driver had done [ns].
    pub(crate) outside_ns: i64,
    /// The simulation at its end.
    pub(crate) shards: Shards,
    /// Vital signs that were kept.
    pub(crate) vitals: Option<Vitals>,
    /// The recording up to the end.
    pub(crate) truth: Option<TruthRecord>,
    /// The Bluetooth side, in which something may still be under way.
    pub(crate) airwaves: Option<Airwaves>,
}

impl Driver<'_> {
    /// Drives the run to its end or to its interruption.
    ///
    /// # Errors
    /// [`Error::Resources`] when the connections have ended, [`Error::Panicked`] when a model panics.
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
            take_commands(&mut self.shards, &mut inbox, self.plan, self.outside, reached)?;
            self.shards.advance_to(tick_end)?;
            self.keep_truth(tick_end);
            let (outbound, spoken) = airwaves::split(self.plan, self.shards.take_outbound());
            self.speak(spoken);
            // The judge must know a message before anybody can have seen it.
            self.judge.tell(events::generated(&outbound, self.pace));
            submit(self.plan, self.outside, outbound)?;
            if !self.airwaves.as_ref().is_some_and(Airwaves::is_open) {
                self.work_air(tick_end)?;
            }
            while let Some(order) = self.orders.next_before(tick_end) {
                self.judge.tell(vec![events::given(&order)]);
                self.outside.command(self.pace.wall_ns(order.at), order.publication);
            }
            self.take_steps(&mut timeline, tick_end)?;
            give_answers(&mut self.shards, &mut inbox, &mut self.orders, self.plan, self.outside, self.judge)?;
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
            inbox,
            orders: self.orders,
            outside_ns: self.outside.now_ns(),
            shards: self.shards,
            vitals: self.vitals,
            truth: self.truth,
            airwaves: self.airwaves,
        })
    }

    /// Simulated time of a tick, whole grid steps: the faster time passes, the more of it fits between two exchanges.
    fn tick(&self) -> Span {
        let steps = (TICK.seconds() * self.pace.speed() / GRID.seconds()) as i64;
        Span::from_nanos(GRID.nanos() * steps.max(TICK.nanos() / GRID.nanos()))
    }

    /// Lets time pass until a simulated instant has come outside, in slices that notice an interruption. Where real
    /// Bluetooth hosts can attach, the air keeps pace with the clock meanwhile, up to what is simulated.
    fn wait_until(&mut self, at: SimTime, simulated: SimTime) -> Result<(), Error> {
        const SLICE: Duration = Duration::from_millis(100);
        let open = self.airwaves.as_ref().is_some_and(Airwaves::is_open);
        let slice = if open { airwaves::EXCHANGE } else { SLICE };
        let goal_ns = self.pace.wall_ns(at);
        loop {
            let now_ns = self.outside.now_ns();
            if open {
                self.work_air(self.pace.sim_time(now_ns).min(simulated))?;
            }
            if now_ns >= goal_ns || self.interrupt.is_asked() {
                return Ok(());
            }
            self.outside.pass_until(goal_ns.min(now_ns + slice.as_nanos() as i64));
        }
    }

    /// Hands the truth of a tick to those who keep it; it is noted only while somebody does.
    fn keep_truth(&mut self, tick_end: SimTime) {
        if self.vitals.is_none() && self.truth.is_none() {
            return;
        }
        let truth = self.shards.take_truth();
        if let Some(vitals) = &mut self.vitals {
            vitals.take(&truth);
        }
        if let Some(record) = &mut self.truth {
            record.take(self.plan, truth, tick_end);
        }
    }

    /// Tells the air, and the judge, what devices say over the radio.
    fn speak(&mut self, spoken: Vec<Outbound>) {
        let Some(airwaves) = &mut self.airwaves else { return };
        self.judge.tell(events::said(&spoken, self.pace));
        for message in spoken {
            airwaves.say(self.plan, message);
        }
    }

    fn work_air(&mut self, until: SimTime) -> Result<(), Error> {
        match &mut self.airwaves {
            Some(airwaves) => work_air(airwaves, until, self.plan, self.pace, self.outside, self.judge, self.observer),
            None => Ok(()),
        }
    }

    /// Tells the begins and heals before `end`; those of links act on the connections.
    fn take_steps(&mut self, timeline: &mut Timeline, end: SimTime) -> Result<(), Error> {
        while let Some(StepEdge { at, occurrence, edge }) = timeline.next_before(end) {
            self.judge.tell(vec![events::step(occurrence, edge, at)]);
            match edge {
                Edge::Begin => self.begin(occurrence, at)?,
                Edge::Heal => self.heal(occurrence, at)?,
            }
        }
        Ok(())
    }

    fn begin(&mut self, id: OccurrenceId, at: SimTime) -> Result<(), Error> {
        let occurrence = &self.plan.occurrences[id.0 as usize];
        let Some(LinkAction(make)) = self.link_action(id) else { return Ok(()) };
        for target in 0..self.outside.targets() {
            let Some(carrier) = self.outside.carrier(target) else { continue };
            let mut rules: Vec<(SimId, Box<dyn LinkRule>)> = Vec::new();
            for subject in &occurrence.subjects {
                let Subject::Device(device) = *subject else { continue };
                if self.plan.link_of(device).target != target || !carrier.has(device) {
                    continue;
                }
                let path = &self.plan.roster.devices[device.index()].path;
                let key = Key::new(self.plan.seed, &format!("{path}#{}#{}", occurrence.step, occurrence.repetition));
                rules.push((device, make(&LinkRuleOrder { occurrence, device, key })));
            }
            carrier.begin(rules, id, at).map_err(ended)?;
        }
        Ok(())
    }

    fn heal(&mut self, id: OccurrenceId, at: SimTime) -> Result<(), Error> {
        if self.link_action(id).is_none() {
            return Ok(());
        }
        for target in 0..self.outside.targets() {
            if let Some(carrier) = self.outside.carrier(target) {
                carrier.heal(id, at).map_err(ended)?;
            }
        }
        Ok(())
    }

    /// What an occurrence does to links, if it does something to them.
    fn link_action(&self, id: OccurrenceId) -> Option<LinkAction> {
        self.registry.action(&self.plan.occurrences[id.0 as usize].action)?.executor.code::<LinkAction>().copied()
    }
}

impl Drive {
    /// Lets devices obey the commands that reach them after they have fallen silent.
    ///
    /// # Errors
    /// [`Error::Resources`] when the connections have ended, [`Error::Panicked`] when a model panics.
    pub(crate) fn obey(&mut self, plan: &Plan, outside: &mut dyn Outside, judge: &Judge) -> Result<(), Error> {
        let Self { shards, inbox, orders, .. } = self;
        let now = shards.reached();
        if take_commands(shards, inbox, plan, outside, now)? > 0 {
            shards.advance_to(now + GRID)?;
            // The run is over: what they say beyond it is no part of it.
            drop(shards.take_outbound());
            give_answers(shards, inbox, orders, plan, outside, judge)?;
        }
        Ok(())
    }

    /// Whether real hosts can attach to the air, so that it has to be worked often.
    pub(crate) fn is_open(&self) -> bool {
        self.airwaves.as_ref().is_some_and(Airwaves::is_open)
    }

    /// Lets the air go on after the devices have fallen silent.
    ///
    /// # Errors
    /// [`Error::Resources`] when the connections have ended.
    pub(crate) fn work_air(
        &mut self,
        until: SimTime,
        plan: &Plan,
        pace: Pace,
        outside: &mut dyn Outside,
        judge: &Judge,
        observer: &dyn Observer,
    ) -> Result<(), Error> {
        match &mut self.airwaves {
            Some(airwaves) => work_air(airwaves, until, plan, pace, outside, judge, observer),
            None => Ok(()),
        }
    }
}

/// Gives the commands that reached devices to the simulation, and answers those that cannot be read; tells how many it gave.
///
/// # Errors
/// [`Error::Resources`] when the connections have ended.
fn take_commands(
    shards: &mut Shards,
    inbox: &mut Inbox,
    plan: &Plan,
    outside: &mut dyn Outside,
    now: SimTime,
) -> Result<usize, Error> {
    let mut given = 0;
    for target in 0..outside.targets() {
        let arrivals = outside.carrier(target).map(Carrier::take_commands).unwrap_or_default();
        for arrival in arrivals {
            match inbox.read(&arrival, device_time_ms(plan, now)) {
                Ok(command) => {
                    shards.inject(command);
                    given += 1;
                }
                Err(answer) => {
                    carrier_of(plan, outside, arrival.device)?.reply(arrival.device, answer).map_err(ended)?;
                }
            }
        }
    }
    Ok(given)
}

/// Sends what devices answered.
///
/// # Errors
/// [`Error::Resources`] when the connections have ended.
fn give_answers(
    shards: &mut Shards,
    inbox: &mut Inbox,
    orders: &mut Orders,
    plan: &Plan,
    outside: &mut dyn Outside,
    judge: &Judge,
) -> Result<(), Error> {
    for reply in shards.take_replies() {
        judge.tell(vec![events::answered(&reply)]);
        orders.note_answer(&reply);
        let device_time_ms = device_time_ms(plan, reply.at);
        let (device, payload) = inbox.answer(reply, device_time_ms);
        carrier_of(plan, outside, device)?.reply(device, payload).map_err(ended)?;
    }
    Ok(())
}

fn device_time_ms(plan: &Plan, at: SimTime) -> i64 {
    (plan.roster.start_epoch_ns + at.nanos()).div_euclid(1_000_000)
}

fn carrier_of<'o>(
    plan: &Plan,
    outside: &'o mut dyn Outside,
    device: SimId,
) -> Result<&'o mut (dyn Carrier + 'static), Error> {
    outside
        .carrier(plan.link_of(device).target)
        .ok_or_else(|| Error::Resources("a device without a connection was asked to answer".to_owned()))
}

/// Lets the air come to an instant; what gateways hand on goes to their connections.
///
/// # Errors
/// [`Error::Resources`] when the connections have ended.
fn work_air(
    airwaves: &mut Airwaves,
    until: SimTime,
    plan: &Plan,
    pace: Pace,
    outside: &mut dyn Outside,
    judge: &Judge,
    observer: &dyn Observer,
) -> Result<(), Error> {
    let news = airwaves.advance_to(plan, until, observer);
    // The judge must know the wording of a message before anybody can have seen it.
    judge.tell(events::from_air(&news, pace));
    if airwaves.is_open() {
        judge.tell(events::read_by_hosts(&airwaves.read_by_hosts(until, outside.now_ns(), pace)));
        judge.tell(events::left_unread(&airwaves.left_unread(false), pace));
    }
    submit(plan, outside, news.handed_on)
}

fn submit(plan: &Plan, outside: &mut dyn Outside, outbound: Vec<Outbound>) -> Result<(), Error> {
    let targets = outside.targets();
    let mut by_target: Vec<Vec<Outbound>> = Vec::new();
    if targets == 1 {
        by_target.push(outbound);
    } else {
        by_target.resize_with(targets, Vec::new);
        for message in outbound {
            by_target[plan.link_of(message.device).target].push(message);
        }
    }
    for (target, messages) in by_target.into_iter().enumerate() {
        if !messages.is_empty()
            && let Some(carrier) = outside.carrier(target)
        {
            carrier.submit(messages).map_err(ended)?;
        }
    }
    Ok(())
}

fn ended(error: CarrierError) -> Error {
    Error::Resources(error.to_string())
}
