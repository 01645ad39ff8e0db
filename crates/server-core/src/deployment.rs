//! Versions of workers: which build of a deployment a worker is, and which build a workflow is to run on.
//!
//! ```text
//! polls register versions --> a deployment names its current version, and perhaps one that is ramping up
//!                             --> routes: to which version the work of a queue goes that is bound to none
//! ```

mod change;
mod routes;
mod show;
mod state;

use std::fmt;

use perpetua_proto::deployment::{WorkerDeploymentOptions, WorkerDeploymentVersion};
use perpetua_proto::enums::WorkerVersioningMode;

use crate::limits;
use crate::refusal::{Answer, Refusal};

pub(crate) use routes::{Deployments, key};
pub(crate) use show::old_name;
pub(crate) use state::{Deployment, QueueName, VersionState};

/// What stands for no version in older fields.
pub(crate) const UNVERSIONED: &str = "__unversioned__";

/// One build of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Version {
    pub(crate) deployment: String,
    pub(crate) build: String,
}

impl Version {
    pub(crate) fn to_wire(&self) -> WorkerDeploymentVersion {
        WorkerDeploymentVersion { deployment_name: self.deployment.clone(), build_id: self.build.clone() }
    }

    /// The version that is named, if one is.
    pub(crate) fn of_wire(wire: Option<&WorkerDeploymentVersion>) -> Option<Self> {
        let wire = wire.filter(|wire| !wire.deployment_name.is_empty() && !wire.build_id.is_empty())?;
        Some(Self { deployment: wire.deployment_name.clone(), build: wire.build_id.clone() })
    }

    /// The version that an older field names, if it names one.
    ///
    /// # Errors
    /// When it is written otherwise than versions are.
    pub(crate) fn parse(text: &str) -> Answer<Option<Self>> {
        if text.is_empty() || text == UNVERSIONED {
            return Ok(None);
        }
        // Newer ones are written with a colon, and a name has neither sign.
        let parts =
            text.split_once(['.', ':']).filter(|(deployment, build)| !deployment.is_empty() && !build.is_empty());
        let Some((deployment, build)) = parts else {
            let words = format!("invalid version string {text:?}, expected format is \"<deployment_name>.<build_id>\"");
            return Err(Refusal::invalid(words));
        };
        Ok(Some(Self { deployment: deployment.to_owned(), build: build.to_owned() }))
    }

    /// As search attributes and newer messages have it.
    pub(crate) fn with_colon(&self) -> String {
        format!("{}:{}", self.deployment, self.build)
    }

    /// The version of a worker, if it says that it is versioned.
    pub(crate) fn of_worker(options: Option<&WorkerDeploymentOptions>) -> Option<Self> {
        let options = options.filter(|options| options.worker_versioning_mode() == WorkerVersioningMode::Versioned)?;
        Some(Self { deployment: options.deployment_name.clone(), build: options.build_id.clone() })
    }
}

/// As the older fields of requests and answers have it.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.deployment, self.build)
    }
}

/// Checks the name of a deployment.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_name(name: &str) -> Answer<()> {
    if name.is_empty() {
        return Err(Refusal::invalid("WorkerDeploymentName cannot be empty"));
    }
    if name.len() > limits::ID_LENGTH {
        return Err(Refusal::invalid("size of WorkerDeploymentName larger than the maximum allowed"));
    }
    if let Some(sign) = name.chars().find(|sign| matches!(sign, '.' | ':')) {
        return Err(Refusal::invalid(format!("worker deployment name cannot contain '{sign}'")));
    }
    if name.starts_with("__") {
        return Err(Refusal::invalid("WorkerDeploymentName cannot start with '__'"));
    }
    Ok(())
}

/// Checks the id of a build.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn check_build(build: &str) -> Answer<()> {
    if build.is_empty() {
        return Err(Refusal::invalid("BuildID cannot be empty"));
    }
    if build.len() > limits::ID_LENGTH {
        return Err(Refusal::invalid("size of BuildID larger than the maximum allowed"));
    }
    Ok(())
}
