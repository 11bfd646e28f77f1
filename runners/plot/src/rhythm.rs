//! Words for the rhythm labels of annotated recordings.

/// What a rhythm label such as `(AFIB` means; the label itself when it is none of the known ones (table of rhythm
/// annotations of the MIT-BIH arrhythmia database directory).
pub(crate) fn words(label: &str) -> &str {
    match label.trim_end_matches('\0') {
        "(N" => "sinus rhythm",
        "(SBR" => "sinus bradycardia",
        "(AFIB" => "atrial fibrillation",
        "(AFL" => "atrial flutter",
        "(SVTA" => "supraventricular tachycardia",
        "(AB" => "atrial bigeminy",
        "(B" => "ventricular bigeminy",
        "(T" => "ventricular trigeminy",
        "(BI" => "first-degree AV block",
        "(BII" => "second-degree AV block",
        "(BIII" => "third-degree AV block",
        "(NOD" => "junctional rhythm",
        "(IVR" => "idioventricular rhythm",
        "(VT" => "ventricular tachycardia",
        "(VFL" => "ventricular flutter",
        "(VFIB" => "ventricular fibrillation",
        "(ASYS" => "asystole",
        "(P" => "paced rhythm",
        "(PEA" => "pulseless electrical activity",
        "(SA" => "sinus arrest",
        "(PREX" => "pre-excitation",
        other => other,
    }
}

/// What the code of a beat or mark stands for; `None` for a normal beat and unknown codes (code table of WFDB).
pub(crate) fn beat(code: &str) -> Option<&'static str> {
    Some(match code {
        "L" => "left bundle branch block",
        "R" => "right bundle branch block",
        "A" => "premature atrial",
        "V" => "ventricular",
        "F" => "fusion",
        "J" => "premature junctional",
        "j" => "junctional escape",
        "E" => "ventricular escape",
        "S" => "premature supraventricular",
        "e" => "atrial escape",
        "/" => "paced",
        "f" => "fusion of paced and normal",
        "x" => "P wave not conducted",
        "^" => "pacemaker spike without capture",
        "p" => "P wave",
        _ => return None,
    })
}
