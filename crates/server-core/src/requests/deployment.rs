//! Worker deployments: where their work goes, who may say so, and which versions there are.

use perpetua_proto::deployment::WorkerDeploymentVersion;
use perpetua_proto::enums::VersionDrainageStatus;
use perpetua_proto::workflowservice::set_worker_deployment_manager_request::NewManagerIdentity;
use perpetua_proto::workflowservice::{
    CreateWorkerDeploymentRequest, CreateWorkerDeploymentResponse, CreateWorkerDeploymentVersionRequest,
    DeleteWorkerDeploymentRequest, DeleteWorkerDeploymentVersionRequest, SetWorkerDeploymentCurrentVersionRequest,
    SetWorkerDeploymentCurrentVersionResponse, SetWorkerDeploymentManagerRequest, SetWorkerDeploymentManagerResponse,
    SetWorkerDeploymentRampingVersionRequest, SetWorkerDeploymentRampingVersionResponse,
};

use crate::World;
use crate::deployment::{Deployment, UNVERSIONED, Version, check_build, check_name, key, old_name};
use crate::refusal::{Answer, Code, Refusal};

impl World {
    /// Makes a version the one that new work goes to.
    ///
    /// # Errors
    /// When the request is wrong, is not allowed, or the version is not fit for it.
    #[allow(deprecated, reason = "older clients say it so, and look there")]
    pub fn set_current_version(
        &mut self,
        request: SetWorkerDeploymentCurrentVersionRequest,
    ) -> Answer<SetWorkerDeploymentCurrentVersionResponse> {
        let build = build_of(&request.version, &request.build_id)?;
        let (namespace, name) = (&request.namespace, &request.deployment_name);
        self.prepare_change(namespace, name, &build, request.allow_no_pollers)?;
        let deployment = self.deployment_to_change(namespace, name, &request.identity)?;
        let previous = deployment.current_version();
        if deployment.current != build || deployment.current_changed == 0 && !build.is_empty() {
            check_token(deployment, &request.conflict_token)?;
            self.prepare_version(namespace, name, &build, request.allow_no_pollers)?;
            if !request.ignore_missing_task_queues {
                self.check_queues(namespace, name, &build, "current")?;
            }
            let now = self.now;
            self.change(namespace, name, &request.identity, |deployment| deployment.set_current(&build, now));
        }
        Ok(SetWorkerDeploymentCurrentVersionResponse {
            conflict_token: self.conflict_token(namespace, name),
            previous_version: old_name(previous.as_ref()),
            previous_deployment_version: previous.as_ref().map(Version::to_wire),
        })
    }

    /// Lets a part of the work go to a version.
    ///
    /// # Errors
    /// When the request is wrong, is not allowed, or the version is not fit for it.
    #[allow(deprecated, reason = "older clients say it so, and look there")]
    pub fn set_ramping_version(
        &mut self,
        request: SetWorkerDeploymentRampingVersionRequest,
    ) -> Answer<SetWorkerDeploymentRampingVersionResponse> {
        if !(0.0..=100.0).contains(&request.percentage) {
            return Err(Refusal::invalid("Percentage must be between 0 and 100 (inclusive)"));
        }
        let build = build_of(&request.version, &request.build_id)?;
        let (namespace, name) = (&request.namespace, &request.deployment_name);
        self.prepare_change(namespace, name, &build, request.allow_no_pollers)?;
        let deployment = self.deployment_to_change(namespace, name, &request.identity)?;
        let previous = deployment.ramping.clone().map(|build| deployment.version(&build));
        let previous_percentage = deployment.percentage;
        // Nothing at all of the work stands for no version.
        let ramping = (!build.is_empty() || request.percentage > 0.0).then_some(build.as_str());
        if ramping.is_some() && deployment.current == build {
            let name = old_name(deployment.version(&build).as_ref());
            return Err(Refusal::precondition(format!("requested ramping version {name} is already current")));
        }
        if deployment.ramping.as_deref() != ramping || ramping.is_some() && previous_percentage != request.percentage {
            check_token(deployment, &request.conflict_token)?;
            let is_other = deployment.ramping.as_deref() != ramping;
            self.prepare_version(namespace, name, &build, request.allow_no_pollers)?;
            if is_other && !request.ignore_missing_task_queues {
                self.check_queues(namespace, name, &build, "ramping")?;
            }
            let (now, percentage) = (self.now, request.percentage);
            let change = |deployment: &mut Deployment| deployment.set_ramping(ramping, percentage, now);
            self.change(namespace, name, &request.identity, change);
        }
        Ok(SetWorkerDeploymentRampingVersionResponse {
            conflict_token: self.conflict_token(namespace, name),
            previous_version: previous.as_ref().map(|version| old_name(version.as_ref())).unwrap_or_default(),
            previous_deployment_version: previous.flatten().as_ref().map(Version::to_wire),
            previous_percentage,
        })
    }

