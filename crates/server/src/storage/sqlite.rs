//! A world in one SQLite file.
//!
//! The file belongs to one server at a time. It is in WAL mode and synchronized at every commit, so that what is
//! committed is there after a loss of power; the WAL goes into the file now and then, and when the server stops.

use std::path::{Path, PathBuf};
use std::time::Duration;

use perpetua_server_core::{Batch, Changes, Kind, Record, run_key};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, params};

use super::journal::{self, Unfolded};
use super::{StorageError, Store, WriteFailed};

/// Tells our files from others: "prpt".
const APPLICATION: i32 = 0x7072_7074;

/// What makes a file of each version of the schema one of the next; a new file goes through all of them.
const MIGRATIONS: [fn(&Transaction<'_>) -> rusqlite::Result<()>; 3] = [make_tables, name_runs_by_number, make_journal];

const TABLES: &str = "
    CREATE TABLE records (
        kind INTEGER NOT NULL,
        key TEXT NOT NULL,
        value BLOB NOT NULL,
        PRIMARY KEY (kind, key)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE history (
        run TEXT NOT NULL,
        first INTEGER NOT NULL,
        events BLOB NOT NULL,
        PRIMARY KEY (run, first)
    ) STRICT, WITHOUT ROWID;
";

fn make_tables(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch(TABLES)
}

fn make_journal(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    transaction.execute_batch("CREATE TABLE journal (number INTEGER PRIMARY KEY, changes BLOB NOT NULL) STRICT")
}

/// Keeps runs in the order in which they began, so that those that are at work at a time share their pages; before, they
/// were kept by their ids, which are random.
fn name_runs_by_number(transaction: &Transaction<'_>) -> rusqlite::Result<()> {
    let mut runs = transaction.prepare("SELECT key, value FROM records WHERE kind = ?1")?;
    let runs = runs.query_map([Kind::Run as u8], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let runs: Vec<(String, Vec<u8>)> = runs.collect::<rusqlite::Result<_>>()?;
    for (id, value) in runs {
        // What cannot be read is left, and told when everything is read.
        let Some(key) = run_key(&value) else { continue };
        transaction
            .execute("UPDATE records SET key = ?1 WHERE kind = ?2 AND key = ?3", params![key, Kind::Run as u8, id])?;
        transaction.execute("UPDATE history SET run = ?1 WHERE run = ?2", params![key, id])?;
    }
    Ok(())
}

/// A world in one SQLite file.
#[derive(Debug)]
pub(crate) struct File {
    path: PathBuf,
    connection: Connection,
    unfolded: Unfolded,
    /// Whether something could not be written.
    is_broken: bool,
}

impl File {
    /// Opens a file, which nobody else uses then, or makes a new one.
    ///
    /// # Errors
    /// When it cannot be used.
    pub(crate) fn open(path: &Path) -> Result<Self, StorageError> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder.filter(|folder| !folder.is_dir()) {
            return Err(StorageError::NoFolder { path: path.to_owned(), folder: folder.to_owned() });
        }
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| failed(path, &error))?;
        let mut file = Self { path: path.to_owned(), connection, unfolded: Unfolded::default(), is_broken: false };
        file.prepare()?;
        file.take_up()?;
        Ok(file)
    }

    fn prepare(&mut self) -> Result<(), StorageError> {
        let path = self.path.clone();
        let failed = |error: rusqlite::Error| failed(&path, &error);
        let connection = &mut self.connection;
        if connection.is_readonly("main").map_err(failed)? {
            return Err(StorageError::Unwritable { path, problem: "it can only be read".to_owned() });
        }
        connection.busy_timeout(Duration::ZERO).map_err(failed)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE").map_err(failed)?;
        let number = |connection: &Connection, name: &str| -> Result<i32, StorageError> {
            connection.pragma_query_value(None, name, |row| row.get(0)).map_err(failed)
        };
        let is_new = number(connection, "schema_version")? == 0;
        let version = number(connection, "user_version")?;
        if !is_new && number(connection, "application_id")? != APPLICATION {
            return Err(StorageError::Foreign { path });
        }
        let done = usize::try_from(version).unwrap_or(usize::MAX);
        let Some(missing) = MIGRATIONS.get(done..) else {
            return Err(newer(path, format!("schema {version}"), format!("up to {}", MIGRATIONS.len())));
        };
        // Makes sure that commits reach the disk also where a plain `fsync` only reaches its cache.
        for (name, value) in [("fullfsync", "ON"), ("checkpoint_fullfsync", "ON"), ("synchronous", "FULL")] {
            connection.pragma_update(None, name, value).map_err(failed)?;
        }
        if !missing.is_empty() {
            let transaction = connection.transaction().map_err(failed)?;
            for migration in missing {
                migration(&transaction).map_err(failed)?;
            }
            transaction.pragma_update(None, "application_id", APPLICATION).map_err(failed)?;
            transaction.pragma_update(None, "user_version", MIGRATIONS.len()).map_err(failed)?;
            transaction.commit().map_err(failed)?;
        }
        let mode: String =
            connection.pragma_update_and_check(None, "journal_mode", "WAL", |row| row.get(0)).map_err(failed)?;
        // The newest of each page goes into the file, so the longer the log, the fewer are written twice: 32 MB of it.
        connection.pragma_update(None, "wal_autocheckpoint", 8192).map_err(failed)?;
        if mode != "wal" {
            let problem = format!("its folder does not allow a write-ahead log (the journal is {mode:?})");
            return Err(StorageError::Failed { path, problem });
        }
        Ok(())
    }

    /// Everything that is in the file.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(crate) fn load(&self) -> Result<Changes, StorageError> {
        let failed = |error: rusqlite::Error| failed(&self.path, &error);
        let mut changes = Changes::default();
        let mut statement = self.connection.prepare("SELECT kind, key, value FROM records").map_err(failed)?;
        let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get(2)?)));
        for row in rows.map_err(failed)? {
            let (number, key, value) = row.map_err(failed)?;
            let kind = u8::try_from(number).ok().and_then(Kind::of).ok_or_else(|| {
                newer(self.path.clone(), format!("records of kind {number}"), "no such kind".to_owned())
            })?;
            changes.records.push(Record { kind, key, value: Some(value) });
        }
        let mut statement =
            self.connection.prepare("SELECT run, first, events FROM history ORDER BY run, first").map_err(failed)?;
        let rows = statement
            .query_map([], |row| {
                Ok(Batch { run: row.get(0)?, first: row.get(1)?, events: row.get::<_, Vec<u8>>(2)?.into() })
            })
            .map_err(failed)?;
        for row in rows {
            changes.batches.push(row.map_err(failed)?);
        }
        Ok(changes)
    }

    /// Brings into the tables what the last server has left in the journal.
    fn take_up(&mut self) -> Result<(), StorageError> {
        let failed = |error: rusqlite::Error| failed(&self.path, &error);
        let mut statement = self.connection.prepare("SELECT changes FROM journal ORDER BY number").map_err(failed)?;
        let rows = statement.query_map([], |row| row.get::<_, Vec<u8>>(0)).map_err(failed)?;
        for row in rows {
            let problem = || "a row of its journal cannot be read".to_owned();
            let changes = journal::read(&row.map_err(failed)?);
            self.unfolded
                .add(changes.ok_or_else(|| StorageError::Failed { path: self.path.clone(), problem: problem() })?);
        }
        drop(statement);
        self.fold().map_err(|error| self::failed(&self.path, &error))
    }

    fn commit(&mut self, changes: Changes) -> rusqlite::Result<()> {
        if self.unfolded.is_much() {
            self.unfolded.add(changes);
            return self.fold();
        }
        let row = journal::write(&changes);
        self.connection.prepare_cached("INSERT INTO journal (changes) VALUES (?1)")?.execute([row])?;
        self.unfolded.add(changes);
        Ok(())
    }

    /// Brings what is not in the tables into them, and empties the journal.
    fn fold(&mut self) -> rusqlite::Result<()> {
        if self.unfolded.is_empty() {
            return Ok(());
        }
        let transaction = self.connection.transaction()?;
        {
            let mut insert =
                transaction.prepare_cached("INSERT INTO history (run, first, events) VALUES (?1, ?2, ?3)")?;
            let mut batches: Vec<&Batch> = self.unfolded.batches.iter().collect();
            batches.sort_by(|a, b| (&a.run, a.first).cmp(&(&b.run, b.first)));
            for Batch { run, first, events } in batches {
                insert.execute(params![run, first, &events[..]])?;
            }
            let mut put = transaction.prepare_cached(
                "INSERT INTO records (kind, key, value) VALUES (?1, ?2, ?3)
                 ON CONFLICT (kind, key) DO UPDATE SET value = excluded.value",
            )?;
            let mut delete = transaction.prepare_cached("DELETE FROM records WHERE kind = ?1 AND key = ?2")?;
            let mut forget = transaction.prepare_cached("DELETE FROM history WHERE run = ?1")?;
            for ((kind, key), value) in &self.unfolded.records {
                match value {
                    Some(value) => put.execute(params![*kind as u8, key, value])?,
                    None => delete.execute(params![*kind as u8, key])?,
                };
                if value.is_none() && *kind == Kind::Run {
                    forget.execute(params![key])?;
                }
            }
            transaction.prepare_cached("DELETE FROM journal")?.execute([])?;
        }
        transaction.commit()?;
        self.unfolded = Unfolded::default();
        Ok(())
    }
}

impl Store for File {
    fn write(&mut self, changes: Changes) -> Result<(), WriteFailed> {
        self.commit(changes).map_err(|error| {
            self.is_broken = true;
            WriteFailed(format!("{}: {error}", self.path.display()))
        })
    }

    fn close(mut self: Box<Self>) {
        // What could not be written was not promised, and must not come back.
        if !self.is_broken
            && let Err(error) = self.fold()
        {
            tracing::warn!(%error, "the journal of {} stays; nothing is lost", self.path.display());
        }
        // SQLite brings the log into the file when its last connection goes, and removes it.
        if let Err((_, error)) = self.connection.close() {
            tracing::warn!(%error, "{} was not closed cleanly; nothing is lost", self.path.display());
        }
    }
}

fn failed(path: &Path, error: &rusqlite::Error) -> StorageError {
    let (path, problem) = (path.to_owned(), error.to_string());
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => StorageError::Locked { path },
        Some(ErrorCode::NotADatabase) => StorageError::Foreign { path },
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => {
            StorageError::Unwritable { path, problem }
        }
        _ => StorageError::Failed { path, problem },
    }
}

fn newer(path: PathBuf, found: String, known: String) -> StorageError {
    StorageError::Newer { path, found, known }
}
