//! Fully qualified names of types: `aws-cdk-lib.aws_s3.Bucket`.

use strsim::levenshtein;

/// The mark of a root class whose members can be overridden in Rust.
pub(crate) const OVERRIDE: &str = "override ";

/// Maximum number of similar names in an error.
const SHOWN: usize = 3;

/// Maximum numbers of edits between a name and a similar one: for a type with a short name, and for any other.
const EDITS: (usize, usize) = (2, 3);

/// The length of a short name.
const SHORT: usize = 5;

/// The npm package of a type: the name up to its first dot.
pub(crate) fn package_of(fqn: &str) -> &str {
    fqn.split_once('.').map_or(fqn, |(package, _)| package)
}

/// The names that are most similar to `fqn`: those of the same type in another namespace, and those that differ by few
/// letters.
pub(crate) fn similar<'a>(fqn: &str, names: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut found: Vec<(usize, &str)> = names.filter_map(|name| Some((difference(fqn, name)?, name))).collect();
    found.sort_unstable();
    found.into_iter().take(SHOWN).map(|(_, name)| name.to_owned()).collect()
}

/// The number of edits between two names, if they are similar.
fn difference(wanted: &str, name: &str) -> Option<usize> {
    let last = |fqn: &str| fqn.rsplit('.').next().unwrap_or_default().to_lowercase();
    if last(wanted) == last(name) {
        return Some(1);
    }
    let limit = if last(wanted).len() <= SHORT { EDITS.0 } else { EDITS.1 };
    let is_close = wanted.len().abs_diff(name.len()) <= limit;
    is_close.then(|| levenshtein(wanted, name)).filter(|&edits| edits <= limit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_package_is_the_name_up_to_the_first_dot() {
        for (fqn, package) in [("aws-cdk-lib.aws_s3.Bucket", "aws-cdk-lib"), ("@scope/zoo.Cat", "@scope/zoo")] {
            assert_eq!(package_of(fqn), package);
        }
    }

    #[test]
    fn misspelt_names_and_names_in_the_wrong_namespace_have_similar_ones() {
        let names = ["zoo.Cat", "zoo.cages.Cage", "zoo.cages.Cart", "zoo.Elephant"];
        let cases: [(&str, &[&str]); 6] = [
            ("zoo.Cta", &["zoo.Cat"]),
            ("zoo.cat", &["zoo.Cat"]),
            ("zoo.Cage", &["zoo.cages.Cage", "zoo.Cat"]),
            ("zoo.cages.Cages", &["zoo.cages.Cage"]),
            ("zoo.Elefant", &["zoo.Elephant"]),
            ("zoo.Rhinoceros", &[]),
        ];
        for (wanted, expected) in cases {
            assert_eq!(similar(wanted, names.into_iter()), expected, "{wanted}");
        }
    }
}
