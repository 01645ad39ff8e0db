//! Overrides: from outside a run is bound to a version, or unbound.

use perpetua_proto::enums::VersioningBehavior;
use perpetua_proto::workflow::VersioningOverride;
use perpetua_proto::workflow::versioning_override::{
    OneTimeOverride, Override, PinnedOverride, PinnedOverrideBehavior,
};

use crate::World;
use crate::deployment::Version;
use crate::matching::QueueKey;
use crate::refusal::{Answer, Refusal};

impl World {
    /// Checks that workers of the version poll this queue to which a run is to be bound.
    ///
    /// # Errors
    /// When they do not.
    pub(crate) fn check_override(
        &self,
        namespace: &str,
        queue: &str,
        given: Option<&VersioningOverride>,
    ) -> Answer<()> {
        let version = match given.and_then(|given| given.r#override.as_ref()) {
            Some(Override::Pinned(PinnedOverride { version, .. })) => version.as_ref(),
            Some(Override::OneTime(OneTimeOverride { target_deployment_version })) => {
                target_deployment_version.as_ref()
            }
            Some(Override::AutoUpgrade(_)) | None => None,
        };
        match Version::of_wire(version) {
            Some(version) if !self.deployments.has_queue(&version, &QueueKey::workflow(namespace, queue)) => {
                Err(Refusal::precondition(format!(
                    "Pinned version '{}' is not present in task queue '{queue}' of type 'Workflow'",
                    version.with_colon(),
                )))
            }
            _ => Ok(()),
        }
    }
}

/// Checks an override by itself, and writes it in the newer way.
///
/// # Errors
/// What is wrong with it.
pub(crate) fn in_newer_form(given: Option<VersioningOverride>) -> Answer<Option<VersioningOverride>> {
    let newer = |given| Ok(VersioningOverride { r#override: Some(newer(given)?), ..VersioningOverride::default() });
    given.map(newer).transpose()
}

#[allow(deprecated, reason = "older clients say it so")]
fn newer(given: VersioningOverride) -> Answer<Override> {
    let behavior = given.behavior();
    match given.r#override {
        Some(Override::Pinned(pinned)) => {
            if pinned.behavior() == PinnedOverrideBehavior::Unspecified {
                return Err(Refusal::invalid("must specify pinned override behavior if override is pinned."));
            }
            if Version::of_wire(pinned.version.as_ref()).is_none() {
                return Err(Refusal::invalid("must provide version if override is pinned."));
            }
            Ok(Override::Pinned(pinned))
        }
        Some(Override::OneTime(once)) => {
            if Version::of_wire(once.target_deployment_version.as_ref()).is_none() {
                return Err(Refusal::invalid("must provide target deployment version if override is one-time."));
            }
            Ok(Override::OneTime(once))
        }
        Some(Override::AutoUpgrade(wanted)) => Ok(Override::AutoUpgrade(wanted)),
        None => match behavior {
            VersioningBehavior::Pinned => {
                let version = match (&given.deployment, Version::parse(&given.pinned_version)?) {
                    (_, Some(version)) => version,
                    (Some(deployment), None) => {
                        Version { deployment: deployment.series_name.clone(), build: deployment.build_id.clone() }
                    }
                    (None, None) => {
                        let words = "must provide deployment (deprecated) or pinned version if behavior is 'PINNED'";
                        return Err(Refusal::invalid(words));
                    }
                };
                Ok(Override::Pinned(PinnedOverride {
                    behavior: PinnedOverrideBehavior::Pinned.into(),
                    version: Some(version.to_wire()),
                }))
            }
            VersioningBehavior::AutoUpgrade => Ok(Override::AutoUpgrade(true)),
            VersioningBehavior::Unspecified => Err(Refusal::invalid("override behavior is required")),
        },
    }
}
