use std::sync::{Arc, Mutex, RwLock};
use std::thread;
use std::time::Duration;

use perpetua::prelude::*;
use tokio::time::sleep;

struct Flow {
    shared: Arc<Mutex<u32>>,
    state: State<u32>,
}

#[workflow]
impl Flow {
    #[run]
    async fn run(&self, ctx: Ctx, table: &RwLock<u32>) -> WorkflowResult<()> {
        sleep(Duration::from_secs(1)).await;
        tokio::time::timeout(Duration::from_secs(1), ctx.sleep(seconds(3))).await?;
        tokio::spawn(async move {
            // Not workflow code any more.
            println!("{:?}", std::time::Instant::now());
        });
        thread::spawn(|| {}).join();
        thread::sleep(Duration::from_secs(1));
        *self.shared.lock().unwrap() += 1;
        let copy = table.read();
        let own = Arc::new(Mutex::new(3));
        own.lock().unwrap();
        futures::executor::block_on(async {});
        let (sender, receiver) = tokio::sync::mpsc::channel::<u32>(3);
        tokio::select! {
            _ = ctx.sleep(seconds(1)) => { rand::random::<u8>() },
            slept = ctx.sleep(seconds(2)), if self.state.get() == 0 => 3,
            else => 4,
        };
        tokio::select! {
            biased;
            _ = ctx.sleep(seconds(1)) => {}
            _ = ctx.sleep(seconds(2)) => {}
        }
        let both = tokio::join!(ctx.sleep(seconds(1)), ctx.sleep(seconds(2)));
        let both = join!(ctx.sleep(seconds(1)), ctx.sleep(seconds(2)));
        Ok(())
    }
}
