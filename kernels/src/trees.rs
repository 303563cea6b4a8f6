//! Rows through trees: several walks in step.
//!
//! Every node asks one question, `x > threshold`, and its two children lie side by side: the next node is the first
//! child's position plus the answer. A leaf is its own child and its threshold cannot be exceeded, so that a walk that
//! has arrived stands still, and several rows can walk in step without asking who has arrived. A walk waits for memory
//! at every node; eight of them in step wait together.
//!
//! Of a forest that asks for categories, a node may ask instead whether the feature is one of a set of codes. Its threshold
//! cannot be exceeded either, so that both questions are asked at every node and no walk branches.

/// One node: a question or a leaf.
#[derive(Debug, Clone, Copy)]
pub struct Node<T> {
    /// What the feature is compared with.
    pub threshold: T,
    /// The feature asked for; of a leaf 0.
    pub feature: u32,
    /// The position of the first child and, in the lowest bit, whether NaN goes to the second.
    pub child: u32,
}

/// Where a tree starts, and the most steps that lead to a leaf.
#[derive(Debug, Clone, Copy)]
pub struct Tree {
    /// The position of its first node.
    pub root: u32,
    /// The steps to its deepest leaf.
    pub depth: u32,
}

/// All nodes, and at the positions of leaves the numbers of these.
#[derive(Debug, Clone, Copy)]
pub struct Nodes<'a, T> {
    /// The nodes: every child is one of them, and no walk is endless.
    pub nodes: &'a [Node<T>],
    /// As long as `nodes`.
    pub leaf_at: &'a [u32],
    /// What nodes ask beside their thresholds.
    pub sets: Sets<'a>,
}

/// Sets of codes, whole numbers from 0 on, by features: for each code which sets have it.
#[derive(Debug, Clone, Copy)]
pub struct Sets<'a> {
    /// The number of the set that a node asks for among those of its feature, 0 for one that compares; empty where all nodes
    /// compare.
    pub numbers: &'a [u32],
    /// The features that sets are of.
    pub features: &'a [Coded],
    /// A bit for each set of a feature, in words of 32, code by code. Bit 0 is no set's and never set; the first words are
    /// those of what is no code, and as many as any feature has.
    pub table: &'a [u32],
}

/// A feature whose numbers are codes.
#[derive(Debug, Clone, Copy)]
pub struct Coded {
    /// Its place in a row.
    pub feature: usize,
    /// One more than the greatest code that a set has.
    pub codes: u32,
    /// The words of a code.
    pub words: u32,
    /// Where the words of the code 0 start.
    pub start: u32,
}

/// What leaves add to the scores.
#[derive(Debug, Clone, Copy)]
pub enum Weights<'a, T> {
    /// Every leaf has a weight for every output, in their order.
    Full(&'a [T]),
    /// Every leaf has one weight, for the output named first.
    Single(&'a [(u32, T)]),
}

/// The scores of rows, one behind the other, and which of them have been given a weight by any leaf.
#[derive(Debug)]
pub struct Scores<'a, T> {
    /// As many scores for each row as there are outputs.
    pub values: &'a mut [T],
    /// As long as `values`.
    pub seen: &'a mut [bool],
}

/// Rows of numbers.
#[derive(Debug, Clone, Copy)]
pub struct Rows<'a, T> {
    /// The rows, one behind the other.
    pub values: &'a [T],
    /// The numbers of a row: at least as many as the nodes ask for.
    pub width: usize,
    /// Whether any of them is NaN.
    pub has_nan: bool,
    /// For each of them where the words of its code are; empty where no node asks for sets.
    pub codes: &'a [u32],
}

/// A number that trees compare and add up.
pub trait Walk: Copy + PartialOrd {
    /// Whether any of `values` is NaN.
    fn any_nan(values: &[Self]) -> bool;

