//! What a run may use of the world while it changes.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use perpetua_proto::common::Payload;
use rand_chacha::ChaCha8Rng;
use rand_core::Rng;

use super::{CallId, Offer, Reply, Transfer};
use crate::deployment::Deployments;
use crate::limits;
use crate::matching::{Matching, QueueKey};
use crate::namespace::Namespaces;
use crate::nexus::Nexus;
use crate::nexus::endpoint::Destination;
use crate::run::RunId;
use crate::settings::Settings;
use crate::time::duration;
use crate::{Answer, Time};

/// What a run may use of the world while it changes.
pub(crate) struct Cx<'a> {
    /// The time of whom it is for: a run may be ahead of the world.
    pub(crate) now: Time,
    /// The time of the world.
    pub(crate) wall: Time,
    pub(crate) server: u64,
    pub(super) random: &'a mut ChaCha8Rng,
    pub(crate) settings: &'a Settings,
    pub(super) matching: &'a Matching,
    pub(crate) deployments: &'a Deployments,
    pub(super) namespaces: &'a Namespaces,
    pub(super) watched: &'a BTreeMap<String, String>,
    pub(super) nexus: &'a Nexus,
    pub(super) offers: &'a mut Vec<Offer>,
    pub(super) transfers: &'a mut VecDeque<Transfer>,
    pub(super) replies: &'a mut Vec<(CallId, Answer<Reply>)>,
}

/// How much had been said at some moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Said {
    offers: usize,
    transfers: usize,
    replies: usize,
}

impl Cx<'_> {
    /// A new id, in the order of time (version 7).
    pub(crate) fn uuid(&mut self) -> String {
        let millis = u64::try_from(self.wall.nanos() / 1_000_000).unwrap_or(0) & 0xffff_ffff_ffff;
        let (first, second) = (self.random.next_u64(), self.random.next_u64());
        let high = millis << 16 | 0x7000 | first & 0x0fff;
        let low = second & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000;
        RunId::of(u128::from(high) << 64 | u128::from(low)).to_text()
    }

    /// A wait up to this long, drawn at random.
    pub(crate) fn some_of(&mut self, most: Option<Duration>) -> Option<Duration> {
        let nanos = u64::try_from(most?.as_nanos()).unwrap_or(u64::MAX);
        Some(Duration::from_nanos(self.random.next_u64().checked_rem(nanos)?))
    }

    /// Puts work into a queue.
    pub(crate) fn offer(&mut self, offer: Offer) {
        self.offers.push(Offer { offered: self.wall, ..offer });
    }

    /// Sends a message to another run.
    pub(crate) fn transfer(&mut self, transfer: Transfer) {
        self.transfers.push_back(transfer);
    }

    /// Answers a call.
    pub(crate) fn reply(&mut self, call: CallId, answer: Answer<Reply>) {
        self.replies.push((call, answer));
    }

    /// Whether somebody polls the queue, or did a moment ago.
    pub(crate) fn is_polled(&self, queue: &QueueKey) -> bool {
        self.matching.is_polled(queue, self.wall, limits::STICKY_UNPOLLED)
    }

    /// Whether somebody wants to hear how the chain ends that began with this run.
    pub(crate) fn is_watched(&self, first_run: &str) -> bool {
        self.watched.contains_key(first_run)
    }

    /// Checks that there is such a namespace.
    ///
    /// # Errors
    /// When there is none.
    pub(crate) fn check_namespace(&self, name: &str) -> Answer<()> {
        self.namespaces.check(name).map(|_| ())
    }

    /// The id of a namespace; empty if there is none of that name.
    pub(crate) fn namespace_id(&self, name: &str) -> String {
        self.namespaces.check(name).map(|namespace| namespace.info.id.clone()).unwrap_or_default()
    }

    /// How long closed runs of a namespace are kept.
    pub(crate) fn retention(&self, name: &str) -> Duration {
        let config = self.namespaces.check(name).map(|namespace| namespace.config.workflow_execution_retention_ttl);
        config.ok().and_then(|retention| duration(retention.as_ref())).unwrap_or_default()
    }

    /// Checks search attributes against what the namespace knows, and notes their types.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn check_search_attributes(
        &self,
        namespace: &str,
        fields: &mut BTreeMap<String, Payload>,
    ) -> Result<(), String> {
        self.namespaces.check_search_attributes(namespace, fields)
    }

    /// The id of the Nexus endpoint of this name.
    pub(crate) fn endpoint_id(&self, name: &str) -> Option<String> {
        self.nexus.endpoint(name).map(|endpoint| endpoint.id.clone())
    }

    /// Where the requests for the Nexus endpoint of this id go.
    pub(crate) fn destination(&self, endpoint_id: &str) -> Option<Destination> {
        self.nexus.destination(endpoint_id)
    }

    /// How much was said so far.
    pub(crate) fn said(&self) -> Said {
        Said { offers: self.offers.len(), transfers: self.transfers.len(), replies: self.replies.len() }
    }

    /// Takes back what was said since.
    pub(crate) fn unsay(&mut self, said: Said) {
        self.offers.truncate(said.offers);
        self.transfers.truncate(said.transfers);
        self.replies.truncate(said.replies);
    }
}
