//! How alike vectors of 32-bit floats are.

/// Puts the scalar product of `vector` and each of `others`, which follow one another, into the place of `products`
/// for it.
#[inline(never)]
pub fn dots(vector: &[f32], others: &[f32], products: &mut [f32]) {
    for (other, product) in others.chunks_exact(vector.len().max(1)).zip(products) {
        *product = sum(vector, other, |a, b| a * b);
    }
}

/// As [`dots`] with the squares of the distances.
#[inline(never)]
pub fn squared_distances(vector: &[f32], others: &[f32], distances: &mut [f32]) {
    for (other, distance) in others.chunks_exact(vector.len().max(1)).zip(distances) {
        *distance = sum(vector, other, |a, b| (a - b) * (a - b));
    }
}

/// The sum of the products of both, which are rounded before, in double precision.
#[inline(never)]
pub fn precise_dot(a: &[f32], b: &[f32]) -> f64 {
    a.iter().zip(b).map(|(a, b)| f64::from(a * b)).sum()
}

/// The sum of a term for each pair of elements, four sums side by side.
#[inline(always)]
fn sum(left: &[f32], right: &[f32], term: impl Fn(f32, f32) -> f32) -> f32 {
    let (left, left_rest) = left.as_chunks::<4>();
    let (right, right_rest) = right.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (left, right) in left.iter().zip(right) {
        sums.iter_mut().zip(left.iter().zip(right)).for_each(|(sum, (a, b))| *sum += term(*a, *b));
    }
    let rest: f32 = left_rest.iter().zip(right_rest).map(|(left, right)| term(*left, *right)).sum();
    let [a, b, c, d] = sums;
    (a + b) + (c + d) + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_vector_is_compared() {
        let vector = [1.0, 2.0, 3.0, 4.0, 5.0];
        let others = [[1.0; 5], [0.0, -1.0, 0.5, 2.0, 6.0]].concat();
        let (mut products, mut distances) = ([f32::NAN; 2], [f32::NAN; 2]);
        dots(&vector, &others, &mut products);
        squared_distances(&vector, &others, &mut distances);
        assert_eq!(products, [15.0, 37.5]);
        assert_eq!(distances, [30.0, 21.25]);
        assert_eq!(precise_dot(&vector, &[0.5; 5]), 7.5);
    }
}
