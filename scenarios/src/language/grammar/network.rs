//! The rows of the user's stack, and of how devices reach and watch it.

use vocabulary::Dimension::{LevelDifference, PowerLevel, Time};

use crate::language::limits::MOST_GATEWAYS;
use crate::language::schema::Takes::{
    Arguments, Choice, Count, Flag, Number, Position, Quantity, Reference, Registered, Table, Template, Text,
    TextOrTexts,
};
use crate::language::schema::{More, TableSpec, Takes, key, later};

const QOS: Takes = Choice { now: &["0", "1", "2"], later: &[] };

pub(super) static TARGET: TableSpec = TableSpec {
    heading: "[target.ID]",
    about: "One component of your stack.",
    keys: &[
        key(
            "kind",
            Registered("kind of target"),
            "what it speaks: a carrier, or `hci`: a Bluetooth host (Bumble, Zephyr, BlueZ ...) that attaches to the radio of a \
             site; without it, what the `url` tells",
        )
        .or("mqtt"),
        key(
            "url",
            Text,
            "`mqtt://host:1883`, `mqtts://host:8883` (over TLS), `embedded` (a broker inside the process) or `mosquitto` \
             (started as a child); other carriers have addresses of their own",
        )
        .required()
        .taken_by("kind"),
        key(
            "cloud",
            Text,
            "a cloud whose rules are known (`iomt reference` lists them): what it refuses is an error, and what it wants is said \
             where the links are silent",
        )
        .taken_by("kind"),
        key("with", Arguments, "parameters of the carrier for its targets").taken_by("kind"),
        key(
            "auth",
            Table(&TARGET_AUTH),
            "name and password of those who are no devices: probes, who gives commands and who cleans up; without it, those \
             of the first link that leads there, if they are the same for all its devices",
        )
        .taken_by("kind"),
        key("listen", Text, "where the host attaches: `tcp://127.0.0.1:6402` (port 0 picks a free one) or `unix:/path`")
            .required()
            .with("kind", "hci", "a broker is reached at `url`"),
        key("site", Text, "the site whose air it hears; the only one, if there is but one")
            .with("kind", "hci", "a broker hears no radio"),
        key("place", Position, "where its antenna is; without it, in the middle of the site")
            .with("kind", "hci", "a broker hears no radio"),
        later("control"),
        later("observe"),
        later("allow_attacks"),
    ],
    more: More::Nothing,
};

/// Why a link that is not Bluetooth has no such key.
const RADIO_ONLY: &str = "a connection of the device's own has no radio";

pub(super) static LINK: TableSpec = TableSpec {
    heading: "[link.ID]",
    about: "How devices reach a target: by a connection of their own, or by Bluetooth to a gateway.",
    keys: &[
        key("carrier", Registered("carrier"), "what carries the messages; `ble` is Bluetooth to a gateway or a host")
            .or("mqtt"),
        key("to", Reference("target, or of a gateway with `carrier = \"ble\"`"), "where it leads").required(),
        key("topic", Template, "topic of each stream; commands go to `<topic up to ${stream}>/cmd`, answers to `/ack`")
            .required()
            .taken_by("carrier"),
        key("format", Registered("format"), "payload format: a registered one, or the id of a `[payload.ID]`")
            .or("vendor-json")
            .taken_by("carrier"),
        key("qos", QOS, "delivery level").or("1").taken_by("carrier"),
        key("retain", Flag, "whether the broker keeps the last message of each topic").or("false").taken_by("carrier"),
        key("protocol", Choice { now: &["3.1.1", "5"], later: &[] }, "MQTT version").or("3.1.1").taken_by("carrier"),
        key("client_id", Template, "client id of each device, unique among all")
            .or("iomt-${device.serial}")
            .taken_by("carrier"),
        key("mqtt5", Table(&MQTT5), "what only MQTT 5 has").with("protocol", "5", "MQTT 3.1.1 has nothing of it"),
        key("session", Table(&SESSION), "how connections behave").taken_by("carrier"),
        key("outbox", Table(&OUTBOX), "store and forward in the device").taken_by("carrier"),
        key("will", Table(&WILL), "last will").taken_by("carrier"),
        key("auth", Table(&AUTH), "name and password of each device").taken_by("carrier"),
        key("with", Arguments, "parameters of the carrier for its links").taken_by("carrier"),
        key("advertise", Quantity(Time), "time between advertisements, 20ms to 10.24s in steps of 0.625ms")
            .or("1s")
            .with("carrier", "ble", RADIO_ONLY),
        key("power", Quantity(PowerLevel), "transmit power, -40 dBm to 20 dBm")
            .or("0 dBm")
            .with("carrier", "ble", RADIO_ONLY),
        key("links", Count(1, 8), "most links of a device at a time").or("1").with("carrier", "ble", RADIO_ONLY),
        key(
            "security",
            Choice { now: &["none", "just_works", "passkey"], later: &[] },
            "what a device demands before it tells anything: nothing, an encrypted link, or one paired by six digits",
        )
        .or("none")
        .with("carrier", "ble", RADIO_ONLY),
        key("passkey", Text, "six digits; without it, drawn for each device").with(
            "security",
            "passkey",
            "nobody would type it",
        ),
        key(
            "pairing",
            Choice { now: &["secure_connections", "legacy"], later: &[] },
            "whether devices can pair with LE Secure Connections",
        )
        .or("secure_connections")
        .with("carrier", "ble", RADIO_ONLY),
        later("net"),
        later("profile"),
    ],
    more: More::Nothing,
};

