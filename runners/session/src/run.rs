//! One run: loaded from a scenario, judged, reported.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use reports::Look;
use scenarios::{Files, Plan, Settings, TokenKind};
use sim_core::Registry;
use verify::{LostMessages, ReportInput, RunReport};

use crate::error::{Diagnostics, Error};
use crate::judge::Consumer;
use crate::observer::{Interrupt, Note, Observer, Silent};
use crate::orchestrator::Ran;
use crate::partition::Partition;
use crate::{load_recordings, orchestrator, usage};

/// A run that can begin.
pub struct Run<'r> {
    plan: Plan,
    registry: &'r Registry,
    options: Options,
    tool: String,
    reproduce: String,
}

/// How a run is carried out.
pub(crate) struct Options {
    /// Threads that simulate.
    pub(crate) threads: usize,
    /// Only one part of the patients.
    pub(crate) partition: Option<Partition>,
    /// Whether sessions stay on the broker.
    pub(crate) keep: bool,
    /// Where captures are written during the run.
    pub(crate) folder: Option<PathBuf>,
    /// Where what is said and what is true is recorded.
    pub(crate) truth: Option<PathBuf>,
    /// Who watches.
    pub(crate) observer: Arc<dyn Observer>,
    /// Stops the run.
    pub(crate) interrupt: Interrupt,
    /// Who reads the events beside the ledger.
    pub(crate) consumers: Vec<Box<dyn Consumer>>,
}

/// A run that is over.
#[derive(Debug)]
pub struct Outcome {
    /// Everything about it: the content of `run.json`.
    pub report: RunReport,
    /// The messages that were lost, one by one.
    pub lost: LostMessages,
    /// Why the recording that [`Run::truth`] asked for is not whole, if it is not.
    pub unrecorded: Option<Error>,
}

impl Outcome {
    /// Writes the reports into a folder and tells which files they are.
    ///
    /// # Errors
    /// [`Error::Write`] when a file cannot be written.
    pub fn write(&self, folder: &Path) -> Result<Vec<PathBuf>, Error> {
        reports::write(folder, &self.report, &self.lost)
            .map_err(|error| Error::write(folder)(std::io::Error::other(error)))
    }

    /// The summary for people, which names the `files` that were written and ends with the verdict.
    pub fn summary(&self, files: &[String], look: Look) -> String {
        reports::terminal(&self.report, files, look)
    }

    /// The end of the summary alone: what does not hold, and the verdict.
    pub fn closing(&self, look: Look) -> String {
        reports::closing(&self.report, look)
    }
}

impl<'r> Run<'r> {
    /// Loads a scenario as it is.
    ///
    /// # Errors
    /// [`Error::Diagnostics`] with every mistake at once, or [`Error::Recording`].
    pub fn load(file: impl AsRef<Path>, registry: &'r mut Registry) -> Result<Self, Error> {
        let environment = |name: &str| std::env::var(name).ok();
        Self::with(file, &Settings { environment: &environment, ..Settings::default() }, registry, Arc::new(Silent))
    }

    /// Loads a scenario with settings; warnings are noted to the observer, which also watches the run.
    ///
    /// # Errors
    /// As [`Run::load`].
    pub fn with(
        file: impl AsRef<Path>,
        settings: &Settings<'_>,
        registry: &'r mut Registry,
        observer: Arc<dyn Observer>,
    ) -> Result<Self, Error> {
        let file = file.as_ref().display().to_string();
        let loaded = scenarios::load(&Files, &file, settings, registry)
            .map_err(|diagnostics| Error::Diagnostics(Diagnostics(diagnostics)))?;
        for warning in loaded.warnings {
            observer.note(Note::Warning(warning));
        }
        load_recordings(&loaded.plan, registry)?;
        let mut run = Self::of(loaded.plan, registry);
        run.options.observer = observer;
        Ok(run)
    }

    /// A run of a plan whose recordings, if it plays any, the registry has been given ([`load_recordings`]).
    pub fn of(plan: Plan, registry: &'r Registry) -> Self {
        let reproduce = format!("{} run {}", registry.program().name, plan.file);
        Self {
            plan,
            registry,
            options: Options {
                threads: 1,
                partition: None,
                keep: false,
                folder: None,
                truth: None,
                observer: Arc::new(Silent),
                interrupt: Interrupt::default(),
                consumers: Vec::new(),
            },
            tool: registry.program().to_string(),
            reproduce,
        }
    }

    /// What will happen.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    /// Name and version of the program, and the command that repeats the run, for the reports.
    #[must_use]
    pub fn named(mut self, tool: impl Into<String>, reproduce: impl Into<String>) -> Self {
        (self.tool, self.reproduce) = (tool.into(), reproduce.into());
        self
    }

    /// Simulates with so many threads.
    #[must_use]
    pub fn threads(mut self, threads: usize) -> Self {
        self.options.threads = threads;
        self
    }

    /// Runs only one part of the patients.
    #[must_use]
    pub fn partition(mut self, partition: Option<Partition>) -> Self {
        self.options.partition = partition;
        self
    }

