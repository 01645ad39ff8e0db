//! A bank that keeps its books in memory and is sometimes down.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use perpetua::prelude::*;

/// A bank that keeps its books in memory. The first calls of each kind may find it down.
#[derive(Debug, Default)]
pub struct Bank {
    books: Mutex<Books>,
}

#[derive(Debug, Default)]
struct Books {
    balances: BTreeMap<String, u64>,
    /// The numbers of the bookings that were made.
    booked: BTreeSet<String>,
    /// How many more calls find the bank down.
    outages: u32,
}

/// Why the bank does not do what it is asked.
#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
pub enum BankError {
    /// There is too little on the account. Trying again does not help.
    #[error("insufficient funds: {available} of {needed}")]
    #[application(non_retryable)]
    InsufficientFunds {
        /// What is there.
        available: u64,
        /// What is needed.
        needed: u64,
    },
    /// There is no such account. Trying again does not help.
    #[error("there is no account {account}")]
    #[application(non_retryable)]
    UnknownAccount {
        /// The account asked for.
        account: String,
    },
    /// The bank is down. Trying again helps.
    #[error("the bank is down")]
    Down,
}

impl Bank {
    /// A bank with these accounts.
    pub fn with_accounts<const N: usize>(accounts: [(&str, u64); N]) -> Self {
        let balances = accounts.into_iter().map(|(name, cents)| (name.to_owned(), cents)).collect();
        Self { books: Mutex::new(Books { balances, ..Books::default() }) }
    }

    /// The next calls find the bank down.
    pub fn go_down_for(&self, calls: u32) {
        self.books().outages = calls;
    }

    /// What is on an account; 0 if there is no such account.
    pub fn balance(&self, account: &str) -> u64 {
        self.books().balances.get(account).copied().unwrap_or_default()
    }

    fn books(&self) -> std::sync::MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Books {
    fn answer(&mut self) -> Result<(), BankError> {
        match self.outages.checked_sub(1) {
            None => Ok(()),
            Some(left) => {
                self.outages = left;
                Err(BankError::Down)
            }
        }
    }

    fn account(&mut self, account: &str) -> Result<&mut u64, BankError> {
        self.balances.get_mut(account).ok_or_else(|| BankError::UnknownAccount { account: account.to_owned() })
    }
}

#[activities]
impl Bank {
    /// Takes money from an account, once for each booking number.
    #[activity]
    pub async fn withdraw(&self, account: String, cents: u64, booking: String) -> Result<String, BankError> {
        let mut books = self.books();
        books.answer()?;
        if !books.booked.contains(&booking) {
            let balance = books.account(&account)?;
            let available = *balance;
            *balance = available.checked_sub(cents).ok_or(BankError::InsufficientFunds { available, needed: cents })?;
            books.booked.insert(booking.clone());
        }
        Ok(booking)
    }

    /// Puts money on an account, once for each booking number.
    #[activity]
    pub async fn deposit(&self, account: String, cents: u64, booking: String) -> Result<String, BankError> {
        let mut books = self.books();
        books.answer()?;
        if !books.booked.contains(&booking) {
            *books.account(&account)? += cents;
            books.booked.insert(booking.clone());
        }
        Ok(booking)
    }
}
