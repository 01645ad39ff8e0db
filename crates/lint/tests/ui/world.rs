use std::{env, fs, io::Write};

use perpetua::prelude::*;
use tokio::net::TcpStream;

struct Flow {
    path: State<String>,
}

#[workflow]
impl Flow {
    #[init]
    fn new(_ctx: &Ctx, _input: &String) -> Self {
        Self { path: State::new(env::var("HOME").unwrap_or_default()) }
    }

    #[run]
    async fn run(&self, ctx: Ctx, _input: String) -> WorkflowResult<()> {
        let text = fs::read_to_string("settings.toml")?;
        fs::hard_link("a", "b")?;
        let stream = TcpStream::connect("example.org:80").await?;
        let page = reqwest::Client::builder();
        std::process::Command::new("date").status()?;
        let here: std::net::IpAddr = std::net::IpAddr::from([127, 0, 0, 1]);
        std::process::exit(1)
    }
}
