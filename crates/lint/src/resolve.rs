//! What a path means where it stands: through imports, globs and re-exports, as far as syntax shows.

use crate::index::Index;

/// How many imports of imports are followed.
const DEPTH: usize = 16;

impl Index {
    /// The full paths that a path may stand for, the likeliest first; one of this workspace, if it is known.
    pub(crate) fn resolve(&self, module: usize, path: &[String]) -> Vec<String> {
        let mut found: Vec<String> = Vec::new();
        for candidate in self.candidates(module, path, true, DEPTH) {
            let candidate = candidate.join("::");
            if !found.contains(&candidate) {
                found.push(candidate);
            }
        }
        found
    }

    /// `globs`: whether the first name may come from a glob. That of a glob itself does not, or there would be no end.
    fn candidates(&self, module: usize, path: &[String], globs: bool, depth: usize) -> Vec<Vec<String>> {
        let Some(first) = path.first() else { return Vec::new() };
        if depth == 0 {
            return vec![path.to_vec()];
        }
        if let Some(absolute) = self.absolute(module, path) {
            return self.through_exports(absolute, depth - 1);
        }
        let mut around = Vec::new();
        let mut scope = Some(module);
        while let Some(index) = scope {
            let here = &self.modules[index];
            // An import of a name from itself, `use rand;`, says nothing.
            if let Some(target) = here.uses.get(first).filter(|target| target.first() != Some(first)) {
                return self.candidates(index, &join(target, &path[1..]), false, depth - 1);
            }
            if let Some(target) = here.uses.get(first) {
                return self.through_exports(join(target, &path[1..]), depth - 1);
            }
            if here.names.contains(first) {
                return self.through_exports(join(&here.path, path), depth - 1);
            }
            around.extend(here.globs.iter().map(|glob| (index, glob)));
            scope = here.around;
        }
        let mut found = Vec::new();
        for (index, glob) in around.into_iter().filter(|_| globs) {
            for base in self.candidates(index, glob, false, depth - 1) {
                match self.module_by_path.get(&base) {
                    Some(known) if self.exports(*known, first) => {
                        return self.through_exports(join(&base, path), depth - 1);
                    }
                    // What an enum or a module of ours does not have does not come from there.
                    Some(_) => {}
                    None => found.push(join(&base, path)),
                }
            }
        }
        found.insert(0, path.to_vec());
        found
    }

    fn exports(&self, module: usize, name: &str) -> bool {
        let module = &self.modules[module];
        module.names.contains(name) || module.uses.contains_key(name) || !module.globs.is_empty()
    }

    /// Follows re-exports: a path through a module of ours may name what that module has imported.
    fn through_exports(&self, path: Vec<String>, depth: usize) -> Vec<Vec<String>> {
        if depth == 0 {
            return vec![path];
        }
        for length in (1..path.len()).rev() {
            let Some(index) = self.module_by_path.get(&path[..length]) else { continue };
            let (module, name) = (&self.modules[*index], &path[length]);
            if module.names.contains(name) {
                break;
            }
            if module.uses.get(name).is_some_and(|target| target.first() != Some(name) || target.len() > 1) {
                return self.candidates(*index, &path[length..], true, depth - 1);
            }
            if !module.globs.is_empty() {
                let mut found = self.candidates(*index, &path[length..], true, depth - 1);
                found.retain(|candidate| candidate[..] != path[length..]);
                if !found.is_empty() {
                    return found;
                }
            }
            break;
        }
        vec![path]
    }

    /// The function that one of these paths names.
    pub(crate) fn function_of(&self, candidates: &[String]) -> Option<usize> {
        candidates.iter().find_map(|path| self.function_by_path.get(path).copied())
    }
}

fn join(front: &[String], back: &[String]) -> Vec<String> {
    front.iter().chain(back).cloned().collect()
}