    /// Says who alone may change where the work of a deployment goes.
    ///
    /// # Errors
    /// When the request is wrong, or there is no such deployment.
    #[allow(deprecated, reason = "older clients look there")]
    pub fn set_deployment_manager(
        &mut self,
        request: SetWorkerDeploymentManagerRequest,
    ) -> Answer<SetWorkerDeploymentManagerResponse> {
        self.namespaces.check(&request.namespace)?;
        check_name(&request.deployment_name)?;
        let (namespace, name) = (&request.namespace, &request.deployment_name);
        if request.identity.is_empty() {
            return Err(Refusal::invalid("Identity is required"));
        }
        let deployment = self.deployments.get(namespace, name).ok_or_else(|| no_owner(name))?;
        let manager = match request.new_manager_identity {
            Some(NewManagerIdentity::Self_(true)) => request.identity.clone(),
            Some(NewManagerIdentity::ManagerIdentity(manager)) => manager,
            Some(NewManagerIdentity::Self_(false)) | None => String::new(),
        };
        let previous = deployment.manager.clone();
        if previous != manager {
            check_token(deployment, &request.conflict_token)?;
            self.change(namespace, name, &request.identity, |deployment| deployment.manager = manager);
        }
        Ok(SetWorkerDeploymentManagerResponse {
            conflict_token: self.conflict_token(namespace, name),
            previous_manager_identity: previous,
        })
    }

    /// Makes a deployment that has no workers yet.
    ///
    /// # Errors
    /// When the request is wrong, or there is one of this name.
    pub fn create_deployment(
        &mut self,
        request: CreateWorkerDeploymentRequest,
    ) -> Answer<CreateWorkerDeploymentResponse> {
        self.namespaces.check(&request.namespace)?;
        let (namespace, name) = (&request.namespace, &request.deployment_name);
        if name.is_empty() {
            return Err(Refusal::invalid("deployment name cannot be empty"));
        }
        check_name(name)?;
        if let Some(known) = self.deployments.get(namespace, name) {
            if request.request_id.is_empty() || known.create_request != request.request_id {
                let words = format!("Worker Deployment with name {name:?} already exists");
                return Err(Refusal::new(Code::AlreadyExists, words));
            }
        } else {
            self.make_deployment(namespace, name)?;
            if let Some(deployment) = self.deployments.shelf.get_mut(&key(namespace, name)) {
                deployment.create_request = request.request_id;
                deployment.modified_by = request.identity;
            }
        }
        Ok(CreateWorkerDeploymentResponse { conflict_token: self.conflict_token(namespace, name) })
    }

