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
        "(PREX" => "pre-excitation",
        other => other,
    }
}
