//! The upstream server's URL, checked, and how a request's path is joined to it.

use std::fmt;
use std::str::FromStr;

use hyper::Uri;
use hyper::http::uri::{Authority, Scheme};

/// The server that requests go to: `http://` or `https://`, host, port and a path prefix.
///
/// ```
/// use wiretape_record::Upstream;
///
/// let upstream: Upstream = "https://llm.example/gateway/".parse()?;
/// assert_eq!(upstream.to_string(), "https://llm.example/gateway");
/// assert!("llm.example".parse::<Upstream>().is_err());
/// # Ok::<(), wiretape_record::UpstreamError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upstream {
    scheme: Scheme,
    authority: Authority,
    /// Without a slash at its end; empty for the root.
    prefix: String,
}

/// A URL that no request can go to: what was expected, and what was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UpstreamError(String);

impl Upstream {
    /// The URL without its scheme and path: host, and port where it is not the scheme's own.
    #[must_use]
    pub fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The connection to it is encrypted.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.scheme == Scheme::HTTPS
    }

    /// The path that every request's path is put behind; empty for the root.
    #[must_use]
    pub fn prefix(&self) -> &str {
        &self.prefix
    }

    /// Where a request for `target` goes: the prefix, and the target's path with its query.
    ///
    /// A path that begins with the whole prefix already is not given it twice, so that a client
    /// whose base URL ends in `/v1` works with an upstream that does, too.
    pub(crate) fn locate(&self, target: &Uri) -> Result<Uri, hyper::http::Error> {
        let path = match target.path_and_query() {
            Some(path) if path.as_str().starts_with('/') => path.as_str(),
            Some(path) if path.as_str().starts_with('?') => &format!("/{path}"),
            _ => "/",
        };
        let rest = path.strip_prefix(self.prefix.as_str());
        let joined = match rest {
            Some(rest) if !self.prefix.is_empty() && rest.starts_with(['/', '?']) => path.into(),
            Some("") if !self.prefix.is_empty() => path.into(),
            _ => format!("{}{path}", self.prefix),
        };
        Uri::builder()
            .scheme(self.scheme.clone())
            .authority(self.authority.clone())
            .path_and_query(joined)
            .build()
    }
}

impl FromStr for Upstream {
    type Err = UpstreamError;

    fn from_str(text: &str) -> Result<Self, UpstreamError> {
        let wrong = |why: &str| UpstreamError(format!("{EXPECTED}: {why}"));
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err(wrong("it has no http:// or https:// at its beginning"));
        };
        let scheme = match scheme {
            "http" => Scheme::HTTP,
            "https" => Scheme::HTTPS,
            other => {
                let known = format!("{other:?} is neither \"http\" nor \"https\"");
                return Err(wrong(&known));
            }
        };
        if rest.contains(['?', '#']) {
            return Err(wrong("it has a query or a fragment"));
        }
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        if authority.contains('@') {
            return Err(wrong("it has a user name or a password"));
        }
        let authority: Authority = authority
            .parse()
            .map_err(|_| wrong("it has no host, or one with characters that a host cannot have"))?;
        if authority.host().is_empty() {
            return Err(wrong("it has no host"));
        }
        let prefix = path.trim_end_matches('/');
        if !prefix.is_empty() && prefix.parse::<Uri>().is_err() {
            return Err(wrong("its path has characters that a path cannot have"));
        }
        if authority.as_str() != authority.host() && authority.port_u16().is_none() {
            return Err(wrong("its port is no number from 0 to 65535"));
        }
        Ok(Self {
            scheme,
            authority,
            prefix: prefix.into(),
        })
    }
}

const EXPECTED: &str = "expected a URL such as https://api.example.com";

impl fmt::Display for Upstream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}{}", self.scheme, self.authority, self.prefix)
    }
}

impl fmt::Display for UpstreamError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for UpstreamError {}
