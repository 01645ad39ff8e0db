//! From an address to a socket, secured if it is to be.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use http::uri::Authority;
use tokio::net::{TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::ClientConfig;
use tokio_rustls::rustls::pki_types::ServerName;

use crate::address::host;

/// How long an address of a host may take before the next one is tried beside it.
const HEAD_START: Duration = Duration::from_millis(250);
/// What is spoken over the connection, as TLS names it.
pub(crate) const PROTOCOL: &[u8] = b"h2";

/// How a connection is secured.
#[derive(Clone)]
pub(crate) struct Tls {
    pub(crate) config: Arc<ClientConfig>,
    /// Whom the server must prove to be.
    pub(crate) server: ServerName<'static>,
}

impl Tls {
    pub(super) async fn secure(&self, socket: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let secured = TlsConnector::from(Arc::clone(&self.config)).connect(self.server.clone(), socket).await?;
        let (_, session) = secured.get_ref();
        if session.alpn_protocol() == Some(PROTOCOL) {
            Ok(secured)
        } else {
            Err(io::Error::other("the server does not speak HTTP/2"))
        }
    }
}

/// Connects to a host: to its addresses one after the other, the next one as soon as one fails or takes long.
pub(super) async fn open(authority: &Authority) -> io::Result<TcpStream> {
    let port = authority.port_u16().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
    let addresses: Vec<SocketAddr> = lookup_host((host(authority), port)).await?.collect();
    let mut addresses = alternate(addresses).into_iter();
    let mut trying = JoinSet::new();
    let mut failure = None;
    loop {
        match addresses.next() {
            Some(address) if addresses.len() == 0 && trying.is_empty() => return to(address).await,
            Some(address) => _ = trying.spawn(to(address)),
            None if trying.is_empty() => {
                return Err(failure.unwrap_or_else(|| io::Error::other("the host has no address")));
            }
            None => {}
        }
        let is_last = addresses.len() == 0;
        tokio::select! {
            Some(tried) = trying.join_next() => match tried.unwrap_or_else(|panic| Err(io::Error::other(panic))) {
                Ok(socket) => return Ok(socket),
                Err(error) => failure = Some(error),
            },
            () = sleep(HEAD_START), if !is_last => {}
        }
    }
}

async fn to(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = TcpStream::connect(address).await?;
    // A call is a few small writes, and each is to leave at once.
    socket.set_nodelay(true)?;
    Ok(socket)
}

/// Lets the two families of addresses take turns, beginning with the one that the system prefers.
fn alternate(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(preferred) = addresses.first().map(SocketAddr::is_ipv4) else { return addresses };
    let (mut ours, mut others): (Vec<_>, Vec<_>) =
        addresses.into_iter().partition(|address| address.is_ipv4() == preferred);
    ours.reverse();
    others.reverse();
    let mut turns = Vec::with_capacity(ours.len() + others.len());
    while !(ours.is_empty() && others.is_empty()) {
        turns.extend(ours.pop());
        turns.extend(others.pop());
    }
    turns
}

#[cfg(test)]
mod tests {
    use tokio::net::TcpListener;

    use super::*;

    fn addresses(texts: &[&str]) -> Vec<SocketAddr> {
        texts.iter().map(|text| text.parse().expect(text)).collect()
    }

    #[test]
    fn families_take_turns() {
        let given = addresses(&["[::1]:1", "[::2]:1", "[::3]:1", "1.1.1.1:1"]);
        assert_eq!(alternate(given), addresses(&["[::1]:1", "1.1.1.1:1", "[::2]:1", "[::3]:1"]));
        assert_eq!(alternate(Vec::new()), Vec::new());
    }

    #[tokio::test]
    async fn a_host_of_two_families_is_reached_where_somebody_listens() {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("bound");
        let authority = format!("localhost:{}", address.port()).parse().expect("an authority");
        assert_eq!(open(&authority).await.expect("somebody listens").peer_addr().expect("connected"), address);
    }

    #[tokio::test]
    async fn an_address_is_a_host_also_in_brackets() {
        let Ok(listener) = TcpListener::bind("[::1]:0").await else { return }; // a machine without IPv6
        let authority = listener.local_addr().expect("bound").to_string().parse().expect("an authority");
        open(&authority).await.expect("somebody listens");
    }
}
