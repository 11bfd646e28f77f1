//! Record 100 of the MIT-BIH Arrhythmia Database: two signals in format 212, beats labelled by cardiologists.

use bytes::BytesMut;
use recordings::wfdb::{
    AnnotationCode, Format, Header, SampleSummary, Signal, decode_annotations, encode_annotations, encode_signals,
};

const HEADER: &[u8] = include_bytes!("../../../scenarios/recordings/mitdb_100/100.hea");
const SAMPLES: &[u8] = include_bytes!("../../../scenarios/recordings/mitdb_100/100.dat");
const ANNOTATIONS: &[u8] = include_bytes!("../../../scenarios/recordings/mitdb_100/100.atr");

fn header() -> Header {
    Header::parse(HEADER).expect("a published header")
}

#[test]
fn the_header_says_what_the_database_says() {
    let header = header();
    assert_eq!(header.record, "100");
    assert_eq!(header.frame_rate_hz, 360.0);
    assert_eq!(header.frames, Some(650_000));
    let names: Vec<_> = header.signals.iter().map(|signal| signal.description.as_str()).collect();
    assert_eq!(names, ["MLII", "V5"]);
    for signal in &header.signals {
        assert_eq!((signal.format, signal.gain, signal.baseline), (Format::Packed12, Some(200.0), 1024));
        assert_eq!((signal.units.as_str(), signal.adc_resolution_bits), ("mV", 11));
    }
    let stated: Vec<_> = header.signals.iter().map(|signal| (signal.initial, signal.checksum)).collect();
    assert_eq!(stated, [(Some(995), Some(-22131)), (Some(1011), Some(20052))]);
    assert_eq!(header.comments.last().map(String::as_str), Some("Aldomet, Inderal"));
}

#[test]
fn every_sample_decodes_and_the_checksums_agree() {
    let channels = header().decode("100.dat", SAMPLES).expect("samples that agree with their header");
    let lengths: Vec<_> = channels.iter().map(Vec::len).collect();
    assert_eq!(lengths, [650_000, 650_000]);
    // The header's checksums have been compared by `decode`; one flipped bit must not pass it.
    let mut damaged = SAMPLES.to_vec();
    damaged[900_000] ^= 1;
    header().decode("100.dat", &damaged).expect_err("a flipped bit");
}

#[test]
fn the_beats_are_those_of_the_cardiologists() {
    let annotations = decode_annotations(ANNOTATIONS).expect("a published annotation file");
    let count = |code| annotations.iter().filter(|annotation| annotation.code == code).count();
    assert_eq!(count(AnnotationCode::NORMAL), 2239);
    assert_eq!(count(AnnotationCode::ATRIAL_PREMATURE), 33);
    assert_eq!(count(AnnotationCode::VENTRICULAR_PREMATURE), 1);
    assert_eq!(annotations.len(), 2239 + 33 + 1 + 1);
    assert_eq!(annotations[0].text(), "(N");

    let mut out = BytesMut::new();
    encode_annotations(&annotations, &mut out).expect("in order");
    assert_eq!(out, ANNOTATIONS);
}

#[test]
fn the_record_rewritten_in_format_16_is_the_same_record() {
    let original = header();
    let channels = original.decode("100.dat", SAMPLES).expect("samples");
    let mut samples = BytesMut::new();
    let narrow = |samples: &Vec<i32>| samples.iter().map(|sample| *sample as i16).collect();
    let narrow: Vec<Vec<i16>> = channels.iter().map(narrow).collect();
    let slices: Vec<&[i16]> = narrow.iter().map(Vec::as_slice).collect();
    encode_signals(&slices, &mut samples).expect("equal lengths");

    let rewritten = |(signal, channel): (&Signal, &Vec<i32>)| {
        let mut summary = SampleSummary::default();
        summary.add(channel);
        Signal { file: "copy.dat".to_owned(), format: Format::Int16, ..signal.clone() }.with_summary(&summary)
    };
    let copy = Header {
        record: "copy".to_owned(),
        signals: original.signals.iter().zip(&channels).map(rewritten).collect(),
        ..original.clone()
    };
    let text = copy.encode().expect("a writable header");
    let read = Header::parse(text.as_bytes()).expect("its own header");
    assert_eq!(read, copy);
    for (before, after) in original.signals.iter().zip(&read.signals) {
        assert_eq!((before.initial, before.checksum), (after.initial, after.checksum));
    }
    assert_eq!(read.decode("copy.dat", &samples).expect("samples that agree with their header"), channels);
}
