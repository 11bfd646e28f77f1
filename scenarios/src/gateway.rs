//! Reads gateways.

use sim_core::{Registry, Span};

use crate::diagnostic::Place;
use crate::document::Text;
use crate::link::{LinkDraft, TargetDraft, read_reference, spec_below};
use crate::reader::{Placed, Reader, check_id};
use crate::schema::TableSpec;
use crate::suggestion::hint;

/// Shortest and longest connection interval and its step (Bluetooth Core 5.4, volume 6, part B, 4.5.1).
const SHORTEST_INTERVAL: Span = Span::from_nanos(7_500_000);
const LONGEST_INTERVAL: Span = Span::from_secs(4);
const INTERVAL_STEP: Span = Span::from_nanos(1_250_000);

/// Gateways of one kind as declared.
#[derive(Debug)]
pub(crate) struct GatewayDraft {
    pub(crate) id: Placed<String>,
    /// Its own link, among the scenario's.
    pub(crate) link: Option<usize>,
    /// Name of its site.
    pub(crate) site: String,
    pub(crate) site_place: Place,
    pub(crate) body: Option<GatewayBody>,
}

/// What a sound gateway says.
#[derive(Debug)]
pub(crate) struct GatewayBody {
    pub(crate) spread: Spread,
    pub(crate) slots: u32,
    pub(crate) interval: Span,
    pub(crate) format: String,
}

/// How many there are, and for whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Spread {
    /// So many over one site.
    Ward(u32),
    /// One for each patient.
    Patient,
}

/// Reads every `[gateway.ID]`.
pub(crate) fn read_gateways(
    root: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &Registry,
    links: &[LinkDraft],
    targets: &[TargetDraft],
) -> Vec<GatewayDraft> {
    let spec = spec_below(spec, "gateway");
    if !root.has("gateway") {
        return Vec::new();
    }
    root.named_below("gateway")
        .into_iter()
        .map(|(id, table)| {
            let reader = Reader::new(root.notes, table, spec, format!("[gateway.{}]", id.value), None);
            if let Some(target) = targets.iter().find(|target| target.id.value == id.value) {
                let line = root.notes.line(target.id.place);
                let message =
                    format!("`{}` is also a target, in line {line}; a link could not tell them apart", id.value);
                root.notes.error(id.place, message);
            }
            let link = read_uplink(&reader, links);
            let site = reader.text("site");
            let site_is_sound = site.as_ref().is_none_or(|site| check_id(root.notes, &site.text, site.start()));
            let site_place = site.as_ref().map_or(id.place, Text::start);
            let site = site.map_or_else(|| id.value.clone(), |site| site.text);
            let body = read_body(&reader, registry).filter(|_| link.is_some() && site_is_sound);
            GatewayDraft { id, link, site, site_place, body }
        })
        .collect()
}

fn read_uplink(reader: &Reader<'_>, links: &[LinkDraft]) -> Option<usize> {
    let link = read_reference(reader, "link", "link", links.iter().map(|link| link.id.value.as_str()))?;
    if links[link].is_radio {
        let id = &links[link].id.value;
        let message = format!("link `{id}` is Bluetooth; a gateway hands on over a link with `carrier = \"mqtt\"`");
        reader.notes.error(reader.place("link"), message);
        return None;
    }
    Some(link)
}

fn read_body(reader: &Reader<'_>, registry: &Registry) -> Option<GatewayBody> {
    let per = reader.choice("per");
    let count = reader.count("count");
    let slots = reader.count("slots");
    let interval = reader.stepped("interval", SHORTEST_INTERVAL, LONGEST_INTERVAL, INTERVAL_STEP);
    let format = reader.text("format").and_then(|format| {
        let mut names = registry.gateway_formats().iter().map(|format| format.name);
        if !registry.gateway_formats().is_empty() && !names.any(|name| name == format.text) {
            let names = registry.gateway_formats().iter().map(|format| format.name);
            let hint = hint(&format.text, "gateway formats", names);
            reader.notes.error(format.start(), format!("there is no gateway format `{}`{hint}", format.text));
            return None;
        }
        Some(format.text)
    });
    let count = count?.value as u32;
    Some(GatewayBody {
        spread: if per? == "ward" { Spread::Ward(count) } else { Spread::Patient },
        slots: slots?.value as u32,
        interval: interval?,
        format: format?,
    })
}
