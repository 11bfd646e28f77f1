"""What every kind of device says, in each format, judged by other people's readers."""

import base64
import copy
import json
import math
import subprocess
from collections import Counter
from datetime import datetime

import cbor2
import hl7
import jsonschema
import pytest
from fhir.resources.R4B.bundle import Bundle
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message, parse_segment

from program import ROOT, SCENARIOS, iomt, sets

UCUM = "http://unitsofmeasure.org"
# What the profiles of vital signs want (hl7.org/fhir/R4/observation-vitalsigns.html): a code, and units.
PROFILES = {
    "heartrate": ("8867-4", {"/min"}),
    "oxygensat": ("2708-6", {"%"}),
    "resprate": ("9279-1", {"/min"}),
    "bodytemp": ("8310-5", {"Cel", "[degF]"}),
    "bodyheight": ("8302-2", {"cm", "[in_i]"}),
    "bodyweight": ("29463-7", {"g", "kg", "[lb_av]"}),
    "bmi": ("39156-5", {"kg/m2"}),
    "bp": ("85354-9", {"mm[Hg]"}),
}
# RFC 8428, table 4.
LABELS = {-1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs", 0: "n", 1: "u", 2: "v", 3: "vs", 4: "vb", 5: "s", 6: "t", 7: "ut", 8: "vd"}


def payloads(tmp_path, form, length="2m"):
    """The payloads of a run in virtual time, which the judge of the program has read back and passed."""
    file = tmp_path / f"{form}.jsonl"
    done = iomt("run", SCENARIOS / "formats.toml", "--out", tmp_path / form, *sets(format=form, file=file, length=length))
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads((tmp_path / form / "run.json").read_text())
    assert report["delivered"] == report["generated"] > 0
    return [json.loads(line) for line in file.read_text().splitlines()]


def validator(form):
    done = iomt("schema", form)
    assert done.returncode == 0, done.stderr
    schema = json.loads(done.stdout)
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


def codes(concept, system):
    return [coding["code"] for coding in concept.get("coding", []) if coding["system"] == system]


def quantities(resource):
    for part in [resource, *resource.get("component", [])]:
        if "valueQuantity" in part:
            yield part["valueQuantity"]
        if "valueSampledData" in part:
            yield part["valueSampledData"]["origin"]


@pytest.fixture(scope="module")
def bundles(tmp_path_factory):
    return [json.loads(line["payload"]) for line in payloads(tmp_path_factory.mktemp("fhir"), "fhir-r4")]


def test_bundles_are_fhir(bundles):
    schema = validator("fhir-r4")
    kinds, of_stream = set(), Counter()
    for bundle in bundles:
        stream = bundle["identifier"]["value"].rsplit("/", 1)[0]
        of_stream[stream] += 1
        # One that a stream begins with, and one with everything in it; more of them only take longer.
        if of_stream[stream] in (1, 2, 40):
            schema.validate(bundle)
            Bundle.model_validate(bundle)
        kinds |= {entry["resource"]["type"]["text"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == "Device"}
    assert len(kinds) == 19, kinds


def test_vital_signs_keep_their_profiles(bundles):
    seen = set()
    for bundle in bundles:
        urls = {entry["fullUrl"] for entry in bundle["entry"]}
        for resource in (entry["resource"] for entry in bundle["entry"]):
            assert [mark["code"] for mark in resource["meta"]["security"]] == ["HTEST"]
            if resource["resourceType"] != "Observation":
                continue
            assert resource["device"]["reference"] in urls and resource["subject"]["reference"] in urls
            for profile in resource["meta"].get("profile", []):
                name = profile.rsplit("/", 1)[1]
                loinc, units = PROFILES[name]
                seen.add(name)
                assert loinc in codes(resource["code"], "http://loinc.org")
                assert codes(resource["category"][0], "http://terminology.hl7.org/CodeSystem/observation-category") == ["vital-signs"]
                assert all(quantity["code"] in units and quantity["system"] == UCUM for quantity in quantities(resource))
                if name == "bp":
                    parts = [codes(part["code"], "http://loinc.org") for part in resource["component"]]
                    assert "8480-6" in parts[0] and "8462-4" in parts[1]
    assert seen == set(PROFILES) - {"bodyheight"}


def second_opinion(bundles):
    """What validators of two other authors say of bundles and HL7's own profiles: {profile: observations}, faults by line."""
    command = ["node", ROOT / "ci/judges/vital_signs.mjs", ROOT / "target/fhir"]
    lines = "\n".join(json.dumps(bundle) for bundle in bundles)
    done = subprocess.run(command, input=lines, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr[-2000:]
    verdict = json.loads(done.stdout)
    return verdict["judged"], verdict["faults"]


def test_a_second_validator_finds_nothing_in_the_whole_catalogue(bundles):
    judged, faults = second_opinion(bundles)
    assert faults == []
    assert set(judged) == set(PROFILES) - {"bodyheight"}, judged


def spoil(key):
    return lambda observation: observation.pop(key)


def recode(code):
    return lambda observation: observation["code"]["coding"][0].update(code=code)


# A profile, what is done to a good observation of it, and a word of what is to be said of that.
FLAWS = {
    "the code of another profile": ("heartrate", recode("9279-1"), "slice 'HeartRateCode'"),
    "no code of LOINC": ("heartrate", lambda good: good["code"]["coding"][0].update(system="urn:other"), "slice 'HeartRateCode'"),
    "another category": ("heartrate", lambda good: good["category"][0]["coding"][0].update(code="exam"), "slice 'VSCat'"),
    "no category": ("heartrate", spoil("category"), "Observation.category"),
    "no subject": ("heartrate", spoil("subject"), "Observation.subject"),
    "a dangling subject": ("heartrate", lambda good: good["subject"].update(reference="urn:uuid:0"), "Invalid reference"),
    "no time": ("heartrate", spoil("effectiveDateTime"), "Observation.effective"),
    "a status of nobody": ("heartrate", lambda good: good.update(status="done"), "Observation.status"),
    "neither value nor reason": ("heartrate", spoil("valueQuantity"), "dataAbsentReason.exists()"),
    "a value and a reason": ("heartrate", lambda good: good.update(dataAbsentReason={"text": "off"}), "dataAbsentReason.empty()"),
    "another unit": ("heartrate", lambda good: good["valueQuantity"].update(code="bpm"), "not one of /min"),
    "a unit of another system": ("heartrate", lambda good: good["valueQuantity"].update(system="urn:other"), "not one of /min"),
    "a unit outside the value set": ("bodytemp", lambda good: good["valueQuantity"].update(code="K"), "not one of Cel"),
    "a profile that is not declared": ("oxygensat", lambda good: good["meta"].pop("profile"), "does not declare"),
    "text for a number": ("oxygensat", lambda good: good["valueQuantity"].update(value="97"), "expected number"),
    "an unknown element": ("oxygensat", lambda good: good.update(spo2=97), "Observation.spo2"),
    "no systolic pressure": ("bp", lambda good: good["component"].pop(0), "slice 'SystolicBP'"),
    "two systolic pressures": ("bp", lambda good: good["component"].append(good["component"][0]), "slice 'SystolicBP'"),
    "no diastolic pressure": ("bp", lambda good: recode("8478-0")(good["component"][1]), "slice 'DiastolicBP'"),
    "a pressure in another unit": ("bp", lambda good: good["component"][0]["valueQuantity"].update(code="kPa"), "not one of mm[Hg]"),
    "a pressure without value or reason": ("bp", lambda good: good["component"][0].pop("valueQuantity"), "Observation.component[0]"),
}


def spoiled(bundles, profile, spoiler):
    """A bundle in which the first whole observation of a profile is spoiled."""
    for bundle in bundles:
        for number, entry in enumerate(bundle["entry"]):
            resource = entry["resource"]
            whole = "valueQuantity" in resource or all("valueQuantity" in part for part in resource.get("component", [{}]))
            if whole and any(url.endswith(f"/{profile}") for url in resource["meta"].get("profile", [])):
                bad = copy.deepcopy(bundle)
                spoiler(bad["entry"][number]["resource"])
                return bad
    raise AssertionError(f"no observation of {profile}")


def test_the_second_validator_finds_what_is_planted(bundles):
    _, faults = second_opinion([spoiled(bundles, profile, spoiler) for profile, spoiler, _ in FLAWS.values()])
    for line, (flaw, (_, _, word)) in enumerate(FLAWS.items(), start=1):
        said = [fault["what"] for fault in faults if fault["line"] == line]
        assert any(word in what for what in said), f"{flaw}: {said}"


def test_units_are_ucum(bundles):
    resources = [entry["resource"] for bundle in bundles for entry in bundle["entry"]]
    units = sorted({quantity["code"] for resource in resources for quantity in quantities(resource) if "code" in quantity})
    assert len(units) > 10
    script = (
        "const units = require('@lhncbc/ucum-lhc').UcumLhcUtils.getInstance();"
        "console.log(JSON.stringify(JSON.parse(process.argv[1]).filter(u => units.validateUnitString(u).status !== 'valid')))"
    )
    done = subprocess.run(["node", "-e", script, json.dumps(units)], cwd=ROOT / "target/ucum", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == []


def test_waves_last_as_long_as_their_samples(bundles):
    waves = 0
    for resource in (entry["resource"] for bundle in bundles for entry in bundle["entry"]):
        sampled = resource.get("valueSampledData")
        if sampled:
            waves += 1
            start, end = (datetime.fromisoformat(resource["effectivePeriod"][key]) for key in ("start", "end"))
            lasting_ms = len(sampled["data"].split()) * sampled["period"]
            assert abs((end - start).total_seconds() * 1e3 - lasting_ms) <= 1
    assert waves > 100


def resolved(pack):
    """Records without base fields (RFC 8428, section 4.6), times to the microsecond."""
    base, records = {}, []
    for record in pack:
        base |= {key: value for key, value in record.items() if key[0] == "b" and len(key) == 2}
        value = next(record[key] for key in ("v", "vs", "vb", "vd") if key in record)
        name = base.get("bn", "") + record.get("n", "")
        assert name[0].isalnum() and all(letter.isascii() and (letter.isalnum() or letter in "-:./_") for letter in name)
        records.append((name, record.get("u"), round((base.get("bt", 0) + record.get("t", 0)) * 1e6), value))
    return sorted(records, key=repr)


def test_senml_says_the_same_in_both_encodings(tmp_path):
    schema = validator("senml-json")
    texts = [json.loads(line["payload"]) for line in payloads(tmp_path, "senml-json", "1m")]
    octets = [base64.b64decode(line["payload_base64"]) for line in payloads(tmp_path, "senml-cbor", "1m")]
    assert len(texts) == len(octets) > 100
    for text, octet in zip(texts, octets):
        schema.validate(text)
        pack = [{LABELS[label]: value for label, value in record.items()} for record in cbor2.loads(octet)]
        assert resolved(pack) == resolved(text)


def test_formats_without_a_schema_say_which_have_one():
    done = iomt("schema", "senml-cbor")
    assert done.returncode == 2
    assert "vendor-json, " in done.stderr and "fhir-r4" in done.stderr


def segments(message, name):
    return [segment for segment in message if str(segment[0]) == name]


# Types of what is observed.
VALUE_TYPES = {"NM", "NA", "CWE", "ST"}


def judge_observations(text):
    """OBX as IHE PCD wants them: numbered, each in a place of its own below one that stands before it, with codes and status."""
    message = hl7.parse(text)
    places = set()
    for number, obx in enumerate(segments(message, "OBX"), start=1):
        kind, code, place, status = str(obx[2]), obx[3][0], str(obx[4]), str(obx[11])
        assert str(obx[1]) == str(number)
        assert place not in places
        places.add(place)
        assert str(code[2]) in ("MDC", "99SIM") and (str(code[2]) != "MDC" or int(str(code[0])) > 65536)
        assert (status == "X") == (kind == "") and (kind == "" or kind in VALUE_TYPES)
        assert (str(obx[5]) == "") == (kind == "")
        if kind == "NM":
            float(str(obx[5]))
            assert str(obx[6][0][2]) in ("MDC", "UCUM")
        if kind == "NA":
            assert all(math.isfinite(float(str(sample))) for sample in obx[5][0])
    return message


def test_hl7_keeps_its_version_and_the_profiles_of_ihe(tmp_path):
    lines = payloads(tmp_path, "hl7v2")
    events, devices, of_stream = Counter(), set(), Counter()
    for line in lines:
        text = line["payload"]
        message = judge_observations(text)
        header = segments(message, "MSH")[0]
        event = str(header[9][0][1])
        events[event] += 1
        assert str(header[11]) == "T" and str(header[12]) == "2.6"
        filler = segments(message, "OBR")[0][3][0]
        sequence, stream, serial = (str(part) for part in filler[:3])
        assert str(header[10]) == f"{serial}/{stream}/{sequence}"
        of_stream[serial, stream] += 1
        if event == "R40":
            # hl7apy knows no ORU_R40; its segments are those of 2.6 all the same.
            assert all(parse_segment(segment, version="2.6").validate() for segment in text.split("\r") if segment)
            continue
        devices.add(serial)
        # One that a stream begins with, and one with everything in it; more of them only take longer.
        if of_stream[serial, stream] in (1, 2, 40):
            parsed = parse_message(text, validation_level=VALIDATION_LEVEL.STRICT)
            assert parsed.validate()
    assert set(events) == {"R01", "R40"} and events["R40"] > 0, events
    assert len(devices) == 19, devices


def test_events_and_orders_are_those_of_hl7():
    for file in sorted((ROOT / "formats/samples/hl7v2").glob("*.hl7")):
        text = file.read_text().replace("\n", "\r")
        if file.stem == "oru_r40":
            assert all(parse_segment(segment, version="2.6").validate() for segment in text.split("\r") if segment)
        else:
            assert parse_message(text, validation_level=VALIDATION_LEVEL.STRICT).validate(), file
        assert str(segments(hl7.parse(text).create_ack(), "MSA")[0][2]) == str(segments(hl7.parse(text), "MSH")[0][10])
