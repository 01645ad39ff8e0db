//! From descriptor sets to `.proto` files to committed Rust.
//!
//! ```text
//!  api.binpb, cloud.binpb --render--> proto/**/*.proto --generate--> crates/proto/src/generated/*.rs
//!          |                               |
//!          `----------- identity ----------'      (the same names, numbers and types, or a list of differences)
//! ```
//!
//! Each step is a function from bytes or a folder to a [`Tree`] of files; only [`Tree::write_to`] touches the disk.
//! This is a package of its own so that the everyday tasks do not wait for a protobuf compiler to build.

use std::{
    collections::BTreeMap,
    env,
    error::Error,
    fs, io,
    path::{Path, PathBuf},
};

pub mod generate;
pub mod identity;
pub mod implement;
pub mod render;
pub mod schema;

/// What a step ends with. Tasks have one reader, so the error is whatever explains itself best.
pub type Outcome<T> = Result<T, Box<dyn Error>>;

/// The root of this repository. Cargo says at run time where we are; what the compiler saw may be another checkout
/// that shares the target folder.
pub fn workspace_root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    Path::new(&here).ancestors().nth(2).expect("xtask/codegen is two folders below the root").to_path_buf()
}

/// Files and their contents, by path below some folder, in order.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Tree(pub BTreeMap<PathBuf, String>);

impl Tree {
    /// Reads the files below `root` whose name ends in `.extension`.
    pub fn read_from(root: &Path, extension: &str) -> io::Result<Self> {
        let mut tree = Self::default();
        tree.collect(root, root, extension)?;
        Ok(tree)
    }

    fn collect(&mut self, root: &Path, folder: &Path, extension: &str) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            if path.is_dir() {
                self.collect(root, &path, extension)?;
            } else if path.extension().is_some_and(|found| found == extension) {
                let name = path.strip_prefix(root).expect("found below root").to_path_buf();
                self.0.insert(name, fs::read_to_string(&path)?);
            }
        }
        Ok(())
    }

    /// Makes the files with this extension below `root` exactly these, and leaves unchanged files untouched.
    pub fn write_to(&self, root: &Path, extension: &str) -> io::Result<()> {
        fs::create_dir_all(root)?;
        let existing = Self::read_from(root, extension)?;
        for stale in existing.0.keys().filter(|name| !self.0.contains_key(*name)) {
            fs::remove_file(root.join(stale))?;
        }
        for (name, content) in self.0.iter().filter(|(name, content)| existing.0.get(*name) != Some(*content)) {
            let path = root.join(name);
            fs::create_dir_all(path.parent().expect("a file has a folder"))?;
            fs::write(path, content)?;
        }
        Ok(())
    }
}
