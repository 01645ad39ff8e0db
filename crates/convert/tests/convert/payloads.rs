//! Which encoding a value gets, and what can be read from which.

use std::collections::BTreeMap;
use std::error::Error;

use bytes::Bytes;
use perpetua_convert::{Arguments, ConversionError, PayloadConverter};
use perpetua_vocab::Payload;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Order {
    id: u64,
    #[serde(default)]
    note: Option<String>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Wrapper<T>(T);

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Nothing;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Shape {
    Point,
    Circle(u8),
    Square { side: u8 },
}

#[track_caller]
fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T, encoding: &str, data: &str) {
    let converter = PayloadConverter::default();
    let payload = converter.encode(&value).unwrap();
    assert_eq!(payload.encoding(), Some(encoding));
    assert_eq!(String::from_utf8_lossy(&payload.data), data);
    assert_eq!(payload.metadata.len(), 1);
    assert_eq!(converter.decode::<T>(&payload).unwrap(), value);
}

fn read<T: DeserializeOwned>(encoding: &'static str, data: &'static [u8]) -> Result<T, ConversionError> {
    PayloadConverter::default().decode(&Payload::encoded(encoding, data))
}

#[track_caller]
fn refused<T: DeserializeOwned + std::fmt::Debug>(encoding: &'static str, data: &'static [u8]) -> (String, String) {
    let error = read::<T>(encoding, data).unwrap_err();
    (error.to_string(), error.source().map(ToString::to_string).unwrap_or_default())
}

#[test]
fn absence_is_null() {
    check((), "binary/null", "");
    check(None::<u8>, "binary/null", "");
    check(Some(Wrapper(None::<Order>)).map(|wrapper| wrapper.0).unwrap(), "binary/null", "");
    check(Wrapper(()), "binary/null", "");
}

#[test]
fn bytes_are_themselves() {
    check(Bytes::from_static(b"\x00hi"), "binary/plain", "\0hi");
    check(Some(Bytes::from_static(b"hi")), "binary/plain", "hi");
    check(Wrapper(Bytes::new()), "binary/plain", "");
}

