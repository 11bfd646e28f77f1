use super::*;
use crate::physiology::{Core, Inputs, Parameters, Sex, Vitals};

const MAN: Build = Build { weight_kg: 70.0, height_cm: 175.0, age_years: 40.0, sex: Sex::Male };

struct Patient { vent: bool, core: Core, drugs: Drugs }
impl Patient {
    fn new() -> Self { Self { vent: false, core: Core::new(Parameters::textbook()), drugs: Drugs::new(&MAN) } }
    fn second(&mut self, given: &[(Drug, f64)]) {
        self.drugs.advance_second(given);
        let mut inputs = Inputs::default();
        self.drugs.effect().add_to(&mut inputs);
        if self.vent { inputs.ventilation = crate::physiology::Ventilation::Ventilator { rate_bpm: 14.0, tidal_volume_l: 0.46 }; inputs.fio2 = 0.5; }
        self.core.inputs = inputs;
        for _ in 0..10 { self.core.step(); }
    }
}

#[test]
fn explore() {
    for target in [0.5, 1.0, 1.5, 2.0, 3.0, 4.0] {
        let mut p = Patient::new();
        for s in 0..1800 {
            let ce = p.drugs.effect_site_ug_l(Drug::Remifentanil);
            p.second(&[(Drug::Remifentanil, if ce < target { 3.0 * target / 20.0 } else { 0.0 })]);
            if [120, 300, 600, 1200, 1799].contains(&s) {
                let v = p.core.vitals();
                println!("remi {target} t{s} ce {ce:.2} RR {:.1} VE {:.2} SaO2 {:.3} PCO2 {:.1} HR {:.0} MAP {:.0}", v.respiratory_rate_bpm, v.minute_ventilation_l_min, v.sao2, v.paco2_mmhg, v.heart_rate_bpm, v.map_mmhg);
            }
        }
    }
    for ngkgmin in [25.0, 50.0, 100.0, 200.0, 500.0, 1000.0] {
        let mut p = Patient::new();
        for s in 0..840 {
            p.second(&[(Drug::Epinephrine, ngkgmin * 70.0 / 1000.0 / 60.0)]);
            if s == 839 {
                let v = p.core.vitals();
                println!("epi {ngkgmin} C {:.2} HR {:.0} SBP {:.0} DBP {:.0} MAP {:.0} SV {:.0} CO {:.1} SVR {:.2} ({:.0}%)", p.drugs.plasma_ug_l(Drug::Epinephrine), v.heart_rate_bpm, v.sbp_mmhg, v.dbp_mmhg, v.map_mmhg, v.stroke_volume_ml, v.cardiac_output_l_min, v.systemic_resistance, 100.0*(v.systemic_resistance/15.926-1.0));
            }
        }
    }
    for (name, drug, dose) in [("propofol 2 mg/kg", Drug::Propofol, 140_000.0), ("propofol 1mg/kg", Drug::Propofol, 70_000.0), ("fentanyl 100", Drug::Fentanyl, 100.0), ("fentanyl 300", Drug::Fentanyl, 300.0), ("morphine 10", Drug::Morphine, 10_000.0), ("morphine 20", Drug::Morphine, 20_000.0), ("midaz 5", Drug::Midazolam, 5_000.0), ("remi 70", Drug::Remifentanil, 70.0), ("remi 35", Drug::Remifentanil, 35.0)] {
        let mut p = Patient::new();
        for s in 0..7200 {
            p.second(&[(drug, if s < 10 { dose / 10.0 } else { 0.0 })]);
            if [60, 120, 240, 600, 1200, 3600, 7199].contains(&s) {
                let v = p.core.vitals();
                println!("{name} t{s} ce {:.2} RR {:.1} VE {:.2} SaO2 {:.3} PCO2 {:.1} HR {:.0} MAP {:.0} BIS {:.0} wake {:.2}", p.drugs.effect_site_ug_l(drug), v.respiratory_rate_bpm, v.minute_ventilation_l_min, v.sao2, v.paco2_mmhg, v.heart_rate_bpm, v.map_mmhg, p.drugs.bispectral_index(), p.drugs.wakefulness());
            }
        }
    }
    // propofol steady
    for target in [1.0, 2.0, 3.0, 4.0] {
        let mut p = Patient::new();
        for s in 0..1800 {
            let ce = p.drugs.effect_site_ug_l(Drug::Propofol) / 1000.0;
            p.second(&[(Drug::Propofol, if ce < target { 400.0 * target } else { 0.0 })]);
            if [300, 1799].contains(&s) { let v = p.core.vitals();
              println!("propofol Ce {ce:.2} t{s} RR {:.1} VE {:.2} SaO2 {:.3} HR {:.0} MAP {:.0} CO {:.2}", v.respiratory_rate_bpm, v.minute_ventilation_l_min, v.sao2, v.heart_rate_bpm, v.map_mmhg, v.cardiac_output_l_min);}
        }
    }
    for target in [1.0, 2.0, 3.0, 4.0, 6.0] {
        let mut p = Patient::new();
        p.vent = true;
        for s in 0..1800 {
            let ce = p.drugs.effect_site_ug_l(Drug::Propofol) / 1000.0;
            p.second(&[(Drug::Propofol, if ce < target { 400.0 * target } else { 0.0 })]);
            if [300, 1799].contains(&s) { let v = p.core.vitals();
              println!("VENT propofol Ce {ce:.2} t{s} RR {:.1} VE {:.2} SaO2 {:.3} HR {:.0} MAP {:.0} CO {:.2}", v.respiratory_rate_bpm, v.minute_ventilation_l_min, v.sao2, v.heart_rate_bpm, v.map_mmhg, v.cardiac_output_l_min);}
        }
    }
    // naloxone
    let mut p = Patient::new();
    for s in 0..7200 {
        let ce = p.drugs.effect_site_ug_l(Drug::Remifentanil);
        let mut g = vec![(Drug::Remifentanil, if ce < 1.3 { 0.3 } else { 0.0 })];
        if s == 1800 { g.push((Drug::Naloxone, 1000.0)); }
        p.second(&g);
        if s >= 1700 && s % 300 == 0 || [1860, 1920, 2040].contains(&s) { println!("nalox t{s} remi {ce:.2} nal {:.2} dep {:.2} RR {:.1}", p.drugs.effect_site_ug_l(Drug::Naloxone), p.drugs.effect().respiratory_depression, p.core.vitals().respiratory_rate_bpm); }
    }
    let mut p = Patient::new();
    for s in 0..3600 {
        let mut g = vec![(Drug::Fentanyl, if s < 10 { 60.0 } else { 0.0 })];
        if s == 600 { g.push((Drug::Naloxone, 400.0)); }
        p.second(&g);
        if s % 300 == 0 || [660, 720, 780].contains(&s) { let v = p.core.vitals(); println!("fent600+nalox t{s} f {:.2} nal {:.2} RR {:.1} SaO2 {:.2} HR {:.0}", p.drugs.effect_site_ug_l(Drug::Fentanyl), p.drugs.effect_site_ug_l(Drug::Naloxone), v.respiratory_rate_bpm, v.sao2, v.heart_rate_bpm); }
    }
}
