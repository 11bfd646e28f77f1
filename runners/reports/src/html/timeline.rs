//! The run on one time axis: faults, connections, message rates and delays, as inline SVG.

use std::fmt::Write;

use super::axis::{CANVASES, Canvas, TimeAxis, ValueAxis};
use super::markup::escape;
use verify::{RunReport, SeriesWindow, StepReport, figures};

/// Most lanes of steps drawn; the table of steps has all.
const LANES: usize = 12;
/// Height of a lane [px].
const LANE: f64 = 25.0;
/// Height of a panel's plot [px].
const PLOT: f64 = 120.0;
/// Height of a panel's title and legend [px].
const TITLE: f64 = 28.0;
/// Room below a plot [px].
const GAP: f64 = 16.0;

/// A window placed on the axis.
struct Span<'a> {
    begin_s: f64,
    end_s: f64,
    /// The part of it in which devices spoke [s], for rates.
    speaking_s: f64,
    window: &'a SeriesWindow,
}

/// One line of a panel: CSS class, name in the legend, value of a window.
type Curve = (&'static str, &'static str, fn(&Span<'_>) -> Option<f64>);

/// The chart; empty without a series.
pub(super) fn chart(report: &RunReport) -> String {
    if report.series.windows.is_empty() {
        return "<p>No messages, nothing to draw.</p>\n".to_owned();
    }
    let charts = CANVASES.iter().map(|canvas| {
        let mut chart = Chart::new(report, *canvas);
        chart.draw_steps();
        chart.draw_connections();
        chart.draw_rates();
        chart.draw_delays();
        chart.finish()
    });
    charts.collect()
}

struct Chart<'a> {
    report: &'a RunReport,
    canvas: Canvas,
    time: TimeAxis,
    spans: Vec<Span<'a>>,
    body: String,
    /// Lower end of what is drawn [px].
    bottom: f64,
}

impl<'a> Chart<'a> {
    fn new(report: &'a RunReport, canvas: Canvas) -> Self {
        let width = report.series.window_s;
        let covered = report.series.windows.len() as f64 * width;
        let end_s = if report.window.wall_s > covered - width { report.window.wall_s.min(covered) } else { covered };
        let spoken_s = report.window.reached_s / report.window.speed;
        let spans = report.series.windows.iter().enumerate();
        let spans = spans
            .map(|(index, window)| {
                let begin_s = index as f64 * width;
                let end = (begin_s + width).min(end_s);
                // A rate is over the time in which devices spoke; a window of the drain has no such time.
                let speaking_s = if begin_s < spoken_s { end.min(spoken_s) - begin_s } else { end - begin_s };
                Span { begin_s, end_s: end, speaking_s: speaking_s.max(1e-3), window }
            })
            .collect();
        let time = TimeAxis { canvas, begin_s: 0.0, end_s };
        Self { report, canvas, time, spans, body: String::new(), bottom: 0.0 }
    }

    fn draw_steps(&mut self) {
        let mut lanes: Vec<(&str, Vec<&StepReport>)> = Vec::new();
        for step in &self.report.steps {
            match lanes.iter_mut().find(|(id, _)| *id == step.id) {
                Some((_, steps)) => steps.push(step),
                None => lanes.push((&step.id, vec![step])),
            }
        }
        if lanes.is_empty() {
            return;
        }
        self.title("Steps", "");
        for (_, steps) in lanes.iter().take(LANES) {
            for (index, step) in steps.iter().enumerate() {
                self.draw_step(step, index == 0);
            }
            self.bottom += LANE;
        }
        if lanes.len() > LANES {
            let y = self.bottom + 12.0;
            self.text(
                self.canvas.left,
                y,
                "fault-name",
                "start",
                &format!("and {} more steps, see the table", lanes.len() - LANES),
            );
            self.bottom += LANE;
        }
        self.bottom += GAP;
    }

    fn draw_step(&mut self, step: &StepReport, named: bool) {
        let (begin, end) = self.step_edges(step);
        let y = self.bottom + 14.0;
        let idle = if step.effective || !step.reached { "" } else { " idle" };
        self.push(format_args!(
            "<rect class=\"fault{idle}\" x=\"{begin:.1}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"7\" rx=\"2\"><title>{}</title></rect>",
            (end - begin).max(3.0),
            escape(&format!("{} {} {}: {}", step.id, step.action, step.when(), step.evidence_line()))
        ));
        if named {
            let suffix = if idle.is_empty() { "" } else { ", without effect" };
            let name = format!("{}: {} on {}{suffix}", step.id, step.action, figures::count(step.picked_count));
            let (x, name) = self.canvas.placed(begin, &name);
            self.text(x, y - 4.0, "fault-name", "start", &name);
        }
    }

    fn step_edges(&self, step: &StepReport) -> (f64, f64) {
        let wall = |at_s: f64| self.time.x(at_s / self.report.window.speed);
        let begin = wall(step.start_s);
        (begin, step.end_s.map_or(begin, wall))
    }

    fn draw_connections(&mut self) {
        let largest = self.report.connections.planned.max(self.report.connections.peak);
        if largest == 0 {
            return;
        }
        let axis = self.panel("Devices online", &[("online", "online")], largest as f64, figures::count_of);
        self.curve(axis, ("online", "online", |span| span.window.connections.map(|online| online as f64)));
    }

    fn draw_rates(&mut self) {
        const CURVES: [Curve; 3] = [
            ("sent", "written", |span| Some(span.window.sent as f64 / span.speaking_s)),
            ("acked", "acknowledged", |span| Some(span.window.acked as f64 / span.speaking_s)),
            ("delivered", "delivered", |span| Some(span.window.delivered as f64 / span.speaking_s)),
        ];
        let offered = |span: &Span<'_>| span.window.generated as f64 / span.speaking_s;
        let shown: Vec<Curve> =
            CURVES.into_iter().filter(|curve| curve.0 != "acked" || self.report.acked > 0).collect();
        let highest = self.spans.iter().flat_map(|span| {
            CURVES.iter().filter_map(|curve| curve.2(span)).chain([offered(span)]).collect::<Vec<_>>()
        });
        let highest = highest.fold(0.0, f64::max);
        let legend: Vec<(&str, &str)> =
            [("offered", "offered")].into_iter().chain(shown.iter().map(|curve| (curve.0, curve.1))).collect();
        let axis = self.panel("Messages per second", &legend, highest, figures::rate);
        let mut area = format!("M{:.1} {:.1}", self.time.x(0.0), axis.bottom);
        for span in &self.spans {
            let y = axis.y(offered(span));
            write!(area, "V{y:.1}H{:.1}", self.time.x(span.end_s)).expect("writing to a string does not fail");
        }
        self.push(format_args!("<path class=\"offered\" d=\"{area}V{:.1}Z\"/>", axis.bottom));
        for curve in shown {
            self.curve(axis, curve);
        }
    }

    fn draw_delays(&mut self) {
        const CURVES: [Curve; 3] = [
            ("max", "longest", |span| span.window.latency_max_s),
            ("p99", "p99", |span| span.window.latency_p99_s),
            ("p50", "median", |span| span.window.latency_p50_s),
        ];
        let values =
            || self.spans.iter().flat_map(|span| CURVES.iter().filter_map(|curve| curve.2(span)).collect::<Vec<_>>());
        let positive = || values().filter(|value| *value > 0.0);
        let (smallest, largest) = (positive().fold(f64::INFINITY, f64::min), positive().fold(0.0, f64::max));
        let lost = self.spans.iter().any(|span| span.window.never_arrived > 0);
        let title = "Delay until observed, by intended instant";
        if largest <= 0.0 {
            let text = if values().next().is_some() { ": none (virtual time)" } else { ": nothing arrived" };
            self.title(&format!("{title}{text}"), "");
            self.bottom += GAP;
            return;
        }
        let mut legend: Vec<(&str, &str)> = CURVES.iter().rev().map(|curve| (curve.0, curve.1)).collect();
        if lost {
            legend.push(("never", "some never arrived"));
        }
        let top = self.top(&legend);
        let axis = ValueAxis::decades(top + PLOT, top, smallest, largest);
        self.frame(title, &legend, axis, figures::seconds);
        for curve in CURVES {
            self.curve(axis, curve);
        }
        let marks: Vec<(f64, f64, u64)> = self
            .spans
            .iter()
            .filter(|span| span.window.never_arrived > 0)
            .map(|span| (self.time.x(span.begin_s), self.time.x(span.end_s), span.window.never_arrived))
            .collect();
        for (begin, end, never) in marks {
            self.push(format_args!(
                "<rect class=\"never\" x=\"{begin:.1}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"5\"><title>{} never arrived</title></rect>",
                (end - begin).max(2.0),
                figures::count(never)
            ));
        }
    }

    /// Begins a panel with a linear axis.
    fn panel(&mut self, title: &str, legend: &[(&str, &str)], largest: f64, read: fn(f64) -> String) -> ValueAxis {
        let top = self.top(legend);
        let axis = ValueAxis::linear(top + PLOT, top, largest);
        self.frame(title, legend, axis, read);
        axis
    }

    /// Upper edge of the next plot, below its title and legend.
    fn top(&self, legend: &[(&str, &str)]) -> f64 {
        let lines = if self.canvas.legend_beside { 0 } else { legend_lines(self.canvas, legend).len() };
        self.bottom + TITLE + lines as f64 * LEGEND_LINE
    }

    fn frame(&mut self, title: &str, legend: &[(&str, &str)], axis: ValueAxis, read: fn(f64) -> String) {
        self.title(title, &legend_markup(self.canvas, legend, self.bottom + 14.0));
        let (left, right) = (self.canvas.left, self.canvas.right);
        self.shade(axis);
        for tick in axis.ticks() {
            let y = axis.y(tick);
            self.push(format_args!("<line class=\"grid\" x1=\"{left}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"));
            self.text(left - 8.0, y + 4.0, "", "end", &read(tick));
        }
        self.push(format_args!(
            "<line class=\"axis\" x1=\"{left}\" x2=\"{right}\" y1=\"{0:.1}\" y2=\"{0:.1}\"/>",
            axis.bottom
        ));
        self.bottom = axis.bottom + GAP;
    }

    /// Steps, warm-up and drain behind a panel.
    fn shade(&mut self, axis: ValueAxis) {
        let window = &self.report.window;
        let mut bands: Vec<(&str, f64, f64)> = vec![
            ("quiet", self.time.x(0.0), self.time.x(window.warmup_s / window.speed)),
            ("quiet", self.time.x(window.reached_s / window.speed), self.canvas.right),
        ];
        for step in self.report.steps.iter().filter(|step| step.reached) {
            let (begin, end) = self.step_edges(step);
            bands.push(("band", begin, end.max(begin + 1.5)));
        }
        for (class, begin, end) in bands {
            if end > begin {
                self.push(format_args!(
                    "<rect class=\"{class}\" x=\"{begin:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\"/>",
                    axis.top,
                    end - begin,
                    axis.bottom - axis.top
                ));
            }
        }
    }

    fn curve(&mut self, axis: ValueAxis, (class, _, value): Curve) {
        let mut path = String::new();
        let mut drawing = false;
        for span in &self.spans {
            match value(span) {
                Some(value) => {
                    let (y, end) = (axis.y(value), self.time.x(span.end_s));
                    let lead =
                        if drawing { format!("V{y:.1}") } else { format!("M{:.1} {y:.1}", self.time.x(span.begin_s)) };
                    write!(path, "{lead}H{end:.1}").expect("writing to a string does not fail");
                    drawing = true;
                }
                None => drawing = false,
            }
        }
        self.push(format_args!("<path class=\"curve {class}\" d=\"{path}\"/>"));
    }

    fn title(&mut self, title: &str, legend: &str) {
        let y = self.bottom + 14.0;
        self.text(self.canvas.title, y, "title", "start", title);
        self.body.push_str(legend);
        if legend.is_empty() {
            self.bottom += TITLE - 6.0;
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

    fn finish(mut self) -> String {
        let y = self.bottom + 4.0;
        for tick in self.time.ticks() {
            let x = self.time.x(tick);
            self.text(x, y, "", "middle", &figures::seconds(tick));
        }
        let height = self.bottom + 14.0;
        format!(
            "<svg class=\"{0}\" viewBox=\"0 0 {1:.0} {height:.0}\" role=\"img\" aria-labelledby=\"{0}-title {0}-text\">\n\
             <title id=\"{0}-title\">The run over time</title>\n<desc id=\"{0}-text\">{2}</desc>\n{3}</svg>\n",
            self.canvas.class,
            self.canvas.right + 16.0,
            escape(&self.words()),
            self.body
        )
    }

    /// The chart in words.
    fn words(&self) -> String {
        let report = self.report;
        let mut words = format!(
            "{} of wall-clock time in windows of {}. {} messages offered, {} delivered, {} lost.",
            figures::seconds(self.time.end_s),
            figures::seconds(report.series.window_s),
            figures::count(report.generated),
            figures::count(report.delivered),
            figures::count(report.lost)
        );
        for step in report.steps.iter().filter(|step| step.reached).take(LANES) {
            let sentence = format!(" Step {} ({}) {}.", step.id, step.action, step.when());
            words.push_str(&sentence);
        }
        words
    }
}

/// Width of a letter of a legend, generously [px].
const LETTER: f64 = 6.6;
/// Width of a sample of a curve with the room around it [px].
const SAMPLE: f64 = 40.0;
/// Height of a line of a legend below its title [px].
const LEGEND_LINE: f64 = 16.0;

fn legend_width(name: &str) -> f64 {
    name.chars().count() as f64 * LETTER + SAMPLE
}

/// A legend in as many lines as it takes.
fn legend_lines<'l>(canvas: Canvas, legend: &[(&'l str, &'l str)]) -> Vec<Vec<(&'l str, &'l str)>> {
    let mut lines: Vec<Vec<(&str, &str)>> = Vec::new();
    let mut free = 0.0;
    for entry in legend {
        let width = legend_width(entry.1);
        if lines.is_empty() || width > free {
            lines.push(Vec::new());
            free = canvas.right - canvas.title;
        }
        lines.last_mut().expect("one was added").push(*entry);
        free -= width;
    }
    lines
}

/// The legend: right-aligned on the title's line, or below it.
fn legend_markup(canvas: Canvas, legend: &[(&str, &str)], y: f64) -> String {
    let mut markup = String::new();
    if canvas.legend_beside {
        let mut right = canvas.right;
        for entry in legend.iter().rev() {
            let x = right - entry.1.chars().count() as f64 * LETTER;
            markup.push_str(&legend_entry(*entry, x, y));
            right = x - SAMPLE;
        }
        return markup;
    }
    for (number, line) in legend_lines(canvas, legend).into_iter().enumerate() {
        let mut x = canvas.title;
        for entry in line {
            markup.push_str(&legend_entry(entry, x + 24.0, y + (number + 1) as f64 * LEGEND_LINE));
            x += legend_width(entry.1);
        }
    }
    markup
}

/// A sample of a curve, and its name from `x` on.
fn legend_entry((class, name): (&str, &str), x: f64, y: f64) -> String {
    let sample = if matches!(class, "offered" | "never") {
        format!("<rect class=\"{class}\" x=\"{:.1}\" y=\"{:.1}\" width=\"18\" height=\"8\"/>", x - 24.0, y - 8.0)
    } else {
        format!("<path class=\"curve {class}\" d=\"M{:.1} {:.1}h18\"/>", x - 24.0, y - 4.0)
    };
    format!("{sample}<text x=\"{x:.1}\" y=\"{y:.1}\">{}</text>\n", escape(name))
}
