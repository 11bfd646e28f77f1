//! One spelling for all JSON texts that mean the same.

use std::fmt;
use std::ops::Range;

use serde::Serialize;
use serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::decimal::EXACT_INTEGERS;

/// Entries of most objects in payloads.
const USUAL_ENTRIES: usize = 8;

/// Appends what a JSON text means: keys sorted, no white space, texts with the same escapes, and numbers so that `12`,
/// `12.0` and `1.2e1` read the same. False, with nothing appended, when it is no JSON.
///
/// Every message that is said is read by this, so it writes while it reads and builds no tree.
pub(crate) fn write_meaning(payload: &[u8], out: &mut Vec<u8>) -> bool {
    write(Canonical(out, None), payload)
}

/// As [`write_meaning`], without the entries of the outermost object whose keys are none of these: whoever adds something
/// does not change what was said.
pub(crate) fn write_meaning_of(keys: &'static [&'static str], payload: &[u8], out: &mut Vec<u8>) -> bool {
    write(Canonical(out, Some(keys)), payload)
}

fn write(Canonical(out, keys): Canonical<'_>, payload: &[u8]) -> bool {
    let begin = out.len();
    let mut deserializer = serde_json::Deserializer::from_slice(payload);
    let read = Canonical(out, keys).deserialize(&mut deserializer).and_then(|()| deserializer.end());
    if read.is_err() {
        out.truncate(begin);
    }
    read.is_ok()
}

/// Writes the value that comes next; of an object only the entries of these keys, if there are any.
struct Canonical<'o>(&'o mut Vec<u8>, Option<&'static [&'static str]>);

/// An entry of an object as it was written.
struct Entry {
    all: Range<usize>,
    key_end: usize,
}

impl Canonical<'_> {
    fn put<E: Error>(self, value: &(impl Serialize + ?Sized)) -> Result<(), E> {
        serde_json::to_writer(self.0, value).map_err(E::custom)
    }
}