pub(super) static PAYLOAD: TableSpec = TableSpec {
    heading: "[payload.ID]",
    about: "A payload format of your own: how a registered kind of format makes it. It is tried with messages of every \
            stream that uses it before anything is sent.",
    keys: &[key("kind", Registered("kind of format"), "what makes it; its parameters stand beside").required()],
    more: More::FormatParameters,
};

pub(super) static SESSION: TableSpec = TableSpec {
    heading: "link.ID.session",
    about: "How connections behave.",
    keys: &[
        key("clean", Flag, "start from nothing on each connect (clean session, clean start)").or("true"),
        key("expiry", Quantity(Time), "how long the broker keeps the session after a disconnect (MQTT 5)").or("0s"),
        key("keep_alive", Quantity(Time), "longest silence of a living connection, in whole seconds; 0 turns it off")
            .or("60s"),
        key(
            "backoff",
            Choice { now: &["none", "fixed", "exp", "exp_jitter"], later: &[] },
            "how waits between connection attempts grow",
        )
        .or("exp_jitter"),
        key("backoff_initial", Quantity(Time), "first wait").or("1s"),
        key("backoff_longest", Quantity(Time), "longest wait").or("60s"),
        key("inflight", Count(1, 65_535), "most unacknowledged messages at a time").or("100"),
    ],
    more: More::Nothing,
};

pub(super) static MQTT5: TableSpec = TableSpec {
    heading: "link.ID.mqtt5",
    about: "What only MQTT 5 has.",
    keys: &[
        key(
            "message_expiry",
            Quantity(Time),
            "how long the broker may keep a message, in whole seconds; 0 is for ever",
        )
        .or("0s"),
        key(
            "topic_alias",
            Flag,
            "send each topic once a connection and then a number for it, as far as the broker takes them",
        )
        .or("false"),
        key("user_properties", TextOrTexts, "what every message carries beside its payload, each `name=value`"),
        key(
            "message_property",
            Flag,
            "name each message in the user property `iomt-message`, so that it is found whatever its payload says",
        )
        .or("false"),
        key("traceparent", Flag, "give each message a trace of its own (W3C Trace Context) as user property")
            .or("false"),
        key(
            "receive_maximum",
            Count(1, 65_535),
            "most commands above QoS 0 that the broker may send ahead of their acknowledgement; without it, any number",
        ),
        key(
            "maximum_packet_size",
            Count(64, 1_048_576),
            "largest packet in bytes that devices take; without it, one mebibyte",
        ),
    ],
    more: More::Nothing,
};

pub(super) static OUTBOX: TableSpec = TableSpec {
    heading: "link.ID.outbox",
    about: "Store and forward in the device. What it drops is declared, not lost.",
    keys: &[
        key("messages", Count(0, 1_000_000), "most messages kept while the device cannot send").or("1000"),
        key("full", Choice { now: &["drop_oldest", "drop_newest"], later: &[] }, "what is dropped when it is full")
            .or("drop_oldest"),
    ],
    more: More::Nothing,
};

pub(super) static WILL: TableSpec = TableSpec {
    heading: "link.ID.will",
    about: "Last will, published by the broker when a connection ends without a goodbye.",
    keys: &[
        key("topic", Template, "where").required(),
        key("body", Template, "what").or(""),
        key("qos", QOS, "delivery level").or("0"),
        key("retain", Flag, "whether the broker keeps it").or("false"),
        key(
            "delay",
            Quantity(Time),
            "how long the broker waits with it for the device to come back, in whole seconds (MQTT 5)",
        )
        .or("0s"),
    ],
    more: More::Nothing,
};

pub(super) static TARGET_AUTH: TableSpec = TableSpec {
    heading: "target.ID.auth",
    about: "Name and password of those who are no devices.",
    keys: &[
        key("user", Text, "user name").required(),
        key("password", Text, "password; never printed; `${env:NAME}` takes it from the environment"),
        key("token", Table(&TOKEN), "instead of a password: one that is signed anew for every connection"),
    ],
    more: More::Nothing,
};

