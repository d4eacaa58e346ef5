//! Rules that look into Rust sources, on the syntax tree; code under `#[cfg(test)]` is not looked at.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{TokenStream, TokenTree};
use syn::spanned::Spanned as _;
use syn::visit::{self, Visit};
use syn::{Attribute, Item, UseTree};

fn parse(text: &str) -> syn::File {
    syn::parse_file(text).unwrap_or_else(|error| panic!("{error} in:\n{text}"))
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        let condition = attribute.path().is_ident("cfg").then(|| attribute.parse_args::<syn::Path>().ok());
        condition.flatten().is_some_and(|path| path.is_ident("test"))
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Fn(item) => &item.attrs,
        Item::Impl(item) => &item.attrs,
        Item::Mod(item) => &item.attrs,
        Item::Use(item) => &item.attrs,
        Item::Const(item) => &item.attrs,
        _ => &[],
    }
}

/// The names of the modules declared at the root.
pub(crate) fn root_modules(library: &str) -> BTreeSet<String> {
    let modules = parse(library).items.into_iter().filter_map(|item| match item {
        Item::Mod(item) => Some(item.ident.to_string()),
        _ => None,
    });
    modules.collect()
}

/// The names of the modules that are declared for tests only and stand in files of their own.
pub(crate) fn test_modules(text: &str) -> Vec<String> {
    let modules = parse(text).items.into_iter().filter_map(|item| match item {
        Item::Mod(item) if item.content.is_none() && is_test(&item.attrs) => Some(item.ident.to_string()),
        _ => None,
    });
    modules.collect()
}

/// Names that the root re-exports, each with the module it comes from.
pub(crate) fn re_exports(library: &str) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for item in parse(library).items {
        if let Item::Use(item) = item {
            let mut paths = Vec::new();
            flatten(&item.tree, &[], &mut paths);
            for (path, name) in paths {
                found.extend(path.first().map(|module| (name, module.clone())));
            }
        }
    }
    found
}

/// Every path of a use tree with the name under which it is known.
fn flatten(tree: &UseTree, before: &[String], found: &mut Vec<(Vec<String>, String)>) {
    let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
    match tree {
        UseTree::Path(path) => flatten(&path.tree, &with(&path.ident), found),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, found)),
        UseTree::Name(name) => found.push((with(&name.ident), name.ident.to_string())),
        UseTree::Rename(rename) => found.push((with(&rename.ident), rename.rename.to_string())),
        UseTree::Glob(_) => found.push(([before, &["*".to_owned()]].concat(), "*".to_owned())),
    }
}

/// A path that starts with `crate` or `super`, and how many inline modules it stands in.
pub(crate) struct Import {
    path: Vec<String>,
    depth: usize,
}

/// All such paths of a source, in `use` items and elsewhere.
pub(crate) fn imports(text: &str) -> Vec<Import> {
    #[derive(Default)]
    struct Finder {
        found: Vec<Import>,
        depth: usize,
    }
    impl Finder {
        fn add(&mut self, path: Vec<String>) {
            if path.first().is_some_and(|first| first == "crate" || first == "super") {
                self.found.push(Import { path, depth: self.depth });
            }
        }
    }
    impl<'ast> Visit<'ast> for Finder {
        fn visit_item(&mut self, item: &'ast Item) {
            if !is_test(attributes(item)) {
                visit::visit_item(self, item);
            }
        }
        fn visit_item_mod(&mut self, item: &'ast syn::ItemMod) {
            self.depth += 1;
            visit::visit_item_mod(self, item);
            self.depth -= 1;
        }
        fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
            let mut paths = Vec::new();
            flatten(&item.tree, &[], &mut paths);
            for (path, _) in paths {
                self.add(path);
            }
        }
        fn visit_path(&mut self, path: &'ast syn::Path) {
            self.add(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
            visit::visit_path(self, path);
        }
    }
    let mut finder = Finder::default();
    finder.visit_file(&parse(text));
    finder.found
}

/// Imports of a module that its layer does not allow. `file` is the path of the source without its extension.
pub(crate) fn layer_violations(
    file: &[String],
    imports: &[Import],
    exports: &BTreeMap<String, String>,
    layers: &[(&str, &[&str])],
) -> Vec<String> {
    let module: Vec<_> = file.iter().filter(|part| *part != "mod").collect();
    let Some(own) = module.first() else { return Vec::new() };
    let allowed = layers.iter().find(|(name, _)| name == own).map_or(&[][..], |(_, allowed)| allowed);
    let target = |import: &Import| {
        let up = import.path.iter().take_while(|part| *part == "super").count();
        // A path that stays inside the root module names no other.
        if import.path.first().is_some_and(|first| first == "super") && up < module.len() + import.depth {
            return None;
        }
        let first = import.path.get(up.max(1))?;
        Some(exports.get(first).unwrap_or(first).clone())
    };
    let violation = |to: String| format!("{}: {own} may not import {to}", file.join("/"));
    let outside = imports.iter().filter_map(target).filter(|to| to != *own && !allowed.contains(&to.as_str()));
    outside.map(violation).collect()
}

