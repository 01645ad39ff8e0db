//! The configuration file: the flags of `start-dev`, by the same names. What the command line says comes first.
//!
//! ```toml
//! port = 7233
//! db-filename = "perpetua.db"
//! namespace = ["billing"]
//!
//! [search-attribute]
//! Color = "Keyword"
//! ```

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::arguments::{LogFormat, LogLevel, StartDev};

/// What a file may say.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct File {
    db_filename: Option<PathBuf>,
    port: Option<u16>,
    ip: Option<String>,
    #[serde(default)]
    namespace: Vec<String>,
    #[serde(default)]
    search_attribute: BTreeMap<String, String>,
    #[serde(default)]
    dynamic_config_value: BTreeMap<String, toml::Value>,
    #[serde(default)]
    skip_time: bool,
    threads: Option<NonZeroUsize>,
    log_level: Option<LogLevel>,
    log_format: Option<LogFormat>,
}

/// Why a configuration file is not used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("the configuration file {} cannot be read", .0.display())]
    Read(PathBuf, #[source] std::io::Error),
    #[error("the configuration file {} is not understood", .0.display())]
    Understand(PathBuf, #[source] Box<toml::de::Error>),
}

/// Fills in what the command line leaves open.
pub(crate) fn complete(asked: StartDev) -> Result<StartDev, ConfigError> {
    let Some(path) = &asked.config else { return Ok(asked) };
    let text = std::fs::read_to_string(path).map_err(|error| ConfigError::Read(path.clone(), error))?;
    merge(asked.clone(), &text, path)
}

fn merge(mut asked: StartDev, text: &str, path: &Path) -> Result<StartDev, ConfigError> {
    let file: File = toml::from_str(text).map_err(|error| ConfigError::Understand(path.to_owned(), Box::new(error)))?;
    let File {
        db_filename,
        port,
        ip,
        namespace,
        search_attribute,
        dynamic_config_value,
        skip_time,
        threads,
        log_level,
        log_format,
    } = file;
    asked.db_filename = asked.db_filename.or(db_filename);
    asked.port = asked.port.or(port);
    asked.ip = asked.ip.or(ip);
    asked.namespace.extend(namespace);
    // What is said later counts; the command line comes last.
    asked.search_attribute.splice(0..0, search_attribute);
    let values = dynamic_config_value.into_iter().map(|(key, value)| (key, value.to_string()));
    asked.dynamic_config_value.splice(0..0, values);
    asked.skip_time |= skip_time;
    asked.threads = asked.threads.or(threads);
    asked.logs.log_level = asked.logs.log_level.or(log_level);
    asked.logs.log_format = asked.logs.log_format.or(log_format);
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_fills_in_what_the_command_line_leaves_open() {
        let said = StartDev { port: Some(1), namespace: vec!["a".into()], ..StartDev::default() };
        let text = "port = 2\nip = \"127.0.0.1\"\nthreads = 4\nnamespace = [\"b\"]\n[search-attribute]\nColor = \"Keyword\"\n\
                    [dynamic-config-value]\n\"limit.blobSize.error\" = 5\n";
        let merged = merge(said, text, Path::new("file")).expect("it is understood");
        assert_eq!((merged.port, merged.ip.as_deref()), (Some(1), Some("127.0.0.1")));
        assert_eq!(merged.threads, NonZeroUsize::new(4));
        assert_eq!(merged.namespace, ["a", "b"]);
        assert_eq!(merged.search_attribute, [("Color".to_owned(), "Keyword".to_owned())]);
        assert_eq!(merged.dynamic_config_value, [("limit.blobSize.error".to_owned(), "5".to_owned())]);
    }

    #[test]
    fn what_nobody_knows_in_a_file_is_refused_by_name() {
        let refused = merge(StartDev::default(), "prot = 2", Path::new("file")).expect_err("it is misspelled");
        let ConfigError::Understand(_, why) = refused else { panic!("it could be read: {refused}") };
        assert!(why.to_string().contains("prot"), "{why}");
    }
}
