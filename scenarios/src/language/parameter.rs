//! Values of registered parameters: of actions, devices, patients and commands.

use rand::RngExt;
use sim_core::{Argument, Arguments, Key, KeyedRng, ParameterKind, ParameterSpec, Purpose};
use vocabulary::{Dimension, Quantity};

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::document::{Key as Name, Node, Piece, Table, Text, Value};
use crate::language::folder::Folder;
use crate::language::plain_value::{check_plain, value_place};
use crate::language::reader::Reader;
use crate::language::suggestion::hint;

/// A parameter that is the same for everybody, or drawn for each patient.
#[derive(Debug, Clone)]
pub(crate) enum Setting {
    Fixed(Argument),
    Drawn { distribution: Distribution, range: Option<(f64, f64)>, whole: bool },
}

/// A distribution, in canonical units.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Distribution {
    Normal { mean: f64, deviation: f64 },
    Uniform { least: f64, most: f64 },
    LogNormal { median: f64, sigma: f64 },
}

impl Distribution {
    /// One draw. The exponential goes through `libm`, so that a parameter does not depend on the platform's.
    fn sample(self, rng: &mut KeyedRng) -> f64 {
        match self {
            Self::Normal { mean, deviation } => mean + deviation * standard_normal(rng),
            Self::Uniform { least, most } => least + (most - least) * rng.random::<f64>(),
            Self::LogNormal { median, sigma } => median * libm::exp(sigma * standard_normal(rng)),
        }
    }
}

fn standard_normal(rng: &mut KeyedRng) -> f64 {
    rand_distr::Distribution::<f64>::sample(&rand_distr::StandardNormal, rng)
}

impl Setting {
    /// The value for the entity at `path`: keyed by seed, path and name alone.
    pub(crate) fn value(&self, seed: u64, path: &str, name: &str) -> Argument {
        match self {
            Self::Fixed(argument) => argument.clone(),
            Self::Drawn { distribution, range, whole } => {
                let mut rng = Key::new(seed, path).rng(Purpose::new(&format!("patient.{name}")), 0);
                let mut value = distribution.sample(&mut rng);
                if *whole {
                    value = value.round();
                }
                Argument::Number(range.map_or(value, |(least, most)| value.clamp(least, most)))
            }
        }
    }
}

/// Reads parameters and complains about what is wrong with them.
#[derive(Debug)]
pub(crate) struct ParameterReader<'a> {
    pub(crate) notes: &'a Notes,
    /// Who has the parameters, such as `` action `net.cut` ``.
    pub(crate) owner: String,
    pub(crate) specs: &'a [ParameterSpec],
    /// Whether numbers may be distributions.
    pub(crate) drawn: bool,
}

/// Reads what the owner of a table has of its own below `with`, and looks at the files that it names.
pub(crate) fn read_with(
    reader: &Reader<'_>,
    owner: String,
    specs: &[ParameterSpec],
    folder: Folder<'_>,
) -> Checked<Arguments> {
    let with = reader.optional("with", Reader::table_below)?;
    let parameters = ParameterReader { notes: reader.notes, owner, specs, drawn: false };
    let arguments = parameters.arguments(with, &[], reader.place("with"));
    let files = folder.check_files(reader.notes, specs, with);
    files.and(arguments)
}

/// Values of parameters by name, and whether all of them could be read.
type Settings = Checked<Vec<(String, Setting)>>;

