//! Sites, gateways, hosts and Bluetooth devices of a plan.

use std::collections::BTreeSet;

use proptest::prelude::*;
use radio_plan::{Place, RadioSecurity};
use scenarios::{Carrier, Plan, Settings, json_schema, plan_json, plan_sha256, plan_text};
use sim_core::{DevicePlan, SimId, Span, Subject};

use crate::registry::registry;
use crate::ward::{WARD, load_text, load_with, printed, replaced};

/// A ward with four hubs, monitors on Wi-Fi, and two people at home with a phone.
pub(crate) const BLUETOOTH: &str = r#"format   = 1
scenario = "bluetooth"
seed     = 7

[time]
length = "10m"

[target.broker]
url = "embedded"

[target.host]
kind   = "hci"
listen = "tcp://127.0.0.1:6402"
site   = "ward"
place  = "5 m, 2 m"

[link.wifi]
to    = "broker"
topic = "ward/${patient.id}/${device}/${stream}"
qos   = 1

[link.cell]
to        = "broker"
topic     = "home/${gateway}/${patient.id}/${device}/${stream}"
client_id = "${gateway}-${device.serial}"
qos       = 0
outbox    = { messages = 5000 }

[link.belt]
carrier   = "ble"
to        = "hub"
advertise = "500ms"
power     = "-4 dBm"
links     = 2
security  = "passkey"
pairing   = "legacy"

[link.ear]
carrier  = "ble"
to       = "phone"
security = "passkey"
passkey  = "001234"

[link.bench]
carrier = "ble"
to      = "host"

[gateway.hub]
per      = "ward"
count    = 4
link     = "wifi"
slots    = 8
interval = "50ms"
site     = "ward"

[gateway.phone]
per    = "patient"
link   = "cell"
format = "theengs"

[site.ward]
path_loss = 2.5
shadowing = "3 dB"

[[cohort]]
id      = "beds"
count   = 20
patient = { model = "adult_ward" }
place   = { spacing = "3 m", columns = 5, distance = "uniform(0.5 m, 1 m)" }

  [[cohort.device]]
  id   = "mon"
  kind = "bedside_monitor"
  link = "wifi"

  [[cohort.device]]
  id    = "belt"
  kind  = "heart_rate_belt"
  link  = "belt"
  share = 0.75

[[cohort]]
id      = "chairs"
count   = 4
patient = { model = "adult_ward" }

  [[cohort.device]]
  id   = "belt"
  kind = "heart_rate_belt"
  link = "belt"

  [[cohort.device]]
  id   = "probe"
  kind = "thermometer"
  link = "bench"

[[cohort]]
id      = "home"
count   = 2
patient = { model = "adult_ward" }

  [[cohort.device]]
  id   = "ear"
  kind = "thermometer"
  link = "ear"

[[step]]
id  = "dead"
at  = "1m"
on  = "gw/hub/2"
do  = "gw.crash"

[[step]]
id   = "noise"
at   = "2m"
on   = ["beds/1", "chairs/*/belt"]
do   = "ble.loss"
with = { p = "30 %" }
for  = "30s"

[[step]]
id  = "hole"
at  = "3m"
on  = "beds/*"
do  = "net.cut"
for = "30s"

[[step]]
id  = "homes"
at  = "4m"
on  = "gw/phone/*"
do  = "gw.crash"
for = "30s"

[[expect]]
id   = "nothing lost"
that = "lost(acked) == 0"

[[expect]]
id     = "others do not notice"
that   = "p99(latency.e2e) <= 1s"
on     = "!homes"
during = "homes"
"#;

/// The sound scenario with some text replaced, which must be there.
pub(crate) fn bluetooth_with(replacements: &[(&str, &str)]) -> String {
    replaced(BLUETOOTH, replacements)
}

fn plan(replacements: &[(&str, &str)]) -> Plan {
    let result = load_text(&bluetooth_with(replacements));
    assert!(result.is_ok(), "{}", printed(result));
    result.unwrap().plan
}

