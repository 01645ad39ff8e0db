//! Codecs: whoever reads a history without them learns nothing, whoever has them notices nothing.

use bytes::Bytes;
use perpetua::prelude::*;
use perpetua::{BoxFuture, CodecError, DataConverter, Keyword, NamedWorkflow, Payload, PayloadCodec, WorkflowHandle};
use perpetua_testkit::{Outcome, both_ways};

/// In every value and in every message that somebody could read on the way.
const SECRET: &str = "open sesame";

/// Changes every byte. Not for real secrets.
#[derive(Debug)]
struct Scrambler;

/// The metadata that says how a payload was encoded before it was scrambled.
const BEFORE: &str = "encoding-before";

fn scrambled(payload: &Payload) -> Bytes {
    payload.data.iter().map(|byte| byte ^ 0x5a).collect()
}

impl PayloadCodec for Scrambler {
    fn encode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        let scramble = |mut payload: Payload| {
            payload.data = scrambled(&payload);
            let before = payload.metadata.insert(Payload::ENCODING, "binary/scrambled".into());
            payload.metadata.insert(BEFORE, before.ok_or_else(|| CodecError::new("there is no encoding"))?);
            Ok(payload)
        };
        Box::pin(async move { payloads.into_iter().map(scramble).collect() })
    }

    fn decode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        let unscramble = |mut payload: Payload| {
            if let Some(before) = payload.metadata.remove(BEFORE) {
                payload.data = scrambled(&payload);
                payload.metadata.insert(Payload::ENCODING, before);
            }
            Ok(payload)
        };
        Box::pin(async move { payloads.into_iter().map(unscramble).collect() })
    }
}

#[derive(Debug, thiserror::Error, ApplicationError, PartialEq)]
enum VaultError {
    #[error("somebody took {what}")]
    Robbed { what: String },
    #[error("{word} is wrong")]
    WrongWord { word: String },
}

#[activity]
async fn keep(ctx: ActivityContext, word: String) -> Result<String, VaultError> {
    match ctx.heartbeat_details::<String>() {
        Ok(Some(kept)) => Ok(kept),
        _ => {
            ctx.heartbeat(&word);
            Err(VaultError::Robbed { what: word })
        }
    }
}

/// A vault that is robbed when it has taken in enough, in its second run.
#[derive(Default)]
struct Vault {
    held: State<Vec<String>>,
}

#[workflow]
impl Vault {
    #[run]
    async fn run(&self, ctx: Ctx, word: String, last: bool) -> WorkflowResult<(), VaultError> {
        let eager = RetryPolicy::exponential().first_wait(milliseconds(10));
        let kept = ctx.activity(keep(word)).summary(SECRET).start_to_close(minutes(5)).retry(eager).await?;
        ctx.wait_until(|| self.held.with(Vec::len) >= 2).await?;
        if last { Err(VaultError::Robbed { what: kept }.into()) } else { ctx.continue_as_new(Vault::run(kept, true)) }
    }

    #[signal]
    fn put(&self, word: String) {
        self.held.update(|held| held.push(word));
    }

    #[update(validator = check_word)]
    async fn swap(&self, _ctx: Ctx, word: String) -> Result<String, VaultError> {
        if word == SECRET {
            return Err(VaultError::WrongWord { word });
        }
        self.held.update(|held| held.push(word.clone()));
        Ok(word)
    }

    fn check_word(&self, word: &str) -> Result<(), VaultError> {
        if word.is_empty() { Err(VaultError::WrongWord { word: SECRET.into() }) } else { Ok(()) }
    }

    #[query]
    fn held(&self) -> Vec<String> {
        self.held.get()
    }

    #[query(fallible)]
    fn at(&self, place: String) -> Result<String, VaultError> {
        Err(VaultError::WrongWord { word: place })
    }
}

/// Whether a history has the secret, read by somebody who has no codec.
async fn leaks(handle: WorkflowHandle<NamedWorkflow>) -> Outcome<bool> {
    let history = handle.history().raw().await?;
    Ok(history.windows(SECRET.len()).any(|bytes| bytes == SECRET.as_bytes()))
}

