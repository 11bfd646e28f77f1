//! Reads targets: what carriers lead to, and places where Bluetooth hosts attach.

use sim_core::{Arguments, CarrierKind, CloudSpec, Registry};

use crate::language::diagnostic::{Checked, Notes, Place};
use crate::language::document::{Table, Value};
use crate::language::folder::Folder;
use crate::language::parameter::read_with;
use crate::language::reader::{Placed, Reader};
use crate::language::schema::TableSpec;
use crate::language::suggestion::hint;
use crate::language::word::{HOST, Words};
use crate::network::cloud::read_cloud;
use crate::network::connection::{check_password_or_token, read_token};
use crate::network::host::{HostDraft, read_host};
use crate::plan::{AuthPlan, TargetPlan, TimeMode, TimePlan, TokenPlan};

/// A target as declared.
#[derive(Debug)]
pub(crate) struct TargetDraft {
    pub(crate) id: Placed<String>,
    pub(crate) plan: Checked<TargetPlan>,
    /// Whether Bluetooth hosts attach there.
    pub(crate) is_host: bool,
    /// The carrier that leads to it, as far as it is known.
    pub(crate) carrier: Option<&'static str>,
    /// The cloud that it is, if it is one.
    pub(crate) cloud: Option<CloudSpec>,
    /// How they do.
    pub(crate) host: Option<HostDraft>,
}

/// Reads every `[target.ID]`.
pub(crate) fn read_targets(
    root: &Reader<'_>,
    spec: &'static TableSpec,
    registry: &Registry,
    folder: Folder<'_>,
) -> Vec<TargetDraft> {
    let spec = spec.below("target");
    let words = Words::of(spec.key("kind").expect("a target has a kind"), registry);
    root.named_below("target")
        .into_iter()
        .map(|(id, table)| {
            let heading = format!("[target.{}]", id.value);
            let claiming = claiming(registry, table);
            let reader = Reader::governed(root.notes, table, spec, heading, words.clone(), claiming);
            let kind = reader.registered("kind");
            let mut host = None;
            let carrier = kind.ok().and_then(|kind| registry.carrier(kind));
            let url = match kind {
                Ok(HOST) => read_host(&reader).map(|read| host.insert(read).listen.clone()),
                // Without a kind nobody knows which keys there should be.
                Err(refused) if !reader.has("url") => Err(refused),
                _ => reader.text("url").and_then(|url| {
                    let carrier = carrier.or_else(|| registry.carriers().first());
                    carrier.map_or(Ok(()), |carrier| check_url(&reader, registry, carrier, &url.text, url.start()))?;
                    Ok(url.text)
                }),
            };
            let arguments = carrier.map_or(Ok(Arguments::default()), |carrier| {
                let owner = format!("a target of carrier `{}`", carrier.name);
                read_with(&reader, owner, &carrier.target_parameters, folder)
            });
            let auth = reader.optional("auth", |target, key| read_auth(target, spec, key));
            if let (Some(carrier), Ok(url), Ok(arguments)) = (carrier, &url, &arguments)
                && let Err(message) = (carrier.checks.target)(url, arguments)
            {
                let key = if reader.has("with") { "with" } else { "url" };
                root.notes.error(reader.place(key), message);
            }
            let clouds = registry.all::<CloudSpec>();
            let name = carrier.map(|carrier| carrier.name);
            let cloud = read_cloud(&reader, clouds, name, url.as_deref().ok());
            let plan = kind.and(url).and_then(|url| {
                let name = carrier.map_or("", |carrier| carrier.name).to_owned();
                let (auth, token) = auth?.unzip();
                let (id, token) = (id.value.clone(), token.flatten());
                Ok(TargetPlan { id, carrier: name, url, arguments: arguments?, auth, token })
            });
            let carrier = carrier.filter(|_| plan.is_ok()).map(|carrier| carrier.name);
            let (plan, cloud) = match cloud {
                Ok(cloud) => (plan, cloud),
                Err(refused) => (Err(refused), None),
            };
            TargetDraft { id, plan, is_host: kind == Ok(HOST), carrier, cloud, host }
        })
        .collect()
}

type Login = (AuthPlan, Option<TokenPlan>);

fn read_auth(target: &Reader<'_>, spec: &'static TableSpec, key: &str) -> Checked<Login> {
    let table = target.table_below(key)?;
    let reader = Reader::new(target.notes, table, spec.below(key), "`auth`".to_owned(), None);
    let user = reader.text("user");
    let token = reader.optional("token", |auth, key| {
        let token = read_token(auth, spec.below("auth"), key, None)?;
        token.of_everybody().ok_or_else(|| {
            let message =
                "those who are no devices have no serial number; write `subject` and the like without `${device...}`";
            auth.notes.error(auth.place(key), message)
        })
    });
    let password = if check_password_or_token(&reader)? { reader.text("password")?.text } else { String::new() };
    Ok((AuthPlan { user: user?.text, password }, token?))
}

/// The carrier whose addresses look like that of a target.
fn claiming<'a>(registry: &'a Registry, table: &Table) -> Option<&'a str> {
    let (_, node) = table.get("url")?;
    let Value::Text(url) = &node.value else { return None };
    registry.carriers().iter().find(|carrier| carrier.address.claims(&url.text)).map(|carrier| carrier.name)
}

fn check_url(reader: &Reader<'_>, registry: &Registry, carrier: &CarrierKind, url: &str, place: Place) -> Checked<()> {
    let address = &carrier.address;
    let refuse = |message: String| Err(reader.notes.error(place, message));
    let authority = url.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    if authority.is_some_and(|authority| authority.contains('@')) {
        // What stands before the `@` may be a password, so none of it is repeated.
        return refuse("an address holds no name and no password; write them as `auth` of the link".to_owned());
    }
    if !address.claims(url) && authority.is_none() {
        let all = registry.carriers().iter().filter(|other| !reader.has("kind") || other.name == carrier.name);
        let names: Vec<&str> =
            all.flat_map(|carrier| carrier.address.words.iter().copied().chain([carrier.address.example])).collect();
        return refuse(format!("`{url}` is not a target{}", hint(url, "targets", names)));
    }
    (address.check)(url).or_else(refuse)
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