fn device<'a>(plan: &'a Plan, path: &str) -> (SimId, &'a DevicePlan) {
    let index = plan.roster.devices.iter().position(|device| device.path == path);
    let index = index.unwrap_or_else(|| panic!("there is a `{path}`"));
    (SimId(index as u32), &plan.roster.devices[index])
}

fn paths(plan: &Plan, subjects: &[Subject]) -> Vec<String> {
    let path = |subject: &Subject| match subject {
        Subject::Device(id) | Subject::Stream(id, _) => plan.roster.devices[id.index()].path.clone(),
        Subject::Patient(id) => plan.roster.patients[id.index()].path.clone(),
        Subject::Target(id) => id.clone(),
    };
    subjects.iter().map(path).collect()
}

fn picked(plan: &Plan, step: &str) -> Vec<String> {
    let occurrence = plan.occurrences.iter().find(|occurrence| occurrence.step == step).unwrap();
    paths(plan, &occurrence.subjects)
}

fn distance_m(a: Place, b: Place) -> f64 {
    a.iter().zip(b).map(|(a, b)| libm::pow(a - b, 2.0)).sum::<f64>().sqrt()
}

#[test]
fn the_plan_shows_the_air() {
    assert_eq!(printed(load_text(BLUETOOTH)), "");
    insta::assert_snapshot!(plan_text(&plan(&[])));
}

#[test]
fn a_ward_is_one_site_and_every_home_another() {
    let plan = plan(&[]);
    let sites: Vec<_> = plan.air.sites.iter().map(|site| (site.id.as_str(), site.patients.clone())).collect();
    assert_eq!(sites, [("ward", 0..24), ("phone/home/1", 24..25), ("phone/home/2", 25..26)]);
    let air: Vec<_> = plan.air.sites.iter().map(|site| (site.path_loss_exponent, site.shadowing_db)).collect();
    assert_eq!(air[..2], [(2.5, 3.0), (2.8, 4.0)]);
    let mut covered: Vec<_> =
        plan.roster.partition(&(0..26), 3).into_iter().filter(|range| !range.is_empty()).collect();
    covered.dedup();
    assert_eq!(covered.first(), Some(&(0..24)), "the ward is never split");
}

#[test]
fn gateways_come_after_all_devices() {
    let plan = plan(&[]);
    let (roster, air) = (&plan.roster, &plan.air);
    assert_eq!(air.gateways.len(), 6);
    assert_eq!(plan.endpoints.len(), roster.devices.len());
    let first = roster.devices.len() - 6;
    let gateways: Vec<_> = roster.devices[first..].iter().map(|device| device.path.as_str()).collect();
    assert_eq!(gateways, ["gw/hub/1", "gw/hub/2", "gw/hub/3", "gw/hub/4", "gw/phone/1", "gw/phone/2"]);
    assert_eq!(roster.patients.last().unwrap().devices.end, first);
    for (index, gateway) in air.gateways.iter().enumerate() {
        assert_eq!(gateway.device.index(), first + index);
        let own = &roster.devices[gateway.device.index()];
        assert!(own.streams.is_empty() && !air.radios.contains_key(&gateway.device) && own.kind == "gateway");
        assert!(air.sites[gateway.site].patients.contains(&own.patient.index()));
        for device in &gateway.devices {
            assert_eq!(air.radios[device].site, gateway.site);
        }
    }
    let (hub, _) = device(&plan, "gw/hub/2");
    let endpoint = &plan.endpoints[hub.index()];
    assert_eq!(endpoint.client_id, "iomt-gw-hub-0002");
    assert_eq!(endpoint.command_topic, "ward/gw-hub-0002/hub/cmd");
    let (phone, own) = device(&plan, "gw/phone/2");
    assert_eq!(plan.endpoints[phone.index()].client_id, "phone-gw-phone-0002");
    assert_eq!(own.patient, SimId(25));
    let phone = &air.gateways[5];
    assert_eq!(paths(&plan, &phone.devices.iter().copied().map(Subject::Device).collect::<Vec<_>>()), ["home/2/ear"]);
    assert_eq!((phone.slots, phone.interval, phone.format.as_str()), (20, Span::from_millis(30), "theengs"));
}

