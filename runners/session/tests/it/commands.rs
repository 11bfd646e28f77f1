//! Commands of steps that nobody answers.

use std::fs;
use std::path::{Path, PathBuf};

use session::{Error, Run};
use sim_core::{
    ActionSpec, Argument, Arguments, CommandAction, DurationRule, Executor, Level, ParameterKind, ParameterSpec,
    Request,
};
use verify::{RunReport, Verdict};

/// Two pumps are told to start; the second has lost its network and its session by then.
fn scenario(folder: &Path, expectation: &str) -> PathBuf {
    let file = folder.join("pumps.toml");
    let text = format!(
        r#"
format   = 1
scenario = "pumps"
seed     = 5

[time]
mode   = "virtual"
length = "20s"

[target.broker]
url = "embedded"

[link.lan]
to      = "broker"
topic   = "pumps/${{patient.id}}/${{device}}/${{stream}}"
session = {{ clean = true }}

[[cohort]]
id      = "a"
count   = 2
patient = {{ model = "adult_ward" }}

  [[cohort.device]]
  id   = "pump"
  kind = "infusion_pump"
  drug = "norepinephrine"
  link = "lan"

[[step]]
id   = "outage"
at   = "2s"
on   = "a/2/pump"
do   = "net.cut"
with = {{ how = "rst" }}
for  = "10s"

[[step]]
id   = "start"
at   = "5s"
on   = "a/*/pump"
do   = "cmd.send"
with = {{ op = "set_rate", args = {{ dose_ug_kg_min = 0.1 }} }}

[[expect]]
id   = "something"
that = "{expectation}"
"#
    );
    fs::write(&file, text).expect("writable");
    file
}

fn run(expectation: &str) -> Result<RunReport, Error> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut registry = session::standard_registry();
    let outcome = Run::load(scenario(folder.path(), expectation), &mut registry)?.run()?;
    Ok(outcome.report)
}

#[test]
fn a_command_that_is_not_answered_does_not_go_unnoticed() -> Result<(), Error> {
    let report = run("lost(acked) == 0")?;
    assert_eq!(report.verdict, Verdict::Inconclusive, "{:?}", report.reasons);
    let told = "1 of 2 commands of step `start` was not answered, and no expectation speaks of commands; say what must hold, \
                such as `commands.answered == 100%`";
    assert!(report.reasons.iter().any(|reason| reason.ends_with(told)), "{:?}", report.reasons);
    Ok(())
}

#[test]
fn what_must_hold_of_commands_is_judged() -> Result<(), Error> {
    for (expectation, verdict) in [
        ("commands.answered == 100%", Verdict::Fail),
        ("commands.answered == 50%", Verdict::Pass),
        ("commands.applied == 50%", Verdict::Pass),
        ("commands.applied > 50%", Verdict::Fail),
    ] {
        let report = run(expectation)?;
        assert_eq!(report.verdict, verdict, "{expectation}: {:?}", report.reasons);
        assert_eq!(report.expect[0].samples, 2, "{expectation}");
    }
    Ok(())
}

#[test]
fn a_command_that_arrives_after_the_devices_have_fallen_silent_is_obeyed() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut registry = session::standard_registry();
    let file = scenario(folder.path(), "commands.applied == 100%");
    let late = fs::read_to_string(&file).expect("readable").replace("at   = \"5s\"", "at   = \"19.9s\"");
    fs::write(&file, late).expect("writable");
    let report = Run::load(file, &mut registry)?.run()?.report;
    assert_eq!(report.verdict, Verdict::Pass, "{:?}", report.reasons);
    assert_eq!((report.commands.received, report.commands.applied), (2, 2));
    Ok(())
}

/// The command of a vendor's step.
fn pressor(arguments: &Arguments) -> Request {
    let dose = arguments.number("dose").unwrap_or_default();
    let arguments = Arguments([("dose_ug_kg_min".to_owned(), Argument::Number(dose))].into());
    Request { op: "set_rate".to_owned(), arguments }
}

#[test]
fn a_vendor_adds_an_action_that_gives_a_command() -> Result<(), Error> {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut registry = session::standard_registry();
    registry.add(ActionSpec {
        name: "ward.pressor",
        about: "asks a pump for a dose by weight",
        level: Level::Device,
        executor: Executor::new(CommandAction(pressor)),
        parameters: vec![ParameterSpec::required("dose", ParameterKind::Number, "ug/kg/min")],
        duration: DurationRule::Instant,
        evidence: CommandAction::EVIDENCE,
        heal: "nothing to heal",
        stack_should: "deliver it once, and the answer back",
    });
    let file = scenario(folder.path(), "commands.applied == 50%");
    let text = fs::read_to_string(&file).expect("readable");
    let theirs = text
        .replace("\"cmd.send\"", "\"ward.pressor\"")
        .replace("{ op = \"set_rate\", args = { dose_ug_kg_min = 0.1 } }", "{ dose = 0.1 }");
    assert_ne!(theirs, text);
    fs::write(&file, &theirs).expect("writable");
    let report = Run::load(&file, &mut registry)?.run()?.report;
    assert_eq!(report.verdict, Verdict::Pass, "{:?}", report.reasons);
    assert_eq!((report.commands.received, report.commands.applied), (1, 1));
    Ok(())
}

/// A vendor's step whose command no pump knows: an argument that does not exist, and none of those that must be given.
fn misspelt(_: &Arguments) -> Request {
    let arguments = Arguments([("dose_ug_kg_mim".to_owned(), Argument::Number(0.1))].into());
    Request { op: "set_rate".to_owned(), arguments }
}

#[test]
fn the_arguments_that_a_vendors_action_makes_are_checked() {
    let folder = tempfile::tempdir().expect("temporary folder");
    let mut registry = session::standard_registry();
    registry.add(ActionSpec {
        name: "ward.pressor",
        about: "asks a pump for a dose by weight",
        level: Level::Device,
        executor: Executor::new(CommandAction(misspelt)),
        parameters: Vec::new(),
        duration: DurationRule::Instant,
        evidence: CommandAction::EVIDENCE,
        heal: "nothing to heal",
        stack_should: "deliver it once, and the answer back",
    });
    let file = scenario(folder.path(), "commands.applied == 50%");
    let text = fs::read_to_string(&file).expect("readable");
    let theirs = text.replace("\"cmd.send\"", "\"ward.pressor\"");
    let theirs = theirs.lines().filter(|line| !line.starts_with("with = { op")).collect::<Vec<_>>().join("\n");
    fs::write(&file, theirs).expect("writable");
    let error = Run::load(&file, &mut registry).expect_err("refused").to_string();
    assert!(
        error.contains(
            "the command that `ward.pressor` gives has `dose_ug_kg_mim`, and `set_rate` of `infusion_pump` has no such \
             argument; did you mean `dose_ug_kg_min`?"
        ),
        "{error}"
    );
    assert!(error.contains("gives has 0 of `rate_ml_h`, `dose_"), "{error}");
}
