//! Activities of a value that threads cannot share.

use perpetua::prelude::*;
use std::cell::Cell;

struct Bank {
    total: Cell<u64>,
}

#[activities]
impl Bank {
    #[activity(blocking)]
    fn total(&self) -> Result<u64, ActivityError> {
        Ok(self.total.get())
    }
}

fn main() {}