#[test]
fn a_bluetooth_device_has_the_words_of_its_gateways_link() {
    let plan = plan(&[]);
    let (id, ear) = device(&plan, "home/2/ear");
    let link = plan.link_of(id);
    assert_eq!(
        (link.id.as_str(), link.carrier, link.qos, link.outbox.map(|outbox| outbox.messages)),
        ("ear", Carrier::Gateway, 0, Some(5000))
    );
    assert_eq!(link.format, "vendor-json");
    let route = &plan.roster.routes[ear.streams[0].route.index()];
    let delivery = &plan.deliveries[ear.streams[0].route.index()];
    assert_eq!(delivery.topic, "home/phone/home-0002/ear/temperature");
    assert_eq!((delivery.qos, route.format.as_str()), (0, "said"));
    let radio = &plan.air.radios[&id];
    assert_eq!(radio.security, RadioSecurity::Passkey(1234));
    assert!(radio.secure_connections);
    assert_eq!((radio.links, radio.power_dbm, radio.advertising), (1, 0.0, Span::from_secs(1)));
    let (belt, _) = device(&plan, "chairs/1/belt");
    let radio = &plan.air.radios[&belt];
    assert!(!radio.secure_connections);
    assert_eq!((radio.links, radio.power_dbm, radio.advertising), (2, -4.0, Span::from_millis(500)));
    assert_eq!(plan.probes[0].filters, ["home/+/+/+/+", "ward/+/+/+"]);
}

#[test]
fn devices_for_hosts_are_judged_like_others() {
    let plan = plan(&[]);
    let (id, probe) = device(&plan, "chairs/2/probe");
    let link = plan.link_of(id);
    assert_eq!((link.carrier, plan.targets[link.target].id.as_str()), (Carrier::Host, "host"));
    let route = probe.streams[0].route;
    let said = &plan.roster.routes[route.index()];
    let delivery = &plan.deliveries[route.index()];
    assert_eq!((delivery.topic.as_str(), delivery.qos, said.format.as_str()), ("", 0, "said"));
    assert!(plan.expects.iter().any(|expect| expect.routes.contains(&route.0)));
    let hosts: Vec<_> = plan.hosts.iter().map(|host| (host.listen.as_str(), host.site, host.place)).collect();
    assert_eq!(hosts, [("tcp://127.0.0.1:6402", 0, [5.0, 2.0, 1.0])]);
    assert!(plan.host_of(link.target).is_some() && plan.host_of(0).is_none());
}

#[test]
fn drawn_passkeys_differ_and_stay() {
    let passkeys = |plan: &Plan| -> Vec<(String, u32)> {
        let radios = plan.air.radios.iter().map(|(id, radio)| (&plan.roster.devices[id.index()], radio));
        radios
            .filter(|(device, _)| device.id == "belt")
            .map(|(device, radio)| match radio.security {
                RadioSecurity::Passkey(passkey) => (device.path.clone(), passkey),
                other => panic!("{other:?}"),
            })
            .collect()
    };
    let before = passkeys(&plan(&[]));
    let different: BTreeSet<u32> = before.iter().map(|(_, passkey)| *passkey).collect();
    assert_eq!(different.len(), before.len());
    assert!(different.iter().all(|passkey| *passkey < 1_000_000));
    let after = passkeys(&plan(&[("count   = 4", "count   = 9")]));
    assert_eq!(before, after[..before.len()], "more patients change nobody's");
}

