//! Runs of numbers that are added to others, or blended: what makes pictures larger or smaller.

/// A place beyond the edges of a picture.
pub const OUTSIDE: usize = usize::MAX;

/// Adds each of `runs`, which are `width` long, to the numbers of `result` from `first` on behind as many times `stride` as `places` says; none where
/// the place is [`OUTSIDE`].
#[inline(never)]
#[expect(clippy::indexing_slicing, reason = "the result has every place")]
pub fn add_runs(
    runs: &[f32],
    width: usize,
    places: &[usize],
    (stride, first): (usize, usize),
    result: &mut [f32],
) {
    for (run, place) in runs.chunks_exact(width.max(1)).zip(places) {
        if *place != OUTSIDE {
            let sums = &mut result[place * stride + first..][..width];
            sums.iter_mut().zip(run).for_each(|(sum, number)| *sum += number);
        }
    }
}

/// For each place along an axis of the result, places along one of the input with their weights.
#[derive(Debug, Clone, Default)]
pub struct Blend {
    places: Vec<usize>,
    weights: Vec<f32>,
    /// For each place of the result where its places end.
    ends: Vec<usize>,
}

impl Blend {
    /// Adds a place of the result.
    pub fn push(&mut self, parts: impl IntoIterator<Item = (usize, f32)>) {
        for (place, weight) in parts {
            self.places.push(place);
            self.weights.push(weight);
        }
        self.ends.push(self.places.len());
    }

    /// The places of the result.
    pub fn count(&self) -> usize {
        self.ends.len()
    }

    /// Blends the runs of `inner` numbers that follow one another along an axis of `length`, which all places lie below.
    #[inline(never)]
    #[expect(clippy::indexing_slicing, reason = "every place is one of the axis")]
    pub fn apply(&self, input: &[f32], length: usize, inner: usize, result: &mut [f32]) {
        let (from, to) = ((length * inner).max(1), (self.count() * inner).max(1));
        for (input, result) in input.chunks_exact(from).zip(result.chunks_exact_mut(to)) {
            let mut start = 0;
            for (end, sums) in self.ends.iter().zip(result.chunks_exact_mut(inner)) {
                let parts = self.places[start..*end].iter().zip(&self.weights[start..*end]);
                start = *end;
                if let [sum] = sums {
                    *sum = parts.map(|(place, weight)| input[*place] * weight).sum();
                    continue;
                }
                for (nth, (place, weight)) in parts.enumerate() {
                    let run = &input[place * inner..][..inner];
                    if nth == 0 {
                        sums.iter_mut().zip(run).for_each(|(sum, number)| *sum = number * weight);
                    } else {
                        sums.iter_mut().zip(run).for_each(|(sum, number)| *sum += number * weight);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_added_where_there_is_a_place() {
        let mut result = [1.0; 6];
        add_runs(&[1.0, 2.0, 3.0, 4.0], 2, &[1, OUTSIDE], (3, 1), &mut result);
        assert_eq!(result, [1.0, 1.0, 1.0, 1.0, 2.0, 3.0]);
    }

    #[test]
    fn places_are_blended_along_an_axis() {
        let mut blend = Blend::default();
        blend.push([(0, 1.0)]);
        blend.push([(0, 0.25), (1, 0.75)]);
        blend.push([(1, 1.0)]);
        let mut single = [0.0; 6];
        blend.apply(&[0.0, 4.0, 8.0, 4.0], 2, 1, &mut single);
        assert_eq!(single, [0.0, 3.0, 4.0, 8.0, 5.0, 4.0]);
        let mut pairs = [0.0; 6];
        blend.apply(&[0.0, 4.0, 8.0, 4.0], 2, 2, &mut pairs);
        assert_eq!(pairs, [0.0, 4.0, 6.0, 4.0, 8.0, 4.0]);
    }
}
