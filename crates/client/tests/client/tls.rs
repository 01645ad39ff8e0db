//! Secure connections, over a socket.

use perpetua_client::{Client, ConnectError, TlsOptions};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Certificate, Identity, Server, ServerTlsConfig};

use crate::mock::Mock;

/// Somebody who signs certificates.
struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

/// A certificate and its key.
struct Signed {
    certificate: String,
    key: String,
}

impl Authority {
    fn new(name: &str) -> Self {
        let key = KeyPair::generate().expect("a key");
        let mut params = CertificateParams::new(Vec::new()).expect("no names");
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).expect("signed").pem();
        Self { pem, issuer: Issuer::new(params, key) }
    }

    fn sign(&self, name: &str) -> Signed {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
        let certificate = params.signed_by(&key, &self.issuer).expect("signed").pem();
        Signed { certificate, key: key.serialize_pem() }
    }
}

/// Serves on a free port, with TLS if it is given.
async fn serve(mock: Mock, tls: Option<ServerTlsConfig>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("bound").port();
    let mut server = Server::builder();
    if let Some(tls) = tls {
        server = server.tls_config(tls).expect("good certificates");
    }
    tokio::spawn(server.serve_with_incoming(mock, TcpListenerStream::new(listener)));
    format!("localhost:{port}")
}

fn server_tls(authority: &Authority, name: &str) -> ServerTlsConfig {
    let Signed { certificate, key } = authority.sign(name);
    ServerTlsConfig::new().identity(Identity::from_pem(certificate, key))
}

async fn refused(address: &str, options: TlsOptions) -> String {
    let error = Client::builder().address(address).tls(options).connect().await.expect_err("refused");
    assert!(matches!(error, ConnectError::Tls { .. }), "{error:?}");
    error.to_string()
}

#[tokio::test]
async fn a_server_is_believed_if_its_authority_is_trusted() {
    let authority = Authority::new("theirs");
    let address = serve(Mock::new(), Some(server_tls(&authority, "localhost"))).await;
    let options = || TlsOptions::new().root_ca(authority.pem.clone());
    Client::builder().address(&address).tls(options()).connect().await.expect("connected");
    Client::builder().address(format!("https://{address}")).tls(options()).connect().await.expect("connected");
}

#[tokio::test]
async fn a_server_of_an_unknown_authority_is_not_believed() {
    let address = serve(Mock::new(), Some(server_tls(&Authority::new("theirs"), "localhost"))).await;
    // One that was made anew under its old name is another one.
    for ours in ["ours", "theirs"] {
        let text = refused(&address, TlsOptions::new().root_ca(Authority::new(ours).pem)).await;
        assert!(text.starts_with(&format!("no secure connection to {address}")), "{text}");
        assert!(text.contains("TlsOptions::root_ca"), "{text}");
    }
}

#[tokio::test]
async fn a_certificate_for_another_name_needs_that_name() {
    let authority = Authority::new("theirs");
    let address = serve(Mock::new(), Some(server_tls(&authority, "temporal.internal"))).await;
    let options = || TlsOptions::new().root_ca(authority.pem.clone());
    let text = refused(&address, options()).await;
    assert!(text.contains("TlsOptions::server_name"), "{text}");
    let named = options().server_name("temporal.internal");
    Client::builder().address(&address).tls(named).connect().await.expect("connected");
}

#[tokio::test]
async fn a_server_may_ask_who_we_are() {
    let (ours, theirs) = (Authority::new("ours"), Authority::new("theirs"));
    let tls = server_tls(&theirs, "localhost").client_ca_root(Certificate::from_pem(&ours.pem));
    let address = serve(Mock::new(), Some(tls)).await;
    let options = || TlsOptions::new().root_ca(theirs.pem.clone());

    let text = refused(&address, options()).await;
    assert!(text.contains("TlsOptions::client_certificate"), "{text}");

    let Signed { certificate, key } = theirs.sign("stranger");
    let text = refused(&address, options().client_certificate(certificate, key)).await;
    assert!(text.contains("TlsOptions::client_certificate"), "{text}");

    let Signed { certificate, key } = ours.sign("worker");
    let known = options().client_certificate(certificate, key);
    Client::builder().address(&address).tls(known).connect().await.expect("connected");
}

#[tokio::test]
async fn a_server_without_tls_is_recognized() {
    let address = serve(Mock::new(), None).await;
    let text = refused(&address, TlsOptions::new().root_ca(Authority::new("theirs").pem)).await;
    assert!(text.contains("the server does not seem to speak TLS"), "{text}");
    Client::connect(&address).await.expect("connected without TLS");
}

#[tokio::test]
async fn an_api_key_does_not_travel_in_the_open_unless_asked_to() {
    let address = serve(Mock::new(), None).await;
    let builder = Client::builder().address(&address).api_key("secret");
    builder.clone().connect().await.expect_err("TLS is on");
    builder.no_tls().connect().await.expect("connected without TLS");
}

#[tokio::test]
async fn what_is_no_pem_is_found_before_connecting() {
    let bad = |options: TlsOptions| {
        let error = Client::builder().address("localhost:1").tls(options).lazy().expect_err("no PEM");
        assert!(matches!(error, ConnectError::Option { .. }), "{error:?}");
        error.to_string()
    };
    let Signed { certificate, key } = Authority::new("theirs").sign("worker");
    assert_eq!(bad(TlsOptions::new().root_ca("x")), "tls.root_ca has no PEM section `BEGIN CERTIFICATE`");
    assert_eq!(
        bad(TlsOptions::new().root_ca(certificate.clone()).client_certificate(key, certificate)),
        "tls.client_certificate has no PEM section `BEGIN CERTIFICATE`"
    );
}

#[tokio::test]
async fn the_scheme_and_the_options_must_agree() {
    let tls = Client::builder().address("http://localhost:1").tls(TlsOptions::new()).lazy().expect_err("contradiction");
    assert!(tls.to_string().contains("begins with http://, but TLS is on"), "{tls}");
    let plain = Client::builder().address("https://localhost:1").no_tls().lazy().expect_err("contradiction");
    assert!(plain.to_string().contains("begins with https://, but TLS is off"), "{plain}");
}