impl<'de> DeserializeSeed<'de> for Canonical<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Canonical<'_> {
    type Value = ();

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("JSON")
    }

    fn visit_unit<E: Error>(self) -> Result<(), E> {
        self.put(&())
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<(), E> {
        self.put(&value)
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<(), E> {
        self.0.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        Ok(())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<(), E> {
        self.0.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
        Ok(())
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<(), E> {
        // `12.0` is spelled `12`.
        if value.abs() < EXACT_INTEGERS && libm::trunc(value).to_bits() == value.to_bits() {
            self.visit_i64(value as i64)
        } else {
            self.put(&value)
        }
    }

    fn visit_str<E: Error>(self, value: &str) -> Result<(), E> {
        if value.bytes().any(|byte| byte < b' ' || byte == b'"' || byte == b'\\') {
            return self.put(value);
        }
        self.0.push(b'"');
        self.0.extend_from_slice(value.as_bytes());
        self.0.push(b'"');
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        self.0.push(b'[');
        while items.next_element_seed(Canonical(self.0, None))?.is_some() {
            self.0.push(b',');
        }
        self.0.push(b']');
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let Self(out, keys) = self;
        out.push(b'{');
        let mut entries: Vec<Entry> = Vec::with_capacity(USUAL_ENTRIES);
        loop {
            let begin = out.len();
            if map.next_key_seed(Canonical(out, None))?.is_none() {
                break;
            }
            let key_end = out.len();
            out.push(b':');
            map.next_value_seed(Canonical(out, None))?;
            let quoted = &out[begin + 1..key_end - 1];
            if keys.is_some_and(|keys| keys.iter().all(|key| key.as_bytes() != quoted)) {
                out.truncate(begin);
                continue;
            }
            out.push(b',');
            entries.push(Entry { all: begin..out.len(), key_end });
        }
        sort(&mut entries, out);
        out.push(b'}');
        Ok(())
    }
}

/// Brings the entries at the end of `out` into the order of their keys; those of one key stay as they are.
fn sort(entries: &mut [Entry], out: &mut Vec<u8>) {
    let Some(begin) = entries.first().map(|entry| entry.all.start) else { return };
    let key = |entry: &Entry| &out[entry.all.start..entry.key_end];
    if entries.is_sorted_by_key(key) {
        return;
    }
    entries.sort_by(|one, other| key(one).cmp(key(other)));
    let mut sorted = Vec::with_capacity(out.len() - begin);
    for entry in entries {
        sorted.extend_from_slice(&out[entry.all.clone()]);
    }
    out.truncate(begin);
    out.append(&mut sorted);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Map, Value, json};
    use vocabulary::{Format, Sameness};

    use super::write_meaning;
    use crate::vendor_json::VendorJson;

    fn meaning(text: &str) -> Option<String> {
        let mut out = b"before".to_vec();
        let is_json = write_meaning(text.as_bytes(), &mut out);
        let text = String::from_utf8(out).expect("JSON is UTF-8").split_off(6);
        assert!(is_json || text.is_empty());
        is_json.then_some(text)
    }

    #[test]
    fn order_space_and_spelling_of_numbers_mean_nothing() {
        let said = br#"{"v":1,"m":{"spo2":97,"pr":71.5},"w":[1,2]}"#;
        let reordered = br#"{ "m": {"pr": 7.15e1, "spo2": 97.0}, "w": [1, 2], "v": 1 }"#;
        assert_eq!(VendorJson.same(reordered, said), Sameness::Meaning);
        let changed = br#"{"v":1,"m":{"spo2":98,"pr":71.5},"w":[1,2]}"#;
        assert_eq!(VendorJson.same(changed, said), Sameness::Differs { at: 20 });
        let swapped = br#"{"v":1,"m":{"spo2":97,"pr":71.5},"w":[2,1]}"#;
        assert!(matches!(VendorJson.same(swapped, said), Sameness::Differs { .. }));
    }

    #[test]
    fn what_is_added_to_a_message_does_not_change_it() {
        let said = br#"{"v":1,"m":{"spo2":97}}"#;
        assert_eq!(VendorJson.same(br#"{"at":7,"v":1,"m":{"spo2":97},"by":{"m":1}}"#, said), Sameness::Meaning);
        // Within a message there is nothing to add to.
        assert!(matches!(VendorJson.same(br#"{"v":1,"m":{"spo2":97,"pr":70}}"#, said), Sameness::Differs { .. }));
        assert!(matches!(VendorJson.same(br#"{"v":1,"m":{"spo2":97},"q":{}}"#, said), Sameness::Differs { .. }));
        assert!(matches!(VendorJson.same(br#"{"v":1,"n":{"spo2":97}}"#, said), Sameness::Differs { .. }));
    }

    #[test]
    fn what_differs_is_told_apart() {
        assert_eq!(meaning(r#"{"b":1,"a":{"d":[],"c":null}}"#).as_deref(), Some(r#"{"a":{"c":null,"d":[],},"b":1,}"#));
        assert_eq!(meaning(r#"["A\/","\t"]"#), meaning(r#"["A/", "\u0009"]"#));
        assert_eq!(meaning("12.0"), meaning("1.2e1"));
        assert_ne!(meaning("9007199254740993"), meaning("9007199254740992"));
        assert_ne!(meaning("0.1"), meaning("0.10000000000000002"));
        assert_ne!(meaning(r#""1""#), meaning("1"));
        assert_ne!(meaning(r#"{"a":1,"a":2}"#), meaning(r#"{"a":2,"a":1}"#));
        for broken in ["", "{", "{}x", "[1,]", "nul", "1e999"] {
            assert_eq!(meaning(broken), None, "{broken}");
        }
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            (-1e6..1e6).prop_map(|number: f64| json!(number)),
            ".{0,6}".prop_map(Value::from),
        ];
        leaf.prop_recursive(3, 24, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map(".{0,4}", inner, 0..6)
                    .prop_map(|entries| Value::Object(entries.into_iter().collect::<Map<_, _>>())),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_text_spelled_anew_means_the_same(value in any_json()) {
            let said = value.to_string();
            let spread = serde_json::to_string_pretty(&value).expect("a value is JSON");
            prop_assert!(meaning(&said).is_some());
            prop_assert_eq!(meaning(&said), meaning(&spread));
        }
    }
}
