//! The name somebody probably meant.

/// The nearest of the names: at most two slips away (one for short names) with something in common, or begun alike.
/// Case, `_` and `-` are one.
pub fn nearest<'a>(typed: &str, names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let typed = plain(typed);
    // Longer than any name we have; the distance takes time in the product of both lengths.
    if typed.is_empty() || typed.len() > 64 {
        return None;
    }
    let rank = |name: &'a str| {
        let known = plain(name);
        let far = distance(&typed, &known);
        let most = if known.len() <= 4 { 1 } else { 2 };
        let alike = far <= most && far < typed.len().max(known.len());
        let begun =
            typed.len() >= 3 && known.len() >= 3 && (known.starts_with(&typed) || typed.starts_with(&known));
        if alike { Some((far, name)) } else { begun.then_some((3, name)) }
    };
    names.into_iter().filter_map(rank).min_by_key(|(far, _)| *far).map(|(_, name)| name)
}

fn plain(name: &str) -> Vec<char> {
    name.chars().map(|c| if c == '_' { '-' } else { c.to_ascii_lowercase() }).collect()
}

/// Edits from one to the other, a swap of neighbours being one.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let mut best = (last[j] + usize::from(x != y)).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *x == b[j - 1] && a[i - 1] == *y {
                best = best.min(before[j - 1] + 1);
            }
            row.push(best);
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_what_was_meant() {
        let names = ["product", "base-url", "callback-host", "store", "log", "env"];
        for (typed, meant) in [
            ("prodcut", Some("product")),
            ("Product", Some("product")),
            ("base_url", Some("base-url")),
            ("callback", Some("callback-host")),
            ("stores", Some("store")),
            ("lgo", Some("log")),
            ("environment", Some("env")),
            ("hook-post", None),
            ("x", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, names), meant, "{typed}");
        }
        // One slip makes any name of one letter another one.
        assert_eq!(
            (nearest("b", ["a"]), nearest("A", ["a"]), nearest("ab", ["a"])),
            (None, Some("a"), Some("a"))
        );
        assert_eq!(nearest(&"a".repeat(100_000), names), None);
    }
}
