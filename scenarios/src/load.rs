//! From files to a plan: read, check everything, expand.

use std::collections::BTreeMap;
use std::sync::Arc;

use radio_plan::AirPlan;
use sim_core::{ParameterKind, Registry, Zone};

use crate::events::clock::{VIRTUAL_EPOCH_NS, read_time};
use crate::events::command::canonical_arguments;
use crate::events::path::Cast;
use crate::events::step::{StepDraft, read_steps};
use crate::events::timeline::{Expansion, Timeline};
use crate::foresight::cloud::Clouds;
use crate::foresight::device::check_devices;
use crate::foresight::expectation::check_expectations;
use crate::foresight::payload::Trials;
use crate::foresight::probe::Publications;
use crate::foresight::session::Sessions;
use crate::foresight::step::check_steps;
use crate::foresight::token_key::check_token_keys;
use crate::judgement::expectation::{ExpectDraft, expand_expects, read_expects};
use crate::language::diagnostic::{Checked, Diagnostic, Notes};
use crate::language::document::{Table, Text, Value};
use crate::language::folder::Folder;
use crate::language::grammar::SCENARIO;
use crate::language::include;
use crate::language::plain_value::value_place;
use crate::language::reader::Reader;
use crate::language::settings::Settings;
use crate::language::source::Source;
use crate::language::suggestion::hint;
use crate::language::variables::Variables;
use crate::network::air::Air;
use crate::network::gateway::GatewayDraft;
use crate::network::link::{LinkDraft, read_links};
use crate::network::payload::read_payloads;
use crate::network::probe::read_probes;
use crate::network::site::read_sites;
use crate::network::target::{TargetDraft, check_hosts, read_targets};
use crate::people::cohort::{Cohorts, read_cohorts};
use crate::people::population::{check_distinct, populate};
use crate::plan::{HostPlan, Plan, ProbePlan, ReportPlan, TimeMode};

/// A scenario that can be run.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// The expanded scenario.
    pub plan: Plan,
    /// What probably does not say what was meant.
    pub warnings: Vec<Diagnostic>,
    /// `tags` of each step that has some, for the report.
    pub tags: BTreeMap<String, Vec<String>>,
}

/// Reads, checks and expands a scenario.
///
/// The result is a pure function of the files, the settings and the registry.
///
/// # Errors
/// Every error and warning of the scenario, in order of position.
pub fn load(
    source: &dyn Source,
    file: &str,
    settings: &Settings<'_>,
    registry: &Registry,
) -> Result<Loaded, Vec<Diagnostic>> {
    let notes = Notes::default();
    let scenario = read_and_expand(&notes, source, file, settings, registry);
    let failed = notes.failed();
    let diagnostics = notes.into_sorted();
    match scenario {
        Ok((plan, tags)) if !failed => Ok(Loaded { plan, warnings: diagnostics, tags }),
        _ => Err(diagnostics),
    }
}

type Tags = BTreeMap<String, Vec<String>>;

