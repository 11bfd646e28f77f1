//! Reads where real Bluetooth hosts attach: targets of kind `hci`.

use radio_plan::Place as Position;

use crate::language::diagnostic::{Checked, Place};
use crate::language::reader::{Placed, Reader};
use crate::people::placement::read_position;

/// How a Bluetooth host attaches, as declared.
#[derive(Debug)]
pub(crate) struct HostDraft {
    pub(crate) listen: String,
    pub(crate) site: Option<Placed<String>>,
    /// Where its antenna is; the middle of the site when the file is silent.
    pub(crate) position: Option<Position>,
}

/// Reads what belongs to a host in its `[target.ID]`.
pub(crate) fn read_host(reader: &Reader<'_>) -> Checked<HostDraft> {
    let listen = reader.text("listen").and_then(|listen| {
        check_listen(reader, &listen.text, listen.start())?;
        Ok(listen.text)
    });
    let site = reader.optional("site", Reader::text);
    let position = reader.optional("place", |reader, key| {
        let text = reader.text(key)?;
        read_position(reader.notes, &text.text, text.start())
    });
    Ok(HostDraft {
        listen: listen?,
        site: site?.map(|site| Placed { place: site.start(), value: site.text }),
        position: position?,
    })
}

/// Complains about a place where nobody could listen.
fn check_listen(reader: &Reader<'_>, listen: &str, place: Place) -> Checked<()> {
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
    if sound {
        return Ok(());
    }
    let message = format!("`{listen}` is not a place to listen; write `tcp://127.0.0.1:6402` or `unix:/path.sock`");
    Err(reader.notes.error(place, message))
}
