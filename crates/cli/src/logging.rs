//! Lines on standard error. Standard output is for whoever launches the server.

use std::io::stderr;

use tracing::Level;
use tracing_subscriber::fmt;

use crate::arguments::{LogFormat, LogLevel};

/// Begins to write lines.
pub(crate) fn begin(level: Option<LogLevel>, format: Option<LogFormat>) {
    let level = match level.unwrap_or(LogLevel::Warn) {
        LogLevel::Never => return,
        LogLevel::Error => Level::ERROR,
        LogLevel::Warn => Level::WARN,
        LogLevel::Info => Level::INFO,
        LogLevel::Debug => Level::DEBUG,
    };
    let lines = fmt().with_writer(stderr).with_max_level(level);
    match format.unwrap_or(LogFormat::Text) {
        LogFormat::Text => lines.with_ansi(false).init(),
        LogFormat::Json => lines.json().init(),
        LogFormat::Pretty => lines.pretty().init(),
    }
}