fn read_and_expand(
    notes: &Notes,
    source: &dyn Source,
    file: &str,
    settings: &Settings<'_>,
    registry: &Registry,
) -> Checked<(Plan, Tags)> {
    let mut document = include::read(notes, source, file)?;
    Variables::read(notes, &document, settings).apply(notes, &mut document, settings);
    let root = Reader::new(notes, &document, &SCENARIO, "the file".to_owned(), None);
    let format = root.count("format");
    let name = root.text("scenario").and_then(|name| check_name(notes, name));
    let about = root.text("about");
    let seed = read_seed(&root, settings);
    let time = read_time(&root, SCENARIO.below("time"));
    let is_opened = time.as_ref().is_ok_and(|time| time.mode != TimeMode::Virtual);
    let folder = Folder { source, scenario: file, is_opened };
    let targets = read_targets(&root, &SCENARIO, registry, folder);
    let payloads = read_payloads(&root, &SCENARIO, registry, source);
    let (links, gateways) = read_links(&root, &SCENARIO, registry, &targets, &payloads, folder);
    let errors = notes.errors();
    let sites = read_sites(&root, &SCENARIO, &targets, &gateways);
    let sites_are_sound = notes.errors() == errors;
    let cohorts = read_cohorts(&root, &SCENARIO, registry, &links, folder);
    let steps = read_steps(&root, &SCENARIO, registry);
    check_targets(notes, &steps, &targets);
    let mut probes = read_probes(&root, &SCENARIO, registry, &targets, (&links, &cohorts.drafts), folder);
    let expects = read_expects(&root, &SCENARIO, registry, &probes);
    let report = read_report(&root, name.as_ref().map_or("", |name| name.text.as_str()));

    let seed_or_one = seed.unwrap_or(1);
    let epoch = time.as_ref().ok().and_then(|time| time.start_epoch_ns).unwrap_or(VIRTUAL_EPOCH_NS);
    let zone = time.as_ref().map_or_else(|_| Arc::new(Zone::utc()), |time| Arc::clone(&time.zone));
    let (mut roster, deliveries, mut endpoints) =
        populate(notes, registry, &cohorts.drafts, &links, &gateways, seed_or_one, (epoch, &zone))?;
    roster.formats = payloads.iter().filter_map(|payload| Some(payload.body.as_ref().ok()?.plan.clone())).collect();
    let mut incomplete = !sites_are_sound || is_incomplete(&cohorts, &links, &targets, &gateways);
    let (mut air, mut hosts) = (AirPlan::default(), Vec::new());
    if !incomplete {
        let errors = notes.errors();
        let (cohorts, links, targets, gateways, sites) = (&cohorts.drafts, &links, &targets, &gateways, &sites);
        let parts = Air { notes, cohorts, links, targets, gateways, sites };
        (air, hosts) = parts.plan(&mut roster, &mut endpoints);
        incomplete = notes.errors() > errors;
    }
    if let Ok(time) = &time {
        check_hosts(notes, &targets, time);
    }
    if !incomplete && !probes.are_incomplete() {
        let watched = probes.plans.iter().take(probes.filter_places.len());
        warn_about_unused_targets(notes, &targets, &links, &hosts, watched, &steps);
    }
    // Topics and client ids are made of names, so one complaint would become four.
    if cohorts.listed.check_made_names(notes, &cohorts.drafts, &roster) {
        check_distinct(notes, &links, &roster, &deliveries, &endpoints);
    }
    let cast = Cast::new(registry, &roster, &air, &cohorts.drafts, &links, &targets, &gateways);
    let expansion = Expansion::new(notes, &cast, &steps, seed_or_one, incomplete);
    let chosen: Vec<(&str, &String)> = settings
        .only
        .iter()
        .map(|name| ("--only", name))
        .chain(settings.without.iter().map(|name| ("--without", name)))
        .collect();
    expansion.check_names(&chosen);
    let mut timeline = expansion.expand(time.as_ref().map(|time| time.length).map_err(|refused| *refused));
    let time = time?;
    if !incomplete {
        check_steps(&expansion, &timeline);
        check_devices(notes, &cast, time.length);
        check_token_keys(notes, &links, &roster, &endpoints, folder);
        Clouds {
            notes,
            registry,
            targets: &targets,
            links: &links,
            roster: &roster,
            deliveries: &deliveries,
            endpoints: &endpoints,
            probes: &probes.plans,
        }
        .check();
        let (payloads, links, cohorts) = (&payloads, &links, &cohorts.drafts);
        Trials { notes, registry, payloads, links, cohorts, seed: seed_or_one, epoch_ns: epoch }.check();
        Sessions { notes, registry, links, roster: &roster, air: &air, deliveries: &deliveries }.check();
        probes.make_topics(&roster, &deliveries);
        let asked: Vec<usize> = expects.iter().filter_map(ExpectDraft::asks).collect();
        let all_asked = !expects.is_empty() && asked.len() == expects.len();
        let (cast, deliveries, endpoints) = (&cast, &deliveries, &endpoints);
        Publications { notes, cast, deliveries, endpoints, probes: &probes, asked: &asked, all_asked }.check();
    }
    if !root.has("expect") {
        check_expectations(notes, root.place("scenario"), expects.len(), &time);
    }
    let expects = expand_expects(&expansion, &timeline, &expects, &deliveries, &time);
    choose_steps(&mut timeline, settings);
    for occurrence in &mut timeline.occurrences {
        occurrence.arguments = canonical_arguments(&cast, &occurrence.arguments, &occurrence.subjects);
    }
    let tags = tags_of(&steps);
    let target_plans = targets.into_iter().map(|target| target.plan).collect::<Checked<_>>();
    let link_plans = links.into_iter().map(|link| Ok(link.body?.plan)).collect::<Checked<_>>();
    format?;
    let plan = Plan {
        scenario: name?.text,
        about: about?.text,
        file: file.to_owned(),
        seed: seed?,
        time,
        targets: target_plans?,
        hosts,
        links: link_plans?,
        roster: Arc::new(roster),
        air: Arc::new(air),
        endpoints,
        deliveries,
        occurrences: Arc::new(timeline.occurrences),
        probes: probes.plans,
        expects,
        report: report?,
    };
    check_all_was_read(notes, &document)?;
    Ok((plan, tags))
}

