//! Taking pieces out of a list: halves, then quarters, down to single items.

/// Finds a small part of a list of `len` items that still passes `test`, which is given, for each
/// item that was left by the tests that passed so far, whether it is kept.
pub(super) fn remove(mut len: usize, mut test: impl FnMut(&[bool]) -> bool) {
    if len > 0 && test(&vec![false; len]) {
        return;
    }
    let mut size = len.div_ceil(2);
    while size > 0 {
        let mut start = 0;
        while start < len {
            let end = (start + size).min(len);
            let keep: Vec<_> = (0..len).map(|at| at < start || at >= end).collect();
            // Nothing is left to keep: that was tried at the beginning.
            let is_all = start == 0 && end == len;
            if !is_all && test(&keep) {
                len -= end - start;
            } else {
                start = end;
            }
        }
        size = if size == 1 { 0 } else { size.div_ceil(2) };
    }
}

/// Keeps those items for which `keep` says so.
pub(super) fn keep<T>(items: &mut Vec<T>, keep: &[bool]) {
    let mut keep = keep.iter();
    items.retain(|_| *keep.next().expect("as many as there are items"));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn smallest(items: &[u32], is_enough: impl Fn(&[u32]) -> bool) -> Vec<u32> {
        let mut left = items.to_vec();
        remove(items.len(), |keep_these| {
            let mut smaller = left.clone();
            keep(&mut smaller, keep_these);
            let is_enough = is_enough(&smaller);
            if is_enough {
                left = smaller;
            }
            is_enough
        });
        left
    }

    #[test]
    fn what_is_needed_is_left() {
        let items: Vec<_> = (0..100).collect();
        let needed = [3, 50, 51, 99];
        let is_enough = |left: &[u32]| needed.iter().all(|item| left.contains(item));
        assert_eq!(smallest(&items, is_enough), needed);
    }

    #[test]
    fn nothing_is_left_when_nothing_is_needed() {
        assert!(smallest(&[1, 2, 3], |_| true).is_empty());
        assert!(smallest(&[], |_| true).is_empty());
    }

    #[test]
    fn a_single_item_that_is_needed_stays() {
        assert_eq!(smallest(&[7], |left| !left.is_empty()), [7]);
    }
}
