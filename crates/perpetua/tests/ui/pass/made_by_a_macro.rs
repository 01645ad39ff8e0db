//! Definitions that a user's own macro writes.

#![deny(warnings)]

use perpetua::prelude::*;

macro_rules! greets {
    ($name:ident, $argument:ident: $ty:ty, $text:literal) => {
        #[activity(name = $text)]
        async fn $name($argument: $ty) -> Result<$ty, ActivityError> {
            Ok($argument)
        }
    };
}

macro_rules! approval {
    ($name:ident, $ty:ty, $result:ty) => {
        #[derive(Default)]
        struct $name {
            value: State<$ty>,
        }

        #[workflow]
        impl $name {
            #[run]
            async fn run(&self, ctx: Ctx, value: $ty) -> $result {
                ctx.wait_until(|| self.value.get() > value).await?;
                Ok(self.value.get())
            }

            #[signal]
            fn set(&self, value: $ty) {
                self.value.set(value);
            }

            #[query]
            fn get(&self) -> $ty {
                self.value.get()
            }
        }
    };
}

greets!(greet, name: String, "greet-ann");
approval!(Approval, u64, WorkflowResult<u64>);

fn main() {
    assert_eq!(greet("Ann".to_owned()).name(), "greet-ann");
    let _ = |client: &Client| Worker::builder(client, "q").workflow(Approval::run).activity(greet);
}
