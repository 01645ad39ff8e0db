//! The embedded server, as tests that could also run on the real one use it.

use std::net::{Ipv4Addr, SocketAddr};

use perpetua_client::Client;
use perpetua_server::Server;

use crate::local::{LocalServerError, SEARCH_ATTRIBUTES};

/// A client of a new server, which goes on as long as the process. It also listens on a free port, for workers of other
/// languages.
pub(crate) async fn connect() -> Result<Client, LocalServerError> {
    let mut builder = Server::builder();
    for (name, kind) in SEARCH_ATTRIBUTES {
        builder = builder.search_attribute(name, kind);
    }
    let server = builder.start()?;
    let listening = server.listen(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let address = listening.address().to_string();
    // The port stays open until the runtime of the test ends.
    std::mem::forget(listening);
    let client = Client::builder().address(address).transport(server.transport()).identity("testkit");
    client.connect().await.map_err(LocalServerError::Connect)
}
