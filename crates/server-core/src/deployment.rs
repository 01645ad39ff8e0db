//! Versions of workers: which build of a deployment a worker is, and which build a workflow is to run on.

use std::fmt;

use perpetua_proto::deployment::WorkerDeploymentOptions;
use perpetua_proto::enums::WorkerVersioningMode;

use crate::limits;
use crate::refusal::{Answer, Refusal};

/// One build of a deployment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Version {
    pub(crate) deployment: String,
    pub(crate) build: String,
}

impl Version {
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
