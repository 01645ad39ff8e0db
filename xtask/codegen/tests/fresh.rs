//! The committed Rust is exactly what the generator makes from `proto/`.

use xtask_codegen::{Tree, generate, workspace_root};

#[test]
fn the_generated_code_is_fresh() {
    let root = workspace_root();
    let expected = generate::generate(&root.join("proto")).expect("proto/ compiles");
    let committed = Tree::read_from(&root.join(generate::OUTPUT), "rs").expect("generated code is committed");

    let names = |tree: &Tree| tree.0.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&committed), names(&expected), "run `cargo xtask codegen`");
    for (name, content) in &expected.0 {
        assert!(committed.0[name] == *content, "{} is stale; run `cargo xtask codegen`", name.display());
    }
}
