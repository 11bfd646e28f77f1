//! A payload format that the user writes: a Jinja template, and how to read back which message a payload is.
//!
//! The template is compiled once, when the scenario is read; [`VARIABLES`] says what it can name. A value that is not
//! there is an error and not an empty text, so that a misspelt name is found before anything is sent.

mod key;
mod names;
mod number;
mod origin_of_fault;
mod output;
#[cfg(test)]
mod tests;
mod values;

use std::sync::Arc;

use bytes::BytesMut;
use minijinja::{AutoEscape, Environment, Error, UndefinedBehavior};
use sim_core::{Argument, Arguments, FormatSource, FormatSpec, ParameterKind, ParameterSpec};
use vocabulary::{AskedMetric, Format, FormatFlaw, KeyError, Message, MessageKey, Telling};

use self::key::KeyReader;
use self::origin_of_fault::origin_of_fault;
use self::output::write_value;
pub use self::values::VARIABLES;
use crate::canonical_json::write_meaning;

/// Name of the only template of an environment.
const NAME: &str = "payload";
const TEXT: &str = "text";
const FILE: &str = "file";
const KEY: &str = "key";
const PATTERN: &str = "pattern";
const CONTENT_TYPE: &str = "content_type";
const JSON: &str = "application/json";
/// Steps of one message, as minijinja counts them: the waves of an ECG of twelve leads take some 100 000, and what never ends
/// is stopped within a second.
const MOST_STEPS: u64 = 10_000_000;

/// The row of the registry.
pub(crate) fn row() -> FormatSpec {
    FormatSpec {
        name: "template",
        about: "your own payload: a Jinja template (`{{ value }}`, `{% if %}`, `{% for %}`, filters), rendered for each \
                message. With `key` or `pattern` the judge reads back which message a payload is; without, messages are \
                matched by user property, device time or value. JSON is compared by what it says, everything else by its \
                bytes.",
        is_public: true,
        source: FormatSource::Made { parameters: parameters(), variables: VARIABLES, make },
    }
}

fn parameters() -> Vec<ParameterSpec> {
    vec![
        ParameterSpec::optional(
            TEXT,
            ParameterKind::Text,
            "the template; `'''` keeps its lines and quotes as they are",
        )
        .default(""),
        ParameterSpec::optional(FILE, ParameterKind::File, "a file with the template instead, beside the scenario"),
        ParameterSpec::optional(
            KEY,
            ParameterKind::Table,
            "JSON pointers to what names a message: `{ serial = \"/device/id\", stream = \"/type\", sequence = \"/n\", time \
             = \"/ts\", patient = \"/who\" }`; `sequence` or `time` is enough, `patient` tells whose data it is, and `serial` \
             and `stream` may be left to a topic that tells them",
        ),
        ParameterSpec::optional(
            PATTERN,
            ParameterKind::Text,
            "a regular expression instead, for what is no JSON, with groups `(?P<serial>..)`, `stream`, `sequence`, `time`, `patient`",
        ),
        ParameterSpec::optional(
            CONTENT_TYPE,
            ParameterKind::Text,
            "media type; one of XML escapes `<`, `&` and the like",
        )
        .default(JSON),
    ]
}

/// A compiled template.
#[derive(Debug)]
pub struct Template {
    environment: Environment<'static>,
    /// The parameter that the text came from.
    parameter: &'static str,
    key: KeyReader,
    content_type: String,
    is_json: bool,
}

/// Compiles a template.
fn make(arguments: &Arguments) -> Result<Arc<dyn Format>, Vec<FormatFlaw>> {
    Template::new(arguments).map(|template| Arc::new(template) as Arc<dyn Format>)
}

impl Template {
    /// Compiles a template, and what reads its payloads back.
    ///
    /// # Errors
    /// Everything that is wrong with the parameters.
    pub fn new(arguments: &Arguments) -> Result<Self, Vec<FormatFlaw>> {
        let mut flaws = Vec::new();
        let text = arguments.text(TEXT).filter(|text| !text.is_empty());
        let (parameter, text) = match (text, arguments.text(FILE)) {
            (Some(text), None) => (TEXT, text),
            (None, Some(text)) => (FILE, text),
            (Some(text), Some(_)) => {
                flaws.push(FormatFlaw::of(FILE, "there is a `text` already; leave out one of them"));
                (TEXT, text)
            }
            (None, None) => {
                let reason = "a template needs a `text`, or a `file` that holds it".to_owned();
                return Err(vec![FormatFlaw { parameter: None, at: 0, reason }]);
            }
        };
        let content_type = arguments.text(CONTENT_TYPE).unwrap_or(JSON).to_owned();
        // A character set may follow.
        let media_type = content_type.split(';').next().unwrap_or_default().trim_end();
        let is_json = media_type == JSON || media_type.ends_with("+json");
        let is_xml = media_type.ends_with("/xml") || media_type.ends_with("+xml");
        let environment = environment(text, is_json, is_xml);
        let environment = environment.map_err(|error| flaws.push(flaw(parameter, text, &error))).ok();
        let key = match (arguments.table(KEY), arguments.text(PATTERN)) {
            (None, None) => Ok(KeyReader::Absent),
            (Some(table), None) if is_json => {
                let pointers = table.0.iter().map(|(name, value)| (name.as_str(), as_text(value)));
                KeyReader::pointers(pointers)
            }
            (Some(_), None) => Err(vec![FormatFlaw::of(
                KEY,
                format!("`{content_type}` is no JSON, which `key` points into; use `pattern`"),
            )]),
            (None, Some(pattern)) => KeyReader::pattern(pattern, is_xml),
            (Some(_), Some(_)) => Err(vec![FormatFlaw::of(PATTERN, "there is a `key` already; leave out one of them")]),
        };
        match (environment, key) {
            (Some(environment), Ok(key)) if flaws.is_empty() => {
                Ok(Self { environment, parameter, key, content_type, is_json })
            }
            (_, key) => {
                flaws.extend(key.err().into_iter().flatten());
                Err(flaws)
            }
        }
    }

