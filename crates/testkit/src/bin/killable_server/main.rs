//! A server that a test kills: `killable_server FILE`. It says where it listens, and ends when its input does.

use std::io::Read;

use perpetua_server::Server;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let file = std::env::args_os().nth(1).ok_or("usage: killable_server FILE")?;
    let server = Server::builder().file(file).start()?;
    let listening = server.listen(([127, 0, 0, 1], 0).into()).await?;
    println!("{}", listening.address());
    tokio::task::spawn_blocking(|| std::io::stdin().read_to_end(&mut Vec::new())).await??;
    server.shutdown().await;
    Ok(())
}
