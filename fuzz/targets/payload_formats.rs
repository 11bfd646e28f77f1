//! Payloads of every registered format, and of templates: no bytes panic, what means something means the same as itself, and a key does
//! not depend on the meaning being asked for.
#![no_main]

use std::sync::{Arc, LazyLock};

use formats::Formats;
use formats::template::Template;
use libfuzzer_sys::fuzz_target;
use sim_core::{Argument, Arguments, FormatSpec, Registry};
use vocabulary::{Format, Sameness};

static FORMATS: LazyLock<Vec<Arc<dyn Format>>> = LazyLock::new(|| {
    let text = |name: &str, text: &str| (name.to_owned(), Argument::Text(text.to_owned()));
    let pointers = [("serial", "/d"), ("stream", "/st"), ("sequence", "/s"), ("time", "/t")];
    let key = Argument::Table(Arguments(pointers.map(|(name, pointer)| text(name, pointer)).into()));
    let json = Arguments([text("text", "{}"), ("key".to_owned(), key)].into());
    let pattern = r"serial=(?P<serial>[^,]*),stream=(?P<stream>\S*) .*n=(?P<sequence>\d+)i (?P<time>\S*)";
    let lines = [text("text", "x"), text("pattern", pattern), text("content_type", "text/plain")];
    let template = |arguments: &Arguments| Arc::new(Template::new(arguments).expect("sound")) as Arc<dyn Format>;
    let mut registry = Registry::new();
    registry.add_plugin(&Formats);
    let registered = registry.formats().iter().filter_map(FormatSpec::as_fixed).cloned();
    registered.chain([template(&json), template(&Arguments(lines.into()))]).collect()
});

fuzz_target!(|payload: &[u8]| {
    for format in FORMATS.iter() {
        let key = format.key(payload);
        let (mut one, mut other) = (Vec::new(), Vec::new());
        let has_meaning = format.write_meaning(payload, &mut one);
        assert_eq!(has_meaning, format.write_meaning(payload, &mut other));
        assert_eq!(one, other);
        assert_eq!(format.same(payload, payload), Sameness::Bytes);
        assert_eq!(key, format.key(payload));
    }
});