    /// Makes a version that has no workers yet.
    ///
    /// # Errors
    /// When the request is wrong, there is no such deployment, or it has this version.
    pub fn create_version(&mut self, request: CreateWorkerDeploymentVersionRequest) -> Answer<()> {
        self.namespaces.check(&request.namespace)?;
        let asked = request.deployment_version.clone().unwrap_or_default();
        if asked.deployment_name.is_empty() {
            return Err(Refusal::invalid("deployment name cannot be empty"));
        }
        if asked.build_id.is_empty() {
            return Err(Refusal::invalid("build ID cannot be empty"));
        }
        let version = named(Some(&asked), "")?;
        if request.compute_config.is_some() {
            return Err(Refusal::invalid("this server does not start workers: no compute configuration can be given"));
        }
        let namespace = &request.namespace;
        if self.deployments.get(namespace, &version.deployment).is_none() {
            return Err(no_deployment(&version.deployment));
        }
        if let Some(known) = self.deployments.version(namespace, &version) {
            if request.request_id.is_empty() || known.create_request != request.request_id {
                let words = format!("Worker Deployment Version \"{version}\" already exists");
                return Err(Refusal::new(Code::AlreadyExists, words));
            }
            return Ok(());
        }
        self.make_version(namespace, &version)?;
        let deployment = self.deployments.shelf.get_mut(&key(namespace, &version.deployment));
        if let Some(state) = deployment.and_then(|deployment| deployment.versions.get_mut(&version.build)) {
            state.create_request = request.request_id;
            state.modified_by = request.identity;
        }
        Ok(())
    }

    /// Forgets a version that nobody needs.
    ///
    /// # Errors
    /// When the request is wrong, is not allowed, or the version is needed.
    #[allow(deprecated, reason = "older clients say it so")]
    pub fn delete_version(&mut self, request: &DeleteWorkerDeploymentVersionRequest) -> Answer<()> {
        self.namespaces.check(&request.namespace)?;
        let version = named(request.deployment_version.as_ref(), &request.version)?;
        let namespace = &request.namespace;
        let deployment = self.deployments.get(namespace, &version.deployment);
        let deployment = deployment.ok_or_else(|| no_owner(&version.deployment))?;
        check_manager(deployment, &request.identity)?;
        let Some(state) = deployment.versions.get(&version.build) else { return Ok(()) };
        let refused = |why: &str| {
            let words = format!("version '{}' cannot be deleted since it {why}", version.with_colon());
            Err(Refusal::precondition(words))
        };
        if state.current_since != 0 || state.ramping_since != 0 {
            return refused("is current or ramping");
        }
        if state.drainage() == VersionDrainageStatus::Draining && !request.skip_drainage {
            return refused("is draining");
        }
        if self.has_pollers(namespace, &version, state) {
            return refused("has active pollers");
        }
        self.remove_version(namespace, &version);
        self.settle();
        Ok(())
    }

    /// Forgets a deployment that has no versions.
    ///
    /// # Errors
    /// When the request is wrong, or there are versions.
    pub fn delete_deployment(&mut self, request: &DeleteWorkerDeploymentRequest) -> Answer<()> {
        self.namespaces.check(&request.namespace)?;
        check_name(&request.deployment_name)?;
        let Some(deployment) = self.deployments.get(&request.namespace, &request.deployment_name) else {
            return Ok(());
        };
        if !deployment.versions.is_empty() {
            return Err(Refusal::precondition("deployment has versions, can't be deleted"));
        }
        self.deployments.shelf.remove(&key(&request.namespace, &request.deployment_name));
        Ok(())
    }

    /// Checks who may be told where work goes; a build that is to be used before anybody polled it is made.
    fn prepare_change(&mut self, namespace: &str, name: &str, build: &str, make: bool) -> Answer<()> {
        self.namespaces.check(namespace)?;
        check_name(name)?;
        if !build.is_empty() {
            check_build(build)?;
            if make && self.deployments.get(namespace, name).is_none() {
                self.make_deployment(namespace, name)?;
            }
        }
        Ok(())
    }

    fn prepare_version(&mut self, namespace: &str, name: &str, build: &str, make: bool) -> Answer<()> {
        let version = Version { deployment: name.to_owned(), build: build.to_owned() };
        if build.is_empty() || self.deployments.version(namespace, &version).is_some() {
            return Ok(());
        }
        if make {
            return self.make_version(namespace, &version);
        }
        Err(Refusal::not_found(format!("build ID '{build}' not found in Worker Deployment '{name}'")))
    }