pub(super) static AUTH: TableSpec = TableSpec {
    heading: "link.ID.auth",
    about: "Name and password of each device; take the password from the environment with `${env:NAME}`.",
    keys: &[
        key("user", Template, "user name, such as `${device.serial}`; some clouds say it themselves"),
        key("password", Template, "password; never printed"),
        key("token", Table(&TOKEN), "instead of a password: one that each device signs anew for every connection"),
    ],
    more: More::Nothing,
};

pub(super) static TOKEN: TableSpec = TableSpec {
    heading: "link.ID.auth.token",
    about: "A password that each device signs for itself. Before it expires the device leaves and comes back with a new one.",
    keys: &[
        key(
            "kind",
            Choice { now: &["jwt", "sas"], later: &[] },
            "a JSON Web Token, or a shared access signature as Azure has them",
        )
        .or("jwt"),
        key(
            "key",
            Template,
            "never printed: the secret, for `sas` in base64, for RS256 and ES256 a PEM file beside the scenario",
        )
        .required(),
        key("lifetime", Quantity(Time), "how long a token is good, in whole seconds").or("1h"),
        key("algorithm", Choice { now: &["HS256", "RS256", "ES256"], later: &[] }, "how it is signed")
            .or("HS256")
            .with("kind", "jwt", "shared access signatures know one algorithm"),
        key("subject", Template, "whose it is, the claim `sub`").or("${device.serial}").with(
            "kind",
            "jwt",
            "a shared access signature names a `resource`",
        ),
        key("audience", Template, "for whom it is, the claim `aud`; without it, none").with(
            "kind",
            "jwt",
            "a shared access signature names a `resource`",
        ),
        key("resource", Template, "what it gives access to, such as `HUB/devices/${device.serial}`").with(
            "kind",
            "sas",
            "a JSON Web Token has `subject` and `audience`",
        ),
    ],
    more: More::Nothing,
};

pub(super) static GATEWAY: TableSpec = TableSpec {
    heading: "[gateway.ID]",
    about: "What hears Bluetooth devices and hands on what they say over a connection of its own. Paths are `gw/ID/1`, \
            `gw/ID/2` ...; in the link's templates `${device}` is then its id and `${patient}` its number.",
    keys: &[
        key(
            "per",
            Choice { now: &["ward", "patient"], later: &[] },
            "`ward`: `count` gateways spread over one site, each device may reach any of them; `patient`: one for each \
             patient of the cohorts whose links lead to it, such as a phone",
        )
        .required(),
        key("count", Count(1, MOST_GATEWAYS), "how many on the ward").or("1").with(
            "per",
            "ward",
            "each patient has one",
        ),
        key("link", Reference("link"), "its own link; topic, delivery level, session and outbox are those of it")
            .required(),
        key("slots", Count(1, 100), "most Bluetooth links at a time").or("20"),
        key("interval", Quantity(Time), "connection interval it asks for, 7.5ms to 4s in steps of 1.25ms").or("30ms"),
        key("format", Registered("gateway format"), "payload format of what it hands on").or("gateway-json"),
        key("site", Text, "name of its site, which gateways may share; without it, its own id"),
    ],
    more: More::Nothing,
};

pub(super) static SITE: TableSpec = TableSpec {
    heading: "[site.ID]",
    about: "What the air of a site is like: the ward, or the home of each patient.",
    keys: &[
        key(
            "path_loss",
            Number(1.5, 6.0),
            "path loss exponent: 2.0 line of sight, 2.7 an open ward, 3.3 rooms; 2.7, or 2.8 in homes, if not given",
        ),
        key("shadowing", Quantity(LevelDifference), "standard deviation of the shadowing, up to 20 dB").or("4 dB"),
    ],
    more: More::Nothing,
};

pub(super) static PROBE: TableSpec = TableSpec {
    heading: "[probe.ID]",
    about: "Where the stack is watched. Without a probe, a target is watched by one called `wire`, if its carrier has \
            a kind of probe for that: an MQTT target by one that subscribes to the topics of its links.",
    keys: &[
        key("kind", Registered("kind of probe"), "how").or("subscribe"),
        key("to", Reference("target"), "which target").required(),
        key("filter", TextOrTexts, "topic filters, for kinds that subscribe; with a `topic`, those of that"),
        key(
            "topic",
            Template,
            "on which topic the stack shows what each stream said, where that is another than the device's own: what is \
             seen on the topic of somebody else, or of nobody, is then a mismatch of identities",
        ),
        key("qos", QOS, "delivery level asked for, for kinds that subscribe").or("1"),
        key("with", Arguments, "parameters of the kind of probe"),
        later("match"),
        later("clients"),
        later("query"),
        later("every"),
        later("listen"),
        later("run"),
    ],
    more: More::Nothing,
};
