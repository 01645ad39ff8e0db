//! Addresses: what people write, and what a connection needs.

use std::fmt;

use http::uri::Authority;

/// Where a server listens: host and port, and whether the scheme says anything about TLS.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    authority: Authority,
    scheme: Option<Security>,
}

/// What the scheme of an address says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Security {
    /// `http://`
    Plain,
    /// `https://`
    Tls,
}

impl Address {
    /// Reads `host:port`, with `http://` or `https://` before it or without.
    ///
    /// # Errors
    /// What is wrong with it, as the end of the sentence "the address x ..".
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, authority) = match text.split_once("://") {
            Some(("http", rest)) => (Some(Security::Plain), rest),
            Some(("https", rest)) => (Some(Security::Tls), rest),
            Some(_) => return Err("has an unknown scheme; use http:// or https://, or leave it out"),
            None => (None, text),
        };
        let authority = authority.strip_suffix('/').unwrap_or(authority);
        if authority.is_empty() {
            return Err("has no host; write host:port, such as localhost:7233");
        }
        if authority.contains(['/', '?', '#']) {
            return Err("has a path; only host:port can be used");
        }
        let authority: Authority =
            authority.parse().map_err(|_| "is not host:port; an example is localhost:7233, for IPv6 [::1]:7233")?;
        if authority.as_str().contains('@') {
            return Err("has a user name; credentials go into the TLS options, the API key or the metadata");
        }
        if authority.host().is_empty() {
            return Err("has no host; write host:port, such as localhost:7233");
        }
        match authority.port() {
            Some(_) => Ok(Self { authority, scheme }),
            None if authority.as_str().len() > authority.host().len() => {
                Err("has a port that is not a number up to 65535")
            }
            None => Err("has no port; Temporal servers usually listen on 7233"),
        }
    }

    /// What the scheme says about TLS, if there is one.
    pub(crate) fn scheme(&self) -> Option<Security> {
        self.scheme
    }

    /// The host, an IPv6 address without its brackets.
    pub(crate) fn host(&self) -> &str {
        host(&self.authority)
    }

    /// As a connection wants it.
    pub(crate) fn into_authority(self) -> Authority {
        self.authority
    }
}

/// The host of an authority, an IPv6 address without its brackets.
pub(crate) fn host(authority: &Authority) -> &str {
    let host = authority.host();
    host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host)
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.authority.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scheme_is_optional_and_kept() {
        for (text, scheme, shown) in [
            ("127.0.0.1:7233", None, "127.0.0.1:7233"),
            ("http://127.0.0.1:7233", Some(Security::Plain), "127.0.0.1:7233"),
            ("https://temporal.example.com:443/", Some(Security::Tls), "temporal.example.com:443"),
            ("[::1]:7233", None, "[::1]:7233"),
            ("localhost:1", None, "localhost:1"),
        ] {
            let address = Address::parse(text).expect(text);
            assert_eq!((address.scheme(), address.to_string().as_str()), (scheme, shown), "{text}");
        }
    }

    #[test]
    fn a_malformed_address_says_what_is_wrong() {
        for (text, problem) in [
            ("", "has no host"),
            ("http://", "has no host"),
            (":7233", "has no host"),
            ("localhost", "has no port"),
            ("https://localhost", "has no port"),
            ("localhost:", "has a port that is not a number"),
            ("localhost:70000", "has a port that is not a number"),
            ("localhost:7233/api", "has a path"),
            ("grpc://localhost:7233", "has an unknown scheme"),
            ("ann@localhost:7233", "has a user name"),
            ("local host:7233", "is not host:port"),
        ] {
            let found = Address::parse(text).expect_err(text);
            assert!(found.starts_with(problem), "{text:?}: {found}");
        }
    }

    #[test]
    fn a_host_has_no_brackets() {
        let host = |text: &str| Address::parse(text).expect("well formed").host().to_owned();
        assert_eq!(["localhost:7233", "[::1]:7233", "10.0.0.1:1"].map(host), ["localhost", "::1", "10.0.0.1"]);
    }
}
