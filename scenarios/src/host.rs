//! Reads where real Bluetooth hosts attach: targets of kind `hci`.

use sim_core::Place as Position;

use crate::diagnostic::{Notes, Place};
use crate::document::Text;
use crate::link::TargetDraft;
use crate::placement::read_position;
use crate::plan::{TimeMode, TimePlan};
use crate::reader::{Placed, Reader};

/// How a Bluetooth host attaches, as declared.
#[derive(Debug)]
pub(crate) struct HostDraft {
    pub(crate) listen: String,
    pub(crate) site: Option<Placed<String>>,
    /// Where its antenna is; the middle of the site when the file is silent.
    pub(crate) position: Option<Position>,
}

/// Reads what belongs to a host in its `[target.ID]`.
pub(crate) fn read_host(reader: &Reader<'_>) -> Option<HostDraft> {
    let listen = reader.text("listen").filter(|listen| check_listen(reader, &listen.text, listen.start()));
    let site = reader.text("site").map(|site| Placed { place: site.start(), value: site.text });
    let position = reader.text("place").map(|text| read_place(reader, &text));
    Some(HostDraft {
        listen: listen?.text,
        site,
        position: match position {
            Some(position) => Some(position?),
            None => None,
        },
    })
}

fn read_place(reader: &Reader<'_>, text: &Text) -> Option<Position> {
    read_position(reader.notes, &text.text, text.start())
}

/// Complains about a place where nobody could listen.
fn check_listen(reader: &Reader<'_>, listen: &str, place: Place) -> bool {
    let sound = match listen.split_once(':') {
        Some(("tcp", address)) => {
            address.strip_prefix("//").and_then(|address| address.rsplit_once(':')).is_some_and(|(host, port)| {
                let host_is_sound =
                    !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || matches!(c, '/' | '@'));
                host_is_sound && port.parse::<u16>().is_ok()
            })
        }
        Some(("unix", path)) => path.starts_with('/') && path.len() > 1,
        _ => false,
    };
    if !sound {
        let message = format!("`{listen}` is not a place to listen; write `tcp://127.0.0.1:6402` or `unix:/path.sock`");
        reader.notes.error(place, message);
    }
    sound
}

/// Complains about hosts in a time that is not theirs.
pub(crate) fn check_hosts(notes: &Notes, targets: &[TargetDraft], time: Option<&TimePlan>) {
    let Some(time) = time else { return };
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