#[test]
fn devices_are_near_their_beds_and_gateways_above_the_ward() {
    let plan = plan(&[]);
    let place = |path: &str| plan.air.radios[&device(&plan, path).0].place;
    // The eighth bed: second row of five, third column, every three metres.
    let worn = (1..=20).map(|number| format!("beds/{number}/belt"));
    for path in worn.filter(|path| plan.roster.devices.iter().any(|device| device.path == *path)) {
        let bed = path.split('/').nth(1).unwrap().parse::<f64>().unwrap() - 1.0;
        let middle = [(bed % 5.0 + 0.5) * 3.0, ((bed / 5.0).floor() + 0.5) * 3.0, 1.0];
        assert!((0.5..=1.0).contains(&distance_m(place(&path), middle)), "{path}");
    }
    // The chairs are a second block, in a row of six beds as usual: 15 m east, 12 m and 3 m north.
    let hubs: Vec<Place> = plan.air.gateways[..4].iter().map(|gateway| gateway.place).collect();
    assert_eq!(hubs, [[3.75, 3.75, 2.5], [11.25, 3.75, 2.5], [3.75, 11.25, 2.5], [11.25, 11.25, 2.5]]);
    let phone = plan.air.gateways[4].place;
    assert!((0.5..=2.0).contains(&distance_m(phone, place("home/1/ear"))));
}

#[test]
fn steps_reach_those_they_can() {
    let plan = plan(&[]);
    assert_eq!(picked(&plan, "dead"), ["gw/hub/2"]);
    assert_eq!(picked(&plan, "homes"), ["gw/phone/1", "gw/phone/2"]);
    let noise = picked(&plan, "noise");
    assert!(noise.iter().all(|path| path.ends_with("/belt")) && noise.len() >= 4, "{noise:?}");
    let hole = picked(&plan, "hole");
    assert!(hole.len() == 20 && hole.iter().all(|path| path.ends_with("/mon")), "{hole:?}");
    let others = &plan.expects[1].routes;
    let judged: Vec<_> = others.iter().map(|route| plan.route_path(*route as usize)).collect();
    assert!(judged.iter().all(|path| !path.starts_with("home/")), "whom the phones hear is left out");
    assert!(judged.contains(&"beds/1/mon/vitals".to_owned()) && judged.contains(&"chairs/1/belt/hr".to_owned()));
}

#[test]
fn steps_select_across_gateways_and_devices() {
    let steps = "[[step]]\nid = \"a\"\nat = \"7m\"\non = \"homes\"\ndo = \"ble.loss\"\nfor = \"5s\"\n\n\
                 [[step]]\nid = \"b\"\nat = \"8m\"\non = \"a\"\ndo = \"gw.crash\"\nfor = \"5s\"\n\n\
                 [[step]]\nid = \"c\"\nat = \"9m\"\non = \"!homes\"\ndo = \"gw.crash\"\nfor = \"5s\"\n\n\
                 [[step]]\nid = \"d\"\nat = \"9m\"\non = \"!noise\"\ndo = \"net.cut\"\nfor = \"5s\"\n\n[[step]]";
    let plan = plan(&[("[[step]]", steps), ("on  = \"gw/hub/2\"\n", "on = \"gw/hub/2\"\nfor = \"30s\"\n")]);
    assert_eq!(picked(&plan, "a"), ["home/1/ear", "home/2/ear"]);
    assert_eq!(picked(&plan, "b"), ["gw/phone/1", "gw/phone/2"]);
    assert_eq!(picked(&plan, "c"), ["gw/hub/1", "gw/hub/2", "gw/hub/3", "gw/hub/4"]);
    assert!(picked(&plan, "d").iter().all(|path| path.ends_with("/mon")));
}

#[test]
fn a_host_needs_no_gateway() {
    let text = BLUETOOTH.split("[link.wifi]").next().unwrap().replace("site   = \"ward\"\nplace  = \"5 m, 2 m\"\n", "");
    let rest = "[link.bench]\ncarrier = \"ble\"\nto = \"host\"\n\n[[cohort]]\nid = \"lab\"\ncount = 2\n\
                patient = { model = \"adult_ward\" }\n\n[[cohort.device]]\nid = \"belt\"\nkind = \"heart_rate_belt\"\n\
                link = \"bench\"\n";
    let result = load_text(&format!("{text}{rest}"));
    assert!(result.is_ok(), "{}", printed(result));
    let plan = result.unwrap().plan;
    assert_eq!((plan.air.sites[0].id.as_str(), plan.air.sites[0].patients.clone()), ("host", 0..2));
    assert_eq!(plan.hosts[0].place, [3.0, 1.5, 1.0], "the middle of two beds");
    assert!(plan.probes.is_empty());
}