/// Refuses a file of which something was looked at by nobody: it would be left out without a word.
fn check_all_was_read(notes: &Notes, table: &Table) -> Checked<()> {
    if notes.failed() {
        // What is below something that was refused may well be unread.
        return Ok(());
    }
    for (key, node) in &table.entries {
        if !notes.was_read(key.place) {
            return Err(notes.unexplained(key.place, &format!("`{}` would be left out", key.name)));
        }
        match &node.value {
            Value::Table(table) => check_all_was_read(notes, table)?,
            Value::List(list) => {
                for item in list {
                    if let Value::Table(table) = &item.value {
                        check_all_was_read(notes, table)?;
                    }
                }
            }
            _ => {}
        }
    }
    Ok(())
}

/// The name becomes part of file names.
fn check_name(notes: &Notes, name: Text) -> Checked<Text> {
    let sound = !name.text.is_empty()
        && name.text.len() <= 100
        && !name.text.starts_with('.')
        && !name.text.contains(|c: char| c.is_control() || matches!(c, '/' | '\\'));
    if sound {
        return Ok(name);
    }
    let message = "a scenario's name becomes a file name: not empty, no `/` or `\\`, no leading dot";
    Err(notes.error(name.start(), message))
}

fn read_seed(root: &Reader<'_>, settings: &Settings<'_>) -> Checked<u64> {
    let Some(node) = root.node("seed") else { return Ok(settings.seed.unwrap_or(1)) };
    let place = value_place(node);
    let seed = match &node.value {
        Value::Integer(seed) => u64::try_from(*seed).ok(),
        Value::List(_) if settings.seed.is_some() => settings.seed,
        Value::List(_) => {
            let message = "several seeds are not supported yet; choose one with `--seed`";
            return Err(root.notes.error(place, message));
        }
        _ => None,
    };
    match seed {
        Some(seed) => Ok(settings.seed.unwrap_or(seed)),
        None => Err(root.notes.error(place, "`seed` must be a whole number of zero or more")),
    }
}

