//! The tree that a device is: the device itself (MDS), its modules (VMD), their channels, and in them the metrics.
//!
//! Codes of IEEE 11073-10101: devices at home by their specialisation (partition 8, as IEEE 11073-20601 has them), others by
//! what they are made of. Of each kind of module the code of the device is followed by those of its MDS, VMD and channel.

use vocabulary::Metric;

/// A code with its reference id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Term {
    pub(super) code: u32,
    pub(super) refid: &'static str,
}

const fn term(code: u32, refid: &'static str) -> Term {
    Term { code, refid }
}

/// A module and its channel.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Module {
    pub(super) vmd: Term,
    pub(super) channel: Term,
}

/// The numbers of MDS, VMD and channel of one kind of equipment follow each other in the nomenclature; those of the monitor's VMD
/// and channel are derived from that.
const MONITOR: Term = term(69_965, "MDC_DEV_MON_PHYSIO_MULTI_PARAM_MDS");

/// Every module that there is, in the order in which they stand in a message.
pub(super) static MODULES: [Module; 7] = [
    Module { vmd: term(69_798, "MDC_DEV_ECG_VMD"), channel: term(69_799, "MDC_DEV_ECG_CHAN") },
    Module { vmd: term(69_642, "MDC_DEV_ANALY_SAT_O2_VMD"), channel: term(69_643, "MDC_DEV_ANALY_SAT_O2_CHAN") },
    Module { vmd: term(69_854, "MDC_DEV_METER_PRESS_BLD_VMD"), channel: term(69_855, "MDC_DEV_METER_PRESS_BLD_CHAN") },
    Module { vmd: term(69_902, "MDC_DEV_METER_TEMP_VMD"), channel: term(69_903, "MDC_DEV_METER_TEMP_CHAN") },
    Module { vmd: term(70_002, "MDC_DEV_SYS_PT_VENT_VMD"), channel: term(70_003, "MDC_DEV_SYS_PT_VENT_CHAN") },
    Module { vmd: term(69_986, "MDC_DEV_PUMP_INFUS_VMD"), channel: term(126_978, "MDC_DEV_PUMP_INFUS_CHAN_DELIVERY") },
    Module {
        vmd: term(69_966, "MDC_DEV_MON_PHYSIO_MULTI_PARAM_VMD"),
        channel: term(69_967, "MDC_DEV_MON_PHYSIO_MULTI_PARAM_CHAN"),
    },
];

const ECG: usize = 0;
const OXIMETER: usize = 1;
const PRESSURE: usize = 2;
const TEMPERATURE: usize = 3;
const VENTILATOR: usize = 4;
const PUMP: usize = 5;
const OTHER: usize = 6;

/// What a kind of device is.
pub(super) fn device(kind: &str) -> Term {
    match kind {
        "pulse_oximeter" => term(528_388, "MDC_DEV_SPEC_PROFILE_PULS_OXIM"),
        "ecg_patch" => term(528_390, "MDC_DEV_SPEC_PROFILE_MIN_ECG"),
        "blood_pressure_cuff" => term(528_391, "MDC_DEV_SPEC_PROFILE_BP"),
        "thermometer" => term(528_392, "MDC_DEV_SPEC_PROFILE_TEMP"),
        "weight_scale" => term(528_399, "MDC_DEV_SPEC_PROFILE_SCALE"),
        "glucose_meter" => term(528_401, "MDC_DEV_SPEC_PROFILE_GLUCOSE"),
        "insulin_pump" => term(528_403, "MDC_DEV_SPEC_PROFILE_INSULIN_PUMP"),
        "spirometer" => term(528_405, "MDC_DEV_SPEC_PROFILE_PEAK_FLOW"),
        "cgm" => term(528_409, "MDC_DEV_SPEC_PROFILE_CGM"),
        "wearable" | "heart_rate_belt" => term(528_425, "MDC_DEV_SPEC_PROFILE_HF_CARDIO"),
        "infusion_pump" => term(69_985, "MDC_DEV_PUMP_INFUS_MDS"),
        "ventilator" => term(70_001, "MDC_DEV_SYS_PT_VENT_MDS"),
        _ => MONITOR,
    }
}

/// Index of the module that measures a metric.
pub(super) fn module_of(metric: &Metric) -> usize {
    const OF_PREFIX: [(&str, usize); 19] = [
        ("ecg_", ECG),
        ("rr_interval", ECG),
        ("perf_idx", OXIMETER),
        ("pleth", OXIMETER),
        ("ppg_", OXIMETER),
        ("nibp", PRESSURE),
        ("pr_nibp", PRESSURE),
        ("abp_", PRESSURE),
        ("cvp_", PRESSURE),
        ("pap_", PRESSURE),
        ("temp_", TEMPERATURE),
        ("vent_", VENTILATOR),
        ("vt", VENTILATOR),
        ("peep", VENTILATOR),
        ("pinsp", VENTILATOR),
        ("paw_", VENTILATOR),
        ("flow_", VENTILATOR),
        ("vol_", VENTILATOR),
        ("inf_", PUMP),
    ];
    match metric.id {
        "hr" | "rhythm" => ECG,
        "spo2" | "pr" => OXIMETER,
        "icp" => PRESSURE,
        "mv" | "pip" | "pplat" | "pmean" | "rr_vent" | "rr_set" | "ie_ratio" | "compliance" | "fio2_set" => VENTILATOR,
        id => OF_PREFIX.iter().find(|(prefix, _)| id.starts_with(prefix)).map_or(OTHER, |(_, module)| *module),
    }
}
