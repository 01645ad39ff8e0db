//! Codecs see every payload once, and hidden failures stay readable.

use futures_util::FutureExt;
use perpetua_convert::{BoxFuture, CodecError, DataConverter, PayloadCodec};
use perpetua_vocab::{ApplicationFailure, Failure, FailureInfo, Payload, Payloads};

/// Writes its letter at the end of every payload, and expects it there on the way back.
#[derive(Debug)]
struct Letter(u8);

impl PayloadCodec for Letter {
    fn encode(&self, mut payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        for payload in &mut payloads {
            payload.data = [&payload.data[..], &[self.0]].concat().into();
        }
        Box::pin(async { Ok(payloads) })
    }

    fn decode(&self, mut payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        Box::pin(async {
            for payload in &mut payloads {
                match payload.data.split_last() {
                    Some((last, _)) if *last == self.0 => drop(payload.data.split_off(payload.data.len() - 1)),
                    _ => return Err(CodecError::new("the letter is not there").from_source("a source")),
                }
            }
            Ok(payloads)
        })
    }
}

/// Loses a payload.
#[derive(Debug)]
struct Lossy;

impl PayloadCodec for Lossy {
    fn encode(&self, mut payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        payloads.pop();
        Box::pin(async { Ok(payloads) })
    }

    fn decode(&self, payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        self.encode(payloads)
    }
}

/// Cannot be called.
#[derive(Debug)]
struct Never;

impl PayloadCodec for Never {
    fn encode(&self, _payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        panic!("called for nothing")
    }

    fn decode(&self, _payloads: Vec<Payload>) -> BoxFuture<'_, Result<Vec<Payload>, CodecError>> {
        panic!("called for nothing")
    }
}

fn now<T>(future: impl Future<Output = T> + Send) -> T {
    future.now_or_never().expect("no codec here waits")
}

fn payloads(texts: &[&'static str]) -> Payloads {
    texts.iter().map(|text| Payload::encoded("json/plain", *text)).collect()
}

fn failure(message: &str, cause: Option<Failure>) -> Failure {
    Failure {
        message: message.to_owned(),
        stack_trace: format!("at {message}"),
        cause: cause.map(Box::new),
        info: FailureInfo::Application(ApplicationFailure { details: Some(payloads(&["1"])), ..Default::default() }),
        ..Failure::default()
    }
}

#[test]
fn codecs_run_in_order_and_back_in_reverse() {
    let converter = DataConverter::default().with_codec(Letter(b'a')).with_codec(Letter(b'b'));
    let mut value = payloads(&["1", "2"]);
    now(converter.encode(&mut value)).unwrap();
    assert_eq!(value, payloads(&["1ab", "2ab"]));
    now(converter.decode(&mut value)).unwrap();
    assert_eq!(value, payloads(&["1", "2"]));
}

#[test]
fn every_payload_of_a_failure_is_seen() {
    let converter = DataConverter::default().with_codec(Letter(b'!')).with_encoded_failures();
    let original = failure("outer", Some(failure("inner", None)));
    let mut value = original.clone();
    converter.hide_failure(&mut value);
    now(converter.encode(&mut value)).unwrap();
    for failure in value.chain() {
        assert_eq!(failure.message, "Encoded failure");
        assert_eq!(failure.stack_trace, "");
        assert!(failure.encoded_attributes.as_ref().unwrap().data.ends_with(b"!"));
        assert_eq!(failure.application().unwrap().details, Some(payloads(&["1!"])));
    }
    now(converter.decode(&mut value)).unwrap();
    converter.reveal_failure(&mut value);
    assert_eq!(value, original);
}

#[test]
fn hidden_failures_are_the_same_in_every_sdk() {
    let mut value = failure("it broke", None);
    DataConverter::default().with_encoded_failures().hide_failure(&mut value);
    let hidden = value.encoded_attributes.as_ref().unwrap();
    assert_eq!(hidden.encoding(), Some("json/plain"));
    assert_eq!(&hidden.data[..], br#"{"message":"it broke","stack_trace":"at it broke"}"#);

    // As Python writes it. Who does not hide can read all the same.
    value.encoded_attributes =
        Some(Payload::encoded("json/plain", r#"{"message": "from Python", "stack_trace": "  File \"x.py\""}"#));
    DataConverter::default().reveal_failure(&mut value);
    assert_eq!((value.message.as_str(), value.stack_trace.as_str()), ("from Python", "  File \"x.py\""));
    assert_eq!(value.encoded_attributes, None);
}

#[test]
fn what_is_hidden_and_cannot_be_read_stays() {
    let unreadable = Payload::encoded("my/encryption", "?");
    let mut value =
        Failure { encoded_attributes: Some(unreadable), message: "Encoded failure".into(), ..Failure::default() };
    let before = value.clone();
    DataConverter::default().reveal_failure(&mut value);
    DataConverter::default().with_encoded_failures().hide_failure(&mut value);
    assert_eq!(value, before);
}

#[test]
fn failures_are_not_hidden_unasked() {
    let mut value = failure("it broke", None);
    DataConverter::default().hide_failure(&mut value);
    assert_eq!(value, failure("it broke", None));
}

#[test]
fn a_codec_that_gives_up_changes_nothing() {
    let converter = DataConverter::default().with_codec(Letter(b'a')).with_codec(Letter(b'b'));
    let mut value = payloads(&["1b"]);
    let error = now(converter.decode(&mut value)).unwrap_err();
    assert_eq!(error.to_string(), "payload codec failed: the letter is not there");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "a source");
    assert_eq!(value, payloads(&["1b"]));
}

#[test]
fn a_codec_that_loses_a_payload_is_caught() {
    let converter = DataConverter::default().with_codec(Lossy);
    let mut value = payloads(&["1", "2"]);
    let error = now(converter.encode(&mut value)).unwrap_err();
    assert_eq!(error.to_string(), "payload codec failed: it was given 2 payloads to encode and returned 1");
    let error = now(converter.decode(&mut value)).unwrap_err();
    assert_eq!(error.to_string(), "payload codec failed: it was given 2 payloads to decode and returned 1");
    assert_eq!(value, payloads(&["1", "2"]));
}

#[test]
fn without_payloads_no_codec_is_called() {
    let converter = DataConverter::default().with_codec(Never);
    assert!(converter.has_codecs());
    now(converter.encode(&mut Payloads::new())).unwrap();
    now(converter.decode(&mut Failure::default())).unwrap();
    assert!(!DataConverter::default().has_codecs());
}