    fn deployment_to_change(&self, namespace: &str, name: &str, identity: &str) -> Answer<&Deployment> {
        let deployment = self.deployments.get(namespace, name).ok_or_else(|| no_deployment(name))?;
        check_manager(deployment, identity)?;
        Ok(deployment)
    }

    /// A version must poll the queues of the current one in which something is going on.
    fn check_queues(&self, namespace: &str, name: &str, build: &str, role: &str) -> Answer<()> {
        let Some(deployment) = self.deployments.get(namespace, name) else { return Ok(()) };
        let (Some(version), Some(current)) = (deployment.version(build), deployment.current_version()) else {
            return Ok(());
        };
        let Some(state) = deployment.versions.get(&current.build) else { return Ok(()) };
        let is_missing = state.queues.iter().any(|queue| {
            let key = queue.key(namespace);
            let is_taken_over = self.deployments.route(&key).and_then(|route| route.current.as_ref()) != Some(&current);
            if self.deployments.has_queue(&version, &key) || is_taken_over {
                return false;
            }
            let stats = self.queue_stats(self.matching.versions_of(&key)).whole;
            stats.approximate_backlog_count > 0 || stats.tasks_add_rate > 0.0
        });
        if is_missing {
            return Err(Refusal::precondition(format!(
                "proposed {role} version '{}' is missing active task queues from the current version; these would \
                 become unversioned if it is set as the {role} version",
                version.with_colon(),
            )));
        }
        Ok(())
    }

    fn change(&mut self, namespace: &str, name: &str, identity: &str, change: impl FnOnce(&mut Deployment)) {
        if let Some(deployment) = self.deployments.shelf.get_mut(&key(namespace, name)) {
            change(deployment);
            deployment.changes += 1;
            identity.clone_into(&mut deployment.modified_by);
        }
        self.watch_drainage(namespace, name);
        self.reroute(namespace);
        self.settle();
    }

    fn conflict_token(&self, namespace: &str, name: &str) -> bytes::Bytes {
        self.deployments.get(namespace, name).map(Deployment::conflict_token).unwrap_or_default()
    }
}

/// The build that a request names in the newer or the older way.
fn build_of(version: &str, build: &str) -> Answer<String> {
    if !build.is_empty() || version == UNVERSIONED {
        return Ok(build.to_owned());
    }
    Ok(Version::parse(version)?.map(|version| version.build).unwrap_or_default())
}

/// The version that a request names in the newer or the older way.
pub(super) fn named(version: Option<&WorkerDeploymentVersion>, old: &str) -> Answer<Version> {
    let version = match version {
        Some(version) => {
            check_name(&version.deployment_name)?;
            check_build(&version.build_id)?;
            Version::of_wire(Some(version))
        }
        None => Version::parse(old)?,
    };
    version.ok_or_else(|| Refusal::invalid("deployment version cannot be empty"))
}

pub(super) fn no_deployment(name: &str) -> Refusal {
    let words = format!("no Worker Deployment found with name '{name}'; does your Worker Deployment have pollers?");
    Refusal::not_found(words)
}

/// Says that a deployment has nobody who looks after it, as the real server does where it looks no further.
fn no_owner(name: &str) -> Refusal {
    Refusal::not_found(format!("workflow not found for ID: temporal-sys-worker-deployment:{name}"))
}

fn check_manager(deployment: &Deployment, identity: &str) -> Answer<()> {
    let manager = &deployment.manager;
    if manager.is_empty() || manager == identity {
        return Ok(());
    }
    Err(Refusal::precondition(format!(
        "ManagerIdentity '{manager}' is set and does not match user identity '{identity}'; to proceed, set your own \
         identity as the ManagerIdentity, remove the ManagerIdentity, or wait for the other client to do so"
    )))
}

fn check_token(deployment: &Deployment, token: &[u8]) -> Answer<()> {
    if token.is_empty() || deployment.conflict_token() == token {
        return Ok(());
    }
    Err(Refusal::precondition("conflict token mismatch"))
}
