//! A message as segments, fields, repetitions, components and subcomponents; what they mean is asked for one by one.

use std::borrow::Cow;

use thiserror::Error;

use super::text::unescaped;

/// Longest text that an error quotes [characters].
const QUOTED: usize = 60;

/// What keeps the parts of a message apart; MSH-1 and MSH-2 say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Delimiters {
    /// Between fields.
    pub field: char,
    /// Between components of a field.
    pub component: char,
    /// Between repetitions of a field.
    pub repetition: char,
    /// Around escapes.
    pub escape: char,
    /// Between subcomponents of a component.
    pub subcomponent: char,
}

impl Delimiters {
    /// Those that HL7 recommends.
    pub const USUAL: Self = Self { field: '|', component: '^', repetition: '~', escape: '\\', subcomponent: '&' };
}

/// Why some bytes are not the message of HL7 that they should be. Segments count from 1.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Hl7Error {
    /// The bytes are no UTF-8.
    #[error("no UTF-8 at octet {at}")]
    NotUtf8 {
        /// Offset of the first octet that is none.
        at: usize,
    },
    /// The header is missing.
    #[error("a message begins with `MSH`, this with `{found}`")]
    NoHeader {
        /// What it begins with.
        found: String,
    },
    /// MSH-1 and MSH-2 do not say what keeps parts apart.
    #[error("MSH-1 and MSH-2 must be five different signs such as `|^~\\&`, got `{found}`")]
    Delimiters {
        /// What there is.
        found: String,
    },
    /// A segment has no name.
    #[error("segment {number} has no name of three capitals or digits: `{found}`")]
    SegmentName {
        /// Which segment.
        number: usize,
        /// Its begin.
        found: String,
    },
    /// A segment is missing.
    #[error("there is no segment {segment}")]
    NoSegment {
        /// Its name.
        segment: &'static str,
    },
    /// A field does not hold what it should.
    #[error("{segment}-{field} is `{found}`; it should be {expected}")]
    Unexpected {
        /// Name of the segment.
        segment: &'static str,
        /// Number of the field.
        field: usize,
        /// What it holds.
        found: String,
        /// What it should hold.
        expected: &'static str,
    },
}

/// A message, taken apart into its segments.
#[derive(Debug, Clone)]
pub struct Structure<'m> {
    segments: Vec<Segment<'m>>,
}

impl<'m> Structure<'m> {
    /// Takes a message apart. Segments end with CR; LF, which many write instead or besides, is taken as well.
    ///
    /// # Errors
    /// [`Hl7Error`] says where and what.
    pub fn parse(payload: &'m [u8]) -> Result<Self, Hl7Error> {
        let text = std::str::from_utf8(payload).map_err(|error| Hl7Error::NotUtf8 { at: error.valid_up_to() })?;
        let delimiters = delimiters_of(text)?;
        let lines = text.split(['\r', '\n']).filter(|line| !line.is_empty());
        let segments = lines.enumerate().map(|(index, line)| Segment::of(index + 1, line, delimiters));
        Ok(Self { segments: segments.collect::<Result<_, _>>()? })
    }

    /// All segments, in their order.
    pub fn segments(&self) -> &[Segment<'m>] {
        &self.segments
    }

