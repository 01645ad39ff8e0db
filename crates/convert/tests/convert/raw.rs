//! Payloads that nobody looks into.

use bytes::Bytes;
use perpetua_convert::{Arguments, PayloadConverter, RawValue};
use perpetua_vocab::Payload;
use serde::{Deserialize, Serialize};

fn strange() -> RawValue {
    RawValue(Payload {
        metadata: [("encoding", Bytes::from_static(b"\xff")), ("x", Bytes::new())].into(),
        data: Bytes::from_static(b"{not json"),
        external_sizes: vec![1, -1],
    })
}

#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    raw: RawValue,
}

#[test]
fn it_passes_as_it_is() {
    let converter = PayloadConverter::default();
    for encoding in ["json/plain", "binary/null", "binary/plain", "binary/bincode", "my/own"] {
        let raw = RawValue(Payload::encoded(encoding, &b"\x01null"[..]));
        assert_eq!(converter.encode(&raw).unwrap(), raw.0);
        assert_eq!(converter.decode::<RawValue>(&raw.0).unwrap(), raw);
    }
    assert_eq!(converter.decode::<RawValue>(&converter.encode(&strange()).unwrap()).unwrap(), strange());
}

#[test]
fn its_data_is_shared() {
    let converter = PayloadConverter::default();
    let raw = strange();
    let payload = converter.encode(&raw).unwrap();
    assert_eq!(payload.data.as_ptr(), raw.0.data.as_ptr());
    assert_eq!(converter.decode::<RawValue>(&payload).unwrap().0.data.as_ptr(), raw.0.data.as_ptr());
}

#[test]
fn it_goes_where_a_value_goes() {
    let converter = PayloadConverter::default();
    let payloads = (strange(), Some(strange()), None::<RawValue>).encode(&converter).unwrap();
    assert_eq!(payloads[..2], [strange().0, strange().0]);
    type Read = (RawValue, Option<RawValue>, Option<RawValue>, RawValue);
    let (first, second, third, absent) = Read::decode(payloads, &converter).unwrap();
    assert_eq!((first, second, third), (strange(), Some(strange()), None));
    assert_eq!(absent.0.encoding(), Some("binary/null"));
}

#[test]
fn arguments_may_all_be_raw() {
    let converter = PayloadConverter::default();
    let payloads = (1, "two".to_owned()).encode(&converter).unwrap();
    let raw = Vec::<RawValue>::decode(payloads.clone(), &converter).unwrap();
    assert_eq!(raw.encode(&converter).unwrap(), payloads);
}

#[test]
fn it_can_be_made_and_read_later() {
    let converter = PayloadConverter::default();
    let raw = RawValue::encode(&7, &converter).unwrap();
    assert_eq!(raw.decode::<u8>(&converter).unwrap(), 7);
    raw.decode::<String>(&converter).unwrap_err();
}

#[test]
fn part_of_another_value_it_is_refused() {
    const OUTSIDE: &str = "a `RawValue` is a whole payload: it cannot be part of another value, nor be read or written \
                           without a payload converter";
    let converter = PayloadConverter::default();
    let source = |error: &dyn std::error::Error| error.source().unwrap().to_string();

    let error = converter.encode(&Holder { raw: strange() }).unwrap_err();
    assert_eq!(source(&error), OUTSIDE);
    let error = converter.encode(&vec![strange()]).unwrap_err();
    assert_eq!(source(&error), OUTSIDE);
    let error = converter.decode::<Holder>(&Payload::encoded("json/plain", r#"{"raw":1}"#)).unwrap_err();
    assert!(source(&error).starts_with(OUTSIDE), "{}", source(&error));

    assert_eq!(serde_json::to_string(&strange()).unwrap_err().to_string(), OUTSIDE);
    assert!(serde_json::from_str::<RawValue>("1").unwrap_err().to_string().starts_with(OUTSIDE));
    // A refusal leaves nothing behind.
    assert_eq!(converter.encode(&strange()).unwrap(), strange().0);
}
