//! `perpetua lint` on a small workspace: what it writes, and how it ends.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

type Outcome = Result<(), Box<dyn Error>>;

const CLEAN: &str = "\
use perpetua::prelude::*;

#[workflow]
async fn naps(ctx: Ctx) -> WorkflowResult<()> {
    Ok(ctx.sleep(seconds(1)).await?)
}
";

const WRONG: &str = "\
use perpetua::prelude::*;
use std::time::Instant;

#[workflow]
async fn measures(ctx: Ctx) -> WorkflowResult<()> {
    let begun = Instant::now();
    helpers::wait();
    Ok(())
}
";

/// A workspace of two packages; the second one's library calls the first one's.
fn workspace(folder: &Path, flows: &str) -> Outcome {
    fs::write(folder.join("Cargo.toml"), "[workspace]\nresolver = '3'\nmembers = ['helpers', 'flows']\n")?;
    for (name, text) in [("helpers", "pub fn wait() {\n    std::thread::park();\n}\n"), ("flows", flows)] {
        fs::create_dir_all(folder.join(name).join("src"))?;
        fs::write(folder.join(name).join("Cargo.toml"), format!("[package]\nname = '{name}'\nedition = '2024'\n"))?;
        fs::write(folder.join(name).join("src/lib.rs"), text)?;
    }
    Ok(())
}

fn perpetua(folder: &Path, arguments: &[&str]) -> Result<Output, std::io::Error> {
    Command::new(env!("CARGO_BIN_EXE_perpetua")).arg("lint").args(arguments).current_dir(folder).output()
}

#[test]
fn a_clean_workspace_succeeds_and_a_wrong_one_fails() -> Outcome {
    let folder = tempfile::tempdir()?;
    workspace(folder.path(), CLEAN)?;
    let looked = perpetua(folder.path(), &[])?;
    assert!(looked.status.success(), "{looked:?}");
    assert_eq!(String::from_utf8(looked.stdout)?, "1 workflow: nothing found\n");

    workspace(folder.path(), WRONG)?;
    let looked = perpetua(folder.path(), &[])?;
    assert_eq!(looked.status.code(), Some(1), "{looked:?}");
    let text = String::from_utf8(looked.stdout)?;
    assert!(text.contains("error[P001]") && text.contains("flows/src/lib.rs:6:17"), "{text}");
    // The call is followed into the other package.
    assert!(text.contains("error[P007]") && text.contains("helpers/src/lib.rs:2:5"), "{text}");
    assert!(text.ends_with("1 workflow: 2 errors, 0 warnings\n"), "{text}");
    Ok(())
}

#[test]
fn one_package_can_be_asked_for_and_the_answer_be_json() -> Outcome {
    let folder = tempfile::tempdir()?;
    workspace(folder.path(), WRONG)?;
    let manifest = folder.path().join("Cargo.toml");
    let manifest = manifest.to_str().ok_or("the path is unicode")?;
    let looked = perpetua(Path::new("."), &["--manifest-path", manifest, "--package", "flows", "--json"])?;
    assert_eq!(looked.status.code(), Some(1), "{looked:?}");
    let report: serde_json::Value = serde_json::from_slice(&looked.stdout)?;
    assert_eq!((&report["workflows"], &report["errors"]), (&1.into(), &1.into()), "{report}");
    let finding = &report["findings"][0];
    assert_eq!(finding["rule"], "P001");
    assert_eq!((&finding["line"], &finding["column"]), (&6.into(), &17.into()));
    Ok(())
}

#[test]
fn what_cannot_be_looked_at_is_said() -> Outcome {
    let folder = tempfile::tempdir()?;
    workspace(folder.path(), "fn half() {\n    let x = ;\n}\n")?;
    let looked = perpetua(folder.path(), &[])?;
    assert_eq!(looked.status.code(), Some(1), "{looked:?}");
    let text = String::from_utf8(looked.stdout)?;
    assert!(text.contains("error: flows/src/lib.rs:2:13: expected an expression"), "{text}");

    let looked = perpetua(folder.path(), &["--package", "flosw"])?;
    assert_eq!(looked.status.code(), Some(1), "{looked:?}");
    let text = String::from_utf8(looked.stderr)?;
    assert!(
        text.contains("no package `flosw`; it has helpers, flows") || text.contains("it has flows, helpers"),
        "{text}"
    );

    let empty = tempfile::tempdir()?;
    let looked = perpetua(empty.path(), &[])?;
    assert_eq!(looked.status.code(), Some(1), "{looked:?}");
    assert!(String::from_utf8(looked.stderr)?.contains("could not find `Cargo.toml`"));
    Ok(())
}

#[test]
fn rules_are_explained_and_the_clippy_toml_is_written() -> Outcome {
    let explained = perpetua(Path::new("."), &["--explain", "p010"])?;
    assert!(explained.status.success(), "{explained:?}");
    let text = String::from_utf8(explained.stdout)?;
    assert!(text.starts_with("P010 hash-order (error)\n") && text.contains("`BTreeMap`"), "{text}");
    let unknown = perpetua(Path::new("."), &["--explain", "P999"])?;
    assert_eq!(unknown.status.code(), Some(1), "{unknown:?}");
    assert!(String::from_utf8(unknown.stderr)?.contains("there is no rule \"P999\"; there are P001 to P018"));

    let written = perpetua(Path::new("."), &["--clippy-toml"])?;
    let template =
        Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).ok_or("a root")?.join("template/clippy.toml");
    assert_eq!(String::from_utf8(written.stdout)?, fs::read_to_string(template)?);
    Ok(())
}
