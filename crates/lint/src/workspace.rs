//! Which crates a workspace has, as cargo says.

use std::path::{Path, PathBuf};

use cargo_metadata::{MetadataCommand, Package, TargetKind};

/// One crate: a library, a program, an example or a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// How other crates call it; something that nobody can write for what nobody can use.
    pub name: String,
    /// The file that everything else hangs on.
    pub root: PathBuf,
}

/// The crates of a workspace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// The folder that all of it is in.
    pub root: PathBuf,
    /// Libraries, programs and examples, and tests if they were asked for.
    pub targets: Vec<Target>,
}

/// Why nobody knows which crates there are.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WorkspaceError {
    /// Cargo does not say.
    #[error("`cargo metadata` does not say what the workspace consists of")]
    Cargo(#[from] cargo_metadata::Error),
    /// There is no package of this name.
    #[error("the workspace has no package `{name}`; it has {}", known.join(", "))]
    NoSuchPackage {
        /// The name that was given.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
}

impl Workspace {
    /// The workspace of a `Cargo.toml`, or of the current folder. `packages` are the names of those to look at; if there is
    /// none, all are looked at. With `tests`, tests and benchmarks are among the crates.
    ///
    /// # Errors
    /// When cargo cannot read the workspace, and when a package is named that it does not have.
    pub fn read(manifest: Option<&Path>, packages: &[String], tests: bool) -> Result<Self, WorkspaceError> {
        let mut command = MetadataCommand::new();
        command.no_deps();
        if let Some(manifest) = manifest {
            command.manifest_path(manifest);
        }
        let metadata = command.exec()?;
        let members = metadata.workspace_packages();
        if let Some(name) = packages.iter().find(|name| !members.iter().any(|member| member.name.as_str() == **name)) {
            let known = members.iter().map(|member| member.name.to_string()).collect();
            return Err(WorkspaceError::NoSuchPackage { name: name.clone(), known });
        }
        let asked =
            |package: &&&Package| packages.is_empty() || packages.iter().any(|name| package.name.as_str() == name);
        let targets = members.iter().filter(asked).flat_map(|package| targets(package, tests)).collect();
        Ok(Self { root: metadata.workspace_root.into_std_path_buf(), targets })
    }
}

fn targets(package: &Package, tests: bool) -> Vec<Target> {
    let mut found = Vec::new();
    for target in &package.targets {
        let is = |kind: &TargetKind| target.kind.contains(kind);
        let libraries =
            [TargetKind::Lib, TargetKind::RLib, TargetKind::DyLib, TargetKind::CDyLib, TargetKind::StaticLib];
        let name = if libraries.iter().any(is) {
            target.name.replace('-', "_")
        } else if is(&TargetKind::Bin)
            || is(&TargetKind::Example)
            || (tests && (is(&TargetKind::Test) || is(&TargetKind::Bench)))
        {
            format!("{}/{}", package.name, target.src_path)
        } else {
            continue;
        };
        found.push(Target { name, root: target.src_path.clone().into_std_path_buf() });
    }
    found
}
