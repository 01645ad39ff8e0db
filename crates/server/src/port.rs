//! A port: connections as they come, each a task of its own.

mod connection;
mod socket;

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::{oneshot, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::sleep;

use crate::engine::Engine;

/// How long nobody is let in after the system had no place for a connection.
const PAUSE: Duration = Duration::from_millis(50);

/// A port that a server listens on. Dropping it lets the calls under way finish and closes the port.
#[derive(Debug)]
pub struct Listening {
    address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Listening {
    pub(crate) fn new(listener: TcpListener, address: SocketAddr, engine: Arc<Engine>) -> Self {
        let (stop, stopped) = oneshot::channel();
        let task = tokio::spawn(listen(listener, engine, stopped));
        Self { address, stop: Some(stop), task }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Closes the port. Calls that wait are cut off.
    pub async fn close(mut self) {
        self.stop.take();
        self.task.abort();
        // It is over either way.
        let _ = self.task.await;
    }
}

/// Lets connections in until the port is closed or the server stops, and then waits for those that are there.
async fn listen(listener: TcpListener, engine: Arc<Engine>, stopped: oneshot::Receiver<()>) {
    let mut stopping = engine.stopping.subscribe();
    // The server waits as long as somebody holds this.
    let under_way = stopping.clone();
    let mut end = pin!(async move {
        // Both a word and silence mean the end.
        tokio::select! {
            _ = stopped => {}
            _ = stopping.wait_for(|stopping| *stopping) => {}
        }
    });
    let closing = watch::Sender::new(false);
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            () = &mut end => break,
            Some(_) = connections.join_next() => {}
            accepted = listener.accept() => match accepted {
                Ok((socket, _)) => {
                    connections.spawn(connection::serve(socket, Arc::clone(&engine), closing.subscribe()));
                }
                Err(error) => {
                    tracing::debug!(%error, "a connection was not taken");
                    sleep(PAUSE).await;
                }
            },
        }
    }
    drop(listener);
    closing.send_replace(true);
    while connections.join_next().await.is_some() {}
    drop(under_way);
}
