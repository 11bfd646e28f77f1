//! Vital strips: for each step on patients and each failure, the truth and what devices said of it.

use std::fmt::Write;

use super::axis::{CANVASES, Canvas, TimeAxis, ValueAxis};
use super::markup::{escape, escape_quoted};
use verify::{RunReport, StepReport, VitalCurve, VitalPanel, VitalStrip, figures};

/// Height of a panel's plot [px].
const PLOT: f64 = 64.0;
/// Height of a panel's title [px].
const TITLE: f64 = 20.0;
/// Room below a plot [px].
const GAP: f64 = 12.0;
/// Height of the line with the names of steps [px].
const NAMES: f64 = 18.0;
/// A curve of fewer points shows each of them: a cuff measures now and then.
const FEW: usize = 40;

/// The section, empty when nothing was kept.
pub(super) fn section(report: &RunReport) -> String {
    if report.vitals.is_empty() {
        return String::new();
    }
    let strips: Vec<String> = report.vitals.iter().map(|strip| figure(report, strip)).collect();
    let note = "<p class=\"note legend\"><span class=\"swatch truth\"></span> the truth of the simulated body \
                <span class=\"swatch said\"></span> what the device said of it; shaded: steps on this patient. Kept for the \
                first 16 occurrences of steps on patients and for failures of the first 48 patients, at most 480 points a \
                curve.</p>\n";
    super::section("Patients", &(note.to_owned() + &strips.concat()))
}

fn figure(report: &RunReport, strip: &VitalStrip) -> String {
    let charts: Vec<String> = CANVASES.iter().map(|canvas| chart(report, strip, *canvas)).collect();
    format!(
        "<figure>\n<figcaption>{}: {}</figcaption>\n{}</figure>\n",
        escape(&strip.patient),
        escape_quoted(&strip.because),
        charts.concat()
    )
}

/// Steps that act on the patient or on one of their devices within the strip.
fn steps<'r>(report: &'r RunReport, strip: &VitalStrip) -> Vec<&'r StepReport> {
    let is_theirs = |path: &String| {
        path.strip_prefix(strip.patient.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let overlaps = |step: &&StepReport| {
        step.reached && step.start_s <= strip.to_s && step.end_s.unwrap_or(step.start_s) >= strip.from_s
    };
    report.steps.iter().filter(overlaps).filter(|step| step.picked.iter().any(is_theirs)).collect()
}

fn chart(report: &RunReport, strip: &VitalStrip, canvas: Canvas) -> String {
    let time = TimeAxis { canvas, begin_s: strip.from_s, end_s: strip.to_s };
    let steps = steps(report, strip);
    let mut drawing = Drawing { canvas, time, body: String::new(), bottom: 0.0 };
    drawing.names(&steps);
    for panel in &strip.panels {
        drawing.panel(panel, &steps);
    }
    drawing.finish(strip)
}

struct Drawing {
    canvas: Canvas,
    time: TimeAxis,
    body: String,
    /// Lower end of what is drawn [px].
    bottom: f64,
}

impl Drawing {
    fn names(&mut self, steps: &[&StepReport]) {
        // Of steps that begin close together only the first has room for its name.
        let mut free = 0.0;
        for step in steps {
            let (begin, _) = self.edges(step);
            if begin >= free {
                let (x, name) = self.canvas.placed(begin, &step.id);
                self.text(x, 12.0, "fault-name", "start", &name);
                free = x + Canvas::text_width(&name) + 6.0;
            }
        }
        if !steps.is_empty() {
            self.bottom = NAMES;
        }
    }

    fn edges(&self, step: &StepReport) -> (f64, f64) {
        let begin = self.time.x(step.start_s);
        (begin, step.end_s.map_or(begin, |end_s| self.time.x(end_s)).max(begin + 1.5))
    }

    fn panel(&mut self, panel: &VitalPanel, steps: &[&StepReport]) {
        let top = self.bottom + TITLE;
        let values = || panel.curves.iter().flat_map(|curve| curve.points.iter().map(|(_, value)| *value));
        let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
        if low > high {
            return;
        }
        let axis = ValueAxis::around(top + PLOT, top, low, high);
        let (left, right) = (self.canvas.left, self.canvas.right);
        self.text(self.canvas.title, top - 7.0, "title", "start", &format!("{} [{}]", panel.title, panel.unit));
        for step in steps {
            let (begin, end) = self.edges(step);
            self.push(format_args!(
                "<rect class=\"band\" x=\"{begin:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{PLOT}\"/>",
                end - begin
            ));
        }
        for tick in axis.ticks() {
            let y = axis.y(tick);
            self.push(format_args!("<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"));
            self.text(left - 8.0, y + 4.0, "", "end", &figures::count_of(tick));
        }
        for (position, curve) in panel.curves.iter().enumerate() {
            self.curve(axis, curve, position);
        }
        self.bottom = axis.bottom + GAP;
    }

    fn curve(&mut self, axis: ValueAxis, curve: &VitalCurve, position: usize) {
        let class = match (curve.of.as_str(), position) {
            ("truth", _) => "truth",
            (_, 0 | 1) => "said",
            _ => "said other",
        };
        // As many points as there are pixels to tell them apart.
        let every = (curve.points.len() as f64 / (self.canvas.right - self.canvas.left)).ceil().max(1.0) as usize;
        let points: Vec<(f64, f64)> =
            curve.points.iter().step_by(every).map(|(at_s, value)| (self.time.x(*at_s), axis.y(*value))).collect();
        let path: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
        self.push(format_args!(
            "<path class=\"curve {class}\" d=\"M{}\"><title>{}</title></path>",
            path.join("L"),
            escape(&curve.of)
        ));
        if class != "truth" && points.len() < FEW {
            for (x, y) in points {
                self.push(format_args!("<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"2.2\"/>"));
            }
        }
    }

    fn text(&mut self, x: f64, y: f64, class: &str, anchor: &str, text: &str) {
        self.push(format_args!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" class=\"{class}\" text-anchor=\"{anchor}\">{}</text>",
            escape(text)
        ));
    }

    fn push(&mut self, markup: std::fmt::Arguments<'_>) {
        writeln!(self.body, "{markup}").expect("writing to a string does not fail");
    }

    fn finish(mut self, strip: &VitalStrip) -> String {
        let y = self.bottom + 4.0;
        for tick in self.time.ticks() {
            self.text(self.time.x(tick), y, "", "middle", &figures::seconds(tick));
        }
        let names: Vec<&str> = strip.panels.iter().map(|panel| panel.title.as_str()).collect();
        format!(
            "<svg class=\"{}\" viewBox=\"0 0 {:.0} {:.0}\" role=\"img\" aria-label=\"{}\">\n{}</svg>\n",
            self.canvas.class,
            self.canvas.right + 16.0,
            self.bottom + 14.0,
            escape(&format!(
                "{}: {} from {} to {}",
                strip.patient,
                names.join(", "),
                figures::seconds(strip.from_s),
                figures::seconds(strip.to_s)
            )),
            self.body
        )
    }
}
