//! A stub is as visible as what it stands for.

use perpetua::prelude::*;

mod orders {
    use perpetua::prelude::*;

    #[derive(Default)]
    pub struct Order;

    #[workflow]
    impl Order {
        #[run]
        pub async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
            Ok(())
        }

        #[signal]
        fn cancel(&self, _reason: String) {}
    }

    #[activity]
    async fn ship() -> Result<(), ActivityError> {
        Ok(())
    }
}

async fn client(client: &Client) -> Result<(), Box<dyn std::error::Error>> {
    let handle = client.start(orders::Order::run()).await?;
    handle.cancel("late".to_owned()).await?;
    let _ = orders::Order::cancel("late".to_owned());
    let _ = orders::ship();
    Ok(())
}

fn main() {}
