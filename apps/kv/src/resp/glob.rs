//! The patterns of `SCAN MATCH` and `CONFIG GET`: Redis's globs.
//!
//! `*` stands for any bytes, `?` for any one, `[abc]`, `[a-z]` and `[^a]` for one of those listed,
//! or not listed, and a backslash takes the next byte as it is. It takes time in proportion to the
//! pattern times the text at worst, whatever the pattern: Redis's own recursion does not.

/// Whether all of `text` is as `pattern` says.
pub(super) fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut seen) = (0, 0);
    // Where to go back to when nothing fits: behind the last star, and how far it had reached.
    let mut star: Option<(usize, usize)> = None;
    loop {
        if pattern.get(at) == Some(&b'*') {
            at += 1;
            star = Some((at, seen));
            continue;
        }
        match (pattern.get(at), text.get(seen)) {
            (None, None) => return true,
            (Some(_), Some(byte)) => {
                let (fits, next) = one(&pattern[at..], *byte);
                if fits {
                    at += next;
                    seen += 1;
                    continue;
                }
            }
            (None, Some(_)) | (Some(_), None) => {}
        }
        match star {
            Some((behind, reached)) if reached < text.len() => {
                star = Some((behind, reached + 1));
                (at, seen) = (behind, reached + 1);
            }
            Some(_) | None => return false,
        }
    }
}

/// Whether the first item of `pattern` stands for `byte`, and how many bytes that item has.
fn one(pattern: &[u8], byte: u8) -> (bool, usize) {
    match pattern {
        [b'?', ..] => (true, 1),
        [b'\\', escaped, ..] => (*escaped == byte, 2),
        [b'[', list @ ..] => {
            let (fits, bytes) = one_of(list, byte);
            (fits, bytes + 1)
        }
        [literal, ..] => (*literal == byte, 1),
        [] => (false, 0),
    }
}

/// Whether `byte` is in the list that ends with `]`, or with the pattern, and how long that is.
fn one_of(list: &[u8], byte: u8) -> (bool, usize) {
    let is_negated = list.first() == Some(&b'^');
    let mut at = usize::from(is_negated);
    let mut is_listed = false;
    loop {
        match &list[at..] {
            [] => break,
            [b']', ..] => {
                at += 1;
                break;
            }
            [b'\\', escaped, ..] => {
                is_listed |= *escaped == byte;
                at += 2;
            }
            [one, b'-', other, ..] => {
                let (low, high) = (one.min(other), one.max(other));
                is_listed |= (low..=high).contains(&&byte);
                at += 3;
            }
            [literal, ..] => {
                is_listed |= *literal == byte;
                at += 1;
            }
        }
    }
    (is_listed != is_negated, at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn matches_what_redis_matches() {
        let cases: [(&str, &str, bool); 22] = [
            ("*", "", true),
            ("*", "anything", true),
            ("", "", true),
            ("", "a", false),
            ("h?llo", "hello", true),
            ("h?llo", "hllo", false),
            ("h*llo", "heeeello", true),
            ("h*llo", "heeeellx", false),
            ("h[ae]llo", "hallo", true),
            ("h[ae]llo", "hillo", false),
            ("h[^e]llo", "hallo", true),
            ("h[^e]llo", "hello", false),
            ("h[a-b]llo", "hbllo", true),
            ("h[b-a]llo", "hallo", true),
            ("\\*", "*", true),
            ("\\*", "a", false),
            ("a[\\]]b", "a]b", true),
            ("*a*b*c*", "xxaxxbxxcxx", true),
            ("*a*b*c*", "xxaxxcxxbxx", false),
            ("user:*", "user:1", true),
            ("[a", "a", true),
            ("a\\", "a\\", true),
        ];
        for (pattern, text, wanted) in cases {
            assert_eq!(matches(pattern.as_bytes(), text.as_bytes()), wanted, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_do_not_take_for_ever() {
        let pattern = b"*a".repeat(200);
        let text = b"a".repeat(10_000);
        assert!(matches(&pattern, &text));
        assert!(!matches(&[&pattern[..], b"b"].concat(), &text));
    }

    /// The definition itself, as slow as it is plain.
    fn by_the_book(pattern: &[u8], text: &[u8]) -> bool {
        match (pattern, text) {
            ([], []) => true,
            ([], _) => false,
            ([b'*', rest @ ..], _) => (0..=text.len()).any(|skip| by_the_book(rest, &text[skip..])),
            (_, []) => false,
            (_, [byte, rest @ ..]) => {
                let (fits, bytes) = one(pattern, *byte);
                fits && by_the_book(&pattern[bytes..], rest)
            }
        }
    }

    proptest! {
        #[test]
        fn says_what_the_definition_says(pattern in "[ab*?\\[\\]^\\\\-]{0,8}", text in "[ab]{0,8}") {
            let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
            prop_assert_eq!(matches(pattern, text), by_the_book(pattern, text));
        }
    }
}
