//! The `.proto` files say what the published descriptor sets say.

use std::{fs, path::PathBuf};

use prost::Message;
use prost_types::FileDescriptorSet;
use xtask_codegen::{Tree, generate, identity, render, workspace_root};

/// The published descriptor sets, where a checkout of them lies next to this repository.
fn published() -> Option<Vec<Vec<u8>>> {
    let folder: PathBuf = workspace_root().join("../shared/temporal-api");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there", folder.display());
        return None;
    }
    Some(render::DESCRIPTOR_SETS.map(|name| fs::read(folder.join(name)).expect("both sets are there")).to_vec())
}

#[test]
fn the_proto_files_mean_what_the_descriptors_mean() {
    let Some(encoded) = published() else { return };
    let sets: Vec<FileDescriptorSet> =
        encoded.iter().map(|set| FileDescriptorSet::decode(set.as_slice()).expect("a descriptor set")).collect();
    let compiled = generate::compile(&workspace_root().join("proto")).expect("proto/ compiles");

    let expected = identity::facts(&sets);
    assert!(expected.len() > 5000, "only {} facts were compared", expected.len());
    let lines = identity::differences(&expected, &identity::facts([&compiled]));
    assert!(lines.is_empty(), "{} differences:\n{}", lines.len(), lines.join("\n"));
}

#[test]
fn the_proto_files_are_freshly_rendered() {
    let Some(encoded) = published() else { return };
    assert_same(&render::render(&encoded).expect("the descriptors render"));
}

#[test]
fn rendering_what_was_rendered_changes_nothing() {
    let compiled = generate::compile_encoded(&workspace_root().join("proto")).expect("proto/ compiles");
    assert_same(&render::render(&[compiled]).expect("what was rendered renders"));
}

fn assert_same(rendered: &Tree) {
    let committed = Tree::read_from(&workspace_root().join("proto"), "proto").expect("proto/ is committed");
    let names = |tree: &Tree| tree.0.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&committed), names(rendered), "run `cargo xtask render-proto`");
    for (name, content) in &rendered.0 {
        assert!(committed.0[name] == *content, "proto/{} is stale; run `cargo xtask render-proto`", name.display());
    }
}