#[test]
fn a_host_can_hear_one_home() {
    let named = plan(&[("site   = \"ward\"", "site = \"phone/home/2\""), ("to      = \"host\"", "to = \"hub\"")]);
    assert_eq!((named.hosts[0].site, named.air.sites[2].id.as_str()), (2, "phone/home/2"));
    let only = plan(&[
        ("site   = \"ward\"", "site = \"phone\""),
        ("to      = \"host\"", "to = \"hub\""),
        ("count   = 2\n", "count = 1\n"),
    ]);
    assert_eq!(only.hosts[0].site, 1);
}

#[test]
fn several_hosts_and_gateways_share_a_site() {
    let more = "[target.other]\nkind = \"hci\"\nlisten = \"unix:/tmp/other.sock\"\nsite = \"ward\"\n\n\
                [gateway.cart]\nper = \"ward\"\nlink = \"wifi\"\nsite = \"ward\"\n\n\
                [link.cart]\ncarrier = \"ble\"\nto = \"cart\"\n\n[link.wifi]";
    let plan = plan(&[
        ("[link.wifi]", more),
        ("kind = \"thermometer\"\n  link = \"bench\"", "kind = \"thermometer\"\n  link = \"cart\""),
    ]);
    assert_eq!(plan.air.sites.len(), 3);
    assert_eq!(plan.hosts.iter().map(|host| host.site).collect::<Vec<_>>(), [0, 0]);
    let cart = plan.air.gateways.iter().find(|gateway| plan.roster.devices[gateway.device.index()].id == "cart");
    assert_eq!(cart.unwrap().devices.len(), 4);
}

#[test]
fn the_hash_covers_the_air_and_not_where_hosts_attach() {
    let base = plan_sha256(&plan(&[]));
    assert_eq!(plan_sha256(&plan(&[("127.0.0.1:6402", "127.0.0.1:0")])), base);
    let others = [
        ("slots    = 8", "slots = 9"),
        ("interval = \"50ms\"", "interval = \"60ms\""),
        ("advertise = \"500ms\"", "advertise = \"600ms\""),
        ("\"001234\"", "\"001235\""),
        ("pairing   = \"legacy\"\n", ""),
        ("\"3 dB\"", "\"4 dB\""),
        ("\"5 m, 2 m\"", "\"5 m, 3 m\""),
        ("format = \"theengs\"\n", ""),
        ("uniform(0.5 m, 1 m)", "0.5 m"),
    ];
    for other in others {
        assert_ne!(plan_sha256(&plan(&[other])), base, "{other:?}");
    }
}

#[test]
fn json_shows_the_air() {
    let json = plan_json(&plan(&[]));
    assert_eq!(json["sites"][0]["id"], "ward");
    assert_eq!(json["sites"][0]["patients"].as_array().unwrap().len(), 24);
    assert_eq!(json["gateways"][5]["path"], "gw/phone/2");
    assert_eq!(json["gateways"][5]["devices"][0], "home/2/ear");
    assert_eq!(json["hosts"][0]["listen"], "tcp://127.0.0.1:6402");
    assert_eq!(json["links"][2]["carrier"], "ble");
    assert_eq!(json["patients"][24]["devices"][0]["radio"]["passkey"], "001234");
    assert!(json["patients"][0]["devices"][0]["radio"].is_null());
}

#[test]
fn the_schema_knows_what_belongs_to_which_carrier() {
    let schema = json_schema(&registry());
    let rules = |table: &str| schema["properties"][table]["additionalProperties"]["allOf"].as_array().unwrap().clone();
    let ble = rules("link").into_iter().find(|rule| rule["if"]["properties"]["carrier"]["const"] == "ble").unwrap();
    assert_eq!(ble["then"]["properties"]["topic"], false);
    assert_eq!(ble["if"]["required"][0], "carrier");
    let mqtt = rules("link").into_iter().find(|rule| rule["if"]["properties"]["carrier"]["const"] == "mqtt").unwrap();
    assert_eq!(
        (&mqtt["then"]["properties"]["advertise"], &mqtt["then"]["required"][0]),
        (&false.into(), &"topic".into())
    );
    let hci = rules("target").into_iter().find(|rule| rule["if"]["properties"]["kind"]["const"] == "hci").unwrap();
    assert_eq!((&hci["then"]["properties"]["url"], &hci["then"]["required"][0]), (&false.into(), &"listen".into()));
}