    fn render(&self, message: &Message<'_>) -> Result<String, Error> {
        self.environment.get_template(NAME)?.render(values::of(message))
    }
}

fn environment(text: &str, is_json: bool, is_xml: bool) -> Result<Environment<'static>, Error> {
    let mut environment = Environment::new();
    // A misspelt name is an error where it is printed, and `{% if metrics.spo2 %}` asks whether there is one.
    environment.set_undefined_behavior(UndefinedBehavior::SemiStrict);
    environment.set_formatter(write_value);
    environment.set_fuel(Some(MOST_STEPS));
    environment.set_auto_escape_callback(move |_| match (is_json, is_xml) {
        (true, _) => AutoEscape::Json,
        (_, true) => AutoEscape::Html,
        _ => AutoEscape::None,
    });
    environment.add_template_owned(NAME, text.to_owned())?;
    Ok(environment)
}

fn as_text(argument: &Argument) -> Option<&str> {
    match argument {
        Argument::Text(text) => Some(text),
        _ => None,
    }
}

/// Where and why a template fails.
fn flaw(parameter: &'static str, text: &str, error: &Error) -> FormatFlaw {
    let of_line = |line: usize| text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let at = error.range().map(|range| range.start).or_else(|| error.line().map(of_line)).unwrap_or(0);
    let expression = error.range().and_then(|range| text.get(range)).filter(|expression| !expression.is_empty());
    let mut reason = error.kind().to_string();
    if let Some(detail) = error.detail() {
        reason = format!("{reason}: {detail}");
    }
    if let Some(expression) = expression {
        reason = format!("{reason}, at `{expression}`");
    }
    FormatFlaw { parameter: Some(parameter), at, reason: format!("the template fails: {reason}") }
}

impl Format for Template {
    /// # Panics
    /// When the template cannot say the message although it could say all that were tried when the scenario was read: it
    /// divides by a value, say. The run ends there, and tells at whose message.
    fn encode(&self, message: &Message<'_>, out: &mut BytesMut) {
        match self.render(message) {
            Ok(text) => out.extend_from_slice(text.as_bytes()),
            Err(error) => panic!(
                "a template that was checked cannot say message {} of stream `{}`, line {}: {error}",
                message.sequence,
                message.stream,
                error.line().unwrap_or(0),
            ),
        }
    }

    fn try_encode(&self, message: &Message<'_>, out: &mut BytesMut) -> Result<(), FormatFlaw> {
        let template = self.environment.get_template(NAME);
        let text = self.render(message).map_err(|error| {
            flaw(self.parameter, template.as_ref().map_or("", |template| template.source()), &error)
        })?;
        if self.is_json
            && let Err(error) = serde_json::from_str::<serde::de::IgnoredAny>(&text)
        {
            let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
            let reason = format!("the template writes no JSON ({error}): `{}`", line.trim());
            let before: usize = text.split_inclusive('\n').take(error.line().saturating_sub(1)).map(str::len).sum();
            let template = template.as_ref().map_or("", |template| template.source());
            let at = origin_of_fault(template, &text, before + error.column().saturating_sub(1));
            return Err(FormatFlaw { parameter: Some(self.parameter), at, reason });
        }
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }

    fn key<'p>(&self, payload: &'p [u8]) -> Result<MessageKey<'p>, KeyError> {
        self.key.read(payload)
    }

    fn write_meaning(&self, payload: &[u8], out: &mut Vec<u8>) -> bool {
        self.is_json && write_meaning(payload, out)
    }

    fn asks_for(&self) -> Vec<AskedMetric> {
        self.environment
            .get_template(NAME)
            .map(|template| names::metrics(&template, self.parameter))
            .unwrap_or_default()
    }

    fn tells(&self) -> Telling {
        self.key.tells()
    }

    fn read_by(&self) -> Option<&'static str> {
        self.key.parameter()
    }

    fn content_type(&self) -> &str {
        &self.content_type
    }
}