    /// Puts into `codes` where the words of each number's code are; of those of other features nothing is changed.
    fn find_codes(values: &[Self], width: usize, sets: Sets<'_>, codes: &mut [u32]);

    /// The number of the leaf that each row comes to in `tree`, one for each place of `leaves`. There are at least
    /// [`LANES`] rows.
    fn many(nodes: Nodes<'_, Self>, tree: Tree, rows: Rows<'_, Self>, leaves: &mut [u32]);

    /// The number of the leaf that the row from `start` on comes to in each of `trees`.
    fn one(nodes: Nodes<'_, Self>, trees: &[Tree], rows: Rows<'_, Self>, start: usize, leaves: &mut [u32]);

    /// Adds the weights of each of `leaves` to the `outputs` scores of a row: of one row after the other, or of the first
    /// one where all leaves are for `one_row`.
    fn add(
        weights: Weights<'_, Self>,
        outputs: usize,
        leaves: &[u32],
        one_row: bool,
        scores: &mut Scores<'_, Self>,
    );
}

/// Walks that go in step.
pub const LANES: usize = 8;

/// Steps between two looks at who has arrived.
const AT_ONCE: u32 = 16;

macro_rules! walk {
    ($float:ty) => {
        impl Walk for $float {
            #[inline(never)]
            fn any_nan(values: &[Self]) -> bool {
                values.iter().fold(false, |any, value| any | value.is_nan())
            }

            #[inline(never)]
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_precision_loss,
                clippy::cast_sign_loss,
                reason = "what is no code becomes another number, or one that no set has"
            )]
            fn find_codes(values: &[Self], width: usize, sets: Sets<'_>, codes: &mut [u32]) {
                for (values, codes) in values.chunks_exact(width).zip(codes.chunks_exact_mut(width)) {
                    for coded in sets.features {
                        let (Some(value), Some(place)) =
                            (values.get(coded.feature), codes.get_mut(coded.feature))
                        else {
                            continue;
                        };
                        let code = *value as u32;
                        let is_code = code < coded.codes && code as Self == *value;
                        *place = if is_code { coded.start + code * coded.words } else { 0 };
                    }
                }
            }

            // Each way is a function by itself, so that a session brings along those that it takes.
            #[inline(never)]
            fn many(nodes: Nodes<'_, Self>, tree: Tree, rows: Rows<'_, Self>, leaves: &mut [u32]) {
                type Values<'a> = Rows<'a, $float>;
                type Given<'a> = Nodes<'a, $float>;
                #[inline(never)]
                fn in_sets(nodes: Given<'_>, tree: Tree, rows: Values<'_>, leaves: &mut [u32]) {
                    many(nodes, tree, rows, leaves, |at, node, place| {
                        step_in_sets(nodes.sets, rows, at, node, place)
                    });
                }
                #[inline(never)]
                #[expect(clippy::indexing_slicing, reason = "rows have the features asked for")]
                fn with_nan(nodes: Given<'_>, tree: Tree, rows: Values<'_>, leaves: &mut [u32]) {
                    many(nodes, tree, rows, leaves, |_, node, place| step_with_nan(node, rows.values[place]));
                }
                #[inline(never)]
                #[expect(clippy::indexing_slicing, reason = "rows have the features asked for")]
                fn plain(nodes: Given<'_>, tree: Tree, rows: Values<'_>, leaves: &mut [u32]) {
                    many(nodes, tree, rows, leaves, |_, node, place| step(node, rows.values[place]));
                }
                if !nodes.sets.numbers.is_empty() {
                    in_sets(nodes, tree, rows, leaves);
                } else if rows.has_nan {
                    with_nan(nodes, tree, rows, leaves);
                } else {
                    plain(nodes, tree, rows, leaves);
                }
            }

            #[inline(never)]
            #[expect(clippy::indexing_slicing, reason = "rows have the features asked for")]
            fn one(
                nodes: Nodes<'_, Self>,
                trees: &[Tree],
                rows: Rows<'_, Self>,
                start: usize,
                leaves: &mut [u32],
            ) {
                #[inline(never)]
                fn in_sets(
                    nodes: Nodes<'_, $float>,
                    trees: &[Tree],
                    rows: Rows<'_, $float>,
                    start: usize,
                    leaves: &mut [u32],
                ) {
                    one(nodes, trees, start, leaves, |at, node, place| {
                        step_in_sets(nodes.sets, rows, at, node, place)
                    });
                }
                if nodes.sets.numbers.is_empty() {
                    one(nodes, trees, start, leaves, |_, node, place| {
                        step_with_nan(node, rows.values[place])
                    });
                } else {
                    in_sets(nodes, trees, rows, start, leaves);
                }
            }

            #[inline(never)]
            fn add(
                weights: Weights<'_, Self>,
                outputs: usize,
                leaves: &[u32],
                one_row: bool,
                scores: &mut Scores<'_, Self>,
            ) {
                add(weights, outputs, leaves, one_row, scores, |a, b| a + b);
            }
        }
    };
}

