//! Options from environment variables.

use std::path::Path;

use bytes::Bytes;

use crate::builder::Tls;
use crate::{ClientBuilder, ConnectError, TlsOptions};

/// Finds the value of a variable; empty is the same as none.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

impl ClientBuilder {
    /// Sets what the environment says, and leaves alone what it does not say:
    ///
    /// | variable | sets |
    /// |---|---|
    /// | `TEMPORAL_ADDRESS` | the address |
    /// | `TEMPORAL_NAMESPACE` | the namespace |
    /// | `TEMPORAL_API_KEY` | the API key, and with it TLS |
    /// | `TEMPORAL_TLS` | whether to speak TLS: `true` or `false` |
    /// | `TEMPORAL_TLS_SERVER_CA_CERT_PATH`, `.._DATA` | the server's certificate authority: a PEM file, or its content |
    /// | `TEMPORAL_TLS_CLIENT_CERT_PATH`, `.._DATA` | the client's certificate |
    /// | `TEMPORAL_TLS_CLIENT_KEY_PATH`, `.._DATA` | the key of that certificate |
    /// | `TEMPORAL_TLS_SERVER_NAME` | the name that the server's certificate must be for |
    ///
    /// # Errors
    /// When a variable cannot be used as it is, or a file cannot be read.
    #[allow(clippy::wrong_self_convention, reason = "a builder; `from_env` is what the field calls it")]
    pub fn from_env(self) -> Result<Self, ConnectError> {
        self.from_variables(&|name| std::env::var(name).ok())
    }

    #[allow(clippy::wrong_self_convention, reason = "as above")]
    fn from_variables(mut self, lookup: Lookup<'_>) -> Result<Self, ConnectError> {
        let lookup: Lookup<'_> = &|name| lookup(name).filter(|value| !value.is_empty());
        if let Some(address) = lookup("TEMPORAL_ADDRESS") {
            self.address = address;
        }
        if let Some(namespace) = lookup("TEMPORAL_NAMESPACE") {
            self.namespace = namespace.into();
        }
        if let Some(key) = lookup("TEMPORAL_API_KEY") {
            self.api_key = Some(key);
        }
        let options = tls_options(lookup)?;
        match (flag("TEMPORAL_TLS", lookup)?, options) {
            (Some(false), _) => self.tls = Tls::Off,
            (Some(true), options) => self.tls = Tls::On(options.unwrap_or_default()),
            (None, Some(options)) => self.tls = Tls::On(options),
            (None, None) => {}
        }
        Ok(self)
    }
}

