//! Whether a chain of pages comes back to a page that it had, by what a position carries along: nothing
//! is kept between two requests, so a position remembers one earlier page, and that one moves on ever
//! more rarely ("An improved Monte Carlo factorization algorithm", Brent 1980). A circle is found
//! within three times its length; what pages hold is not looked at.

use gitflare_core::Position;
use sha2::{Digest, Sha256};

const DIGEST: usize = 8;
const LENGTH: usize = DIGEST + 1 + 4;

/// What a chain remembers of its way.
#[derive(Debug)]
pub(crate) struct Trail {
    /// The page that is remembered, by the digest of its position.
    mark: [u8; DIGEST],
    /// How many pages further another one is remembered, as a power of two.
    power: u8,
    /// How many pages were read since.
    steps: u32,
}

impl Trail {
    /// Takes a position apart: where the page starts, and how its chain came there. A position that no
    /// chain has led to has no trail.
    pub(crate) fn take(position: &Position) -> (Position, Option<Self>) {
        let (mut fields, mut place) = (position.fields(), Position::new());
        while !fields.is_empty() {
            let (mut number, mut text, mut object) =
                (fields.clone(), fields.clone(), fields.clone());
            if let Ok(value) = number.number() {
                (place, fields) = (place.number(value), number);
            } else if let Ok(value) = text.text() {
                (place, fields) = (place.text(value), text);
            } else if let Ok(bytes) = object.object() {
                if object.is_empty()
                    && let Some(trail) = Self::read(bytes)
                {
                    return (place, Some(trail));
                }
                (place, fields) = (place.object(bytes), object);
            } else {
                return (position.clone(), None);
            }
        }
        (place, None)
    }

    /// The next page's position with the trail that leads there; `None` when the chain was there before.
    pub(crate) fn lead(before: Option<Self>, next: &Position) -> Option<Position> {
        let here = digest(next);
        let trail = match before {
            Some(trail) if trail.mark == here => return None,
            Some(trail) if u64::from(trail.steps) + 1 < 1 << trail.power.min(31) => Self {
                steps: trail.steps + 1,
                ..trail
            },
            Some(trail) => Self {
                mark: here,
                power: trail.power.saturating_add(1),
                steps: 0,
            },
            None => Self {
                mark: here,
                power: 0,
                steps: 0,
            },
        };
        let mut bytes = [0; LENGTH];
        bytes[..DIGEST].copy_from_slice(&trail.mark);
        bytes[DIGEST] = trail.power;
        bytes[DIGEST + 1..].copy_from_slice(&trail.steps.to_be_bytes());
        Some(next.clone().object(bytes))
    }

    fn read(bytes: &[u8]) -> Option<Self> {
        let (mark, rest) = bytes.split_first_chunk::<DIGEST>()?;
        let (power, steps) = rest.split_first()?;
        Some(Self {
            mark: *mark,
            power: *power,
            steps: u32::from_be_bytes(steps.try_into().ok()?),
        })
    }
}

fn digest(position: &Position) -> [u8; DIGEST] {
    let whole = Sha256::digest(position.as_bytes());
    std::array::from_fn(|at| whole[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many pages a chain reads whose pages lead on like this, the first one being number 0.
    fn walked(next: impl Fn(u64) -> Option<u64>) -> u64 {
        let (mut place, mut trail, mut read) = (0, None, 1);
        while let Some(number) = next(place) {
            let Some(position) = Trail::lead(trail, &Position::new().number(1).number(number))
            else {
                return read;
            };
            let (found, behind) = Trail::take(&position);
            assert_eq!(found, Position::new().number(1).number(number));
            (place, trail) = (number, behind);
            read += 1;
            assert!(read < 10_000, "it does not end");
        }
        read
    }

    #[test]
    fn a_chain_without_a_circle_is_read_to_its_end() {
        for length in [1, 2, 3, 64, 1000] {
            assert_eq!(walked(|at| (at + 1 < length).then_some(at + 1)), length);
        }
    }

    #[test]
    fn every_circle_ends() {
        for before in [0, 1, 2, 5, 100] {
            for length in [1, 2, 3, 7, 60] {
                let last = before + length - 1;
                let next = |at| Some(if at == last { before } else { at + 1 });
                let read = walked(next);
                let whole = before + length;
                assert!(
                    (whole..=3 * whole + 1).contains(&read),
                    "{before} {length}: {read}"
                );
            }
        }
    }

    #[test]
    fn a_position_without_a_trail_is_what_it_is() {
        for position in [
            Position::new(),
            Position::new().number(7).text("x"),
            Position::new().object([1; 20]).number(2),
            Position::new().text("x").object([1; 20]),
        ] {
            let (place, trail) = Trail::take(&position);
            assert_eq!(place, position);
            assert!(trail.is_none());
        }
    }
}