walk!(f32);
walk!(f64);

/// The next node of a walk at `node`, whose feature is `value`.
#[inline(always)]
fn step<T: PartialOrd>(node: &Node<T>, value: T) -> u32 {
    (node.child >> 1) + u32::from(value > node.threshold)
}

/// The next node of a walk at `node`, whose feature is `value`, which may be NaN: that alone is not equal to itself.
#[inline(always)]
#[expect(clippy::eq_op, reason = "NaN is not equal to itself")]
pub fn step_with_nan<T: PartialOrd + Copy>(node: &Node<T>, value: T) -> u32 {
    let right = if value != value { node.child & 1 } else { u32::from(value > node.threshold) };
    (node.child >> 1) + right
}

/// The next node of a walk at `node`, the one at `at`, whose feature is the number at `place`, which may be NaN.
#[inline(always)]
#[expect(
    clippy::eq_op,
    clippy::indexing_slicing,
    reason = "NaN is not equal to itself; rows have the features asked for, and every code a bit for every set"
)]
fn step_in_sets<T: PartialOrd + Copy>(
    sets: Sets<'_>,
    rows: Rows<'_, T>,
    at: u32,
    node: &Node<T>,
    place: usize,
) -> u32 {
    let (value, number) = (rows.values[place], sets.numbers[at as usize]);
    let word = sets.table[(rows.codes[place] + (number >> 5)) as usize];
    let yes = u32::from(value > node.threshold) | word >> (number & 31) & 1;
    let right = if value != value { node.child & 1 } else { yes };
    (node.child >> 1) + right
}

/// Takes `steps` steps from the nodes `at`, each for the row that starts at the same place of `starts`.
#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "children lie among the nodes")]
fn walk<T: Copy>(
    nodes: &[Node<T>],
    steps: u32,
    at: &mut [u32; LANES],
    starts: &[usize; LANES],
    next: impl Fn(u32, &Node<T>, usize) -> u32,
) {
    for _ in 0..steps {
        for (at, start) in at.iter_mut().zip(starts) {
            let node = &nodes[*at as usize];
            *at = next(*at, node, start + node.feature as usize);
        }
    }
}

#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "every node has a number")]
fn many<T: Copy>(
    nodes: Nodes<'_, T>,
    tree: Tree,
    rows: Rows<'_, T>,
    leaves: &mut [u32],
    next: impl Fn(u32, &Node<T>, usize) -> u32,
) {
    // The last group walks rows again that were in the group before, so that it is as large.
    let Some(last) = leaves.len().checked_sub(LANES) else { return };
    for first in (0..leaves.len()).step_by(LANES) {
        let first = first.min(last);
        let Some(leaves) = leaves.get_mut(first..).and_then(|leaves| leaves.first_chunk_mut()) else {
            return;
        };
        let starts = std::array::from_fn(|lane| (first + lane) * rows.width);
        let mut at = [tree.root; LANES];
        let mut left = tree.depth;
        while left > 0 {
            let before = at;
            walk(nodes.nodes, left.min(AT_ONCE), &mut at, &starts, &next);
            // Deep trees seldom take all rows to their bottom.
            left = if at == before { 0 } else { left.saturating_sub(AT_ONCE) };
        }
        *leaves = at.map(|at| nodes.leaf_at[at as usize]);
    }
}