impl ParameterReader<'_> {
    /// Reads the keys of a table, except those in `known`. Defaults are filled in.
    pub(crate) fn settings(&self, table: Option<&Table>, known: &[&str], place: Place) -> Settings {
        let mut outcome = Ok(());
        for (key, _) in table.map(|table| table.entries.as_slice()).unwrap_or_default() {
            if !known.contains(&key.name.as_str()) {
                outcome = outcome.and(self.spec(key).map(|_| ()));
            }
        }
        let mut settings = Vec::new();
        for spec in self.specs {
            let given = table.and_then(|table| table.get(spec.name));
            let setting = match given {
                Some((key, node)) => {
                    self.notes.mark_read(key.place);
                    self.setting(spec, node)
                }
                None if spec.required => {
                    let message = format!("{} needs `{}`: {}", self.owner, spec.name, spec.about);
                    Err(self.notes.error(place, message))
                }
                None => match spec.default {
                    Some(default) => self.setting(spec, &default_node(spec, default, place)),
                    None => continue,
                },
            };
            match setting {
                Ok(setting) => settings.push((spec.name.to_owned(), setting)),
                Err(refused) => outcome = Err(refused),
            }
        }
        outcome.map(|()| settings)
    }

    /// Reads the keys of a table and nothing else: no defaults, no required parameters.
    pub(crate) fn given(&self, table: &Table) -> Settings {
        let given: Vec<Checked<(String, Setting)>> = table
            .entries
            .iter()
            .map(|(key, node)| {
                let spec = self.spec(key)?;
                Ok((spec.name.to_owned(), self.setting(spec, node)?))
            })
            .collect();
        given.into_iter().collect()
    }

    /// The row of a parameter; complains when there is none.
    pub(crate) fn spec(&self, key: &Name) -> Checked<&ParameterSpec> {
        self.notes.mark_read(key.place);
        self.specs.iter().find(|spec| spec.name == key.name).ok_or_else(|| {
            let names: Vec<&str> = self.specs.iter().map(|spec| spec.name).collect();
            let hint = hint(&key.name, "parameters", names);
            self.notes.error(key.place, format!("{} has no parameter `{}`{hint}", self.owner, key.name))
        })
    }

    /// Like [`Self::settings`], for parameters that nobody draws.
    pub(crate) fn arguments(&self, table: Option<&Table>, known: &[&str], place: Place) -> Checked<Arguments> {
        let settings = self.settings(table, known, place)?;
        let fixed = settings.into_iter().map(|(name, setting)| match setting {
            Setting::Fixed(argument) => (name, argument),
            Setting::Drawn { .. } => panic!("only a reader of drawn parameters gives distributions"),
        });
        Ok(Arguments(fixed.collect()))
    }

    pub(crate) fn setting(&self, spec: &ParameterSpec, node: &Node) -> Checked<Setting> {
        let place = value_place(node);
        if let Value::Text(text) = &node.value {
            check_plain(self.notes, spec.name, text)?;
        }
        if self.drawn
            && let Value::Text(text) = &node.value
            && let Some((name, rest)) = text.text.split_once('(')
            && matches!(spec.kind, ParameterKind::Number | ParameterKind::Count | ParameterKind::Quantity(_))
        {
            return self.distribution(spec, name.trim(), rest, place);
        }
        let argument = match (&spec.kind, &node.value) {
            (ParameterKind::Quantity(dimension), value) => {
                Argument::Number(self.quantity(spec, *dimension, value, place)?)
            }
            (ParameterKind::Number, Value::Integer(number)) => Argument::Number(*number as f64),
            (ParameterKind::Number, Value::Float(number)) if number.is_finite() => Argument::Number(*number),
            (ParameterKind::Count, Value::Integer(number)) if *number >= 0 => Argument::Number(*number as f64),
            (ParameterKind::Flag, Value::Flag(flag)) => Argument::Flag(*flag),
            (ParameterKind::Text, Value::Text(text)) => {
                self.check_text(spec, text)?;
                Argument::Text(text.text.clone())
            }
            (ParameterKind::Target | ParameterKind::File | ParameterKind::Path, Value::Text(text)) => {
                Argument::Text(text.text.clone())
            }
            (ParameterKind::Choice(words), Value::Text(text)) => {
                self.check_word(spec, words, text)?;
                Argument::Text(text.text.clone())
            }
            (ParameterKind::Texts | ParameterKind::Choices(_), Value::List(list)) => {
                Argument::Texts(self.texts(spec, list)?)
            }
            (ParameterKind::Table, Value::Table(table)) => Argument::Table(plain_table(self.notes, spec.name, table)?),
            (_, value) => return Err(self.notes.error(place, of_wrong_kind(spec, value))),
        };
        if let Argument::Number(number) = argument {
            self.check_range(spec, number, place)?;
        }
        Ok(Setting::Fixed(argument))
    }

    fn quantity(&self, spec: &ParameterSpec, dimension: Dimension, value: &Value, place: Place) -> Checked<f64> {
        let text = match value {
            Value::Text(text) => text.text.clone(),
            Value::Integer(number) if dimension == Dimension::Ratio => number.to_string(),
            Value::Float(number) if dimension == Dimension::Ratio => number.to_string(),
            Value::Integer(_) | Value::Float(_) => {
                let message = format!(
                    "`{}` is a {}; write it as a text with a unit ({})",
                    spec.name,
                    dimension.word(),
                    dimension.examples()
                );
                return Err(self.notes.error(place, message));
            }
            other => return Err(self.notes.error(place, of_wrong_kind(spec, other))),
        };
        self.parse(&text, dimension, place)
    }

    fn parse(&self, text: &str, dimension: Dimension, place: Place) -> Checked<f64> {
        match Quantity::parse(text, dimension) {
            Ok(quantity) => Ok(quantity.value),
            Err(error) => Err(self.notes.error(place, error.to_string())),
        }
    }

    fn texts(&self, spec: &ParameterSpec, list: &[Node]) -> Checked<Vec<String>> {
        let read = |item: &Node| match &item.value {
            Value::Text(text) => {
                check_plain(self.notes, spec.name, text)?;
                match spec.kind {
                    ParameterKind::Choices(words) => self.check_word(spec, words, text)?,
                    _ => self.check_text(spec, text)?,
                }
                Ok(text.text.clone())
            }
            other => {
                let message = format!("`{}` holds {}, not a text", spec.name, other.word());
                Err(self.notes.error(item.place, message))
            }
        };
        // Each of them is looked at, so that all errors are told.
        let read: Vec<Checked<String>> = list.iter().map(read).collect();
        read.into_iter().collect()
    }

    fn check_word(&self, spec: &ParameterSpec, words: &[&str], text: &Text) -> Checked<()> {
        if words.contains(&text.text.as_str()) {
            return Ok(());
        }
        let hint = hint(&text.text, "choices", words.iter().copied());
        let message = format!("`{}` cannot be `{}`{hint}", spec.name, text.text);
        Err(self.notes.error(text.start(), message))
    }

    fn check_text(&self, spec: &ParameterSpec, text: &Text) -> Checked<()> {
        let Some(Err(reason)) = spec.check.map(|check| check(&text.text)) else { return Ok(()) };
        Err(self.notes.error(text.start(), format!("`{}`: {reason}", spec.name)))
    }

    fn distribution(&self, spec: &ParameterSpec, name: &str, rest: &str, place: Place) -> Checked<Setting> {
        const NAMES: [&str; 3] = ["normal", "uniform", "lognormal"];
        if !NAMES.contains(&name) {
            let message = format!("there is no distribution `{name}`{}", hint(name, "distributions", NAMES));
            return Err(self.notes.error(place, message));
        }
        let parts: Vec<&str> =
            rest.trim_end().strip_suffix(')').unwrap_or_default().split(',').map(str::trim).collect();
        let [first, second] = parts.as_slice() else {
            return Err(self.notes.error(place, format!("`{name}` takes two numbers in parentheses")));
        };
        let one = self.plain_or_quantity(spec, first, place)?;
        let distribution = match name {
            "uniform" => Distribution::Uniform { least: one, most: self.plain_or_quantity(spec, second, place)? },
            "normal" => Distribution::Normal { mean: one, deviation: self.deviation(spec, second, place)? },
            _ => Distribution::LogNormal { median: one, sigma: self.plain(second, place)? },
        };
        match distribution {
            Distribution::Uniform { least, most } => {
                if most < least {
                    let message = format!("`uniform({first}, {second})` ends before it begins");
                    return Err(self.notes.error(place, message));
                }
                self.check_range(spec, least, place)?;
                self.check_range(spec, most, place)?;
            }
            Distribution::Normal { mean: middle, deviation: spread }
            | Distribution::LogNormal { median: middle, sigma: spread } => {
                if spread < 0.0 {
                    return Err(self.notes.error(place, "the spread of a distribution is not negative"));
                }
                self.check_range(spec, middle, place)?;
            }
        }
        let whole = spec.kind == ParameterKind::Count;
        Ok(Setting::Drawn { distribution, range: spec.range, whole })
    }

    fn plain(&self, text: &str, place: Place) -> Checked<f64> {
        let number = text.parse().ok().filter(|number: &f64| number.is_finite());
        number.ok_or_else(|| self.notes.error(place, format!("`{text}` is not a number")))
    }

    fn plain_or_quantity(&self, spec: &ParameterSpec, text: &str, place: Place) -> Checked<f64> {
        match spec.kind {
            ParameterKind::Quantity(dimension) => self.parse(text, dimension, place),
            _ => self.plain(text, place),
        }
    }

    /// A difference of two values: without the zero offset that temperatures have.
    pub(crate) fn deviation(&self, spec: &ParameterSpec, text: &str, place: Place) -> Checked<f64> {
        let value = self.plain_or_quantity(spec, text, place)?;
        let ParameterKind::Quantity(dimension) = spec.kind else { return Ok(value) };
        let unit = text.trim_start_matches(|c: char| !c.is_alphabetic() && c != '%' && c != '/');
        Ok(value - dimension.unit(unit).map_or(0.0, |unit| unit.offset))
    }

    fn check_range(&self, spec: &ParameterSpec, number: f64, place: Place) -> Checked<()> {
        let Some((least, most)) = spec.range else { return Ok(()) };
        if (least..=most).contains(&number) {
            return Ok(());
        }
        let write = |number| spec.kind.written(number);
        let message = format!("`{}` is {}..{}, got {}", spec.name, write(least), write(most), write(number));
        Err(self.notes.error(place, message))
    }
}