#[test]
fn anything_else_is_json() {
    check(7, "json/plain", "7");
    check(u128::MAX, "json/plain", "340282366920938463463374607431768211455");
    check("Ann".to_owned(), "json/plain", "\"Ann\"");
    check(Order { id: 1, note: None }, "json/plain", r#"{"id":1,"note":null}"#);
    check(Some(Order { id: 1, note: Some("x".into()) }), "json/plain", r#"{"id":1,"note":"x"}"#);
    check(Wrapper(7), "json/plain", "7");
    check(vec![1u8, 2], "json/plain", "[1,2]");
    check((1, "a".to_owned()), "json/plain", r#"[1,"a"]"#);
    check(Nothing, "json/plain", "null");
    check(Shape::Point, "json/plain", "\"Point\"");
    check(Shape::Circle(2), "json/plain", r#"{"Circle":2}"#);
    check(Shape::Square { side: 3 }, "json/plain", r#"{"Square":{"side":3}}"#);
    check(BTreeMap::from([("a".to_owned(), vec![None, Some(1)])]), "json/plain", r#"{"a":[null,1]}"#);
    check(serde_json::json!({"a": [1, null]}), "json/plain", r#"{"a":[1,null]}"#);
}

#[test]
fn text_that_is_only_displayed_is_json() {
    let error = "x".parse::<u8>().unwrap_err();
    let payload = PayloadConverter::default().encode(&format_args!("{error}")).unwrap();
    assert_eq!(&payload.data[..], br#""invalid digit found in string""#);
}

#[test]
fn other_writers_may_choose_another_encoding() {
    assert_eq!(read::<Option<u8>>("json/plain", b" null ").unwrap(), None);
    assert_eq!(read::<Option<u8>>("json/plain", b"7").unwrap(), Some(7));
    assert_eq!(read::<Wrapper<Option<u8>>>("binary/null", b"").unwrap(), Wrapper(None));
    read::<()>("json/plain", b"null").unwrap();
    assert_eq!(read::<Nothing>("binary/null", b"").unwrap(), Nothing);
    assert_eq!(read::<serde_json::Value>("binary/null", b"").unwrap(), serde_json::Value::Null);
    assert_eq!(read::<Vec<u8>>("binary/plain", b"hi").unwrap(), b"hi");
    assert_eq!(read::<[u8; 2]>("binary/plain", b"hi").unwrap(), *b"hi");
    assert_eq!(read::<Option<Vec<u8>>>("binary/plain", b"").unwrap(), Some(vec![]));
    assert_eq!(read::<String>("binary/plain", b"hi").unwrap(), "hi");
    assert_eq!(read::<Bytes>("json/plain", b"[1,2]").unwrap(), [1, 2][..]);
    read::<serde::de::IgnoredAny>("binary/plain", b"hi").unwrap();
}

#[test]
fn what_is_not_of_the_type_is_refused() {
    let (error, source) = refused::<String>("json/plain", b"7");
    assert_eq!(error, "`alloc::string::String` cannot be read from `json/plain`");
    assert_eq!(source, "invalid type: integer `7`, expected a string at line 1 column 1");
    assert_eq!(refused::<u8>("json/plain", b"7 7").1, "trailing characters at line 1 column 3");
    assert_eq!(refused::<Option<u8>>("json/plain", b"null 7").1, "invalid type: null, expected u8 at line 1 column 4");
    assert_eq!(refused::<u8>("json/plain", b"").1, "EOF while parsing a value at line 1 column 0");
    assert_eq!(refused::<u8>("binary/null", b"").1, "invalid type: unit value, expected u8");
    assert_eq!(refused::<Order>("binary/plain", b"hi").1, "invalid type: byte array, expected struct Order");
    assert_eq!(refused::<[u8; 1]>("binary/plain", b"hi").1, "invalid length 2, expected 1 element in sequence");
}

#[test]
fn an_unknown_encoding_is_named() {
    let (error, source) = refused::<Option<u8>>("json/protobuf", b"{}");
    assert_eq!(source, "");
    assert!(
        error.starts_with(
            "`core::option::Option<u8>` cannot be read from the unknown encoding `json/protobuf` (known: binary/null, binary/plain, json/plain"
        ),
        "{error}"
    );
    let error = PayloadConverter::default().decode::<u8>(&Payload::default()).unwrap_err();
    assert!(error.to_string().starts_with("`u8` cannot be read from a payload that names no encoding"), "{error}");
    assert_eq!(error.encoding(), None);
}

#[test]
fn what_json_cannot_say_is_refused_where_it_is_given() {
    let error = PayloadConverter::default().encode(&BTreeMap::from([(vec![1], 1)])).unwrap_err();
    assert_eq!(
        error.to_string(),
        "`alloc::collections::btree::map::BTreeMap<alloc::vec::Vec<i32>, i32>` cannot be encoded"
    );
    assert_eq!(error.source().unwrap().to_string(), "key must be a string");
}

#[test]
fn arguments_say_which_of_them_is_wrong() {
    let converter = PayloadConverter::default();
    let payloads = ("Ann".to_owned(), 7u8).encode(&converter).unwrap();
    let error = <(String, String)>::decode(payloads, &converter).unwrap_err();
    assert_eq!(error.to_string(), "argument 2 of 2: `alloc::string::String` cannot be read from `json/plain`");
    assert_eq!((error.argument(), error.encoding()), (Some((1, 2)), Some("json/plain")));
    assert_eq!(error.type_name(), "alloc::string::String");
}

#[test]
fn arguments_may_be_left_out_at_the_end_and_be_too_many() {
    let converter = PayloadConverter::default();
    let two = ("Ann".to_owned(), 7u8).encode(&converter).unwrap();
    let (name, number, rest) = <(String, u8, Option<u8>)>::decode(two.clone(), &converter).unwrap();
    assert_eq!((name.as_str(), number, rest), ("Ann", 7, None));
    assert_eq!(<(String,)>::decode(two.clone(), &converter).unwrap().0, "Ann");
    <()>::decode(two.clone(), &converter).unwrap();

    let error = <(String, u8, u8)>::decode(two, &converter).unwrap_err();
    assert_eq!(error.to_string(), "argument 3 of 3: a value for `u8` is missing");
    assert!(error.is_missing());
    assert!(error.source().is_none());
}

#[test]
fn no_result_is_null() {
    let converter = PayloadConverter::default();
    converter.decode_result::<()>(None).unwrap();
    assert_eq!(converter.decode_result::<Option<u8>>(Some(vec![])).unwrap(), None);
    let payload = converter.encode(&7).unwrap();
    assert_eq!(converter.decode_result::<u8>(Some(vec![payload])).unwrap(), 7);
    assert!(converter.decode_result::<u8>(None).unwrap_err().is_missing());
}

#[test]
fn errors_are_small() {
    assert!(size_of::<ConversionError>() <= 3 * size_of::<usize>());
}

#[cfg(feature = "bincode")]
mod bincode {
    use super::*;

    fn check<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: T, encoding: &str) {
        let payload = PayloadConverter::bincode().encode(&value).unwrap();
        assert_eq!(payload.encoding(), Some(encoding));
        // Whatever a converter writes, every converter reads it.
        assert_eq!(PayloadConverter::default().decode::<T>(&payload).unwrap(), value);
    }

    #[test]
    fn only_replaces_json() {
        check((), "binary/null");
        check(None::<Order>, "binary/null");
        check(Bytes::from_static(b"hi"), "binary/plain");
        check(7u64, "binary/bincode");
        check(Some(Order { id: 7, note: Some("x".into()) }), "binary/bincode");
        check(vec![Shape::Point, Shape::Circle(1), Shape::Square { side: 2 }], "binary/bincode");
        check((Some(1u8), None::<u8>, Wrapper(Nothing)), "binary/bincode");
    }

    #[test]
    fn the_default_still_writes_json() {
        assert_eq!(PayloadConverter::default().encode(&7).unwrap().encoding(), Some("json/plain"));
    }

    #[test]
    fn what_is_left_over_is_refused() {
        assert_eq!(refused::<u8>("binary/bincode", b"\x01\x02").1, "there are bytes after the value");
    }

    #[test]
    fn a_length_from_outside_cannot_ask_for_all_memory() {
        assert_eq!(refused::<String>("binary/bincode", &[0xfd; 9]).1, "LimitExceeded");
    }
}
