//! How to be sure whom we talk to, and how to prove who we are.

use std::fmt;

use bytes::Bytes;
use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use crate::ConnectError;

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

    /// As the transport wants it.
    pub(crate) fn into_config(self) -> Result<ClientTlsConfig, ConnectError> {
        let Self { root_ca, client, server_name } = self;
        let mut config = ClientTlsConfig::new();
        config = match root_ca {
            Some(pem) => config.ca_certificate(Certificate::from_pem(checked("tls.root_ca", "CERTIFICATE", pem)?)),
            None => config.with_native_roots(),
        };
        if let Some(ClientCertificate { certificate, key }) = client {
            let certificate = checked("tls.client_certificate", "CERTIFICATE", certificate)?;
            let key = checked("tls.client_certificate", "PRIVATE KEY", key)?;
            config = config.identity(Identity::from_pem(certificate, key));
        }
        if let Some(name) = server_name {
            config = config.domain_name(name);
        }
        Ok(config)
    }
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
