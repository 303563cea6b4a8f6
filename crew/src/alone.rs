//! All work where there is one thread.

/// Does the work for every item.
#[inline(always)]
pub fn each<I: ExactSizeIterator>(items: I, work: impl Fn(I::Item)) {
    items.for_each(work);
}

/// Does the work for all of `values`.
#[inline(always)]
pub fn split<T>(values: &mut [T], _unit: usize, _cost: usize, work: impl Fn(usize, &mut [T])) {
    work(0, values);
}

/// How many of `count` items are one piece: all.
#[inline(always)]
pub fn piece(count: usize, _cost: usize) -> usize {
    count.max(1)
}

/// One.
#[inline(always)]
pub fn threads() -> usize {
    1
}
