//! Reads links and gateways.

use sim_core::Registry;

use crate::language::diagnostic::Checked;
use crate::language::folder::Folder;
use crate::language::reader::{Placed, Reader};
use crate::language::schema::TableSpec;
use crate::language::word::{BLUETOOTH, Words};
use crate::network::connection::{LinkBody, LinkHead, read_connection};
use crate::network::gateway::{GatewayDraft, read_gateways};
use crate::network::payload::PayloadDraft;
use crate::network::radio_link::read_radio_link;
use crate::network::target::TargetDraft;

/// A link as declared.
#[derive(Debug)]
pub(crate) struct LinkDraft {
    pub(crate) id: Placed<String>,
    /// Whether it is Bluetooth.
    pub(crate) is_radio: bool,
    pub(crate) body: Checked<LinkBody>,
}

/// Reads every `[link.ID]` and every `[gateway.ID]`, which lean on each other.
pub(crate) fn read_links(
    root: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &Registry,
    targets: &[TargetDraft],
    payloads: &[PayloadDraft],
    folder: Folder<'_>,
) -> (Vec<LinkDraft>, Vec<GatewayDraft>) {
    let link_spec = spec.below("link");
    let words = Words::of(link_spec.key("carrier").expect("a link has a carrier"), registry);
    let mut heads = Vec::new();
    let mut readers = Vec::new();
    // Those that are Bluetooth are read once the gateways are known.
    let mut bodies: Vec<Option<Checked<LinkBody>>> = Vec::new();
    for (id, table) in root.named_below("link") {
        let heading = format!("[link.{}]", id.value);
        let reader = Reader::governed(root.notes, table, link_spec, heading, words.clone(), None);
        let carrier = reader.registered("carrier");
        bodies.push(match carrier {
            Ok(BLUETOOTH) => None,
            Ok(name) => {
                let carrier = registry.carrier(name).expect("every other word is the name of a carrier");
                Some(read_connection(&reader, link_spec, registry, carrier, (targets, payloads, folder), &id.value))
            }
            Err(refused) => Some(Err(refused)),
        });
        heads.push(LinkHead { id, is_radio: carrier == Ok(BLUETOOTH) });
        readers.push(reader);
    }
    let gateways = read_gateways(root, spec, registry, &heads, targets);
    for (index, reader) in readers.iter().enumerate() {
        if bodies[index].is_none() {
            let body = read_radio_link(reader, targets, &gateways, &bodies, &heads[index].id.value);
            bodies[index] = Some(body);
        }
    }
    let bodies = bodies.into_iter().map(|body| body.expect("every link has been read"));
    let links: Vec<LinkDraft> = heads
        .into_iter()
        .zip(bodies)
        .map(|(LinkHead { id, is_radio }, body)| LinkDraft { id, is_radio, body })
        .collect();
    for (index, link) in links.iter().enumerate() {
        let handed_on = gateways.iter().any(|gateway| gateway.link == Ok(index));
        if let Some(body) = link.body.as_ref().ok().filter(|body| body.names_gateway() && !handed_on)
            && body.radio.is_none()
        {
            root.notes.error(
                body.topic_place,
                format!("no gateway uses link `{}`, so `${{gateway}}` has no value", link.id.value),
            );
        }
    }
    (links, gateways)
}
