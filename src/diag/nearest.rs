//! "Did you mean": the nearest of a list of names.

/// The candidate nearest to `name`, case aside, if it is near enough to be what was meant.
pub(crate) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let name = normalised(name);
    let allowed = (name.len() / 3).max(1);
    candidates
        .into_iter()
        .map(|candidate| (edits(&name, &normalised(candidate), true), candidate))
        .filter(|(distance, _)| *distance <= allowed)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Names that differ in case and separators only are the same to people.
fn normalised(name: &str) -> Vec<char> {
    name.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).flat_map(char::to_lowercase).collect()
}

/// The least number of edits between two texts: insert, delete, replace (Levenshtein), and with `swaps` also the swap of
/// neighbours (optimal string alignment).
#[expect(
    clippy::indexing_slicing,
    reason = "every row has b.len() + 1 entries, and i and j count along a and b"
)]
pub(crate) fn edits(a: &[char], b: &[char], swaps: bool) -> usize {
    let mut two_above: Vec<usize> = vec![0; b.len() + 1];
    let mut above: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1];
        for j in 0..b.len() {
            let mut least = (above[j] + usize::from(a[i] != b[j])).min(above[j + 1] + 1).min(row[j] + 1);
            if swaps && i > 0 && j > 0 && a[i - 1] == b[j] && a[i] == b[j - 1] {
                least = least.min(two_above[j - 1] + 1);
            }
            row.push(least);
        }
        two_above = std::mem::replace(&mut above, row);
    }
    above[b.len()]
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn finds_slips_and_leaves_strangers() {
        let names = ["sepal_length", "sepal_width", "petal_length", "species"];
        assert_eq!(nearest("SepalLength", names), Some("sepal_length"));
        assert_eq!(nearest("petal_lenght", names), Some("petal_length"));
        assert_eq!(nearest("specie", names), Some("species"));
        assert_eq!(nearest("island", names), None);
    }
}
