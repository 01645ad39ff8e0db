//! A module may be called as the type, in its own spelling.

#![deny(warnings)]

use perpetua::prelude::*;

mod hello_world {
    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct Greeting;
}

mod withdraw {
    #[derive(serde::Serialize, serde::Deserialize)]
    pub struct Receipt;
}

#[derive(Default)]
struct HelloWorld;

#[workflow]
impl HelloWorld {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<hello_world::Greeting> {
        Ok(hello_world::Greeting)
    }
}

/// Not the handle that is generated.
#[derive(serde::Serialize, serde::Deserialize)]
struct BoxedHandle;

#[derive(Default)]
struct Boxed;

#[workflow]
impl Boxed {
    #[run]
    async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[query]
    fn handle(&self) -> Vec<BoxedHandle> {
        vec![BoxedHandle]
    }
}

struct Bank;

#[activities]
impl Bank {
    #[activity]
    async fn withdraw(&self) -> Result<withdraw::Receipt, ActivityError> {
        Ok(withdraw::Receipt)
    }
}

fn main() {
    let _ = |client: &Client| Worker::builder(client, "q").workflow(HelloWorld::run).workflow(Boxed::run).activities(Bank);
}
