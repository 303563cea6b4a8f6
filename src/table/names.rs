//! Column names of files, made unique for SQL.

use std::collections::HashMap;

/// The names trimmed; `column_3` for an empty one, and `_1`, `_2` … appended to a name that came before in any case.
pub(super) fn unique(names: impl IntoIterator<Item = impl AsRef<str>>) -> Vec<String> {
    // The last number that was appended to each name, so that ten thousand equal names are not all counted from 1.
    let mut taken: HashMap<String, usize> = HashMap::new();
    names
        .into_iter()
        .enumerate()
        .map(|(index, name)| {
            let name = match name.as_ref().trim() {
                "" => format!("column_{}", index + 1),
                name => name.to_owned(),
            };
            let mut free = name.clone();
            if let Some(mut suffix) = taken.get(&name.to_lowercase()).copied() {
                while taken.contains_key(&free.to_lowercase()) {
                    suffix += 1;
                    free = format!("{name}_{suffix}");
                }
                taken.insert(name.to_lowercase(), suffix);
            }
            taken.insert(free.to_lowercase(), 0);
            free
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::unique;

    #[test]
    fn every_column_can_be_named() {
        assert_eq!(unique(["a", "", " b ", "A", "a_1", "a"]), ["a", "column_2", "b", "A_1", "a_1_1", "a_2"]);
    }
}
