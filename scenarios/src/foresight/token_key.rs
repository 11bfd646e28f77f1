//! Whether the files are there, and are private keys, with which devices sign their tokens.

use std::collections::BTreeMap;

use sim_core::Roster;

use crate::language::diagnostic::Notes;
use crate::language::folder::Folder;
use crate::language::pem::check_private_key;
use crate::network::link::LinkDraft;
use crate::plan::{Algorithm, Endpoint, TokenKind, TokenPlan};

/// Complains about keys with which nothing can be signed: of each link about the first, with the number of the others.
pub(crate) fn check_token_keys(
    notes: &Notes,
    links: &[LinkDraft],
    roster: &Roster,
    endpoints: &[Endpoint],
    folder: Folder<'_>,
) {
    let mut flaws: BTreeMap<usize, (String, usize)> = BTreeMap::new();
    let mut looked_at: BTreeMap<&str, Option<String>> = BTreeMap::new();
    for (device, endpoint) in roster.devices.iter().zip(endpoints) {
        let Some(file) = endpoint.token.as_ref().and_then(key_file) else { continue };
        let flaw = looked_at
            .entry(file)
            .or_insert_with(|| folder.read(file).and_then(|content| check_private_key(&content)).err());
        if let Some(reason) = flaw {
            let first = || (format!("`key` of `{}`: {file} {reason}", device.path), 0);
            flaws.entry(device.link).or_insert_with(first).1 += 1;
        }
    }
    for (link, (message, count)) in flaws {
        let Some(auth) = links[link].body.as_ref().ok().and_then(|body| body.auth.as_ref()) else { continue };
        let others = if count > 1 { format!(" (and {} more like it)", count - 1) } else { String::new() };
        if folder.is_opened {
            notes.error(auth.place, format!("{message}{others}"));
        } else {
            notes.warning(auth.place, format!("{message}{others}; in virtual time nobody signs"));
        }
    }
}

/// The file of the key of a token, where it is in one.
fn key_file(token: &TokenPlan) -> Option<&str> {
    match &token.kind {
        TokenKind::Jwt { algorithm: Algorithm::Rs256 | Algorithm::Es256, .. } => Some(&token.key),
        TokenKind::Jwt { algorithm: Algorithm::Hs256, .. } | TokenKind::Sas { .. } => None,
    }
}
