//! Bar charts as data for inline SVG: heights, places and a sentence for those who do not see them.
//! Drawn by attributes alone, since pages allow no inline style.

use std::fmt::Write;

/// One bar: what it counts, and the part of it that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Bar {
    /// Label of the bar.
    pub(crate) label: String,
    /// Number in all.
    pub(crate) count: u64,
    /// Number of failures among them.
    pub(crate) failed: u64,
}

/// A bar with its place in a drawing of [`WIDTH`] by [`HEIGHT`].
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    pub(super) bar: Bar,
    pub(super) x: u64,
    pub(super) width: u64,
    /// Top of the bar.
    pub(super) y: u64,
    pub(super) height: u64,
    /// The failed part, at its foot.
    pub(super) failed_y: u64,
    pub(super) failed_height: u64,
}

pub(super) const WIDTH: u64 = 600;
pub(super) const HEIGHT: u64 = 120;
/// The bars that a chart has room for.
pub(crate) const MOST_BARS: usize = 92;

/// A line of the scale: how far below the top, and the count that it stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Tick {
    pub(super) y: u64,
    pub(super) count: u64,
}

/// A label below a bar.
#[derive(Clone, Copy, Debug)]
pub(super) struct Mark<'c> {
    pub(super) x: u64,
    /// Which end of the label stands there, in SVG's words.
    pub(super) anchor: &'static str,
    pub(super) label: &'c str,
}

/// A chart of bars in order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Chart {
    bars: Vec<Bar>,
}

impl Chart {
    /// A chart of these bars.
    pub(crate) const fn new(bars: Vec<Bar>) -> Self {
        Self { bars }
    }

    /// Whether there is nothing to draw.
    pub(super) fn is_empty(&self) -> bool {
        self.bars.iter().all(|bar| bar.count == 0)
    }

    pub(super) fn bars(&self) -> &[Bar] {
        &self.bars
    }

    /// The count at the top of the scale: round, and not below the tallest bar's.
    fn top(&self) -> u64 {
        let most = self.bars.iter().map(|bar| bar.count).max().unwrap_or(0);
        let mut unit: u64 = 1;
        loop {
            let round = [2, 4, 6, 8, 10].iter().find_map(|step| {
                let top = unit.checked_mul(*step);
                top.filter(|top| *top >= most)
            });
            match (round, unit.checked_mul(10)) {
                (Some(top), _) => return top,
                (None, Some(next)) => unit = next,
                (None, None) => return most,
            }
        }
    }

    /// The lines of the scale, the lowest first.
    pub(super) fn ticks(&self) -> [Tick; 3] {
        let top = self.top();
        [(HEIGHT, 0), (HEIGHT / 2, top / 2), (0, top)].map(|(y, count)| Tick { y, count })
    }

    /// The first, the middle and the last bar, where there are so many.
    pub(super) fn marks(&self) -> Vec<Mark<'_>> {
        let drawn = self.drawn();
        let places = match drawn.len() {
            0 => vec![],
            1 | 2 => vec![(0, "start")],
            many => vec![(0, "start"), (many / 2, "middle"), (many - 1, "end")],
        };
        let mark = |(at, anchor): (usize, &'static str)| {
            let (bar, place) = (self.bars.get(at)?, drawn.get(at)?);
            let x = match anchor {
                "start" => place.x,
                "end" => place.x + place.width,
                _ => place.x + place.width / 2,
            };
            let label = &bar.label;
            Some(Mark { x, anchor, label })
        };
        places.into_iter().filter_map(mark).collect()
    }

    /// The bars with their places; a count above nothing is at least one unit high.
    pub(super) fn drawn(&self) -> Vec<Drawn> {
        let slots = self.bars.len().max(1) as u64;
        // Few bars are not drawn as walls.
        let step = (WIDTH / slots).clamp(1, 48);
        let width = (step * 3 / 4).max(1);
        let most = u128::from(self.top());
        let scaled = |count: u64| {
            let height = u128::from(count) * u128::from(HEIGHT) / most;
            u64::try_from(height)
                .unwrap_or(HEIGHT)
                .max(u64::from(count > 0))
        };
        let place = |(index, bar): (usize, &Bar)| {
            let height = scaled(bar.count);
            let failed_height = scaled(bar.failed).min(height);
            Drawn {
                bar: bar.clone(),
                x: index as u64 * step,
                width,
                y: HEIGHT - height,
                height,
                failed_y: HEIGHT - failed_height,
                failed_height,
            }
        };
        self.bars.iter().enumerate().map(place).collect()
    }

    /// The chart in a sentence.
    pub(super) fn summary(&self) -> String {
        let total: u64 = self.bars.iter().map(|bar| bar.count).sum();
        let failed: u64 = self.bars.iter().map(|bar| bar.failed).sum();
        let mut text = format!("{total} calls, {failed} of them failed");
        let peak = self.bars.iter().max_by_key(|bar| bar.count);
        if let Some(peak) = peak.filter(|bar| bar.count > 0) {
            // Writing to a string cannot fail.
            let _ = write!(text, "; most on {}: {}", peak.label, peak.count);
        }
        text.push('.');
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bar(count: u64, failed: u64) -> Bar {
        Bar {
            label: "2026-04-01".to_owned(),
            count,
            failed,
        }
    }

    #[test]
    fn bars_fit_the_drawing_and_never_vanish() {
        for counts in [
            vec![],
            vec![0],
            vec![1],
            vec![1, 1_000_000],
            vec![u64::MAX, 1, 0],
            (0..90).collect(),
        ] {
            let chart = Chart::new(counts.iter().map(|&count| bar(count, count / 2)).collect());
            for drawn in chart.drawn() {
                assert_eq!(drawn.y + drawn.height, HEIGHT);
                assert_eq!(drawn.failed_y + drawn.failed_height, HEIGHT);
                assert!(drawn.x + drawn.width <= WIDTH, "{drawn:?}");
                assert_eq!(drawn.height > 0, drawn.bar.count > 0, "{drawn:?}");
                assert!(drawn.failed_height <= drawn.height);
            }
        }
    }

    #[test]
    fn a_scale_ends_at_a_round_number_above_the_tallest_bar() {
        for (most, top) in [
            (0, 2),
            (1, 2),
            (3, 4),
            (11, 20),
            (47, 60),
            (99, 100),
            (801, 1000),
        ] {
            let chart = Chart::new(vec![bar(most, 0)]);
            let counts = chart.ticks().map(|tick| tick.count);
            assert_eq!(counts, [0, top / 2, top], "{most}");
        }
        let chart = Chart::new((0..30).map(|count| bar(count, 0)).collect());
        let anchors: Vec<_> = chart.marks().iter().map(|mark| mark.anchor).collect();
        assert_eq!(anchors, ["start", "middle", "end"]);
        assert!(chart.marks().iter().all(|mark| mark.x <= WIDTH));
    }

    #[test]
    fn a_chart_is_also_a_sentence() {
        let chart = Chart::new(vec![bar(3, 1), bar(9, 0)]);
        assert_eq!(
            chart.summary(),
            "12 calls, 1 of them failed; most on 2026-04-01: 9."
        );
        assert_eq!(Chart::default().summary(), "0 calls, 0 of them failed.");
        assert!(Chart::default().is_empty());
    }
}