#[tokio::test]
async fn a_history_shows_nothing_to_whoever_has_no_codec() -> Outcome {
    both_ways(async |stage| {
        let converter = DataConverter::default().with_codec(Scrambler).with_encoded_failures();
        let client = stage.client().with_converter(converter);
        let builder = Worker::builder(&client, stage.task_queue()).workflow(Vault::run).activity(keep);
        let worker = if stage.is_cached() { builder } else { builder.max_cached_workflows(0) }.spawn()?;

        let id = stage.id("vault");
        let start = client.start(Vault::run(SECRET.into(), false)).memo("hint", SECRET).summary(SECRET);
        let start = start.with_signal(Vault::put(SECRET.into())).task_queue(stage.task_queue());
        let handle = start.id(&id).await?;
        assert_eq!(handle.held().await?, [SECRET]);
        let refused = handle.at(SECRET.into()).await.expect_err("nothing is there");
        assert_eq!(refused.to_string(), format!("WrongWord: {SECRET} is wrong"));
        let wrong = VaultError::WrongWord { word: SECRET.into() };
        let rejected = handle.swap(String::new()).await.expect_err("there is nothing in it");
        assert_eq!(rejected.application(), Some(&wrong), "{rejected:?}");
        let failed = handle.swap(SECRET.into()).await.expect_err("it is held already");
        assert_eq!(failed.application(), Some(&wrong), "{failed:?}");
        assert_eq!(handle.swap(format!("{SECRET}!")).await?, format!("{SECRET}!"));
        assert_eq!(handle.describe().await?.memo::<String>("hint")?.as_deref(), Some(SECRET));

        let first = handle.result().first_run_only().await;
        assert!(matches!(first, Err(WorkflowFailure::ContinuedAsNew { .. })), "{first:?}");
        handle.put(SECRET.into()).await?;
        handle.put(SECRET.into()).await?;
        match handle.result().await {
            Err(WorkflowFailure::Application(VaultError::Robbed { what }, remote)) => {
                assert_eq!(what, SECRET);
                assert_eq!(remote.message(), format!("somebody took {SECRET}"));
            }
            other => panic!("unexpected: {other:?}"),
        }

        let without = stage.client().handle::<NamedWorkflow>(&id);
        let first_run = handle.run_id().ok_or("a started workflow has a run")?;
        assert!(!leaks(without.at_run(first_run)).await?, "the first run");
        assert!(!leaks(without).await?, "the second run");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}

const KEYWORD: SearchAttributeKey<Keyword> = SearchAttributeKey::keyword("CustomKeywordField");

/// Notes the secret wherever it can, and takes the hint back.
#[workflow]
async fn notes_it(ctx: Ctx) -> WorkflowResult<String> {
    ctx.patched("lock-twice");
    let secret = ctx.side_effect(|| SECRET.to_owned());
    ctx.upsert_memo([MemoUpdate::set("word", secret.clone()), MemoUpdate::unset("hint")]);
    ctx.upsert_search_attributes([KEYWORD.set("vault")]);
    ctx.sleep(milliseconds(10)).await?;
    let memo = ctx.memo();
    Ok(format!("{secret} {:?} {:?}", memo.keys().collect::<Vec<_>>(), memo.get::<String>("word")?))
}

#[tokio::test]
async fn codecs_see_values_and_nothing_that_servers_and_sdks_must_read() -> Outcome {
    both_ways(async |stage| {
        let client = stage.client().with_converter(DataConverter::default().with_codec(Scrambler));
        let builder = Worker::builder(&client, stage.task_queue()).workflow(notes_it);
        let worker = if stage.is_cached() { builder } else { builder.max_cached_workflows(0) }.spawn()?;
        let id = stage.id("notes");
        let start = client.start(notes_it()).memo("hint", SECRET).task_queue(stage.task_queue());
        let handle = start.id(&id).await?;
        assert_eq!(handle.result().await?, format!("{SECRET} [\"word\"] Some({SECRET:?})"));
        let described = handle.describe().await?;
        assert_eq!(described.memo_fields().keys().collect::<Vec<_>>(), ["word"]);
        assert_eq!(described.memo::<String>("word")?.as_deref(), Some(SECRET));
        assert_eq!(described.search_attribute(KEYWORD)?.as_deref(), Some("vault"));

        let without = stage.client().handle::<NamedWorkflow>(&id);
        let history = without.history().raw().await?;
        let has = |text: &str| history.windows(text.len()).any(|bytes| bytes == text.as_bytes());
        assert!(has(r#"{"id":"lock-twice","deprecated":false}"#), "other SDKs read patches without codecs");
        assert!(has(r#"["lock-twice"]"#), "the server reads search attributes");
        assert!(!has(SECRET), "nobody else reads values");
        worker.shutdown().await?;
        Ok(())
    })
    .await
}
