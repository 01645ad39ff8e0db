//! Attributes of the user's go where they make sense.

#![deny(warnings, missing_docs, missing_debug_implementations, unreachable_pub, unused_qualifications)]
#![deny(clippy::all, clippy::pedantic)]

use perpetua::prelude::*;

pub mod library {
    //! A library with documentation.

    use perpetua::prelude::*;

    /// Greets.
    ///
    /// # Errors
    /// Never.
    #[activity]
    #[allow(clippy::unused_async)]
    pub async fn greet(name: String) -> Result<String, ActivityError> {
        Ok(name)
    }

    /// A bank.
    #[derive(Debug)]
    pub struct Bank;

    /// What a bank does.
    #[activities]
    #[allow(clippy::unused_async)]
    impl Bank {
        /// Takes money out.
        ///
        /// # Errors
        /// Never.
        #[activity]
        #[deprecated = "use `take`"]
        pub async fn withdraw(&self, cents: u64) -> Result<u64, ActivityError> {
            Ok(cents)
        }

        /// Takes money out.
        ///
        /// # Errors
        /// Never.
        #[activity]
        #[must_use]
        #[inline]
        pub async fn take(&self, cents: u64) -> Result<u64, ActivityError> {
            Ok(cents)
        }
    }

    /// An approval.
    #[derive(Debug, Default)]
    pub struct Approval;

    #[workflow]
    impl Approval {
        /// Waits.
        ///
        /// # Errors
        /// Never.
        #[run]
        pub async fn run(&self, _ctx: Ctx) -> WorkflowResult<()> {
            Ok(())
        }

        /// Approves.
        #[signal]
        #[deprecated]
        pub fn approve(&self, #[allow(unused)] by: String) {}
    }

    /// Payments, elsewhere.
    #[activities]
    pub trait Payments {
        /// Charges.
        #[activity]
        async fn charge(cents: u64) -> Result<u64, ActivityError>;
    }

    /// Orders, elsewhere.
    #[workflow]
    pub trait Order {
        /// Fulfills.
        #[run]
        async fn run() -> Result<(), AnyError>;

        /// Cancels.
        #[signal]
        fn cancel(reason: String);
    }
}

#[allow(dead_code)]
fn worker(client: &Client) -> perpetua::WorkerBuilder {
    let _ = library::Order::cancel("late".to_owned());
    let _ = library::Payments::charge(1);
    Worker::builder(client, "q")
        .workflow(library::Approval::run)
        .activities(library::Bank)
        .activity(library::greet)
}

fn main() {}