/// A default, which a row writes as a scenario would, as a value.
fn default_node(spec: &ParameterSpec, default: &str, place: Place) -> Node {
    let text = |text: &str| {
        Value::Text(Text { text: text.to_owned(), pieces: vec![Piece { from: 0, place, literal: false }] })
    };
    let value = match spec.kind {
        ParameterKind::Number => default.parse().map_or_else(|_| text(default), Value::Float),
        ParameterKind::Count => default.parse().map_or_else(|_| text(default), Value::Integer),
        ParameterKind::Flag => Value::Flag(default == "true"),
        ParameterKind::Texts | ParameterKind::Choices(_) => {
            let items = default.split(',').map(str::trim).filter(|item| !item.is_empty());
            Value::List(items.map(|item| Node { place, value: text(item) }).collect())
        }
        _ => text(default),
    };
    Node { place, value }
}

/// A table of plain values, such as the arguments of a command.
fn plain_table(notes: &Notes, name: &str, table: &Table) -> Checked<Arguments> {
    let mut arguments = Arguments::default();
    for (key, node) in &table.entries {
        notes.mark_read(key.place);
        let argument = match &node.value {
            Value::Text(text) => Argument::Text(text.text.clone()),
            Value::Integer(number) => Argument::Number(*number as f64),
            Value::Float(number) if number.is_finite() => Argument::Number(*number),
            Value::Flag(flag) => Argument::Flag(*flag),
            other => {
                let message = format!("`{name}.{}` is {}, not a plain value", key.name, other.word());
                return Err(notes.error(node.place, message));
            }
        };
        arguments.0.insert(key.name.clone(), argument);
    }
    Ok(arguments)
}
/// What to say of a value that a parameter cannot have.
pub(crate) fn of_wrong_kind(spec: &ParameterSpec, value: &Value) -> String {
    let name = spec.name;
    match (&spec.kind, value) {
        (ParameterKind::Flag, value) => format!("`{name}` must be true or false, not {}", value.word()),
        (ParameterKind::Count, Value::Integer(number)) => {
            format!("`{name}` must be a whole number from 0 on, not {number}")
        }
        (ParameterKind::Choice(words), value) => {
            format!("`{name}` must be a text, one of `\"{}\"`, not {}", words.join("\"`, `\""), value.word())
        }
        (kind, value) => format!("`{name}` must be a {}, not {}", kind.word(), value.word()),
    }
}
