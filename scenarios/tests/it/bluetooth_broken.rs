//! What is said about broken files with Bluetooth: each case is the sound one with one thing wrong.

use std::fmt::Write;

use crate::bluetooth::bluetooth_with;
use crate::ward::{load_text, printed};

/// Name of the case, and replacements in the sound file.
type Case = (&'static str, &'static [(&'static str, &'static str)]);

const COHORT_BETWEEN: &str = "[[cohort]]\nid = \"office\"\ncount = 1\npatient = { model = \"adult_ward\" }\n\n  \
                              [[cohort.device]]\n  id = \"mon\"\n  kind = \"bedside_monitor\"\n  link = \"wifi\"\n\n\
                              [[cohort]]\nid      = \"chairs\"";

const CASES: &[Case] = &[
    ("topic of a Bluetooth link", &[("advertise = \"500ms\"", "topic = \"a/${stream}\"\noutbox = { messages = 3 }")]),
    ("radio of a connection", &[("qos   = 1", "advertise = \"1s\"\nsecurity = \"none\"")]),
    ("no topic", &[("topic = \"ward/${patient.id}/${device}/${stream}\"\n", "")]),
    (
        "url of a host",
        &[("listen = \"tcp://127.0.0.1:6402\"", "listen = \"tcp://127.0.0.1:6402\"\nurl = \"embedded\"")],
    ),
    ("listen of a broker", &[("url = \"embedded\"", "url = \"embedded\"\nlisten = \"tcp://127.0.0.1:1\"")]),
    ("no listen", &[("listen = \"tcp://127.0.0.1:6402\"\n", "")]),
    ("no place to listen", &[("tcp://127.0.0.1:6402", "127.0.0.1:6402")]),
    ("port that is none", &[("tcp://127.0.0.1:6402", "tcp://127.0.0.1:70000")]),
    ("place that is none", &[("\"5 m, 2 m\"", "\"5 m\"")]),
    ("place without a unit", &[("\"5 m, 2 m\"", "\"5, 2 m\"")]),
    ("connection to a host", &[("to    = \"broker\"", "to = \"host\"")]),
    ("Bluetooth to a broker", &[("to        = \"hub\"", "to = \"broker\"")]),
    ("Bluetooth to nobody", &[("to        = \"hub\"", "to = \"hbu\"")]),
    ("unknown carrier", &[("carrier   = \"ble\"", "carrier = \"bel\"")]),
    ("advertising too seldom", &[("\"500ms\"", "\"11s\"")]),
    ("advertising off the grid", &[("\"500ms\"", "\"500.1ms\"")]),
    ("too much power", &[("\"-4 dBm\"", "\"40 dBm\"")]),
    ("power without a unit", &[("power     = \"-4 dBm\"", "power = -4")]),
    ("too many links", &[("links     = 2", "links = 9")]),
    ("unknown security", &[("security  = \"passkey\"", "security = \"passkye\"")]),
    ("passkey of five digits", &[("\"001234\"", "\"01234\"")]),
    ("passkey as a number", &[("\"001234\"", "123456")]),
    ("passkey that nobody asks for", &[("security = \"passkey\"\npasskey", "security = \"just_works\"\npasskey")]),
    ("unknown link of a gateway", &[("link     = \"wifi\"", "link = \"wfii\"")]),
    ("gateway on Bluetooth", &[("link     = \"wifi\"", "link = \"belt\"")]),
    ("gateway without a link", &[("link     = \"wifi\"\n", "")]),
    ("unknown per", &[("per      = \"ward\"", "per = \"room\"")]),
    ("count for each patient", &[("per    = \"patient\"", "per = \"patient\"\ncount = 2")]),
    ("interval too short", &[("\"50ms\"", "\"5ms\"")]),
    ("interval off the grid", &[("\"50ms\"", "\"51ms\"")]),
    ("unknown format of gateways", &[("\"theengs\"", "\"thengs\"")]),
    ("gateway like a target", &[("[gateway.hub]", "[gateway.broker]")]),
    ("gateway where nobody hands on", &[("ward/${patient.id}", "ward/${gateway}")]),
    ("gateway of nobody", &[("topic = \"ward/", "topic = \"${gateway}/"), ("link     = \"wifi\"", "link = \"cell\"")]),
    ("ward and homes at one place", &[("link   = \"cell\"", "link = \"cell\"\nsite = \"ward\"")]),
    (
        "device that has no Bluetooth",
        &[("kind = \"heart_rate_belt\"\n  link = \"belt\"", "kind = \"bedside_monitor\"\n  link = \"belt\"")],
    ),
    ("on two sites", &[("link = \"bench\"", "link = \"ear\"")]),
    ("cohorts apart", &[("[[cohort]]\nid      = \"chairs\"", COHORT_BETWEEN)]),
    ("misspelt site", &[("site   = \"ward\"", "site = \"wadr\""), ("link = \"bench\"", "link = \"belt\"")]),
    ("site of a host that says nothing", &[("site   = \"ward\"\n", "")]),
    ("home of several", &[("site   = \"ward\"", "site = \"phone\""), ("to      = \"host\"", "to = \"hub\"")]),
    ("home of nobody", &[("site   = \"ward\"", "site = \"phone/home/9\""), ("to      = \"host\"", "to = \"hub\"")]),
    ("site of nobody", &[("[site.ward]", "[site.hall]\n[site.ward]")]),
    ("too steep", &[("path_loss = 2.5", "path_loss = 25")]),
    ("shadow in another unit", &[("\"3 dB\"", "\"3 dBm\"")]),
    ("key of a place", &[("columns = 5", "colums = 5")]),
    ("distance that is none", &[("uniform(0.5 m, 1 m)", "unifrom(0.5 m, 1 m)")]),
    ("distance in another unit", &[("uniform(0.5 m, 1 m)", "5 s")]),
    ("reserved name", &[("id      = \"beds\"", "id = \"site\"")]),
    ("gateway on another level", &[("on   = [\"beds/1\", \"chairs/*/belt\"]", "on = \"gw/hub/*\"")]),
    ("patient instead of a gateway", &[("\"gw/hub/2\"", "\"beds/2\"")]),
    ("gateway that is not", &[("\"gw/hub/2\"", "\"gw/hub/5\"")]),
    ("misspelt gateway", &[("\"gw/hub/2\"", "\"gw/hbu/2\"")]),
    ("too deep for a gateway", &[("\"gw/hub/2\"", "\"gw/hub/2/x\"")]),
    ("connection of a Bluetooth device", &[("\"beds/*\"", "\"beds/*/belt\"")]),
    ("connection of a device for hosts", &[("\"beds/*\"", "\"chairs/*/probe\"")]),
    ("radio of a device with a connection", &[("[\"beds/1\", \"chairs/*/belt\"]", "\"beds/*/mon\"")]),
    ("connection of those that a step picks", &[("on  = \"beds/*\"", "on = \"homes\"")]),
    ("a gateway twice", &[("\"gw/phone/*\"", "\"gw/hub/*\"")]),
    ("expectation of a gateway", &[("on     = \"!homes\"", "on = \"gw/hub/1\"")]),
    ("probe of a host", &[("[[step]]", "[probe.x]\nto = \"host\"\nfilter = \"#\"\n\n[[step]]")]),
    ("host in scaled time", &[("length = \"10m\"", "length = \"10m\"\nmode = \"scaled\"\nspeed = 10")]),
    ("site with a slash", &[("site     = \"ward\"", "site = \"ward/2\"")]),
    (
        "command to a Bluetooth device",
        &[("do  = \"net.cut\"\nfor = \"30s\"", "do = \"cmd.send\"\nwith = { op = \"x\" }")],
    ),
    ("step on a host", &[("on  = \"beds/*\"\ndo  = \"net.cut\"", "on = \"target/host\"\ndo = \"stack.restart\"")]),
    ("too many pairs", &[("count    = 4", "count = 1000"), ("count   = 20", "count = 8000")]),
];

#[test]
fn every_broken_file_is_told_what_is_wrong() {
    let mut told = String::new();
    for (name, replacements) in CASES {
        let result = load_text(&bluetooth_with(replacements));
        assert!(result.is_err(), "`{name}` passes");
        writeln!(told, "# {name}\n{}\n", printed(result)).unwrap();
    }
    insta::assert_snapshot!(told);
}

#[test]
fn warnings_do_not_stop_a_scenario() {
    let cases: [Case; 3] = [
        ("host in virtual time", &[("length = \"10m\"", "length = \"10m\"\nmode = \"virtual\"")]),
        ("host at real speed", &[("length = \"10m\"", "length = \"10m\"\nmode = \"scaled\"\nspeed = 1")]),
        (
            "gateway that hears nobody",
            &[("[gateway.hub]", "[gateway.cart]\nper = \"ward\"\nlink = \"wifi\"\n\n[gateway.hub]")],
        ),
    ];
    let mut told = String::new();
    for (name, replacements) in cases {
        let result = load_text(&bluetooth_with(replacements));
        assert!(result.is_ok(), "`{name}` fails: {}", printed(result));
        writeln!(told, "# {name}\n{}\n", printed(result)).unwrap();
    }
    insta::assert_snapshot!(told);
}
