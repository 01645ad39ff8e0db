//! Why a connection could not be made.

use std::error::Error;
use std::io;

use crate::RpcError;

/// Why a client could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address cannot be read. Whoever wrote it must act.
    #[error("the address `{address}` {problem}")]
    Address {
        /// What was given.
        address: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// An option, or an environment variable, cannot be used as it was given. Whoever wrote it must act.
    #[error("{name} {problem}")]
    Option {
        /// The option's or the variable's name.
        name: &'static str,
        /// What is wrong with it.
        problem: String,
    },
    /// Nobody answers at the address. Whoever runs the server, or chose the address, must act.
    #[error(
        "no Temporal server can be reached at {address} ({reason}); check that one runs there (for development: `temporal server start-dev`) or connect to another address"
    )]
    Unreachable {
        /// Where we tried.
        address: String,
        /// What the system said.
        reason: String,
        /// What it came from.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// Somebody answers, but no secure connection came about. Whoever runs the server, or made the certificates, must act.
    #[error("no secure connection to {address} ({reason}); {advice}")]
    Tls {
        /// Where we tried.
        address: String,
        /// What went wrong.
        reason: String,
        /// What to do.
        advice: &'static str,
        /// What it came from.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The server answered, with an error.
    #[error(transparent)]
    Rpc(RpcError),
}

impl ConnectError {
    /// Tells apart why the transport gave up.
    pub(crate) fn of_transport(address: String, source: Box<dyn Error + Send + Sync>) -> Self {
        let reason = root_cause(&*source);
        match tls_problem(&*source) {
            Some(_) => Self::Tls { address, advice: tls_advice(&reason), reason, source },
            None => Self::Unreachable { address, reason, source },
        }
    }

    /// Tells apart why the first call failed: with TLS 1.3 a server refuses us only after the connection stands.
    pub(crate) fn of_first_call(address: String, error: RpcError) -> Self {
        match tls_problem(&error) {
            Some(reason) => Self::Tls { address, advice: tls_advice(&reason), reason, source: error.into() },
            None => Self::Rpc(error),
        }
    }
}

/// The innermost cause in words; the outer ones say "transport error" and the like.
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    chain(error).last().map(ToString::to_string).unwrap_or_default()
}

/// What TLS says, if TLS is what went wrong. Its errors travel inside I/O errors of the kind "invalid data".
pub(crate) fn tls_problem(error: &(dyn Error + 'static)) -> Option<String> {
    chain(error)
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .find(|error| error.kind() == io::ErrorKind::InvalidData)
        .map(ToString::to_string)
}

fn tls_advice(reason: &str) -> &'static str {
    let says = |words: &[&str]| words.iter().any(|word| reason.contains(word));
    // What the server says of our certificate comes as an alert; the rest is what we say of the server's.
    if says(&["CertificateRequired", "alert: BadCertificate", "alert: UnknownCA", "alert: DecryptError"]) {
        "the server asks for a client certificate that it trusts: pass one with TlsOptions::client_certificate"
    } else if says(&["UnknownIssuer", "BadSignature"]) {
        "the server's certificate is signed by nobody we trust: pass its authority with TlsOptions::root_ca"
    } else if says(&["not valid for name", "NotValidForName"]) {
        "the server's certificate is for another name: connect by that name, or pass it with TlsOptions::server_name"
    } else if says(&["InvalidContentType"]) {
        "the server does not seem to speak TLS: connect without it"
    } else if says(&["xpired", "NotValidYet", "not valid yet"]) {
        "the server's certificate is not valid now: renew it, or set the clock"
    } else {
        "check the TLS options and the server's certificate"
    }
}

/// An error, what it came from, and so on.
pub(crate) fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    let mut next = Some(error);
    std::iter::from_fn(move || {
        let error = next?;
        next = error.source();
        Some(error)
    })
}
