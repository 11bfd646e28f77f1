//! Reads targets: brokers, and places where Bluetooth hosts attach.

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::reader::{Placed, Reader};
use crate::language::schema::TableSpec;
use crate::language::suggestion::hint;
use crate::network::host::{HostDraft, read_host};
use crate::plan::{TargetPlan, TimeMode, TimePlan};

/// A target as declared.
#[derive(Debug)]
pub(crate) struct TargetDraft {
    pub(crate) id: Placed<String>,
    pub(crate) plan: Checked<TargetPlan>,
    /// Whether Bluetooth hosts attach there.
    pub(crate) is_host: bool,
    /// How they do.
    pub(crate) host: Option<HostDraft>,
}

/// Reads every `[target.ID]`.
pub(crate) fn read_targets(root: &Reader<'_>, spec: &'static TableSpec) -> Vec<TargetDraft> {
    let spec = spec.below("target");
    root.named_below("target")
        .into_iter()
        .map(|(id, table)| {
            let reader = Reader::new(root.notes, table, spec, format!("[target.{}]", id.value), None);
            let kind = reader.choice("kind");
            let mut host = None;
            let url = match kind {
                Ok("hci") => read_host(&reader).map(|read| host.insert(read).listen.clone()),
                // Without a kind nobody knows which keys there should be.
                Err(refused) if !reader.has("url") => Err(refused),
                _ => reader.text("url").and_then(|url| {
                    check_url(&reader, &url.text, url.start())?;
                    Ok(url.text)
                }),
            };
            let plan = kind.and(url).map(|url| TargetPlan { id: id.value.clone(), url });
            TargetDraft { id, plan, is_host: kind == Ok("hci"), host }
        })
        .collect()
}

fn check_url(reader: &Reader<'_>, url: &str, place: Place) -> Checked<()> {
    const NAMES: [&str; 3] = ["embedded", "mosquitto", "mqtt://host:1883"];
    if NAMES[..2].contains(&url) {
        return Ok(());
    }
    let refuse = |message: String| Err(reader.notes.error(place, message));
    let Some((scheme, rest)) = url.split_once("://") else {
        return refuse(format!("`{url}` is not a target{}", hint(url, "targets", NAMES)));
    };
    if rest.contains('@') {
        // What stands before the `@` may be a password, so none of it is repeated.
        return refuse("an address holds no name and no password; write them as `auth` of the link".to_owned());
    }
    if matches!(scheme, "mqtts" | "ws" | "wss") {
        return refuse(format!("`{scheme}://` is not supported yet; use `mqtt://`"));
    }
    if scheme != "mqtt" {
        return refuse(format!("`{scheme}://` is not a scheme of MQTT; write `mqtt://host:1883`"));
    }
    let (host, port) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or((rest, "bad"), |(host, port)| (host, port)),
        None => rest.find(':').map_or((rest, ""), |colon| rest.split_at(colon)),
    };
    let port_is_sound =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let host_is_sound = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/');
    if host_is_sound && port_is_sound {
        return Ok(());
    }
    refuse(format!("`{url}` is not an address; write `mqtt://host:1883`"))
}

/// Complains about hosts in a time that is not theirs.
pub(crate) fn check_hosts(notes: &Notes, targets: &[TargetDraft], time: &TimePlan) {
    for target in targets.iter().filter(|target| target.is_host) {
        let id = &target.id.value;
        match time.mode {
            TimeMode::Virtual => {
                notes.warning(target.id.place, format!("in virtual time nobody can attach to host `{id}`"));
            }
            TimeMode::Scaled { speed } if speed != 1.0 => {
                let message = format!("a real Bluetooth host such as `{id}` lives in real time; use `mode = \"real\"`");
                notes.error(target.id.place, message);
            }
            TimeMode::Scaled { .. } | TimeMode::Real => {}
        }
    }
}
