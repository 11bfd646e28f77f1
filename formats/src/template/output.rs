//! How a template prints values.

use bytes::BytesMut;
use minijinja::value::ValueKind;
use minijinja::{AutoEscape, Error, Output, State, Value, escape_formatter};

use super::values::MetricValue;
use crate::json_text::{needs_no_escape, write_escaped};

/// Prints a value as the payload's own language has it: `null`, `true`, numbers as they are, and texts with what that
/// language wants escaped. Text stands between quotes of the template itself, so none are added.
pub(super) fn write_value(out: &mut Output<'_>, state: &mut State<'_, '_>, value: &Value) -> Result<(), Error> {
    if let Some(metric) = value.downcast_object_ref::<MetricValue>() {
        return write_value(out, state, &metric.value());
    }
    match value.kind() {
        ValueKind::None => write_plain(out, "null"),
        ValueKind::Bool => write_plain(out, if value.is_true() { "true" } else { "false" }),
        ValueKind::String if !value.is_safe() && matches!(state.auto_escape(), AutoEscape::Json) => {
            let text = value.as_str().unwrap_or_default();
            if needs_no_escape(text) {
                return write_plain(out, text);
            }
            let mut escaped = BytesMut::new();
            write_escaped(text, &mut escaped);
            write_plain(out, &String::from_utf8_lossy(&escaped))
        }
        ValueKind::String if matches!(state.auto_escape(), AutoEscape::Html) => escape_formatter(out, state, value),
        _ => write!(out, "{value}").map_err(Error::from),
    }
}

fn write_plain(out: &mut Output<'_>, text: &str) -> Result<(), Error> {
    out.write_str(text).map_err(Error::from)
}
