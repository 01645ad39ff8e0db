mod rules {
    pub mod dates {
        use std::time::SystemTime;

        pub fn today() -> u64 {
            SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs()
        }
    }

    pub use self::dates::today as due;
}

mod model {
    pub struct Order;

    impl Order {
        pub fn new() -> Self {
            Order
        }

        pub fn is_due(&self) -> bool {
            crate::rules::due() > 3
        }

        pub fn never_called(&self) {
            std::thread::sleep(std::time::Duration::from_secs(1));
        }
    }
}

use model::*;
use perpetua::prelude::*;

#[derive(Default)]
struct Flow;

#[workflow]
impl Flow {
    #[run]
    async fn run(&self, ctx: Ctx) -> WorkflowResult<bool> {
        let order = Order::new();
        if !ctx.is_replaying() {
            println!("once");
        }
        Ok(self.decide(&order))
    }
}

impl Flow {
    fn decide(&self, order: &Order) -> bool {
        eprintln!("deciding: {}", order.is_due());
        order.is_due()
    }
}
