//! What the queues of a name have in common: what was configured, and how fast work may go out.

use std::collections::BTreeMap;

use perpetua_proto::enums::RateLimitSource;
use perpetua_proto::taskqueue::{RateLimitConfig, TaskQueueConfig};

use super::Matching;
use super::QueueKey;
use super::rate::Limiter;
use crate::Time;
use crate::limits;
use crate::world::Offer;

/// What the queues of a name have in common.
#[derive(Debug, Default)]
pub(super) struct Shared {
    config: TaskQueueConfig,
    /// What the worker said that polled last.
    pub(super) worker_rate: Option<f64>,
    limiter: Limiter,
    /// One for each fairness key that had work lately, where keys are limited.
    keys: BTreeMap<String, Limiter>,
}

impl Shared {
    fn rate(&self) -> Option<f64> {
        configured(self.config.queue_rate_limit.as_ref()).or(self.worker_rate)
    }

    fn key_rate(&self, offer: &Offer) -> Option<f64> {
        let rate = configured(self.config.fairness_keys_rate_limit_default.as_ref())?;
        Some(rate * f64::from(self.weight(offer)))
    }

    /// Whether work may go out now; else from when on, if ever.
    pub(super) fn check(&self, offer: &Offer, now: Time) -> Result<(), Option<Time>> {
        if let Some(rate) = self.rate() {
            self.limiter.check(rate, now)?;
        }
        match self.key_rate(offer) {
            Some(rate) => self.keys.get(&offer.fairness_key).copied().unwrap_or_default().check(rate, now),
            None => Ok(()),
        }
    }

    pub(super) fn spend(&mut self, offer: &Offer, now: Time) {
        if let Some(rate) = self.rate() {
            self.limiter.spend(rate, now);
        }
        if let Some(rate) = self.key_rate(offer) {
            self.keys.entry(offer.fairness_key.clone()).or_default().spend(rate, now);
        }
    }

    /// How much the key of a piece of work weighs.
    pub(super) fn weight(&self, offer: &Offer) -> f32 {
        self.config.fairness_weight_overrides.get(&offer.fairness_key).copied().unwrap_or(offer.fairness_weight)
    }

    pub(super) fn tidy(&mut self, now: Time) {
        self.keys.retain(|_, limiter| !limiter.is_rested(now));
    }

    pub(super) fn is_configured(&self) -> bool {
        self.config != TaskQueueConfig::default()
    }
}

fn configured(limit: Option<&RateLimitConfig>) -> Option<f64> {
    limit?.rate_limit.as_ref().map(|limit| f64::from(limit.requests_per_second))
}

impl Matching {
    /// What was configured of a name.
    pub(crate) fn config(&self, key: &QueueKey) -> Option<&TaskQueueConfig> {
        self.shared.get(&*key.plain()).map(|shared| &shared.config).filter(|config| **config != Default::default())
    }

    pub(crate) fn configure(&mut self, key: &QueueKey, config: TaskQueueConfig) {
        self.shared.entry(key.of(None)).or_default().config = config;
    }

    /// How much work a second may go out, and who says so.
    pub(crate) fn effective_rate(&self, key: &QueueKey) -> (f64, RateLimitSource) {
        let shared = self.shared.get(&*key.plain());
        let api = shared.and_then(|shared| configured(shared.config.queue_rate_limit.as_ref()));
        match (api, shared.and_then(|shared| shared.worker_rate)) {
            (Some(rate), _) => (rate, RateLimitSource::Api),
            (None, Some(rate)) if rate < limits::DISPATCH_RATE => (rate, RateLimitSource::Worker),
            _ => (limits::DISPATCH_RATE, RateLimitSource::System),
        }
    }

    /// Whether work may not go out now because of how fast it went.
    pub(crate) fn is_limited(&self, key: &QueueKey, now: Time) -> bool {
        let Some(shared) = self.shared.get(&*key.plain()) else { return false };
        shared.rate().is_some_and(|rate| shared.limiter.check(rate, now).is_err())
    }
}
