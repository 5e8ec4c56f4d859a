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

    /// The tallest bar's count.
    pub(super) fn most(&self) -> u64 {
        self.bars.iter().map(|bar| bar.count).max().unwrap_or(0)
    }

    /// The bars with their places; a count above nothing is at least one unit high.
    pub(super) fn drawn(&self) -> Vec<Drawn> {
        let slots = self.bars.len().max(1) as u64;
        // Few bars are not drawn as walls.
        let step = (WIDTH / slots).min(48);
        let width = (step * 3 / 4).max(1);
        let most = u128::from(self.most().max(1));
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
