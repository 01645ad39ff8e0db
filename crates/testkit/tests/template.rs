//! The project template, instantiated against this workspace and run as its user would.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use perpetua_testkit::LocalServer;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;

#[tokio::test]
async fn a_project_made_from_the_template_builds_passes_its_tests_and_runs() -> Outcome<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("the workspace has a root")?;
    let target = target_folder(root);
    let project = target.join("tmp").join("template-project");
    instantiate(root, &project)?;
    let server = LocalServer::start().await?;

    let tested = cargo(&project, &target).args(["test"]).output()?;
    let printed = String::from_utf8_lossy(&tested.stdout);
    assert!(tested.status.success(), "{printed}\n{}", String::from_utf8_lossy(&tested.stderr));
    assert!(printed.contains("3 passed"), "{printed}");

    let built = cargo(&project, &target).args(["build"]).status()?;
    assert!(built.success(), "the binaries do not build");
    let mut worker = Worker::start(&target.join("debug/worker"), server.address())?;
    worker.wait_until_ready()?;
    let starter =
        Command::new(target.join("debug/starter")).arg("Ann").env("TEMPORAL_ADDRESS", server.address()).output()?;
    assert_eq!(String::from_utf8_lossy(&starter.stdout), "Hello, Ann!\n", "{starter:?}");
    assert!(worker.interrupt()?, "the worker does not stop when it is asked to");
    Ok(())
}

/// Does what `cargo generate` does with the placeholders of this template.
fn instantiate(root: &Path, project: &Path) -> Outcome<()> {
    if project.exists() {
        fs::remove_dir_all(project)?;
    }
    let place = root.join("crates/perpetua");
    let perpetua = |features| format!("{{ path = {place:?}, features = [{features}] }}");
    for file in files_below(&root.join("template"))? {
        let name = file.strip_prefix(root.join("template"))?;
        if name == Path::new("cargo-generate.toml") || name == Path::new("README.md") {
            continue;
        }
        let text = fs::read_to_string(&file)?
            .replace("{{project-name}}", "template-project")
            .replace("{{crate_name}}", "template_project")
            .replace(
                r#"{{perpetua | replace: " }", ", features = ['tracing-subscriber'] }"}}"#,
                &perpetua("'tracing-subscriber'"),
            )
            .replace(
                r#"{{perpetua | replace: " }", ", features = ['guard', 'testing'] }"}}"#,
                &perpetua("'guard', 'testing'"),
            );
        assert!(!text.contains("{{"), "{}: a placeholder is left", name.display());
        let to = project.join(name);
        fs::create_dir_all(to.parent().ok_or("a file is in a folder")?)?;
        fs::write(to, text)?;
    }
    // A project of its own, with the versions that this workspace was tested with.
    let manifest = project.join("Cargo.toml");
    fs::write(&manifest, fs::read_to_string(&manifest)? + "\n[workspace]\n")?;
    fs::copy(root.join("Cargo.lock"), project.join("Cargo.lock"))?;
    Ok(())
}

fn files_below(folder: &Path) -> Outcome<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            files.extend(files_below(&path)?);
        } else {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Where this test was built, so that what it needs is not built again.
fn target_folder(root: &Path) -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from)
}

/// Cargo with the profile of this workspace.
fn cargo(project: &Path, target: &Path) -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .current_dir(project)
        .env("CARGO_TARGET_DIR", target)
        .args(["--config", "profile.dev.debug=\"line-tables-only\""])
        .args(["--config", "profile.dev.package.\"*\".debug=false"]);
    cargo
}

/// The worker's process; killed if a test fails.
struct Worker(Child);

impl Worker {
    fn start(path: &Path, address: &str) -> Outcome<Self> {
        Ok(Self(Command::new(path).env("TEMPORAL_ADDRESS", address).stdout(Stdio::piped()).spawn()?))
    }

    fn wait_until_ready(&mut self) -> Outcome<()> {
        let output = self.0.stdout.take().ok_or("the output is piped")?;
        let mut line = String::new();
        BufReader::new(output).read_line(&mut line)?;
        assert_eq!(line, "worker ready\n");
        Ok(())
    }

    /// Asks it to stop, as a person at the terminal would; whether it ended well.
    fn interrupt(&mut self) -> Outcome<bool> {
        let sent = Command::new("kill").args(["-INT", &self.0.id().to_string()]).status()?;
        Ok(sent.success() && self.0.wait()?.success())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // It has ended already, unless the test failed.
        let _ = self.0.kill();
    }
}
