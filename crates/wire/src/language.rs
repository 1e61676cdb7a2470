//! The language in which a caller is answered.

use crate::raw::{Dialect, RawRequest};
use http::{HeaderName, Method, header::AUTHORIZATION};

static HEADER: HeaderName = HeaderName::from_static("x-tc-language");

/// The language of messages and of names such as `ZoneName`.
///
/// English by default: the vendor's examples of DescribeZones state that without `Language` the names are English
/// (<https://cloud.tencent.com/document/api/213/15707>), and its samples of refusals are English too. Most SDKs send
/// `zh-CN` by default.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Language {
    #[default]
    English,
    Chinese,
}

impl Language {
    /// The language that a request asks for, whether it is authenticated or not: a refusal is read by its sender. The
    /// parameter `Language` of signature v1 comes first, then the header `X-TC-Language`.
    #[must_use]
    pub fn requested(raw: &RawRequest<'_>) -> Language {
        let tc3 = Dialect::of_path(raw.target.path()) == Dialect::Api3 && raw.headers.contains_key(AUTHORIZATION);
        // With TC3 a query holds only the action's own parameters.
        let parameter = if tc3 { None } else { parameter(raw) };
        parameter.map_or_else(|| Language::of_tag(raw.head().header(&HEADER).as_bytes()), Language::of_tag)
    }

    /// Reads `zh-CN` or `en-US`. Anything else means English: an unknown language is no reason to refuse the call.
    fn of_tag(tag: &[u8]) -> Language {
        if tag.eq_ignore_ascii_case(b"zh-CN") { Language::Chinese } else { Language::English }
    }
}

/// The undecoded value: no client escapes letters and a hyphen, and a value that cannot be decoded must not matter
/// here.
fn parameter<'a>(raw: &RawRequest<'a>) -> Option<&'a [u8]> {
    let encoded = if raw.method == Method::GET { raw.target.query().unwrap_or_default().as_bytes() } else { raw.body };
    encoded.split(|byte| *byte == b'&').find_map(|pair| pair.strip_prefix(b"Language="))
}

#[cfg(test)]
mod test {
    use super::*;
    use http::{HeaderMap, HeaderValue, Uri};

    fn requested(
        method: &Method,
        target: &'static str,
        headers: &[(&'static str, &'static str)],
        body: &[u8],
    ) -> Language {
        let target = Uri::from_static(target);
        let pairs =
            headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)));
        let headers = HeaderMap::from_iter(pairs);
        Language::requested(&RawRequest { method, target: &target, headers: &headers, body })
    }

    #[test]
    fn the_language_is_found_in_the_header_the_query_or_the_form() {
        let (get, post) = (&Method::GET, &Method::POST);
        assert_eq!(requested(post, "/", &[("x-tc-language", "zh-CN")], b"{}"), Language::Chinese);
        assert_eq!(requested(get, "/?A=%ZZ&Language=zh-CN&B", &[], b""), Language::Chinese);
        assert_eq!(requested(post, "/v2/index.php", &[], b"A=1&Language=ZH-cn"), Language::Chinese);
        assert_eq!(requested(post, "/v2/index.php", &[], b"A=1&Language=en-US"), Language::English);
    }

    #[test]
    fn no_language_and_an_unknown_one_are_english() {
        let get = &Method::GET;
        assert_eq!(requested(get, "/", &[], b""), Language::English);
        assert_eq!(requested(get, "/?Language=zh", &[], b""), Language::English);
        assert_eq!(requested(get, "/?XLanguage=zh-CN", &[], b""), Language::English);
        let signed = [("authorization", "TC3-HMAC-SHA256 x"), ("x-tc-language", "en-US")];
        assert_eq!(requested(get, "/?Language=zh-CN", &signed, b""), Language::English, "an action's own parameter");
        assert_eq!(requested(get, "/v2/index.php?Language=zh-CN", &signed, b""), Language::Chinese, "a proxy's header");
    }
}