fn read_report(root: &Reader<'_>, scenario: &str) -> Checked<ReportPlan> {
    let spec = SCENARIO.below("report");
    let empty = root.empty_table();
    let table: &Table = root.optional_table("report", &empty)?;
    let reader = Reader::new(root.notes, table, spec, "[report]".to_owned(), None);
    let dir = reader.optional("dir", Reader::text);
    let mut labels = BTreeMap::new();
    let empty = reader.empty_table();
    for (key, node) in &reader.optional_table("labels", &empty)?.entries {
        root.notes.mark_read(key.place);
        let label = match &node.value {
            Value::Text(text) => text.text.clone(),
            Value::Integer(number) => number.to_string(),
            Value::Float(number) => number.to_string(),
            Value::Flag(flag) => flag.to_string(),
            other => {
                root.notes.error(node.place, format!("label `{}` is {}, not a text", key.name, other.word()));
                continue;
            }
        };
        labels.insert(key.name.clone(), label);
    }
    Ok(ReportPlan { dir: dir?.map_or_else(|| format!("out/{scenario}"), |dir| dir.text), labels })
}

/// Complains about steps whose parameters name a target that is not declared.
fn check_targets(notes: &Notes, steps: &[StepDraft<'_>], targets: &[TargetDraft]) {
    for (step, with) in steps.iter().filter_map(|step| Some((step, step.with?))) {
        let specs = step.action.iter().flat_map(|action| &action.parameters);
        for spec in specs.filter(|spec| spec.kind == ParameterKind::Target) {
            let (Some(id), Some((_, node))) = (step.arguments.text(spec.name), with.get(spec.name)) else { continue };
            let brokers = || targets.iter().filter(|target| !target.is_host);
            if !brokers().any(|target| target.id.value == id) {
                let known: Vec<&str> = brokers().map(|target| target.id.value.as_str()).collect();
                notes.error(value_place(node), format!("no target `{id}`{}", hint(id, "targets", known)));
            }
        }
    }
}

/// Warns about targets to which nobody speaks and where nobody looks.
fn warn_about_unused_targets<'a>(
    notes: &Notes,
    targets: &[TargetDraft],
    links: &[LinkDraft],
    hosts: &[HostPlan],
    probes: impl Iterator<Item = &'a ProbePlan>,
    steps: &[StepDraft<'_>],
) {
    let mut used: Vec<usize> = links.iter().filter_map(|link| Some(link.body.as_ref().ok()?.plan.target)).collect();
    used.extend(hosts.iter().map(|host| host.target));
    used.extend(probes.map(|probe| probe.target));
    for (index, target) in targets.iter().enumerate() {
        let id = target.id.value.as_str();
        let is_named = |step: &StepDraft<'_>| {
            let specs = step.action.iter().flat_map(|action| &action.parameters);
            specs
                .filter(|spec| spec.kind == ParameterKind::Target)
                .any(|spec| step.arguments.text(spec.name) == Some(id))
        };
        if !used.contains(&index) && !steps.iter().any(is_named) {
            let message = format!("nothing uses target `{id}`: no link leads to it, and no probe looks at it");
            notes.warning(target.id.place, message);
        }
    }
}

/// Whether somebody may be missing from the roster because of an error told already.
fn is_incomplete(cohorts: &Cohorts, links: &[LinkDraft], targets: &[TargetDraft], gateways: &[GatewayDraft]) -> bool {
    cohorts.incomplete
        || links.iter().any(|link| link.body.is_err())
        || targets.iter().any(|target| target.plan.is_err())
        || gateways.iter().any(|gateway| gateway.body.is_err())
}

/// Drops the occurrences of steps that the command line leaves out. What they select and when they would have been
/// stays known to the others, so the rest of the run is the same without them.
fn choose_steps(timeline: &mut Timeline, settings: &Settings<'_>) {
    timeline.occurrences.retain(|occurrence| {
        (settings.only.is_empty() || settings.only.contains(&occurrence.step))
            && !settings.without.contains(&occurrence.step)
    });
}

fn tags_of(steps: &[StepDraft<'_>]) -> Tags {
    let tagged = steps.iter().filter(|step| !step.tags.is_empty());
    tagged.map(|step| (step.id.value.clone(), step.tags.clone())).collect()
}
