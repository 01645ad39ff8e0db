//! All deployments, and where they send the work of queues.

use std::collections::{BTreeMap, BTreeSet};

use super::{Deployment, QueueName, Version, VersionState};
use crate::matching::QueueKey;
use crate::world::Shelf;

/// All deployments.
#[derive(Debug, Default)]
pub(crate) struct Deployments {
    pub(crate) shelf: Shelf<Deployment>,
    /// By the queue for workers without a version. A queue that no version polled has none.
    routes: BTreeMap<QueueKey, Route>,
}

/// Where the work of a queue goes that is bound to no version.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Route {
    pub(crate) current: Option<Version>,
    /// A version, or none for workers without one, that some of the work goes to.
    pub(crate) ramping: Option<Option<Version>>,
    pub(crate) percentage: f32,
    /// When this was decided, in nanoseconds; 0 for never.
    pub(crate) changed: i64,
    /// The revision of the deployment that decided on the current version, and on the ramping one.
    revisions: (i64, i64),
    ramping_changed: i64,
}

/// The key under which a deployment is stored.
pub(crate) fn key(namespace: &str, name: &str) -> String {
    format!("{}:{namespace}{name}", namespace.len())
}

impl Deployments {
    pub(crate) fn get(&self, namespace: &str, name: &str) -> Option<&Deployment> {
        self.shelf.get(&key(namespace, name))
    }

    pub(crate) fn version(&self, namespace: &str, version: &Version) -> Option<&VersionState> {
        self.get(namespace, &version.deployment)?.versions.get(&version.build)
    }

    /// Whether workers of a version polled a queue.
    pub(crate) fn has_queue(&self, version: &Version, queue: &QueueKey) -> bool {
        self.version(&queue.namespace, version).is_some_and(|state| state.has(&QueueName::of(queue)))
    }

    /// Those of a namespace.
    pub(crate) fn of(&self, namespace: &str) -> impl Iterator<Item = &Deployment> {
        self.shelf.values().filter(move |deployment| deployment.namespace == namespace)
    }

    pub(crate) fn route(&self, queue: &QueueKey) -> Option<&Route> {
        self.routes.get(&*queue.plain())
    }

    /// The version to which what this id names goes, with the revision that says so.
    pub(crate) fn target(&self, queue: &QueueKey, id: &str) -> (Option<Version>, i64) {
        self.route(queue).map(|route| route.target(id)).unwrap_or_default()
    }

    /// The version, or none for workers without one, to which a part of the work of a queue goes.
    pub(crate) fn ramping(&self, queue: &QueueKey) -> Option<Option<Version>> {
        self.route(queue)?.ramping.clone()
    }

    /// Looks anew where the work of a namespace goes. The queues for which that has changed.
    pub(crate) fn find_routes(&mut self, namespace: &str) -> Vec<QueueKey> {
        let mut routes: BTreeMap<QueueKey, Route> = BTreeMap::new();
        for deployment in self.of(namespace) {
            for (build, version) in &deployment.versions {
                for queue in &version.queues {
                    routes.entry(queue.key(namespace)).or_default().consider(deployment, build);
                }
            }
        }
        let (before, others): (BTreeMap<_, _>, _) =
            std::mem::take(&mut self.routes).into_iter().partition(|(key, _)| key.namespace == namespace);
        self.routes = others;
        let keys: BTreeSet<_> = before.keys().chain(routes.keys()).cloned().collect();
        let changed = keys.into_iter().filter(|key| before.get(key) != routes.get(key)).collect();
        self.routes.append(&mut routes);
        changed
    }
}

impl Route {
    /// Takes into account what a deployment says of a build that polls the queue. The newest word counts.
    fn consider(&mut self, deployment: &Deployment, build: &str) {
        if deployment.current == build && deployment.current_changed >= self.changed {
            self.current = deployment.version(build);
            self.changed = deployment.current_changed;
            self.revisions.0 = deployment.revision;
        }
        let ramps = match deployment.ramping.as_deref() {
            Some("") => deployment.current == build,
            Some(ramping) => ramping == build,
            None => false,
        };
        if ramps && deployment.ramping_changed >= self.ramping_changed {
            self.ramping = Some(deployment.version(deployment.ramping.as_deref().unwrap_or_default()));
            self.percentage = deployment.percentage;
            self.ramping_changed = deployment.ramping_changed;
            self.revisions.1 = deployment.revision;
        }
    }

    /// When anything of this was decided, in nanoseconds; 0 for never.
    pub(crate) fn decided(&self) -> i64 {
        self.changed.max(self.ramping_changed)
    }

    fn target(&self, id: &str) -> (Option<Version>, i64) {
        match &self.ramping {
            Some(ramping) if place(id) < self.percentage => (ramping.clone(), self.revisions.1),
            _ => (self.current.clone(), self.revisions.0),
        }
    }
}

/// The place of an id between 0 and 100, the same each time.
#[allow(clippy::cast_precision_loss, reason = "there are far fewer places than numbers that are exact")]
fn place(id: &str) -> f32 {
    let hash = id
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    // The last bytes of an id move only low bits; they are spread over all.
    let mixed = (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 48) as f32 * 100.0 / 65_536.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_spread_evenly_and_stay_where_they_are() {
        let below = (0..10_000).filter(|id| place(&format!("order-{id}")) < 25.0).count();
        assert!((2_300..2_700).contains(&below), "{below}");
        assert!((0.0..100.0).contains(&place("")));
        assert_eq!(place("w").to_bits(), place("w").to_bits());
    }
}
