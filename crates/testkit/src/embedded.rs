//! The embedded server, as tests that could also run on the real one use it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;

use perpetua_client::Client;
use perpetua_server::Server;

use crate::local::{LocalServerError, SEARCH_ATTRIBUTES};

/// Where an embedded server keeps what it knows, and how its time passes.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kept {
    Memory,
    File,
    /// In memory, and time is skipped while no worker is at work.
    SkippedTime,
}

impl Kept {
    /// As the value of `PERPETUA_SERVER` says, if it speaks of an embedded server.
    pub(crate) fn asked_for() -> Option<Self> {
        match std::env::var("PERPETUA_SERVER").ok()?.as_str() {
            "embedded" => Some(Self::Memory),
            "embedded-file" => Some(Self::File),
            "embedded-skipping" => Some(Self::SkippedTime),
            _ => None,
        }
    }
}

/// A client of a new server, which goes on as long as the process. It also listens on a free port, for workers of other
/// languages.
pub(crate) async fn connect(kept: Kept) -> Result<Client, LocalServerError> {
    let mut builder = match kept {
        Kept::Memory => Server::builder(),
        Kept::File => Server::builder().file(fresh_file().map_err(LocalServerError::Start)?),
        Kept::SkippedTime => Server::builder().skip_time(),
    };
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

/// A file for one server, in a folder of this process in the folder for what is temporary.
fn fresh_file() -> std::io::Result<PathBuf> {
    let folder = std::env::temp_dir().join(format!("perpetua-testkit-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    Ok(folder.join(format!("{}.db", uuid::Uuid::new_v4())))
}