    /// The first segment of a name.
    ///
    /// # Errors
    /// [`Hl7Error::NoSegment`] when there is none.
    pub fn segment(&self, name: &'static str) -> Result<Segment<'m>, Hl7Error> {
        let found = self.segments.iter().find(|segment| segment.name == name).copied();
        found.ok_or(Hl7Error::NoSegment { segment: name })
    }
}

fn delimiters_of(text: &str) -> Result<Delimiters, Hl7Error> {
    let Some(rest) = text.strip_prefix("MSH") else {
        return Err(Hl7Error::NoHeader { found: quoted(text) });
    };
    let refuse = || Hl7Error::Delimiters { found: quoted(rest.split(['\r', '\n']).next().unwrap_or_default()) };
    let mut signs = rest.chars();
    let field = signs.next().ok_or_else(refuse)?;
    let mut next = || signs.next().filter(|sign| *sign != field).ok_or_else(refuse);
    let delimiters =
        Delimiters { field, component: next()?, repetition: next()?, escape: next()?, subcomponent: next()? };
    let all = [field, delimiters.component, delimiters.repetition, delimiters.escape, delimiters.subcomponent];
    let apart = all.iter().enumerate().all(|(index, sign)| !all[..index].contains(sign));
    let plain = all.iter().all(|sign| !sign.is_alphanumeric() && !sign.is_control() && *sign != ' ');
    // Version 2.7 adds a fifth sign, for texts that were cut off.
    let ends = signs.next().is_none_or(|sign| sign == field || matches!(sign, '#' | '\r' | '\n'));
    if apart && plain && ends { Ok(delimiters) } else { Err(refuse()) }
}

/// One segment.
#[derive(Debug, Clone, Copy)]
pub struct Segment<'m> {
    name: &'m str,
    /// All of it, the name included.
    text: &'m str,
    delimiters: Delimiters,
}

impl<'m> Segment<'m> {
    fn of(number: usize, text: &'m str, delimiters: Delimiters) -> Result<Self, Hl7Error> {
        let name = text.split(delimiters.field).next().unwrap_or_default();
        let sound = name.len() == 3 && name.bytes().all(|octet| octet.is_ascii_uppercase() || octet.is_ascii_digit());
        if !sound {
            return Err(Hl7Error::SegmentName { number, found: quoted(text) });
        }
        Ok(Self { name, text, delimiters })
    }

    /// Its name, such as `PID`.
    pub fn name(&self) -> &'m str {
        self.name
    }

    /// The field of this number, as HL7 counts them; an empty one where there is none.
    pub fn field(&self, number: usize) -> Field<'m> {
        let delimiters = self.delimiters;
        if self.is_header() && number == 1 {
            return Field { text: &self.text[3..3 + delimiters.field.len_utf8()], delimiters };
        }
        // MSH-1 is the delimiter behind the name itself.
        let place = if self.is_header() { number.saturating_sub(1) } else { number };
        Field { text: self.text.split(delimiters.field).nth(place).unwrap_or_default(), delimiters }
    }

    /// All fields, with the number of each. Of a header, those from MSH-3 on.
    pub fn fields(&self) -> impl Iterator<Item = (usize, Field<'m>)> {
        let delimiters = self.delimiters;
        let (skipped, first) = if self.is_header() { (2, 3) } else { (1, 1) };
        let fields = self.text.split(delimiters.field).skip(skipped);
        (first..).zip(fields.map(move |text| Field { text, delimiters }))
    }

    fn is_header(&self) -> bool {
        self.name == "MSH"
    }
}

/// One field, or one repetition of it.
#[derive(Debug, Clone, Copy)]
pub struct Field<'m> {
    text: &'m str,
    delimiters: Delimiters,
}

impl<'m> Field<'m> {
    /// As it was written.
    pub fn raw(&self) -> &'m str {
        self.text
    }

    /// Its repetitions; one that is empty when it is.
    pub fn repetitions(&self) -> impl Iterator<Item = Self> {
        let delimiters = self.delimiters;
        self.text.split(delimiters.repetition).map(move |text| Self { text, delimiters })
    }

    /// Components of a repetition, each as its subcomponents, with escapes resolved.
    pub fn components(&self) -> impl Iterator<Item = impl Iterator<Item = Cow<'m, str>>> {
        let delimiters = self.delimiters;
        self.text
            .split(delimiters.component)
            .map(move |text| text.split(delimiters.subcomponent).map(move |part| unescaped(part, &delimiters)))
    }

    /// First subcomponent of a component of the first repetition, counted from 1; empty where there is none.
    pub fn component(&self, number: usize) -> Cow<'m, str> {
        let first = self.text.split(self.delimiters.repetition).next().unwrap_or_default();
        let component = first.split(self.delimiters.component).nth(number.saturating_sub(1)).unwrap_or_default();
        unescaped(component.split(self.delimiters.subcomponent).next().unwrap_or_default(), &self.delimiters)
    }
}

/// A text of somebody else's for people, cut off where it is long.
pub(super) fn quoted(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}
