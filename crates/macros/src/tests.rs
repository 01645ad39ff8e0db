//! What the macros expand to: snapshots, and what holds for all of them.
//!
//! The files are in `tests/expand`; `UPDATE_EXPECT=1 cargo test -p perpetua-macros` writes them again. Mistakes are tested
//! where users see them, in `crates/perpetua/tests/ui`.

use std::collections::BTreeSet;

use expect_test::{ExpectFile, expect_file};
use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::quote;

use crate::diagnostics::Diagnostics;
use crate::{activities, activity, error, workflow};

/// Compares an expansion with its file.
fn check((tokens, diagnostics): (TokenStream, Diagnostics), expected: ExpectFile) {
    assert_eq!(diagnostics.messages(), [""; 0]);
    let first_words = first_words_of_paths(&tokens);
    let known = ["core", "perpetua", "std"].map(str::to_owned).into();
    assert!(first_words.is_subset(&known), "generated code names {first_words:?}");
    let file = syn::parse2(tokens).expect("the expansion is Rust");
    expected.assert_eq(&prettyplease::unparse(&file));
}

/// The words behind every `::` that begins a path.
fn first_words_of_paths(tokens: &TokenStream) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let tokens: Vec<TokenTree> = tokens.clone().into_iter().collect();
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            found.append(&mut first_words_of_paths(&group.stream()));
        }
        let begins = |token: &TokenTree| match token {
            TokenTree::Ident(ident) => ["for", "as", "mut", "impl", "dyn"].iter().any(|keyword| ident == keyword),
            TokenTree::Punct(punct) => punct.as_char() != '>' && punct.as_char() != ':',
            TokenTree::Group(group) => group.delimiter() != Delimiter::None,
            TokenTree::Literal(_) => true,
        };
        let is_colon = |token: &TokenTree| matches!(token, TokenTree::Punct(punct) if punct.as_char() == ':');
        if let [first, second, TokenTree::Ident(word), ..] = &tokens[index..]
            && is_colon(first)
            && is_colon(second)
            && index.checked_sub(1).is_none_or(|before| begins(&tokens[before]))
        {
            found.insert(word.to_string());
        }
    }
    found
}

#[test]
fn activity_function() {
    let item = quote! {
        /// Greets.
        #[deprecated]
        #[instrument]
        pub(crate) async fn greet(ctx: ActivityContext, name: String, mut times: u8) -> Result<String, GreetError> {
            times += 1;
            ctx.heartbeat(times);
            Ok(name)
        }
    };
    check(activity::expand(quote!(name = "hello"), item), expect_file!["../tests/expand/activity_function.rs"]);
}

#[test]
fn blocking_activity_function() {
    let item = quote! {
        fn hash((a, b): (u8, u8)) -> Result<u8, AnyError> {
            Ok(a ^ b)
        }
    };
    check(activity::expand(quote!(blocking), item), expect_file!["../tests/expand/blocking_activity_function.rs"]);
}

#[test]
fn activities_of_a_type() {
    let item = quote! {
        /// What a bank does.
        impl Bank {
            const LIMIT: u64 = 100;

            /// Takes money out.
            #[activity]
            pub async fn withdraw(&self, ctx: ActivityContext, account: String, cents: u64) -> Result<Receipt, BankError> {
                self.check(cents)
            }

            #[cfg(unix)]
            #[activity(blocking, name = "hash_statement")]
            fn hash(&self, other: Self) -> Result<Digest, BankError> {
                todo(other)
            }

            fn check(&self, cents: u64) -> Result<Receipt, BankError> {
                todo(cents)
            }
        }
    };
    check(activities::expand(quote!(), item), expect_file!["../tests/expand/activities_of_a_type.rs"]);
}

#[test]
fn activities_interface() {
    let item = quote! {
        /// Payments, elsewhere.
        pub trait Payments {
            /// Charges.
            #[activity(name = "charge_card")]
            async fn charge(card: Card) -> Result<Receipt, PayError>;
        }
    };
    check(activities::expand(quote!(), item), expect_file!["../tests/expand/activities_interface.rs"]);
}

