//! What a path means where it stands: through imports, globs and re-exports, as far as syntax shows.

use std::collections::BTreeSet;

use crate::index::Index;

/// How many imports of imports are followed.
const DEPTH: usize = 16;

/// A search for one name: each module is asked once, however many globs lead to it.
#[derive(Default)]
struct Search {
    asked: BTreeSet<usize>,
    /// The modules of other crates that all names are imported from: the name may be one of theirs.
    foreign: Vec<Vec<String>>,
}

impl Index {
    /// The full paths that a path may stand for; the only one, if it is of this workspace or imported by its name.
    pub(crate) fn resolve(&self, module: usize, path: &[String]) -> Vec<String> {
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        let found = match self.absolute(module, path) {
            Some(absolute) => self.through_exports(absolute, DEPTH),
            None => {
                let mut search = Search::default();
                match self.look_for(module, first, &mut search) {
                    Some(target) => self.through_exports(join(&target, rest), DEPTH),
                    None => search.may_be(path, path),
                }
            }
        };
        found.iter().map(|path| path.join("::")).collect()
    }

    /// What a name means in a module.
    fn look_for(&self, module: usize, name: &str, search: &mut Search) -> Option<Vec<String>> {
        if !search.asked.insert(module) {
            return None;
        }
        let here = &self.modules[module];
        if let Some(target) = here.uses.get(name) {
            return Some(self.target(module, target, DEPTH));
        }
        if here.names.contains(name) {
            return Some(join(&here.path, &[name.to_owned()]));
        }
        for glob in &here.globs {
            let base = self.target(module, glob, DEPTH);
            // It may be exported from somewhere else.
            let base = self.through_exports(base, DEPTH).remove(0);
            match self.module_by_path.get(&base) {
                Some(known) => {
                    if let Some(found) = self.look_for(*known, name, search) {
                        return Some(found);
                    }
                }
                None => search.foreign.push(base),
            }
        }
        self.look_for(here.around?, name, search)
    }

    /// The full path of what an import names; its first word is of the module, or is a crate.
    fn target(&self, module: usize, path: &[String], depth: usize) -> Vec<String> {
        if let Some(absolute) = self.absolute(module, path) {
            return absolute;
        }
        let Some((first, rest)) = path.split_first() else { return Vec::new() };
        let mut scope = Some(module);
        while let (Some(index), true) = (scope, depth > 0) {
            let here = &self.modules[index];
            match here.uses.get(first) {
                // `use rand;`, or the import that is looked at.
                Some(target) if target.first() == Some(first) => break,
                Some(target) => return join(&self.target(index, target, depth - 1), rest),
                None if here.names.contains(first) => return join(&here.path, path),
                None => scope = here.around,
            }
        }
        path.to_vec()
    }

    /// Follows re-exports: a path through a module of ours may name what that module has imported.
    fn through_exports(&self, path: Vec<String>, depth: usize) -> Vec<Vec<String>> {
        let known = (1..path.len()).rev().find_map(|length| Some((length, *self.module_by_path.get(&path[..length])?)));
        let Some((length, module)) = known.filter(|_| depth > 0) else { return vec![path] };
        let (name, rest) = (&path[length], &path[length + 1..]);
        if self.modules[module].names.contains(name) {
            return vec![path];
        }
        let here = &self.modules[module];
        match here.uses.get(name) {
            Some(target) => self.through_exports(join(&self.target(module, target, DEPTH), rest), depth - 1),
            None if here.globs.is_empty() => vec![path],
            None => {
                let mut search = Search::default();
                // Globs that are found by way of globs end here: their modules are being asked.
                match self.look_through_globs(module, name, &mut search, depth - 1) {
                    Some(target) if target[..] != path[..=length] => {
                        self.through_exports(join(&target, rest), depth - 1)
                    }
                    _ => search.may_be(&path, &path[length..]),
                }
            }
        }
    }

    /// As [`look_for`](Self::look_for), through globs whose own paths need no glob.
    fn look_through_globs(&self, module: usize, name: &str, search: &mut Search, depth: usize) -> Option<Vec<String>> {
        if !search.asked.insert(module) {
            return None;
        }
        let here = &self.modules[module];
        if let Some(target) = here.uses.get(name) {
            return Some(self.target(module, target, depth));
        }
        if here.names.contains(name) {
            return Some(join(&here.path, &[name.to_owned()]));
        }
        for glob in &here.globs {
            let base = self.target(module, glob, depth);
            match self.module_by_path.get(&base) {
                Some(known) => {
                    if let Some(found) = self.look_through_globs(*known, name, search, depth) {
                        return Some(found);
                    }
                }
                None => search.foreign.push(base),
            }
        }
        None
    }

    /// The function that one of these paths names.
    pub(crate) fn function_of(&self, candidates: &[String]) -> Option<usize> {
        candidates.iter().find_map(|path| self.function_by_path.get(path).copied())
    }
}

impl Search {
    /// What a path may be that nobody knows: what it says, or its last part in one of the foreign modules.
    fn may_be(self, path: &[String], last: &[String]) -> Vec<Vec<String>> {
        let mut found = vec![path.to_vec()];
        for foreign in self.foreign {
            let candidate = join(&foreign, last);
            if !found.contains(&candidate) {
                found.push(candidate);
            }
        }
        found
    }
}

fn join(front: &[String], back: &[String]) -> Vec<String> {
    front.iter().chain(back).cloned().collect()
}
