//! One row as an SVG: a bar for each side, marks for the targets.

use super::escape;
use crate::lab::report::{Contender, Measured};
use crate::lab::row::Row;
use crate::lab::statistics::shown;

/// The chart's width, and where bars begin and end, in the units of its view box.
const WIDTH: f64 = 800.0;
const LEFT: f64 = 190.0;
const RIGHT: f64 = 700.0;
/// The height of a side's line, of its bar, and of the room above for the names of the marks.
const LINE: f64 = 24.0;
const BAR: f64 = 16.0;
const TOP: f64 = 18.0;
/// From what ratio between figures on a straight scale would hide the small ones.
const FAR_APART: f64 = 20.0;
/// How near to each other the names of two marks may be.
const NAME_WIDTH: f64 = 110.0;

/// Where a value is on the chart.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Scale {
    /// From zero to this.
    Straight { most: f64 },
    /// From this to that, each step ten times the one before.
    Logarithmic { least: f64, most: f64 },
}

impl Scale {
    /// The scale for these values.
    fn of(values: &[f64]) -> Self {
        let most = values.iter().copied().fold(0.0, f64::max);
        let least = values.iter().copied().filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
        if least.is_finite() && most / least > FAR_APART {
            Self::Logarithmic { least: least / 2.0, most }
        } else {
            Self::Straight { most: if most > 0.0 { most } else { 1.0 } }
        }
    }

    /// The place of a value, between the beginning of the bars and their end.
    fn place(self, value: f64) -> f64 {
        let share = match self {
            Self::Straight { most } => value / most,
            Self::Logarithmic { least, most } => (value.max(least) / least).ln() / (most / least).ln(),
        };
        LEFT + share.clamp(0.0, 1.0) * (RIGHT - LEFT)
    }
}

/// The chart of a row.
pub(super) fn chart(row: &Row, measured: &Measured) -> String {
    let peer = measured.best_peer();
    let floor = row.floor.figure(peer.map(|(_, figure)| figure));
    let moonshot = row.moonshot.figure(peer.map(|(_, figure)| figure));
    let values: Vec<f64> = measured
        .sides
        .iter()
        .flat_map(|side| side.median.into_iter().chain(side.values.iter().copied()))
        .chain(floor)
        .chain(moonshot)
        .filter(|value| value.is_finite())
        .collect();
    let scale = Scale::of(&values);
    let bottom = TOP + LINE * measured.sides.len() as f64;
    let height = bottom + 6.0;
    let sides: String = measured
        .sides
        .iter()
        .enumerate()
        .map(|(at, side)| {
            let class = match peer {
                _ if side.side.is_ours() => "ours",
                Some((best, _)) if best == side.side => "best",
                _ => "peer",
            };
            bar(side, class, scale, TOP + LINE * at as f64)
        })
        .collect();
    let marks = marks(scale, floor, moonshot, bottom);
    let note = match scale {
        Scale::Straight { .. } => String::new(),
        Scale::Logarithmic { .. } => {
            format!("<text class=\"quiet\" x=\"0\" y=\"{:.1}\">logarithmic scale</text>\n", TOP - 6.0)
        }
    };
    format!(
        "<svg viewBox=\"0 0 {WIDTH} {height:.1}\" role=\"img\" aria-label=\"{}\">\n\
         <line class=\"axis\" x1=\"{LEFT}\" x2=\"{LEFT}\" y1=\"{TOP}\" y2=\"{bottom:.1}\"/>\n{note}{marks}{sides}</svg>\n",
        escape(row.title),
    )
}