#[test]
fn workflow_function() {
    let item = quote! {
        async fn greeting(ctx: Ctx, name: String) -> WorkflowResult<String> {
            Ok(name)
        }
    };
    check(workflow::expand(quote!(), item), expect_file!["../tests/expand/workflow_function.rs"]);
}

#[test]
fn workflow_of_a_type() {
    let item = quote! {
        impl Approval {
            #[init]
            fn new(ctx: &Ctx, order: &Order) -> Self {
                Self { order }
            }

            #[run]
            async fn run(&self, ctx: Ctx, order: Order) -> WorkflowResult<Receipt, OrderError> {
                self.wait(ctx).await
            }

            /// Approves.
            #[signal]
            pub fn approve(&self, by: String) {
                self.approved_by.set(Some(by));
            }

            #[cfg(unix)]
            #[signal(name = "add-item")]
            async fn add(&self, ctx: Ctx, item: Item, count: u8) -> WorkflowResult<()> {
                Ok(())
            }

            #[query]
            fn approver(&self) -> Option<String> {
                self.approved_by.get()
            }

            #[query(fallible)]
            fn total(&self) -> Result<u64, OrderError> {
                Ok(1)
            }

            #[update(validator = check_note)]
            async fn note(&self, ctx: Ctx, text: String) -> Result<usize, NoteError> {
                Ok(text.len())
            }

            fn check_note(&self, text: &str) -> Result<(), NoteError> {
                Ok(())
            }
        }
    };
    check(workflow::expand(quote!(), item), expect_file!["../tests/expand/workflow_of_a_type.rs"]);
}

#[test]
fn dynamic_handlers() {
    let item = quote! {
        impl Desk {
            #[run]
            async fn run(&self, ctx: Ctx) -> WorkflowResult<()> {
                Ok(())
            }

            /// Takes whatever comes,
            /// and keeps it.
            ///
            /// Nobody reads it.
            #[signal(dynamic, unfinished_policy = Abandon)]
            async fn other(&self, ctx: Ctx, name: String, arguments: RawArguments) {}

            #[query(dynamic, fallible)]
            fn look(&self, name: String, arguments: RawArguments) -> Result<RawValue, AnyError> {
                Ok(arguments.answer(&name)?)
            }

            #[update(dynamic, validator = check)]
            fn put(&self, name: String, arguments: RawArguments) -> Result<usize, AnyError> {
                Ok(arguments.len())
            }

            fn check(&self, name: &str, arguments: &RawArguments) -> Result<(), AnyError> {
                Ok(())
            }
        }
    };
    check(workflow::expand(quote!(), item), expect_file!["../tests/expand/dynamic_handlers.rs"]);
}

#[test]
fn dynamic_workflow() {
    let item = quote! {
        async fn fallback(ctx: Ctx, arguments: RawArguments) -> WorkflowResult<RawValue> {
            Ok(arguments.answer(&1)?)
        }
    };
    check(workflow::expand(quote!(dynamic), item), expect_file!["../tests/expand/dynamic_workflow.rs"]);
}

#[test]
fn dynamic_activity() {
    let item = quote! {
        async fn fallback(ctx: ActivityContext, arguments: RawArguments) -> Result<RawValue, ActivityError> {
            Ok(arguments.answer(&1)?)
        }
    };
    check(activity::expand(quote!(dynamic), item), expect_file!["../tests/expand/dynamic_activity.rs"]);
}

#[test]
fn another_path_to_the_crate() {
    let item = quote! {
        async fn nothing(ctx: Ctx) -> WorkflowResult<()> {
            ::perpetua::seconds(1);
            Ok(())
        }
    };
    let (tokens, diagnostics) = workflow::expand(quote!(crate = crate::reexported::durable), item);
    assert_eq!(diagnostics.messages(), [""; 0]);
    let text = tokens.to_string();
    assert!(!text.contains(":: perpetua :: __macro"), "{text}");
    assert!(text.contains("crate :: reexported :: durable :: __macro :: WorkflowCall"), "{text}");
    assert!(text.contains(":: perpetua :: seconds"), "the user's own code stays as it is: {text}");
}

