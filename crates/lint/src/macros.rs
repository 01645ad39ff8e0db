//! Macros that are called: which they are, and the code between their parentheses as far as it can be read.

use proc_macro2::{TokenStream, TokenTree};
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::visit::Visit;
use syn::{Block, Expr, Macro, Pat, Token};

use crate::forbidden::{FUNCTIONS, MACROS, look_up, usual_name};
use crate::index::plain;
use crate::rule::Rule;
use crate::walk::Walk;

/// Macros that need no import.
const PRELUDE: [&str; 5] = ["print", "println", "eprint", "eprintln", "dbg"];

impl Walk<'_> {
    pub(crate) fn called_macro(&mut self, called: &Macro) {
        let names: Vec<String> = called.path.segments.iter().map(|segment| plain(&segment.ident)).collect();
        let mut meanings: Vec<String> =
            self.index.resolve(self.function.module, &names).iter().map(|path| usual_name(path)).collect();
        if let Some(first) = meanings.first_mut()
            && PRELUDE.contains(&first.as_str())
        {
            *first = format!("std::{first}");
        }
        let found = meanings.iter().find_map(|path| look_up(MACROS, path).map(|group| (path, group)));
        if let Some((path, group)) = found
            && !(group.rule == Rule::PollOrder && is_biased(&called.tokens))
        {
            self.forbidden(group, &format!("{path}!"), called.path.span());
        }
        let name = names.last().map(String::as_str).unwrap_or_default();
        let waits = ["join", "try_join", "select", "select_biased"].contains(&name);
        if waits {
            self.walked.awaits = true;
        }
        self.tokens(name, &called.tokens, waits);
    }

    fn tokens(&mut self, name: &str, tokens: &TokenStream, waits: bool) {
        if name.starts_with("select")
            && let Ok(Branches(branches)) = syn::parse2::<Branches>(tokens.clone())
        {
            for branch in &branches {
                self.branch(branch);
            }
            return;
        }
        let expressions = Punctuated::<Expr, Token![,]>::parse_terminated.parse2(tokens.clone());
        if let Ok(expressions) = expressions {
            for expression in &expressions {
                match waits {
                    true => self.visit_awaited(expression),
                    false => self.visit_expr(expression),
                }
            }
        } else if let Ok(statements) = Block::parse_within.parse2(tokens.clone()) {
            self.scoped(|walk| statements.iter().for_each(|statement| walk.visit_stmt(statement)));
        } else if let Ok(Leading(expression, rest)) = syn::parse2::<Leading>(tokens.clone()) {
            self.visit_expr(&expression);
            self.scan(rest);
        } else {
            self.scan(tokens.clone());
        }
    }

    fn branch(&mut self, branch: &Branch) {
        if let Some((pattern, future)) = &branch.when {
            self.visit_awaited(future);
            self.scoped(|walk| {
                walk.visit_pat(pattern);
                if let Some(condition) = &branch.condition {
                    walk.visit_expr(condition);
                }
                walk.visit_expr(&branch.then);
            });
        } else {
            self.visit_expr(&branch.then);
        }
    }

    /// Looks for names in what cannot be read as code.
    fn scan(&mut self, tokens: TokenStream) {
        let mut path: Vec<proc_macro2::Ident> = Vec::new();
        let mut colons = 0;
        for token in tokens {
            match token {
                TokenTree::Ident(name) if path.is_empty() || colons == 2 => {
                    path.push(name);
                    colons = 0;
                    continue;
                }
                TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => {
                    colons += 1;
                    continue;
                }
                TokenTree::Group(group) => {
                    self.scanned(&path);
                    self.scan(group.stream());
                    path.clear();
                }
                TokenTree::Ident(name) => path = vec![name],
                _ => path.clear(),
            }
            colons = 0;
        }
    }

    /// A path that stands before parentheses.
    fn scanned(&mut self, path: &[proc_macro2::Ident]) {
        let (Some(last), names) = (path.last(), path.iter().map(plain).collect::<Vec<_>>()) else { return };
        for meaning in self.index.resolve(self.function.module, &names) {
            let meaning = usual_name(&meaning);
            if let Some(group) = look_up(FUNCTIONS, &meaning) {
                return self.forbidden(group, &meaning, last.span());
            }
        }
    }
}

fn is_biased(tokens: &TokenStream) -> bool {
    matches!(tokens.clone().into_iter().next(), Some(TokenTree::Ident(first)) if first == "biased")
}

/// The first expression of a macro whose other arguments are something else: `matches!(..)`, `vec![..; 3]`.
struct Leading(Expr, TokenStream);

impl Parse for Leading {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let first = input.parse()?;
        if !input.peek(Token![;]) {
            input.parse::<Token![,]>()?;
        }
        Ok(Self(first, input.parse()?))
    }
}

/// The branches of a `select!`, ours or another's.
struct Branches(Vec<Branch>);

struct Branch {
    /// `pattern = future`; nothing for `else`, `default` and `complete`.
    when: Option<(Pat, Expr)>,
    condition: Option<Expr>,
    then: Expr,
}

impl Parse for Branches {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        let mut branches = Vec::new();
        if is_biased(&input.fork().parse::<TokenStream>()?) {
            input.parse::<syn::Ident>()?;
            input.parse::<Token![;]>()?;
        }
        while !input.is_empty() {
            let mut branch = Branch { when: None, condition: None, then: Expr::PLACEHOLDER };
            let stands_alone = input.peek(Token![else]) || (input.peek(syn::Ident) && input.peek2(Token![=>]));
            if stands_alone {
                input.parse::<TokenTree>()?;
            } else {
                let pattern = Pat::parse_multi_with_leading_vert(input)?;
                input.parse::<Token![=]>()?;
                branch.when = Some((pattern, input.parse()?));
                if input.parse::<Option<Token![,]>>()?.is_some() {
                    input.parse::<Token![if]>()?;
                    branch.condition = Some(input.parse()?);
                }
            }
            input.parse::<Token![=>]>()?;
            branch.then =
                if input.peek(syn::token::Brace) && !input.fork().parse::<BraceFirst>().is_ok_and(|first| first.0) {
                    Expr::Block(syn::ExprBlock { attrs: Vec::new(), label: None, block: input.parse()? })
                } else {
                    input.parse()?
                };
            input.parse::<Option<Token![,]>>()?;
            branches.push(branch);
        }
        Ok(Self(branches))
    }
}

/// Whether a block goes on as a larger expression, such as `{ .. }.await`.
struct BraceFirst(bool);

impl Parse for BraceFirst {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.parse::<Block>()?;
        let goes_on = input.peek(Token![.]) || input.peek(Token![?]);
        input.parse::<TokenStream>()?;
        Ok(Self(goes_on))
    }
}
