//! Names like the one that was not found, in case it was misspelt.

/// How many are worth naming.
const MOST: usize = 3;

/// Names longer than this are not compared: that takes time, and nobody types them.
const LONGEST: usize = 64;

/// A few of `known` that are like `name`, as the end of a sentence; empty when there are none.
pub(crate) fn hint(name: &str, known: Vec<String>) -> String {
    if name.len() > LONGEST {
        return String::new();
    }
    let allowed = name.chars().count().div_ceil(3);
    let mut near: Vec<(usize, String)> = known
        .into_iter()
        .filter(|other| other.len() <= LONGEST)
        .map(|other| (strsim::damerau_levenshtein(name, &other), other))
        .filter(|(distance, _)| *distance <= allowed)
        .collect();
    near.sort();
    near.dedup();
    near.truncate(MOST);
    let near: Vec<_> = near.into_iter().map(|(_, name)| name).collect();
    if near.is_empty() {
        String::new()
    } else {
        format!("; similar: {}", near.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_the_nearest_first_and_nothing_far() {
        let known = ["shop", "shop2", "database", "shpo", "chop", "shops"];
        let known = || known.map(str::to_owned).to_vec();
        assert_eq!(hint("shop1", known()), "; similar: shop, shop2, shops");
        assert_eq!(hint("warehouse", known()), "");
        assert_eq!(hint(&"s".repeat(2000), known()), "");
    }
}