#[test]
fn another_path_to_the_crate_of_errors() {
    let whole = quote! {
        #[application(crate = durable)]
        enum BankError {
            #[application(non_retryable)]
            Poor,
        }
    };
    let only = quote! {
        #[application(type = "Poor", crate = durable)]
        struct Poor;
    };
    for item in [whole, only] {
        let (tokens, diagnostics) = error::expand(item);
        assert_eq!(diagnostics.messages(), [""; 0]);
        let text = tokens.to_string();
        assert!(text.contains("durable :: __macro") && !text.contains(":: perpetua ::"), "{text}");
    }
    let (_, diagnostics) = error::expand(quote! {
        #[application(crate = durable, benign)]
        enum BankError {
            #[application(crate = durable)]
            Poor,
        }
    });
    assert_eq!(diagnostics.messages().len(), 2, "{:#?}", diagnostics.messages());
}

#[test]
fn workflow_interface() {
    let item = quote! {
        trait Order {
            #[run]
            async fn run(order: OrderInput) -> Result<Receipt, OrderError>;

            #[signal]
            fn cancel(reason: String);
        }
    };
    check(
        workflow::expand(quote!(name = "OrderWorkflow"), item),
        expect_file!["../tests/expand/workflow_interface.rs"],
    );
}

#[test]
fn application_error() {
    let item = quote! {
        enum BankError {
            #[application(non_retryable)]
            InsufficientFunds { available: u64, needed: u64 },
            #[application(type = "Closed", benign)]
            AccountClosed(String, #[source] Remote),
            #[application(next_retry_delay = "500ms")]
            Unavailable,
        }
    };
    check(error::expand(item), expect_file!["../tests/expand/application_error.rs"]);
}

#[test]
fn the_users_functions_are_kept_when_something_is_wrong() {
    let kept = |(tokens, diagnostics): (TokenStream, Diagnostics)| {
        assert_ne!(diagnostics.messages(), [""; 0]);
        let text = tokens.to_string();
        assert!(text.contains("kept"), "{text}");
        assert!(!text.contains("# [signal]") && !text.contains("# [run]"), "{text}");
    };
    kept(activity::expand(
        quote!(nmae = "x"),
        quote!(
            fn f<T>(t: &T) {
                kept()
            }
        ),
    ));
    kept(activity::expand(
        quote!(),
        quote!(
            fn f(&self) {
                kept()
            }
        ),
    ));
    kept(activity::expand(
        quote!(),
        quote!(
            struct kept;
        ),
    ));
    kept(activities::expand(
        quote!(),
        quote!(
            impl<T> Bank<T> {
                #[activity]
                fn f() {
                    kept()
                }
            }
        ),
    ));
    kept(activities::expand(quote!(), quote!(impl Bank { #[signal] fn f() { kept() } })));
    kept(workflow::expand(
        quote!(),
        quote!(
            fn f() {
                kept()
            }
        ),
    ));
    kept(workflow::expand(quote!(), quote!(impl dyn X { #[run] fn f() { kept() } })));
    kept(workflow::expand(quote!(), quote!(impl X { #[run] #[signal] fn f() { kept() } })));
    kept(workflow::expand(quote!(), quote!(impl X for Y { #[signal] fn f() { kept() } })));
}

#[test]
fn nothing_makes_the_macros_panic() {
    let items = [
        quote!(),
        quote!(impl),
        quote!(impl {}),
        quote!(trait {}),
        quote!(fn),
        quote!(fn f()),
        quote!(
            fn f();
        ),
        quote!(
            impl X {
                fn
            }
        ),
        quote!(1 + 1),
        quote!(struct X),
        quote!(
            macro_rules! x {
                () => {};
            }
        ),
        quote!(
            extern "C" {
                fn f();
            }
        ),
        quote!(
            impl X {
                #[run]
                fn f(self: Box<Self>, ...) {}
            }
        ),
    ];
    for item in items {
        for options in [quote!(), quote!(,), quote!(= = =), quote!(name =), quote!((a))] {
            activity::expand(options.clone(), item.clone());
            activities::expand(options.clone(), item.clone());
            workflow::expand(options, item.clone());
        }
        error::expand(item);
    }
}
