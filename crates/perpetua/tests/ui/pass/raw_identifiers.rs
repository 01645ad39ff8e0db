//! Names that are keywords.

#![deny(warnings)]

use perpetua::prelude::*;

#[activity]
async fn r#move(r#type: String) -> Result<String, ActivityError> {
    Ok(r#type)
}

#[workflow]
async fn r#loop(r#in: Ctx, r#type: String) -> WorkflowResult<String> {
    Ok(r#in.activity(r#move(r#type)).start_to_close(seconds(1)).await?)
}

#[allow(non_camel_case_types)]
#[derive(Default)]
struct r#match;

#[workflow]
impl r#match {
    #[run]
    async fn r#fn(&self, _ctx: Ctx) -> WorkflowResult<()> {
        Ok(())
    }

    #[signal]
    fn r#break(&self, r#as: u8) {
        let _ = r#as;
    }
}

struct Bank;

#[activities]
impl Bank {
    #[activity]
    async fn r#use(&self, r#as: u8) -> Result<u8, ActivityError> {
        Ok(r#as)
    }
}

#[derive(Debug, thiserror::Error, ApplicationError)]
#[error("odd")]
enum Odd {
    #[allow(dead_code)]
    Named { r#type: u8 },
}

fn main() {
    let _ = Odd::Named { r#type: 1 };
    assert_eq!(r#move("a".to_owned()).name(), "move");
    assert_eq!(r#loop("a".to_owned()).name(), "loop");
    assert_eq!(r#match::r#fn().name(), "match");
    assert_eq!(r#match::r#break(1).name(), "break");
    assert_eq!(Bank::r#use(1).name(), "use");
    let _ = |client: &Client| {
        Worker::builder(client, "q").workflow(r#loop).workflow(r#match::r#fn).activity(r#move).activities(Bank)
    };
}
