//! What a link to a cloud may say, and what it says where the scenario is silent.

use sim_core::{CloudLogin, CloudSpec, OtherIds};

use crate::language::diagnostic::{Checked, Place};
use crate::language::document::{Piece, Text};
use crate::language::reader::Reader;
use crate::language::suggestion::hint;
use crate::network::target::TargetDraft;
use crate::plan::{Protocol, SessionPlan};

/// A link to a cloud.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CloudLink<'a> {
    pub(crate) link: &'a Reader<'a>,
    pub(crate) cloud: &'a CloudSpec,
    pub(crate) url: &'a str,
}

impl<'a> CloudLink<'a> {
    /// Of a link to this target, if that is a cloud.
    pub(crate) fn of(link: &'a Reader<'a>, target: &'a TargetDraft) -> Option<Self> {
        let (cloud, plan) = (target.cloud.as_ref()?, target.plan.as_ref().ok()?);
        Some(Self { link, cloud, url: &plan.url })
    }

    /// Complains about how a link or its will, the table, wants messages to be kept.
    pub(crate) fn check_publication(&self, table: &Reader<'_>, qos: u8, retain: bool) {
        let CloudSpec { most_qos, retains, .. } = self.cloud;
        if qos > *most_qos {
            self.refuse(table.place("qos"), &format!("takes QoS up to {most_qos}, and not {qos}"));
        }
        if retain && !retains {
            self.refuse(table.place("retain"), "keeps no last messages");
        }
    }

    fn refuse(&self, place: Place, rule: &str) {
        let message = format!("cloud `{}` {rule} ({})", self.cloud.name, self.cloud.source);
        self.link.notes.error(place, message);
    }

    /// Complains about how a link connects.
    pub(crate) fn check(&self, protocol: Option<Protocol>, session: Option<&SessionPlan>) {
        let CloudSpec { protocols, keep_alive_s, inflight, .. } = self.cloud;
        let refuse = |key: &str, rule: String| self.refuse(self.place(key), &rule);
        let spoken = protocol.map(|protocol| if protocol == Protocol::V5 { "5" } else { "3.1.1" });
        if let Some(spoken) = spoken.filter(|spoken| !protocols.contains(spoken)) {
            refuse("protocol", format!("speaks MQTT {}, and not {spoken}", protocols.join(" and ")));
        }
        if let (Some((least, most)), Some(session)) = (keep_alive_s, session) {
            let seconds = session.keep_alive.seconds();
            if seconds < f64::from(*least) || seconds > f64::from(*most) {
                refuse("session", format!("takes a `keep_alive` of {least}s to {most}s, and not {seconds}s"));
            }
        }
        if let (Some(most), Some(session)) = (inflight, session)
            && session.inflight > *most
        {
            refuse("session", format!("takes {most} messages `inflight`, and not {}", session.inflight));
        }
        let has_auth = self.link.has("auth");
        if self.cloud.login == CloudLogin::Name && !has_auth {
            refuse("auth", "knows its clients by a name and a password or token; write `auth`".to_owned());
        }
    }

    /// Where a key stands, or the link, for one that is left out.
    fn place(&self, key: &str) -> Place {
        if self.link.has(key) { self.link.place(key) } else { self.link.place("to") }
    }

    /// The client id of a link that names none, as a template.
    pub(crate) fn client_id(&self) -> Option<Text> {
        let (client_id, others) = self.cloud.client_id?;
        if !self.link.has("client_id") {
            return Some(self.text(client_id));
        }
        if others == OtherIds::Refused
            && let Ok(given) = self.link.template("client_id")
            && given.text != client_id
        {
            let message = format!("cloud `{}` knows a device by the client id `{client_id}` alone", self.cloud.name);
            self.link.notes.error(self.link.place("client_id"), message);
        }
        None
    }

    /// User name and resource of the shared access signature that the cloud takes, as templates.
    pub(crate) fn signature(&self) -> Option<(Text, Text)> {
        let CloudLogin::CertificateOrSignature { user, resource } = self.cloud.login else { return None };
        let host = self.url.split_once("://").map_or(self.url, |(_, rest)| rest);
        let host = host.split(['/', ':']).next().unwrap_or_default();
        let made = |template: &str| self.text(&template.replace("${host}", host));
        Some((made(user), made(resource)))
    }

    /// Complains about a topic that is none of the cloud's.
    pub(crate) fn check_topic(&self, topic: &Text) -> Checked<()> {
        match self.cloud.topic {
            Some(prefix) if !topic.text.starts_with(prefix) => {
                let message = format!("cloud `{}` takes topics that begin with `{prefix}`", self.cloud.name);
                Err(self.link.notes.error(topic.start(), message))
            }
            _ => Ok(()),
        }
    }

    /// A text of the cloud's, which stands where the target is named.
    fn text(&self, text: &str) -> Text {
        let place = self.link.place("to");
        Text { text: text.to_owned(), pieces: vec![Piece { from: 0, place, literal: false }] }
    }
}

/// Reads which cloud a target is.
pub(crate) fn read_cloud(
    target: &Reader<'_>,
    clouds: &[CloudSpec],
    carrier: Option<&str>,
    url: Option<&str>,
) -> Checked<Option<CloudSpec>> {
    let Some(word) = target.optional("cloud", Reader::text)? else { return Ok(None) };
    let refuse = |message: String| Err(target.notes.error(word.start(), message));
    let Some(cloud) = clouds.iter().find(|cloud| cloud.name == word.text) else {
        let hint = hint(&word.text, "clouds", clouds.iter().map(|cloud| cloud.name));
        return refuse(format!("there is no cloud `{}`{hint}", word.text));
    };
    // Where the carrier leads to no cloud at all, the key has been complained about.
    let leads_elsewhere = |carrier| carrier != cloud.carrier && clouds.iter().any(|other| other.carrier == carrier);
    if carrier.is_some_and(leads_elsewhere) {
        return refuse(format!("cloud `{}` is one of carrier `{}`", cloud.name, cloud.carrier));
    }
    let carrier_is_right = carrier == Some(cloud.carrier);
    let is_spoken = |url: &str| url.split_once("://").is_some_and(|(scheme, _)| cloud.schemes.contains(&scheme));
    if carrier_is_right && url.is_some_and(|url| !is_spoken(url)) {
        let schemes: Vec<String> = cloud.schemes.iter().map(|scheme| format!("`{scheme}://`")).collect();
        return refuse(format!("cloud `{}` is reached by {} alone", cloud.name, schemes.join(" or ")));
    }
    Ok(Some(cloud.clone()))
}
