//! Loops that never end.

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Block, Expr};

use crate::rule::Rule;
use crate::walk::Walk;

impl Walk<'_> {
    /// `loop { .. }`.
    pub(crate) fn endless(&mut self, keyword: Span, body: &Block) {
        let before = self.walked.calls.len();
        self.visit_block(body);
        // What runs beside the main function ends with it.
        if self.nested > 0 || self.looking {
            return;
        }
        let mut ways = Ways::default();
        ways.visit_block(body);
        if ways.waits && !ways.leaves {
            let found = self.walked.suspicions.len();
            self.suspect(
                Rule::EndlessLoop,
                keyword,
                "this loop has no way out, so the history grows without a limit",
                "continue as new now and then",
            );
            let calls = self.walked.calls[before..].to_vec();
            if let Some(suspicion) = self.walked.suspicions.get_mut(found) {
                suspicion.unless_continues = calls;
            }
        }
    }
}

/// The ways out of a loop.
#[derive(Default)]
struct Ways {
    waits: bool,
    leaves: bool,
    /// In how many loops inside this is.
    inner: usize,
}

impl Ways {
    fn scan(&mut self, tokens: TokenStream) {
        for token in tokens {
            match token {
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(word) => {
                    self.waits |= word == "await";
                    self.leaves |= word == "break" || word == "return" || word == "continue_as_new" || word == "bail";
                }
                _ => {}
            }
        }
    }

    fn inside(&mut self, run: impl FnOnce(&mut Self)) {
        self.inner += 1;
        run(self);
        self.inner -= 1;
    }
}

impl<'ast> Visit<'ast> for Ways {
    fn visit_expr(&mut self, expression: &'ast Expr) {
        match expression {
            Expr::Await(_) => self.waits = true,
            Expr::Break(leave) => self.leaves |= self.inner == 0 || leave.label.is_some(),
            Expr::Return(_) => self.leaves = true,
            Expr::MethodCall(call) => self.leaves |= call.method == "continue_as_new",
            Expr::Loop(_) | Expr::While(_) | Expr::ForLoop(_) => {
                return self.inside(|ways| visit::visit_expr(ways, expression));
            }
            // A `return` in there returns from there.
            Expr::Closure(_) | Expr::Async(_) => return,
            _ => {}
        }
        visit::visit_expr(self, expression);
    }

    fn visit_macro(&mut self, called: &'ast syn::Macro) {
        let name = called.path.segments.last().map(|last| last.ident.to_string()).unwrap_or_default();
        self.waits |= ["select", "join", "try_join"].contains(&name.as_str());
        self.leaves |= name == "bail";
        self.scan(called.tokens.clone());
    }

    fn visit_item(&mut self, _: &'ast syn::Item) {}
}
