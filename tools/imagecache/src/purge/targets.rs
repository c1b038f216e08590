//! The targets that a command line names.

use std::collections::BTreeSet;
use std::io::BufRead;

use domain::{LocationName, Target};

use crate::arguments;
use crate::exit::{Failure, UsageError};

/// The targets of the arguments. With `-` as a pack, `stdin` has a target in each line.
pub(super) fn targets(
    packs: &[String],
    locations: Vec<LocationName>,
    is_whole_tenant: bool,
    stdin: impl BufRead,
) -> Result<BTreeSet<Target>, Failure> {
    let mut targets: BTreeSet<_> = locations.into_iter().map(Target::Location).collect();
    targets.extend(is_whole_tenant.then_some(Target::Tenant));
    for pack in packs.iter().filter(|pack| *pack != "-") {
        targets.insert(Target::Pack(arguments::pack(pack).map_err(UsageError)?));
    }
    if packs.iter().any(|pack| pack == "-") {
        for (number, line) in (1..).zip(stdin.lines()) {
            let line = line?;
            if !line.trim().is_empty() {
                let target = arguments::target(line.trim());
                targets.insert(target.map_err(|error| UsageError(format!("line {number} of stdin: {error}")))?);
            }
        }
    }
    if targets.is_empty() {
        let choices = "name image packs, --location <NAME>, --whole-tenant, or - to read targets from stdin";
        return Err(UsageError(choices.to_owned()).into());
    }
    Ok(targets)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(packs: &[&str], is_whole_tenant: bool, stdin: &str, expected: Result<&[&str], &str>) {
        let packs: Vec<_> = packs.iter().map(|&pack| pack.to_owned()).collect();
        let named = targets(&packs, vec![LocationName::parse("main").unwrap()], is_whole_tenant, stdin.as_bytes());
        match (named, expected) {
            (Ok(named), Ok(expected)) => {
                assert_eq!(named.iter().map(ToString::to_string).collect::<Vec<_>>(), expected, "{stdin:?}");
            }
            (Err(error), Err(expected)) => assert!(error.to_string().contains(expected), "{error}"),
            (named, expected) => panic!("{named:?} instead of {expected:?}"),
        }
    }

    #[test]
    fn targets_are_those_of_the_arguments_and_of_stdin_each_once() {
        check(&[], false, "ignored", Ok(&["location#main"]));
        check(&["cat", "dog", "cat"], true, "", Ok(&["pack#cat", "pack#dog", "location#main", "tenant"]));
        check(
            &["-", "dog"],
            false,
            "cat\n\nlocation#poster\ntenant\n",
            Ok(&["pack#cat", "pack#dog", "location#main", "location#poster", "tenant"]),
        );
    }

    #[test]
    fn a_wrong_target_is_named_with_its_line() {
        check(&["-"], false, "cat\na/b\n", Err("line 2 of stdin: \"a/b\" names no target"));
        check(&["a*"], false, "", Err("a*"));
    }

    #[test]
    fn a_command_line_without_a_target_is_rejected() {
        let error = targets(&[], Vec::new(), false, "".as_bytes()).unwrap_err();
        assert!(error.is::<UsageError>() && error.to_string().contains("--whole-tenant"), "{error}");
    }
}
