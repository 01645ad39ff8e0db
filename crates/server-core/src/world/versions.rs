//! Versions of workers in the world: they are known when they poll, work is sent to them, and they are watched until no
//! workflow needs them.

use perpetua_proto::enums::{VersionDrainageStatus, WorkerDeploymentVersionStatus as Status};

use super::{Alarm, Offer, RunNumber, Work, World};
use crate::deployment::{Deployment, QueueName, Version, VersionState, key};
use crate::limits;
use crate::matching::QueueKey;
use crate::refusal::{Answer, Refusal};
use crate::time::Time;

impl World {
    /// Workers of a version poll a queue.
    ///
    /// # Errors
    /// When there are as many deployments, or versions of this one, as there may be.
    pub(crate) fn register(&mut self, queue: &QueueKey) -> Answer<()> {
        let Some(version) = &queue.version else { return Ok(()) };
        if self.deployments.has_queue(version, queue) {
            return Ok(());
        }
        let namespace = &queue.namespace;
        self.make_version(namespace, version)?;
        if let Some(deployment) = self.deployments.shelf.get_mut(&key(namespace, &version.deployment))
            && let Some(state) = deployment.versions.get_mut(&version.build)
        {
            if state.queues.len() >= limits::QUEUES_OF_VERSION {
                let words = "maximum number of task queues per deployment version has been reached";
                return Err(Refusal::exhausted(words));
            }
            state.queues.push(QueueName::of(queue));
        }
        self.reroute(&namespace.clone());
        Ok(())
    }

    /// Makes a deployment, if there is none of this name.
    ///
    /// # Errors
    /// When there are as many as there may be.
    pub(crate) fn make_deployment(&mut self, namespace: &str, name: &str) -> Answer<()> {
        let key = key(namespace, name);
        if self.deployments.shelf.contains(&key) {
            return Ok(());
        }
        if self.deployments.of(namespace).count() >= limits::DEPLOYMENTS {
            let words = format!("reached maximum deployments in namespace ({})", limits::DEPLOYMENTS);
            return Err(Refusal::exhausted(words));
        }
        let created = self.now.nanos();
        let deployment =
            Deployment { namespace: namespace.to_owned(), name: name.to_owned(), created, ..Deployment::default() };
        self.deployments.shelf.insert(key, deployment);
        Ok(())
    }

    /// Makes a version, and its deployment, if there is none of this name.
    ///
    /// # Errors
    /// When there are as many as there may be.
    pub(crate) fn make_version(&mut self, namespace: &str, version: &Version) -> Answer<()> {
        if self.deployments.version(namespace, version).is_some() {
            return Ok(());
        }
        self.make_deployment(namespace, &version.deployment)?;
        let full = |deployment: &Deployment| deployment.versions.len() >= limits::VERSIONS;
        if self.deployments.get(namespace, &version.deployment).is_some_and(full) {
            self.drop_unused_version(namespace, &version.deployment)?;
        }
        let created = self.now.nanos();
        if let Some(deployment) = self.deployments.shelf.get_mut(&key(namespace, &version.deployment)) {
            deployment.versions.insert(version.build.clone(), VersionState { created, ..VersionState::default() });
        }
        Ok(())
    }

    /// Makes room for another version: the oldest goes that nobody needs.
    fn drop_unused_version(&mut self, namespace: &str, name: &str) -> Answer<()> {
        let unused = self.deployments.get(namespace, name).into_iter().flat_map(|deployment| {
            deployment.versions.iter().filter_map(|(build, state)| {
                let version = deployment.version(build)?;
                let is_used = state.current_since != 0
                    || state.ramping_since != 0
                    || state.drainage() == VersionDrainageStatus::Draining
                    || self.has_pollers(namespace, &version, state);
                (!is_used).then(|| (state.created, build.clone()))
            })
        });
        let Some((_, build)) = unused.min() else {
            let words = format!("cannot add version, already at max versions {}", limits::VERSIONS);
            return Err(Refusal::exhausted(words));
        };
        self.remove_version(namespace, &Version { deployment: name.to_owned(), build });
        Ok(())
    }

    /// Forgets a version.
    pub(crate) fn remove_version(&mut self, namespace: &str, version: &Version) {
        let key = key(namespace, &version.deployment);
        if let Some(deployment) = self.deployments.shelf.get_mut(&key) {
            deployment.versions.remove(&version.build);
        }
        self.alarms.set(Alarm::Drainage(key, version.build.clone()), None);
        self.reroute(namespace);
    }

    /// Forgets all deployments of a namespace.
    pub(crate) fn remove_deployments(&mut self, namespace: &str) {
        let deployments = self.deployments.shelf.iter().filter(|(_, deployment)| deployment.namespace == namespace);
        let deployments: Vec<_> = deployments
            .map(|(key, deployment)| (key.to_owned(), deployment.versions.keys().cloned().collect::<Vec<_>>()))
            .collect();
        for (key, builds) in deployments {
            self.deployments.shelf.remove(&key);
            for build in builds {
                self.alarms.set(Alarm::Drainage(key.clone(), build), None);
            }
        }
        self.reroute(namespace);
    }