#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "every node has a number")]
fn one<T: Copy>(
    nodes: Nodes<'_, T>,
    trees: &[Tree],
    start: usize,
    leaves: &mut [u32],
    next: impl Fn(u32, &Node<T>, usize) -> u32,
) {
    for (trees, leaves) in trees.chunks(LANES).zip(leaves.chunks_mut(LANES)) {
        let mut at = [0; LANES];
        at.iter_mut().zip(trees).for_each(|(at, tree)| *at = tree.root);
        let depth = trees.iter().fold(0, |depth, tree| depth.max(tree.depth));
        walk(nodes.nodes, depth, &mut at, &[start; LANES], &next);
        leaves.iter_mut().zip(at).for_each(|(leaf, at)| *leaf = nodes.leaf_at[at as usize]);
    }
}

#[inline(always)]
#[expect(clippy::indexing_slicing, reason = "leaves have weights for outputs that exist, rows have scores")]
fn add<T: Copy>(
    weights: Weights<'_, T>,
    outputs: usize,
    leaves: &[u32],
    one_row: bool,
    scores: &mut Scores<'_, T>,
    sum: impl Fn(T, T) -> T,
) {
    let step = if one_row { 0 } else { outputs };
    let mut row = 0;
    match weights {
        Weights::Full(weights) => {
            let rows = if one_row { leaves.len().min(1) } else { leaves.len() };
            scores.seen[..rows * outputs].fill(true);
            for leaf in leaves {
                let first = *leaf as usize * outputs;
                let pairs =
                    scores.values[row..row + outputs].iter_mut().zip(&weights[first..first + outputs]);
                pairs.for_each(|(score, weight)| *score = sum(*score, *weight));
                row += step;
            }
        }
        Weights::Single(weights) => {
            for leaf in leaves {
                let (output, weight) = weights[*leaf as usize];
                let at = row + output as usize;
                scores.values[at] = sum(scores.values[at], weight);
                scores.seen[at] = true;
                row += step;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `x0 > 1 ? (x1 > 2 ? 4 : 3) : 2`, by positions; NaN goes to the second child of the first question alone.
    fn nodes() -> Vec<Node<f32>> {
        let leaf = |at: u32| Node { threshold: f32::INFINITY, feature: 0, child: at << 1 };
        vec![
            Node { threshold: 1.0, feature: 0, child: 1 << 1 | 1 },
            leaf(1),
            Node { threshold: 2.0, feature: 1, child: 3 << 1 },
            leaf(3),
            leaf(4),
        ]
    }

    #[test]
    fn rows_come_to_their_leaves_alone_and_in_step() {
        let (nodes, tree) = (nodes(), Tree { root: 0, depth: 2 });
        // Leaves are numbered by their positions here.
        let sets = Sets { numbers: &[], features: &[], table: &[] };
        let all = Nodes { nodes: &nodes, leaf_at: &[0, 1, 2, 3, 4], sets };
        let kinds =
            [([0.0, 9.0], 1), ([1.0, 9.0], 1), ([2.0, 2.0], 3), ([2.0, 2.5], 4), ([f32::NAN, f32::NAN], 3)];
        for has_nan in [false, true] {
            let rows: Vec<_> = kinds.iter().cycle().take(if has_nan { 19 } else { 9 }).collect();
            let rows: Vec<_> = rows.into_iter().filter(|(row, _)| has_nan || !row[0].is_nan()).collect();
            let values: Vec<f32> = rows.iter().flat_map(|(row, _)| *row).collect();
            let expected: Vec<u32> = rows.iter().map(|(_, leaf)| *leaf).collect();
            let given = Rows { values: &values, width: 2, has_nan: f32::any_nan(&values), codes: &[] };
            assert_eq!(given.has_nan, has_nan);
            let mut leaves = vec![0; rows.len()];
            f32::many(all, tree, given, &mut leaves);
            assert_eq!(leaves, expected);
            for (row, leaf) in expected.iter().enumerate() {
                let mut leaves = [0; 3];
                f32::one(all, &[tree; 3], given, row * 2, &mut leaves);
                assert_eq!(leaves, [*leaf; 3]);
            }
        }
    }

    #[test]
    fn sets_have_their_codes_and_nothing_else() {
        // `x1 in {0, 3, 31, 32, 70} ? 2 : 1`, the 33rd set of its feature; NaN is in it.
        let leaf = |at: u32| Node { threshold: f64::INFINITY, feature: 0, child: at << 1 };
        let nodes = [Node { threshold: f64::INFINITY, feature: 1, child: 1 << 1 | 1 }, leaf(1), leaf(2)];
        let mut table = vec![0; 2 + 71 * 2];
        [0, 3, 31, 32, 70].iter().for_each(|code| table[2 + code * 2 + 1] = 1 << 1);
        // Other sets have the other codes.
        (0..71).for_each(|code| table[2 + code * 2] = !1);
        let features = [Coded { feature: 1, codes: 71, words: 2, start: 2 }];
        let sets = Sets { numbers: &[33, 0, 0], features: &features, table: &table };
        let all = Nodes { nodes: &nodes, leaf_at: &[0, 1, 2], sets };
        let members = [0.0, -0.0, 3.0, 31.0, 32.0, 70.0, f64::NAN];
        let others = [1.0, 3.5, -1.0, -3.0, 33.0, 69.0, 71.0, 96.0, 4_294_967_295.0, 4_294_967_296.0, 1e300];
        let others = others.into_iter().chain([f64::INFINITY, f64::NEG_INFINITY]);
        let rows: Vec<_> =
            members.map(|value| (value, 2)).into_iter().chain(others.map(|it| (it, 1))).collect();
        let values: Vec<f64> = rows.iter().flat_map(|(value, _)| [f64::NAN, *value]).collect();
        let expected: Vec<u32> = rows.iter().map(|(_, leaf)| *leaf).collect();
        let mut codes = vec![0; values.len()];
        f64::find_codes(&values, 2, sets, &mut codes);
        let (tree, given) =
            (Tree { root: 0, depth: 1 }, Rows { values: &values, width: 2, has_nan: true, codes: &codes });
        let mut leaves = vec![0; rows.len()];
        f64::many(all, tree, given, &mut leaves);
        assert_eq!(leaves, expected);
        for (row, leaf) in expected.iter().enumerate() {
            let mut leaves = [0];
            f64::one(all, &[tree], given, row * 2, &mut leaves);
            assert_eq!(leaves, [*leaf], "{:?}", rows[row]);
        }
    }

    #[test]
    fn weights_are_added_to_the_rows_of_their_leaves() {
        let add = |weights, leaves: &[u32], one_row| {
            let (mut values, mut seen) = ([1.0, 2.0, 3.0, 4.0], [false; 4]);
            f64::add(weights, 2, leaves, one_row, &mut Scores { values: &mut values, seen: &mut seen });
            (values, seen)
        };
        let full = Weights::Full(&[0.5, 0.25, 10.0, 20.0]);
        assert_eq!(add(full, &[1, 0], false), ([11.0, 22.0, 3.5, 4.25], [true; 4]));
        assert_eq!(add(full, &[1, 0], true), ([11.5, 22.25, 3.0, 4.0], [true, true, false, false]));
        let single = Weights::Single(&[(1, 0.5), (0, 10.0)]);
        assert_eq!(add(single, &[0, 1], false), ([1.0, 2.5, 13.0, 4.0], [false, true, true, false]));
    }
}
