//! Every name can be written in full.

#![deny(warnings)]

use ::std::result::Result as R;

// Names that generated code must not stumble over.
#[allow(dead_code)]
struct Result;
#[allow(dead_code)]
struct Option;
#[allow(dead_code)]
struct Box;
#[derive(serde::Serialize, serde::Deserialize)]
struct T;
#[allow(dead_code)]
mod std {}
#[allow(dead_code)]
mod core {}

#[perpetua::activity]
async fn greet(name: String) -> R<String, perpetua::ActivityError> {
    R::Ok(name)
}

struct Bank;

#[perpetua::activities]
impl Bank {
    #[perpetua::activity(blocking)]
    fn withdraw(&self, cents: u64) -> R<u64, perpetua::ActivityError> {
        R::Ok(cents)
    }
}

#[derive(Default)]
struct Approval;

#[perpetua::workflow]
impl Approval {
    #[run]
    async fn run(&self, ctx: perpetua::Ctx) -> perpetua::WorkflowResult<()> {
        ctx.activity(greet(String::new())).start_to_close(perpetua::seconds(1)).await?;
        R::Ok(())
    }

    #[signal]
    fn approve(&self, _t: T) {}

    #[query]
    fn t(&self, _t: T) -> T {
        T
    }

    #[update]
    fn note(&self) -> R<(), perpetua::AnyError> {
        R::Ok(())
    }
}

fn main() {
    let _ = |client: &perpetua::Client| {
        perpetua::Worker::builder(client, "q").workflow(Approval::run).activities(Bank).activity(greet)
    };
}
