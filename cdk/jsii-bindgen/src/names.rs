//! JavaScript names as Rust names.

use std::collections::HashSet;

/// Names of one scope, each used only once.
#[derive(Default)]
pub(crate) struct Names(HashSet<String>);

impl Names {
    /// No names. `taken` are those of others.
    pub(crate) fn new(taken: &[impl ToString]) -> Self {
        Self(taken.iter().map(ToString::to_string).collect())
    }

    /// Adds a Rust name. Underscores are appended to one that is taken: JavaScript names can differ in their case, or in a
    /// leading underscore, alone.
    pub(crate) fn distinct(&mut self, mut name: String) -> String {
        while !self.0.insert(name.clone()) {
            name.push('_');
        }
        name
    }
}

/// Keywords of Rust, which become raw identifiers.
const KEYWORDS: [&str; 48] = [
    "abstract", "as", "async", "await", "become", "box", "break", "const", "continue", "do", "dyn", "else", "enum",
    "extern", "false", "final", "fn", "for", "gen", "if", "impl", "in", "let", "loop", "macro", "match", "mod", "move",
    "mut", "override", "priv", "pub", "ref", "return", "static", "struct", "trait", "true", "try", "type", "typeof",
    "unsafe", "unsized", "use", "virtual", "where", "while", "yield",
];

/// Path keywords, which cannot be raw identifiers and get an underscore.
const PATH_KEYWORDS: [&str; 5] = ["crate", "self", "super", "Self", "_"];

/// The name of a function, parameter or property: `grantReadWrite` is `grant_read_write`, `type` is `r#type`. A leading
/// underscore, which marks an unused parameter of an implementation, is removed.
pub(crate) fn member_name(name: &str) -> String {
    match name.trim_start_matches('_') {
        "" => escaped(name.to_owned()),
        name => escaped(snake(name)),
    }
}

/// The name of a module: of an npm package, a namespace, or a type with nested types.
pub(crate) fn module_name(name: &str) -> String {
    escaped(snake(&name.replace(['@', '/', '-'], "_")))
}

/// The name of a constant: `aws-cdk-lib` is `AWS_CDK_LIB`.
pub(crate) fn screaming(name: &str) -> String {
    snake(&name.replace(['@', '/', '-'], "_")).to_uppercase()
}

/// The name of a variant: `NEW_IMAGE` is `NewImage`; digits stay separate, `TLS_V1_2` is `TlsV1_2`.
pub(crate) fn variant_name(name: &str) -> String {
    let mut variant = String::new();
    for word in name.split('_').filter(|word| !word.is_empty()) {
        let touches = |text: &str, at: fn(&str) -> Option<char>| at(text).is_some_and(|c| c.is_ascii_digit());
        if touches(&variant, |text| text.chars().last()) && touches(word, |text| text.chars().next()) {
            variant.push('_');
        }
        // `s3Bucket` and `Retain` are in camel case already.
        let shouted = !word.chars().any(|c| c.is_ascii_lowercase());
        for (index, c) in word.chars().enumerate() {
            match index {
                0 => variant.extend(c.to_uppercase()),
                _ if shouted => variant.extend(c.to_lowercase()),
                _ => variant.push(c),
            }
        }
    }
    if !variant.starts_with(|c: char| c.is_alphabetic()) {
        variant.insert(0, '_');
    }
    escaped(variant)
}

/// Converts `camelCase` and `SCREAMING_CASE` to `snake_case`. A run of capitals is one word: `tableARN` is `table_arn`,
/// `JWTAuthorizer` is `jwt_authorizer`.
fn snake(name: &str) -> String {
    let chars: Vec<char> = name.chars().collect();
    let mut snake = String::new();
    for (index, &c) in chars.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| chars[index]);
        let after = chars.get(index + 1);
        let starts_word = c.is_uppercase()
            && before.is_some_and(|before| {
                before.is_lowercase()
                    || before.is_ascii_digit() && after.is_some_and(|after| after.is_lowercase())
                    || before.is_uppercase() && after.is_some_and(|after| after.is_lowercase())
            });
        if starts_word {
            snake.push('_');
        }
        snake.extend(c.to_lowercase());
    }
    snake
}

fn escaped(name: String) -> String {
    if PATH_KEYWORDS.contains(&name.as_str()) {
        return name + "_";
    }
    if KEYWORDS.contains(&name.as_str()) {
        return format!("r#{name}");
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_are_in_snake_case() {
        let cases = [
            ("bucketName", "bucket_name"),
            ("grantReadWriteData", "grant_read_write_data"),
            ("tableARN", "table_arn"),
            ("s3UrlForObject", "s3_url_for_object"),
            ("PROVIDED_AL2023", "provided_al2023"),
            ("metricFailedToBeSentToDLQ", "metric_failed_to_be_sent_to_dlq"),
            ("ec2Instance", "ec2_instance"),
            ("_options", "options"),
        ];
        for (javascript, rust) in cases {
            assert_eq!(member_name(javascript), rust, "{javascript}");
        }
    }

    #[test]
    fn keywords_are_escaped() {
        for (javascript, rust) in
            [("type", "r#type"), ("virtual", "r#virtual"), ("self", "self_"), ("_", "__"), ("of", "of")]
        {
            assert_eq!(member_name(javascript), rust, "{javascript}");
        }
    }

    #[test]
    fn variants_are_in_camel_case_with_digits_apart() {
        let cases = [
            ("NEW_AND_OLD_IMAGES", "NewAndOldImages"),
            ("TLS_V1_2_2021", "TlsV1_2_2021"),
            ("HTTP2", "Http2"),
            ("ARM_64", "Arm64"),
            ("Retain", "Retain"),
            ("2XX", "_2xx"),
            ("SELF", "Self_"),
        ];
        for (javascript, rust) in cases {
            assert_eq!(variant_name(javascript), rust, "{javascript}");
        }
    }

    #[test]
    fn packages_and_enclosing_types_are_modules() {
        let cases = [
            ("cdk-nag", "cdk_nag"),
            ("@aws-cdk/assets", "_aws_cdk_assets"),
            ("CfnDistribution", "cfn_distribution"),
            ("aws_s3", "aws_s3"),
        ];
        for (javascript, rust) in cases {
            assert_eq!(module_name(javascript), rust, "{javascript}");
        }
        assert_eq!(screaming("aws-cdk-lib"), "AWS_CDK_LIB");
    }
}