    /// Leaves the sessions and retained messages of the run on the broker.
    #[must_use]
    pub fn keep(mut self, keep: bool) -> Self {
        self.options.keep = keep;
        self
    }

    /// Captures of what Bluetooth hosts say are written into this folder while the run goes on.
    #[must_use]
    pub fn captures(mut self, folder: impl Into<PathBuf>) -> Self {
        self.options.folder = Some(folder.into());
        self
    }

    /// Records into this folder what devices say and what is true of their patients, as a recording of the scenario
    /// does. A chunk of samples that would be said after the end is not part of it.
    #[must_use]
    pub fn truth(mut self, folder: Option<PathBuf>) -> Self {
        self.options.truth = folder;
        self
    }

    /// Reads the events of the run.
    #[must_use]
    pub fn consumer(mut self, consumer: Box<dyn Consumer>) -> Self {
        self.options.consumers.push(consumer);
        self
    }

    /// Can be stopped from outside.
    #[must_use]
    pub fn interrupt(mut self, interrupt: Interrupt) -> Self {
        self.options.interrupt = interrupt;
        self
    }

    /// Runs to the end and judges.
    ///
    /// # Errors
    /// [`Error`] when a target cannot be reached or the machine does not give what the run needs.
    pub fn run(self) -> Result<Outcome, Error> {
        let Self { mut plan, registry, mut options, tool, reproduce } = self;
        let plan_sha256 = scenarios::plan_sha256(&plan);
        let started_epoch_ns = jiff::Timestamp::now().as_nanosecond() as i64;
        // Two that are started in one instant must not take each other's sessions over.
        let identity = format!("{:x}-{:x}", started_epoch_ns / 1_000_000, std::process::id());
        fill_in(&mut plan, &identity);
        let facts = Facts { identity, plan_sha256, started_epoch_ns, tool, reproduce };
        let Ran { plan, judgement, input, unrecorded } = orchestrator::run(plan, &mut options, registry, &facts)?;
        let report = RunReport::new(&plan, registry, &judgement, &input);
        Ok(Outcome { report, lost: judgement.lost, unrecorded: unrecorded.map(Error::from) })
    }
}

impl std::fmt::Debug for Run<'_> {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("Run").field("file", &self.plan.file).finish_non_exhaustive()
    }
}

/// What is known before the run begins.
#[derive(Debug)]
pub(crate) struct Facts {
    pub(crate) identity: String,
    plan_sha256: String,
    started_epoch_ns: i64,
    tool: String,
    reproduce: String,
}

impl Facts {
    /// The report's input with everything still to be measured empty.
    pub(crate) fn input(&self) -> ReportInput {
        ReportInput {
            tool: self.tool.clone(),
            run: self.identity.clone(),
            reproduce: self.reproduce.clone(),
            plan_sha256: self.plan_sha256.clone(),
            started_epoch_ns: self.started_epoch_ns,
            wall_ns: 0,
            drain_ns: 0,
            reached: sim_core::SimTime::ZERO,
            interrupted: false,
            cpu: usage::processors(),
            targets: Vec::new(),
            evidence: sim_core::Evidence::default(),
            connections: verify::ConnectionCounts::default(),
            commands: verify::CommandCounts::default(),
            rss_bytes: None,
            rss_before_bytes: None,
            radio: None,
            vitals: Vec::new(),
            doubts: Vec::new(),
            harm: Vec::new(),
        }
    }
}

/// Fills in what only the moment of the run decides: `${run}`.
pub(crate) fn fill_in(plan: &mut Plan, identity: &str) {
    const RUN: &str = "${run}";
    identity.clone_into(&mut Arc::make_mut(&mut plan.roster).run);
    for delivery in &mut plan.deliveries {
        if delivery.topic.contains(RUN) {
            delivery.topic = delivery.topic.replace(RUN, identity);
        }
    }
    for endpoint in &mut plan.endpoints {
        let will = endpoint.will.as_mut().map(|will| (&mut will.topic, &mut will.body));
        let mut texts = vec![&mut endpoint.client_id, &mut endpoint.command_topic, &mut endpoint.reply_topic];
        texts.extend(will.into_iter().flat_map(|(topic, body)| [topic, body]));
        texts.extend(endpoint.auth.iter_mut().flat_map(|auth| [&mut auth.user, &mut auth.password]));
        texts.extend(
            endpoint
                .token
                .iter_mut()
                .flat_map(|token| match &mut token.kind {
                    TokenKind::Jwt { subject, audience, .. } => [Some(subject), audience.as_mut()],
                    TokenKind::Sas { resource } => [Some(resource), None],
                })
                .flatten(),
        );
        for text in texts {
            if text.contains(RUN) {
                *text = text.replace(RUN, identity);
            }
        }
    }
    for probe in &mut plan.probes {
        let topics = probe.topics.iter_mut().flat_map(|topics| &mut topics.of_routes);
        for text in probe.filters.iter_mut().chain(topics).filter(|text| text.contains(RUN)) {
            *text = text.replace(RUN, identity);
        }
    }
}
