//! The test service: whether time skips, and waiting for a time.
//!
//! The semantics are those that the time-skipping environments of SDKs rely on: time skips while the count of locks is
//! zero; a client unlocks it while it waits for a result. A server whose time does not skip refuses all of it.

use std::sync::Arc;
use std::time::Duration;

use perpetua_proto::testservice::*;
use perpetua_server_core::{Answer, Code, Refusal, Reply, Time};
use tonic::Request;

use super::{patience, service};
use crate::engine::Engine;

/// Longer than anybody waits who does not say how long; whoever does not wait any longer is noticed at once.
const FOREVER: Duration = Duration::from_secs(10 * 365 * 24 * 3600);

/// A request that says nothing.
type Nothing = ();

/// The test service.
#[derive(Clone, Debug)]
pub(crate) struct TestApi(pub(crate) Arc<Engine>);

service! {
    "temporal.api.testservice.v1.TestService", TestApi:
    does {
        "LockTimeSkipping" => lock_time_skipping;
        "UnlockTimeSkipping" => unlock_time_skipping;
        "Sleep" => sleep;
        "SleepUntil" => sleep_until;
        "UnlockTimeSkippingWithSleep" => unlock_time_skipping_with_sleep;
        "GetCurrentTime" => get_current_time;
    }
    refuses {}
}

impl TestApi {
    fn check(&self) -> Answer<()> {
        if self.0.skips() {
            return Ok(());
        }
        Err(Refusal::new(Code::Unimplemented, "the time of this server does not skip; start it as a test server"))
    }

    async fn lock_time_skipping(&self, _: Request<LockTimeSkippingRequest>) -> Answer<LockTimeSkippingResponse> {
        self.check()?;
        self.0.lock_time(true)?;
        Ok(LockTimeSkippingResponse {})
    }

    async fn unlock_time_skipping(&self, _: Request<UnlockTimeSkippingRequest>) -> Answer<UnlockTimeSkippingResponse> {
        self.check()?;
        self.0.lock_time(false)?;
        Ok(UnlockTimeSkippingResponse {})
    }

    async fn sleep(&self, request: Request<SleepRequest>) -> Answer<SleepResponse> {
        self.check()?;
        let until = self.end_of(request.get_ref().duration)?;
        self.wait_until(until, patience::limit(request.metadata(), FOREVER)).await
    }

    async fn sleep_until(&self, request: Request<SleepUntilRequest>) -> Answer<SleepResponse> {
        self.check()?;
        let limit = patience::limit(request.metadata(), FOREVER);
        let time =
            request.into_inner().timestamp.ok_or_else(|| Refusal::invalid("Timestamp is not set on request."))?;
        self.wait_until(Time::from_wire(&time), limit).await
    }

    async fn unlock_time_skipping_with_sleep(&self, request: Request<SleepRequest>) -> Answer<SleepResponse> {
        self.check()?;
        let until = self.end_of(request.get_ref().duration)?;
        let limit = patience::limit(request.metadata(), FOREVER);
        slept(self.0.sleep_unlocked(limit, until).await?)
    }

    async fn get_current_time(&self, _: Request<Nothing>) -> Answer<GetCurrentTimeResponse> {
        self.check()?;
        Ok(GetCurrentTimeResponse { time: Some(self.0.time().to_wire()) })
    }

    fn end_of(&self, duration: Option<perpetua_proto::protobuf::Duration>) -> Answer<Time> {
        let duration = duration.unwrap_or_default();
        let duration = Duration::try_from(duration).map_err(|_| Refusal::invalid("Duration cannot be negative."))?;
        Ok(self.0.time().plus(duration))
    }

    async fn wait_until(&self, time: Time, limit: Duration) -> Answer<SleepResponse> {
        slept(self.0.wait(limit, |world, call| world.sleep_until(call, time)).await?)
    }
}

fn slept(reply: Reply) -> Answer<SleepResponse> {
    match reply {
        Reply::Slept => Ok(SleepResponse {}),
        _ => Err(Refusal::new(Code::Internal, "the world gave an answer to another question")),
    }
}