/// Lines with `unsafe`, `unwrap`, `expect` or a macro that panics, each as "line: what".
pub(crate) fn calls_that_panic(text: &str) -> Vec<String> {
    const MACROS: &[&str] = &["panic", "todo", "unimplemented", "unreachable", "assert", "assert_eq", "assert_ne"];
    #[derive(Default)]
    struct Finder(Vec<String>);
    impl Finder {
        fn add(&mut self, span: proc_macro2::Span, what: &str) {
            self.0.push(format!("{}: {what}", span.start().line));
        }
        /// The arguments of a macro are tokens: a call is a dot and a name.
        fn tokens(&mut self, tokens: TokenStream) {
            let mut after_dot = false;
            for token in tokens {
                match &token {
                    TokenTree::Ident(name) if after_dot && (name == "unwrap" || name == "expect") => {
                        self.add(name.span(), &name.to_string());
                    }
                    TokenTree::Group(group) => self.tokens(group.stream()),
                    _ => {}
                }
                after_dot = matches!(&token, TokenTree::Punct(point) if point.as_char() == '.');
            }
        }
    }
    impl<'ast> Visit<'ast> for Finder {
        fn visit_item(&mut self, item: &'ast Item) {
            // A constant is evaluated by the compiler.
            if !is_test(attributes(item)) && !matches!(item, Item::Const(_)) {
                visit::visit_item(self, item);
            }
        }
        fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
            if !is_test(&function.attrs) {
                visit::visit_impl_item_fn(self, function);
            }
        }
        fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
            if call.method == "unwrap" || call.method == "expect" {
                self.add(call.method.span(), &call.method.to_string());
            }
            visit::visit_expr_method_call(self, call);
        }
        fn visit_expr_unsafe(&mut self, block: &'ast syn::ExprUnsafe) {
            self.add(block.unsafe_token.span, "unsafe");
        }
        fn visit_expr_const(&mut self, _: &'ast syn::ExprConst) {}
        fn visit_macro(&mut self, call: &'ast syn::Macro) {
            if let Some(name) = call.path.get_ident().filter(|name| MACROS.iter().any(|this| *name == this)) {
                self.add(name.span(), &name.to_string());
            }
            self.tokens(call.tokens.clone());
        }
    }
    let mut finder = Finder::default();
    finder.visit_file(&parse(text));
    finder.0
}

/// Functions of more than `limit` lines, each as "line: name, number of lines".
pub(crate) fn long_functions(text: &str, limit: usize) -> Vec<String> {
    struct Finder {
        limit: usize,
        found: Vec<String>,
    }
    impl Finder {
        fn check(&mut self, signature: &syn::Signature, block: &syn::Block) {
            let (first, last) = (signature.span().start().line, block.span().end().line);
            if last - first + 1 > self.limit {
                self.found.push(format!("{first}: {}, {} lines", signature.ident, last - first + 1));
            }
        }
    }
    impl<'ast> Visit<'ast> for Finder {
        fn visit_item(&mut self, item: &'ast Item) {
            if !is_test(attributes(item)) {
                visit::visit_item(self, item);
            }
        }
        fn visit_item_fn(&mut self, function: &'ast syn::ItemFn) {
            self.check(&function.sig, &function.block);
            visit::visit_item_fn(self, function);
        }
        fn visit_impl_item_fn(&mut self, function: &'ast syn::ImplItemFn) {
            self.check(&function.sig, &function.block);
            visit::visit_impl_item_fn(self, function);
        }
    }
    let mut finder = Finder { limit, found: Vec::new() };
    finder.visit_file(&parse(text));
    finder.found
}

/// The keys of the formula pages that a text names.
pub(crate) fn formula_keys(text: &str) -> Vec<String> {
    let after = text.split("docs/formulas/").skip(1);
    let key = |rest: &str| rest.split_once(".md").map(|(key, _)| key.to_owned());
    after.filter_map(key).filter(|key| !key.contains(char::is_whitespace)).collect()
}

/// The packages that a manifest depends on outside tests.
pub(crate) fn dependencies(manifest: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut inside = false;
    for line in manifest.lines() {
        if let Some(table) = line.strip_prefix('[') {
            let table = table.trim_end_matches(']');
            inside = table.ends_with("dependencies") && !table.ends_with("dev-dependencies");
            found.extend(
                table.split_once("dependencies.").filter(|(kind, _)| *kind != "dev-").map(|(_, name)| name.to_owned()),
            );
        } else if inside && !line.starts_with('#') {
            let name: String =
                line.chars().take_while(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect();
            found.extend((!name.is_empty()).then_some(name));
        }
    }
    found
}