/// A side: its name, its bar with the range of its values, its figure.
fn bar(side: &Contender, class: &str, scale: Scale, top: f64) -> String {
    let baseline = top + BAR - 3.0;
    let name = escape(side.side.label());
    let mut text = format!("<text x=\"{:.1}\" y=\"{baseline:.1}\" text-anchor=\"end\">{name}</text>\n", LEFT - 8.0);
    let Some(median) = side.median else {
        let why = side.failure.as_deref().unwrap_or("no figure");
        let why: String = why.chars().take(90).collect();
        text.push_str(&format!(
            "<text class=\"failed\" x=\"{:.1}\" y=\"{baseline:.1}\">{}</text>\n",
            LEFT + 8.0,
            escape(&why)
        ));
        return text;
    };
    let end = scale.place(median);
    text.push_str(&format!(
        "<rect class=\"{class}\" x=\"{LEFT}\" y=\"{top:.1}\" width=\"{:.1}\" height=\"{BAR}\" rx=\"2\"/>\n",
        (end - LEFT).max(1.0)
    ));
    let least = side.values.iter().copied().fold(median, f64::min);
    let most = side.values.iter().copied().fold(median, f64::max);
    let mut after = end;
    if side.values.len() > 1 {
        let (from, to, middle) = (scale.place(least), scale.place(most), top + BAR / 2.0);
        text.push_str(&format!(
            "<line class=\"range\" x1=\"{from:.1}\" x2=\"{to:.1}\" y1=\"{middle:.1}\" y2=\"{middle:.1}\"/>\n"
        ));
        after = after.max(to);
    }
    text.push_str(&format!("<text x=\"{:.1}\" y=\"{baseline:.1}\">{}</text>\n", after + 6.0, shown(median)));
    text
}

/// The floor and the moonshot, as lines through all bars with their names above.
fn marks(scale: Scale, floor: Option<f64>, moonshot: Option<f64>, bottom: f64) -> String {
    let mark = |class: &str, place: f64, name: &str, anchor: &str| {
        let shift = if anchor == "end" { -3.0 } else { 3.0 };
        format!(
            "<line class=\"{class}\" x1=\"{place:.1}\" x2=\"{place:.1}\" y1=\"{:.1}\" y2=\"{bottom:.1}\" \
             stroke-width=\"2\"/>\n<text class=\"{class}-name\" x=\"{:.1}\" y=\"{:.1}\" text-anchor=\"{anchor}\">{name}</text>\n",
            TOP - 14.0,
            place + shift,
            TOP - 6.0,
        )
    };
    let floor = floor.map(|value| (scale.place(value), format!("floor {}", shown(value))));
    let moonshot = moonshot.map(|value| (scale.place(value), format!("moonshot {}", shown(value))));
    // The names of two marks that are near each other go to different sides.
    let (floor_anchor, moonshot_anchor) = match (&floor, &moonshot) {
        (Some((floor, _)), Some((moonshot, _))) if (floor - moonshot).abs() < NAME_WIDTH => {
            if floor < moonshot {
                ("end", "start")
            } else {
                ("start", "end")
            }
        }
        _ => ("start", "start"),
    };
    let floor = floor.map(|(place, name)| mark("floor", place, &name, floor_anchor));
    let moonshot = moonshot.map(|(place, name)| mark("moonshot", place, &name, moonshot_anchor));
    floor.into_iter().chain(moonshot).collect()
}

#[cfg(test)]
mod tests {
    use super::{LEFT, RIGHT, Scale, chart};
    use crate::lab::report::tests::{report, run};
    use crate::lab::rows;
    use crate::lab::side::Side;

    #[test]
    fn figures_far_apart_get_a_logarithmic_scale() {
        assert_eq!(Scale::of(&[1.0, 20.0]), Scale::Straight { most: 20.0 });
        let scale = Scale::of(&[1.0, 50.0]);
        assert_eq!(scale, Scale::Logarithmic { least: 0.5, most: 50.0 });
        assert!((scale.place(5.0) - f64::midpoint(LEFT, RIGHT)).abs() < 1e-6);
        assert_eq!(scale.place(0.0), LEFT);
    }

    #[test]
    fn a_straight_scale_begins_at_zero() {
        let scale = Scale::of(&[0.0, 0.0]);
        assert_eq!((scale.place(0.0), scale.place(1.0), scale.place(9.0)), (LEFT, RIGHT, RIGHT));
    }

    #[test]
    fn a_chart_has_a_bar_for_each_figure_and_a_reason_where_there_is_none() {
        let report = report(vec![run(Side::Ours, Ok(2.0)), run(Side::Python, Err("a < b"))]);
        let svg = chart(rows::row("replay.json").unwrap(), report.row("replay.json").unwrap());
        assert_eq!(svg.matches("<rect").count(), 1);
        assert!(svg.contains("a &lt; b") && svg.contains("floor 5.00") && svg.contains("moonshot 1.00"), "{svg}");
    }
}
