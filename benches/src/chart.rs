//! The readings as bars: an SVG that needs nothing but a viewer.

use crate::reading::{Readings, shown};

/// What is drawn: a title, and the measure that it is.
const PANELS: [(&str, &str, &str); 6] = [
    ("durable appends, 1 writer", "durable appends, 1 writers", "writers"),
    ("durable appends, 16 writers", "durable appends, 16 writers", "writers"),
    ("durable appends, 256 writers", "durable appends, 256 writers", "writers"),
    ("a case of ten events loaded, p50", "load a case of ten events", "p50"),
    ("the whole log read", "read the whole log", "events"),
    ("the whole log replayed, parsed and counted", "replay, parse and count", "events"),
];

const WIDTH: usize = 760;
const BARS_FROM: usize = 110;
const BARS_WIDTH: f64 = 540.0;
const BAR: usize = 16;

/// One panel under the other, each with a scale of its own; ours is dark.
pub(crate) fn draw(readings: &Readings) -> String {
    let peers = readings.peers();
    let names: Vec<&str> = ["yousu", "sqlx", "c-api"].into_iter().chain(peers).collect();
    let (mut body, mut y) = (String::new(), 10);
    for (title, begins, ends) in PANELS {
        let bars: Vec<(&str, (f64, &str))> =
            names.iter().filter_map(|name| Some((*name, readings.median(begins, ends, name)?))).collect();
        let Some(most) = bars.iter().map(|(_, (value, _))| *value).max_by(f64::total_cmp) else { continue };
        let unit = bars.first().map_or("", |(_, (_, unit))| *unit);
        let note = if unit == "/s" { "more is better" } else { "less is better" };
        y += 18;
        body += &format!("<text x=\"10\" y=\"{y}\" font-weight=\"bold\">{title} ({unit}, {note})</text>\n");
        for (name, (value, _)) in bars {
            y += BAR + 4;
            let (top, width) = (y - BAR + 4, (value / most * BARS_WIDTH).max(1.0));
            let fill = match name {
                "yousu" => "#1f4e79",
                "sqlx" | "c-api" => "#b0b0b0",
                _ => "#d98e3f",
            };
            let end = BARS_FROM as f64 + width + 6.0;
            body += &format!("<text x=\"10\" y=\"{y}\">{name}</text>\n");
            body += &format!(
                "<rect x=\"{BARS_FROM}\" y=\"{top}\" width=\"{width:.1}\" height=\"{}\" fill=\"{fill}\"/>\n",
                BAR - 2
            );
            body += &format!("<text x=\"{end:.1}\" y=\"{y}\">{}</text>\n", shown(value));
        }
        y += 16;
    }
    let height = y + 10;
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" viewBox=\"0 0 {WIDTH} {height}\" \
         font-family=\"sans-serif\" font-size=\"12\">\n<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n{body}</svg>\n"
    )
}
