//! Rows in the order of numbers.

/// Sorts rows, each behind the number that it is sorted by; rows of equal numbers are sorted by themselves.
#[inline(never)]
pub fn sort(rows: &mut [(u64, usize)]) {
    rows.sort_unstable();
}

/// Drops rows whose number is greater than that of the last of the first `limit` rows. Rows that share its number stay.
#[inline(never)]
pub fn keep_first(rows: &mut Vec<(u64, usize)>, limit: usize) {
    if limit == 0 {
        rows.clear();
    } else if limit < rows.len() {
        let (_, (last, _), _) = rows.select_nth_unstable(limit - 1);
        let last = *last;
        rows.retain(|(number, _)| *number <= last);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rows_stay_with_those_that_tie() {
        let all = [(3, 0), (1, 1), (2, 2), (1, 3), (2, 4), (0, 5)];
        let kept = |limit| {
            let mut rows = all.to_vec();
            keep_first(&mut rows, limit);
            sort(&mut rows);
            rows.into_iter().map(|(_, row)| row).collect::<Vec<_>>()
        };
        assert_eq!(kept(0), [0_usize; 0]);
        assert_eq!(kept(1), [5]);
        assert_eq!(kept(2), [5, 1, 3]);
        assert_eq!(kept(4), [5, 1, 3, 2, 4]);
        assert_eq!(kept(9), [5, 1, 3, 2, 4, 0]);
    }
}
