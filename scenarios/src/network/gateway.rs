//! Reads gateways.

use radio_plan::GatewayFormatSpec;
use sim_core::{Registry, Span};

use crate::language::diagnostic::{Checked, Place};
use crate::language::names::read_reference;
use crate::language::plain_value::check_id;
use crate::language::reader::{Placed, Reader};
use crate::language::schema::TableSpec;
use crate::language::suggestion::hint;
use crate::network::connection::LinkHead;
use crate::network::target::TargetDraft;

/// Shortest and longest connection interval and its step (Bluetooth Core 5.4, volume 6, part B, 4.5.1).
const SHORTEST_INTERVAL: Span = Span::from_nanos(7_500_000);
const LONGEST_INTERVAL: Span = Span::from_secs(4);
const INTERVAL_STEP: Span = Span::from_nanos(1_250_000);

/// Gateways of one kind as declared.
#[derive(Debug)]
pub(crate) struct GatewayDraft {
    pub(crate) id: Placed<String>,
    /// Its own link, among the scenario's.
    pub(crate) link: Checked<usize>,
    /// Name of its site.
    pub(crate) site: String,
    pub(crate) site_place: Place,
    pub(crate) body: Checked<GatewayBody>,
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
    links: &[LinkHead],
    targets: &[TargetDraft],
) -> Vec<GatewayDraft> {
    let spec = spec.below("gateway");
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
            let site = reader.optional("site", |reader, key| {
                let site = reader.text(key)?;
                check_id(reader.notes, &site.text, site.start())?;
                Ok(site)
            });
            let site_place = reader.place("site");
            let site_place = if reader.has("site") { site_place } else { id.place };
            let name = site.as_ref().ok().and_then(Option::as_ref).map_or(&id.value, |site| &site.text).clone();
            let body = read_body(&reader, registry).and_then(|body| site.and(link).map(|_| body));
            GatewayDraft { id, link, site: name, site_place, body }
        })
        .collect()
}

fn read_uplink(reader: &Reader<'_>, links: &[LinkHead]) -> Checked<usize> {
    let link = read_reference(reader, "link", "link", links.iter().map(|link| link.id.value.as_str()))?;
    if links[link].is_radio {
        let id = &links[link].id.value;
        let message = format!("link `{id}` is Bluetooth; a gateway hands on over a link with `carrier = \"mqtt\"`");
        return Err(reader.notes.error(reader.place("link"), message));
    }
    Ok(link)
}

fn read_body(reader: &Reader<'_>, registry: &Registry) -> Checked<GatewayBody> {
    let per = reader.choice("per");
    let count = reader.count("count");
    let slots = reader.count("slots");
    let interval = reader.stepped("interval", SHORTEST_INTERVAL, LONGEST_INTERVAL, INTERVAL_STEP);
    let format = reader.text("format").and_then(|format| {
        let formats = registry.all::<GatewayFormatSpec>();
        let names = formats.iter().map(|format| format.name);
        if !formats.is_empty() && !names.clone().any(|name| name == format.text) {
            let hint = hint(&format.text, "gateway formats", names);
            let message = format!("there is no gateway format `{}`{hint}", format.text);
            return Err(reader.notes.error(format.start(), message));
        }
        Ok(format.text)
    });
    let count = count?.value as u32;
    Ok(GatewayBody {
        spread: if per? == "ward" { Spread::Ward(count) } else { Spread::Patient },
        slots: slots?.value as u32,
        interval: interval?,
        format: format?,
    })
}