fn tls_options(lookup: Lookup<'_>) -> Result<Option<TlsOptions>, ConnectError> {
    let unsupported = "TEMPORAL_TLS_DISABLE_HOST_VERIFICATION";
    if flag(unsupported, lookup)? == Some(true) {
        return Err(problem(unsupported, "is not supported; set TEMPORAL_TLS_SERVER_NAME or the server's CA instead"));
    }
    let ca = pem("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "TEMPORAL_TLS_SERVER_CA_CERT_DATA", lookup)?;
    let certificate = pem("TEMPORAL_TLS_CLIENT_CERT_PATH", "TEMPORAL_TLS_CLIENT_CERT_DATA", lookup)?;
    let key = pem("TEMPORAL_TLS_CLIENT_KEY_PATH", "TEMPORAL_TLS_CLIENT_KEY_DATA", lookup)?;
    let server_name = lookup("TEMPORAL_TLS_SERVER_NAME");
    if ca.is_none() && certificate.is_none() && key.is_none() && server_name.is_none() {
        return Ok(None);
    }
    let mut options = TlsOptions::new();
    if let Some(ca) = ca {
        options = options.root_ca(ca);
    }
    match (certificate, key) {
        (Some(certificate), Some(key)) => options = options.client_certificate(certificate, key),
        (None, None) => {}
        (Some(_), None) => {
            return Err(problem("TEMPORAL_TLS_CLIENT_KEY_PATH", "is missing, but there is a client certificate"));
        }
        (None, Some(_)) => {
            return Err(problem("TEMPORAL_TLS_CLIENT_CERT_PATH", "is missing, but there is a client key"));
        }
    }
    if let Some(name) = server_name {
        options = options.server_name(name);
    }
    Ok(Some(options))
}

/// A PEM that one variable names as a file, or the other has.
fn pem(path: &'static str, data: &'static str, lookup: Lookup<'_>) -> Result<Option<Bytes>, ConnectError> {
    match (lookup(path), lookup(data)) {
        (None, None) => Ok(None),
        (None, Some(content)) => Ok(Some(content.into())),
        (Some(file), None) => match std::fs::read(Path::new(&file)) {
            Ok(content) => Ok(Some(content.into())),
            Err(error) => Err(problem(path, format!("names `{file}`, which cannot be read: {error}"))),
        },
        (Some(_), Some(_)) => Err(problem(path, format!("and {data} exclude each other"))),
    }
}

fn flag(name: &'static str, lookup: Lookup<'_>) -> Result<Option<bool>, ConnectError> {
    let Some(value) = lookup(name) else { return Ok(None) };
    match value.to_ascii_lowercase().as_str() {
        "true" | "1" | "yes" | "on" => Ok(Some(true)),
        "false" | "0" | "no" | "off" => Ok(Some(false)),
        _ => Err(problem(name, format!("is `{value}`, which is neither true nor false"))),
    }
}

fn problem(name: &'static str, problem: impl Into<String>) -> ConnectError {
    ConnectError::Option { name, problem: problem.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn from(variables: &[(&str, &str)]) -> Result<ClientBuilder, ConnectError> {
        let lookup = |name: &str| {
            let found = variables.iter().find(|(variable, _)| *variable == name);
            found.map(|(_, value)| (*value).to_owned())
        };
        ClientBuilder::default().namespace("kept").from_variables(&lookup)
    }

    #[test]
    fn what_the_environment_does_not_say_is_left_alone() {
        let builder = from(&[("TEMPORAL_ADDRESS", ""), ("TEMPORAL_API_KEY", "")]).expect("valid");
        assert_eq!((builder.address.as_str(), builder.namespace.as_str()), ("localhost:7233", "kept"));
        assert!(builder.api_key.is_none());
        assert!(matches!(builder.tls, Tls::AsNeeded));
    }

    #[test]
    fn address_namespace_and_key_are_taken() {
        let builder = from(&[
            ("TEMPORAL_ADDRESS", "temporal.example.com:443"),
            ("TEMPORAL_NAMESPACE", "orders"),
            ("TEMPORAL_API_KEY", "secret"),
        ])
        .expect("valid");
        assert_eq!(builder.address, "temporal.example.com:443");
        assert_eq!(builder.namespace, "orders");
        assert_eq!(builder.api_key.as_deref(), Some("secret"));
    }

    #[test]
    fn any_tls_variable_turns_tls_on_unless_it_is_off() {
        assert!(matches!(from(&[("TEMPORAL_TLS", "true")]).expect("valid").tls, Tls::On(_)));
        assert!(matches!(from(&[("TEMPORAL_TLS_SERVER_NAME", "a")]).expect("valid").tls, Tls::On(_)));
        let off = from(&[("TEMPORAL_TLS_SERVER_NAME", "a"), ("TEMPORAL_TLS", "false")]).expect("valid");
        assert!(matches!(off.tls, Tls::Off));
    }

    #[test]
    fn a_variable_that_cannot_be_used_is_named() {
        for (variables, words) in [
            (&[("TEMPORAL_TLS", "maybe")][..], "TEMPORAL_TLS is `maybe`"),
            (&[("TEMPORAL_TLS_CLIENT_CERT_DATA", "x")], "TEMPORAL_TLS_CLIENT_KEY_PATH is missing"),
            (&[("TEMPORAL_TLS_CLIENT_KEY_DATA", "x")], "TEMPORAL_TLS_CLIENT_CERT_PATH is missing"),
            (&[("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "/does/not/exist.pem")], "names `/does/not/exist.pem`"),
            (
                &[("TEMPORAL_TLS_SERVER_CA_CERT_PATH", "a"), ("TEMPORAL_TLS_SERVER_CA_CERT_DATA", "b")],
                "exclude each other",
            ),
            (&[("TEMPORAL_TLS_DISABLE_HOST_VERIFICATION", "true")], "is not supported"),
        ] {
            let error = from(variables).expect_err(words).to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
