use crate::distribution::QueryStrings;

/// The key of an object in the cache of one distribution: the path as the viewer sent it and the query parameters of
/// the cache policy, for example `/api/v2/img/sunset?location=main`.
///
/// The origin request has this path and query. Invalidation paths are compared with it byte by byte: CloudFront paths
/// are case-sensitive, and a query string that is forwarded is part of the path to invalidate.
pub(crate) type CacheKey = String;

/// Returns the key of the object that a viewer requests.
pub(crate) fn cache_key(path: &str, query: Option<&str>, query_strings: &QueryStrings) -> CacheKey {
    let parameters = query.unwrap_or_default().split('&');
    let kept: Vec<&str> =
        parameters.filter(|parameter| !parameter.is_empty() && is_kept(parameter, query_strings)).collect();
    if kept.is_empty() { path.to_owned() } else { format!("{path}?{}", kept.join("&")) }
}

fn is_kept(parameter: &str, query_strings: &QueryStrings) -> bool {
    let name = parameter.split_once('=').map_or(parameter, |(name, _)| name);
    let is_listed = |names: &[String]| names.iter().any(|listed| listed == name);
    match query_strings {
        QueryStrings::None => false,
        QueryStrings::Only(names) => is_listed(names),
        QueryStrings::AllExcept(names) => !is_listed(names),
        QueryStrings::All => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(query_strings: &QueryStrings, query: Option<&str>, expected: &str) {
        assert_eq!(cache_key("/img/a", query, query_strings), expected, "{query_strings:?} {query:?}");
    }

    #[test]
    fn the_key_has_the_query_parameters_of_the_policy_and_no_others() {
        let location = || vec!["location".to_owned()];
        let query = Some("location=main&debug=1");

        check(&QueryStrings::None, query, "/img/a");
        check(&QueryStrings::Only(location()), query, "/img/a?location=main");
        check(&QueryStrings::Only(location()), Some("debug=1"), "/img/a");
        check(&QueryStrings::Only(location()), Some("Location=main"), "/img/a");
        check(&QueryStrings::Only(location()), Some("location"), "/img/a?location");
        check(&QueryStrings::AllExcept(location()), query, "/img/a?debug=1");
        check(&QueryStrings::All, query, "/img/a?location=main&debug=1");
        check(&QueryStrings::All, Some(""), "/img/a");
        check(&QueryStrings::All, None, "/img/a");
    }
}
