//! The target of a redirect.

use std::borrow::Cow;

use url::Url;

use super::fetch_error::FetchError;

/// The URL that the `Location` fields of a response to `url` name, as browsers read them: relative to `url`, in UTF-8 or,
/// byte for byte, in another encoding.
pub fn target<'a>(url: &Url, locations: impl IntoIterator<Item = &'a [u8]>) -> Result<Url, FetchError> {
    let mut locations = locations.into_iter();
    let location = locations.next().map(<[u8]>::trim_ascii).filter(|location| !location.is_empty());
    // Two that differ are a sign of an injected header.
    if locations.any(|other| Some(other.trim_ascii()) != location) {
        return Err(FetchError::RedirectedNowhere);
    }
    let location = location.map(text).ok_or(FetchError::RedirectedNowhere)?;
    url.join(&location).map_err(|_| FetchError::RedirectedNowhere)
}

/// The text of a field. Bytes that are not UTF-8 are percent-encoded, so that the server gets them back.
fn text(location: &[u8]) -> Cow<'_, str> {
    let encoded = |&byte: &u8| if byte.is_ascii() { char::from(byte).to_string() } else { format!("%{byte:02X}") };
    str::from_utf8(location).map_or_else(|_| location.iter().map(encoded).collect(), Cow::Borrowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(locations: &[&[u8]], expected: Option<&str>) {
        let url = Url::parse("https://example.com/packs/cat.png?size=1#top").unwrap();
        let shown: Vec<_> = locations.iter().map(|location| String::from_utf8_lossy(location)).collect();
        match target(&url, locations.iter().copied()) {
            Ok(to) => assert_eq!(Some(to.as_str()), expected, "{shown:?}"),
            Err(error) => {
                assert_eq!(expected, None, "{shown:?}");
                assert!(matches!(error, FetchError::RedirectedNowhere), "{error}");
            }
        }
    }

    #[test]
    fn a_location_is_read_as_browsers_read_it() {
        let cases: [(&[u8], &str); 14] = [
            ("/k\u{e4}tzchen.png".as_bytes(), "https://example.com/k%C3%A4tzchen.png"),
            (b"/k%C3%A4tzchen.png", "https://example.com/k%C3%A4tzchen.png"),
            (b"/k\xe4tzchen.png", "https://example.com/k%E4tzchen.png"),
            ("//bilder.\u{f6}rf.example/a.png".as_bytes(), "https://bilder.xn--rf-eka.example/a.png"),
            (b"dog.png", "https://example.com/packs/dog.png"),
            (b"../dog.png", "https://example.com/dog.png"),
            (b"?size=2", "https://example.com/packs/cat.png?size=2"),
            (b"#bottom", "https://example.com/packs/cat.png?size=1#bottom"),
            (b"//other.example/dog.png", "https://other.example/dog.png"),
            (b"\\\\other.example\\dog.png", "https://other.example/dog.png"),
            (b"http:dog.png", "http://dog.png/"),
            (b" \t/my dog.png ", "https://example.com/my%20dog.png"),
            (b"/100%.png", "https://example.com/100%.png"),
            (b"http://ada:secret@127.0.0.1:81/", "http://ada:secret@127.0.0.1:81/"),
        ];
        for (location, expected) in cases {
            check(&[location], Some(expected));
            check(&[location, location], Some(expected));
        }
    }

    #[test]
    fn a_redirect_without_one_valid_location_is_rejected() {
        for locations in
            [&[][..], &[""], &[" \t"], &["http://"], &["http://a b/"], &["http://[::1/"], &["/a", "/b"], &["", "/a"]]
        {
            check(&locations.iter().map(|location| location.as_bytes()).collect::<Vec<_>>(), None);
        }
    }
}