/// Where everybody is and what was drawn for them, by path.
fn drawn(plan: &Plan) -> Vec<(String, String, String)> {
    let roster = &plan.roster;
    let patients = roster
        .patients
        .iter()
        .map(|patient| (patient.path.clone(), patient.patient_id.clone(), format!("{:?}", patient.arguments)));
    let devices = (0..).map(SimId).zip(&roster.devices).map(|(id, device)| {
        let security = plan.air.radios.get(&id).map(|radio| radio.security);
        (device.path.clone(), device.serial.clone(), format!("{security:?}"))
    });
    patients.chain(devices).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// What is added to the ward of the other tests, which has no Bluetooth, changes nobody who was there.
    #[test]
    fn bluetooth_changes_nobody_else(count in 1_u32..30, share in 1_u32..=4, per_patient in any::<bool>(), seed in any::<u32>()) {
        let per = if per_patient { "per = \"patient\"".to_owned() } else { format!("per = \"ward\"\ncount = {count}") };
        let link = format!(
            "[gateway.hub]\n{per}\nlink = \"wifi\"\n\n[link.belt]\ncarrier = \"ble\"\nto = \"hub\"\nsecurity = \"passkey\"\n\n[[cohort]]"
        );
        let device = format!(
            "[[cohort.device]]\nid = \"belt\"\nkind = \"heart_rate_belt\"\nlink = \"belt\"\nshare = {}\n\n  [[cohort.device]]",
            f64::from(share) / 4.0
        );
        let settings = Settings { seed: Some(u64::from(seed)), ..Settings::default() };
        let before = load_with(WARD, &settings).unwrap().plan;
        let after = replaced(WARD, &[("[[cohort]]", &link), ("[[cohort.device]]", &device)]);
        let after = load_with(&after, &settings).unwrap().plan;
        prop_assert!(after.roster.devices.len() > before.roster.devices.len());
        let mut still = drawn(&after);
        still.retain(|(path, _, _)| !path.ends_with("/belt") && !path.starts_with("gw/"));
        prop_assert_eq!(drawn(&before), still);
        let topics = |plan: &Plan| -> Vec<String> {
            plan.deliveries.iter().map(|delivery| delivery.topic.clone()).filter(|topic| !topic.contains("/belt/")).collect()
        };
        prop_assert_eq!(topics(&before), topics(&after));
        for step in ["hole", "motion", "rate"] {
            prop_assert_eq!(picked(&before, step), picked(&after, step));
        }
    }

    /// Another gateway changes no device, whatever it hears with.
    #[test]
    fn another_gateway_changes_nobody(count in 1_u32..9) {
        let before = plan(&[]);
        let cart = format!(
            "[gateway.cart]\nper = \"ward\"\ncount = {count}\nlink = \"wifi\"\nsite = \"ward\"\n\n\
             [link.cart]\ncarrier = \"ble\"\nto = \"cart\"\n\n[gateway.hub]"
        );
        let device = "[[cohort.device]]\nid = \"patch\"\nkind = \"thermometer\"\nlink = \"cart\"\n\n  [[cohort.device]]";
        let after = plan(&[("[gateway.hub]", &cart), ("[[cohort.device]]", device)]);
        let radios = |plan: &Plan| -> Vec<(String, String)> {
            let devices = (0..).map(SimId).zip(&plan.roster.devices);
            let others = devices.filter(|(_, device)| device.id != "patch" && device.id != "cart");
            let told = |id, serial: &str| format!("{:?} {serial}", plan.air.radios.get(&id));
            others.map(|(id, device)| (device.path.clone(), told(id, &device.serial))).collect()
        };
        prop_assert_eq!(radios(&before), radios(&after));
    }
}
