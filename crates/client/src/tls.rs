//! How to be sure whom we talk to, and how to prove who we are.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use crate::ConnectError;
use crate::channel::{PROTOCOL, Tls};

/// A secure connection. The default trusts what the system trusts.
///
/// ```
/// use perpetua_client::TlsOptions;
///
/// # let (ca, certificate, key) = ("", "", "");
/// let tls = TlsOptions::new() // what the system trusts; for a private CA and mutual TLS:
///     .root_ca(ca)
///     .client_certificate(certificate, key);
/// ```
#[derive(Clone, Default)]
pub struct TlsOptions {
    root_ca: Option<Bytes>,
    client: Option<ClientCertificate>,
    server_name: Option<String>,
}

/// What we show to a server that asks who we are.
#[derive(Clone)]
struct ClientCertificate {
    certificate: Bytes,
    key: Bytes,
}

impl TlsOptions {
    /// TLS with the certificate authorities of the system, and nothing to prove who we are.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the certificate authorities, in PEM, that may have signed the server's certificate. Those of the system are
    /// then not trusted.
    #[must_use]
    pub fn root_ca(mut self, pem: impl Into<Bytes>) -> Self {
        self.root_ca = Some(pem.into());
        self
    }

    /// Sets the certificate, or chain, and the key that prove who we are, both in PEM. For servers that ask (mutual TLS).
    #[must_use]
    pub fn client_certificate(mut self, certificate_pem: impl Into<Bytes>, key_pem: impl Into<Bytes>) -> Self {
        self.client = Some(ClientCertificate { certificate: certificate_pem.into(), key: key_pem.into() });
        self
    }

    /// Sets the name that the server's certificate must be for, where it is not the host of the address.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.server_name = Some(name.into());
        self
    }

    /// As a connection wants it, to a server on this host.
    pub(crate) fn into_config(self, host: &str) -> Result<Tls, ConnectError> {
        let Self { root_ca, client, server_name } = self;
        let provider = CryptoProvider::get_default().cloned().unwrap_or_else(|| Arc::new(ring::default_provider()));
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
        let config = config.map_err(|error| unusable(&error))?.with_root_certificates(authorities(root_ca)?);
        let mut config = match client {
            Some(ClientCertificate { certificate, key }) => {
                let certificate = checked("tls.client_certificate", "CERTIFICATE", certificate)?;
                let key = checked("tls.client_certificate", "PRIVATE KEY", key)?;
                let key = PrivateKeyDer::from_pem_slice(&key).map_err(|error| unusable(&error))?;
                config.with_client_auth_cert(certificates(&certificate)?, key).map_err(|error| unusable(&error))?
            }
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols.push(PROTOCOL.to_owned());
        let server = server_name.unwrap_or_else(|| host.to_owned());
        let server = ServerName::try_from(server).map_err(|error| unusable(&error))?;
        Ok(Tls { config: Arc::new(config), server })
    }
}

/// Who may have signed the server's certificate: those that are given, or those of the system.
fn authorities(given: Option<Bytes>) -> Result<RootCertStore, ConnectError> {
    let mut authorities = RootCertStore::empty();
    if let Some(pem) = given {
        authorities.add_parsable_certificates(certificates(&checked("tls.root_ca", "CERTIFICATE", pem)?)?);
        return Ok(authorities);
    }
    let found = rustls_native_certs::load_native_certs();
    if !found.errors.is_empty() {
        tracing::debug!(errors = ?found.errors, "some certificates of the system cannot be read");
    }
    if found.certs.is_empty() {
        return Err(unusable(&"the system has no certificate authorities; pass one with TlsOptions::root_ca"));
    }
    authorities.add_parsable_certificates(found.certs);
    Ok(authorities)
}

fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, ConnectError> {
    CertificateDer::pem_slice_iter(pem).collect::<Result<_, _>>().map_err(|error| unusable(&error))
}

fn unusable(problem: &impl fmt::Display) -> ConnectError {
    ConnectError::Option { name: "tls", problem: format!("cannot be used: {problem}") }
}

/// Finds out early what would otherwise show as an empty list of authorities, hence as an unknown one.
fn checked(option: &'static str, label: &str, pem: Bytes) -> Result<Bytes, ConnectError> {
    let text = String::from_utf8_lossy(&pem);
    let found =
        text.lines().any(|line| line.starts_with("-----BEGIN ") && line.trim_end().ends_with(&format!("{label}-----")));
    drop(text);
    if found {
        Ok(pem)
    } else {
        Err(ConnectError::Option { name: option, problem: format!("has no PEM section `BEGIN {label}`") })
    }
}

impl fmt::Debug for TlsOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsOptions")
            .field("root_ca", &self.root_ca.as_ref().map_or("of the system", |_| "given"))
            .field("client_certificate", &self.client.is_some())
            .field("server_name", &self.server_name)
            .finish()
    }
}
