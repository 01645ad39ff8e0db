//! `xtask-codegen render [descriptor-folder]` and `xtask-codegen generate`; run them through `cargo xtask`.

use std::{env, fs, path::PathBuf, process::ExitCode};

use xtask_codegen::{Outcome, Tree, generate, render, workspace_root};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match words.as_slice() {
        ["render"] => render(workspace_root().join("../shared/temporal-api")),
        ["render", folder] => render(PathBuf::from(folder)),
        ["generate"] => generate(),
        _ => Err("usage: xtask-codegen render [descriptor-folder] | generate".into()),
    };
    match outcome {
        Ok(report) => {
            println!("{report}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn render(descriptors: PathBuf) -> Outcome<String> {
    let mut sets = Vec::new();
    for name in render::DESCRIPTOR_SETS {
        let path = descriptors.join(name);
        sets.push(fs::read(&path).map_err(|error| format!("{}: {error}", path.display()))?);
    }
    let tree: Tree = render::render(&sets)?;
    tree.write_to(&workspace_root().join("proto"), "proto")?;
    Ok(format!("proto/: {} files", tree.0.len()))
}

fn generate() -> Outcome<String> {
    let root = workspace_root();
    let tree = generate::generate(&root.join("proto"))?;
    tree.write_to(&root.join(generate::OUTPUT), "rs")?;
    Ok(format!("{}: {} files", generate::OUTPUT, tree.0.len()))
}