    /// Whether workers of a version polled any of its queues lately.
    pub(crate) fn has_pollers(&self, namespace: &str, version: &Version, state: &VersionState) -> bool {
        state.queues.iter().any(|queue| {
            let key = queue.key(namespace).of(Some(version.clone()));
            self.matching.is_polled(&key, self.now, limits::WORKER_POLLS)
        })
    }

    /// Deployments have changed: sends the work that waits to where it goes now.
    pub(crate) fn reroute(&mut self, namespace: &str) {
        for name in self.deployments.find_routes(namespace) {
            let queues: Vec<_> = self.matching.versions_of(&name).cloned().collect();
            for queue in queues {
                for mut offer in self.matching.drain(&queue) {
                    if self.stands(&offer) {
                        offer.queue.version = self.version_for(&offer);
                        self.matching.put_back(offer);
                    }
                }
            }
            let queues: Vec<_> = self.matching.versions_of(&name).cloned().collect();
            for queue in queues {
                self.dispatch(&queue);
            }
        }
    }

    /// The version whose workers get a piece of work.
    pub(super) fn version_for(&self, offer: &Offer) -> Option<Version> {
        let by_route = |id: &str| self.deployments.target(&offer.queue, id).0;
        match &offer.what {
            Work::Workflow { run, .. } => self.run(*run).and_then(|run| run.task_version(&self.deployments)),
            Work::Query { sticky: true, .. } => None,
            Work::Query { run, .. } => self.run(*run).and_then(|run| run.target(&self.deployments)),
            Work::Activity { run, .. } => {
                self.run(*run).and_then(|run| run.activity_version(&self.deployments, &offer.queue))
            }
            // What belongs to no workflow is spread by when it came.
            _ => by_route(&offer.offered.nanos().to_string()),
        }
    }

    /// Watches a version that no new work goes to, until no workflow needs it.
    pub(crate) fn watch_drainage(&mut self, namespace: &str, name: &str) {
        let Some(deployment) = self.deployments.get(namespace, name) else { return };
        let settings = &self.settings;
        let watched: Vec<_> = deployment
            .versions
            .iter()
            .map(|(build, state)| {
                let is_draining = state.drainage() == VersionDrainageStatus::Draining;
                let is_new = state.drainage_checked == state.drainage_changed;
                let wait = if is_new { settings.drainage_grace } else { settings.drainage_refresh };
                let at = is_draining.then(|| Time::from_nanos(state.drainage_checked).plus(wait));
                (Alarm::Drainage(key(namespace, name), build.clone()), at)
            })
            .collect();
        for (alarm, at) in watched {
            self.alarms.set(alarm, at);
        }
    }

    /// A run was bound to a version from outside: a version that was not needed any longer is needed again.
    pub(crate) fn reactivate(&mut self, number: RunNumber) {
        let run = self.run(number).filter(|run| run.is_open() && run.state.versioning_override.is_some());
        let Some((namespace, version)) = run.and_then(|run| Some((run.state.namespace.clone(), run.pinned()?))) else {
            return;
        };
        let state = self.deployments.version(&namespace, &version).map(VersionState::status);
        if !matches!(state, Some(Status::Drained | Status::Inactive)) {
            return;
        }
        let now = self.now;
        let deployment = self.deployments.shelf.get_mut(&key(&namespace, &version.deployment));
        if let Some(state) = deployment.and_then(|deployment| deployment.versions.get_mut(&version.build)) {
            state.check_drainage(true, now);
        }
        self.watch_drainage(&namespace, &version.deployment);
    }

    /// Looks whether workflows still need a version.
    pub(super) fn check_drainage(&mut self, deployment: &str, build: &str) {
        let Some(found) = self.deployments.shelf.get(deployment) else { return };
        let (namespace, name) = (found.namespace.clone(), found.name.clone());
        let version = Version { deployment: name.clone(), build: build.to_owned() };
        let needs = |run: &crate::run::Run| {
            run.is_open() && run.state.namespace == namespace && run.pinned().as_ref() == Some(&version)
        };
        let needed = self.open_runs().any(|run| needs(&run));
        let now = self.now;
        if let Some(state) =
            self.deployments.shelf.get_mut(deployment).and_then(|deployment| deployment.versions.get_mut(build))
        {
            state.check_drainage(needed, now);
        }
        self.watch_drainage(&namespace, &name);
    }

    /// Routes and watches are made again after a restart.
    pub(super) fn resume_deployments(&mut self) {
        let names: Vec<_> = self.deployments.shelf.values().map(|it| (it.namespace.clone(), it.name.clone())).collect();
        for (namespace, name) in names {
            self.deployments.find_routes(&namespace);
            self.watch_drainage(&namespace, &name);
        }
    }
}
