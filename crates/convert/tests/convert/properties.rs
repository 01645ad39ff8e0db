//! Whatever the value, it comes back.

use std::collections::BTreeMap;

use bytes::Bytes;
use perpetua_convert::{PayloadConverter, RawValue};
use perpetua_vocab::Payload;
use proptest::prelude::*;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value as Json;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
enum Tree {
    Leaf,
    Unit(()),
    Number(f64),
    Wide(i128),
    Maybe(Option<Option<bool>>),
    Blob(Bytes),
    Text { text: String, letter: char },
    Branch(Vec<Self>, Box<Option<Self>>),
    Named(BTreeMap<String, Self>),
}

fn trees() -> impl Strategy<Value = Tree> {
    let leaf = prop_oneof![
        Just(Tree::Leaf),
        Just(Tree::Unit(())),
        // `Some(None)` is left out: nothing but a tag could tell it from `None`, and JSON has none.
        any::<Option<bool>>().prop_map(|inner| Tree::Maybe(inner.map(Some))),
        any::<f64>().prop_filter("finite", |number| number.is_finite()).prop_map(Tree::Number),
        any::<i128>().prop_map(Tree::Wide),
        any::<Vec<u8>>().prop_map(|blob| Tree::Blob(blob.into())),
        any::<(String, char)>().prop_map(|(text, letter)| Tree::Text { text, letter }),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            (prop::collection::vec(inner.clone(), 0..4), prop::option::of(inner.clone()))
                .prop_map(|(branches, last)| Tree::Branch(branches, Box::new(last))),
            prop::collection::btree_map(any::<String>(), inner, 0..4).prop_map(Tree::Named),
        ]
    })
}

fn jsons() -> impl Strategy<Value = Json> {
    let leaf = prop_oneof![
        Just(Json::Null),
        any::<bool>().prop_map(Json::from),
        any::<i64>().prop_map(Json::from),
        any::<u64>().prop_map(Json::from),
        any::<f64>().prop_map(Json::from),
        any::<String>().prop_map(Json::from),
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
            prop::collection::btree_map(any::<String>(), inner, 0..4)
                .prop_map(|fields| Json::Object(fields.into_iter().collect())),
        ]
    })
}

fn payloads() -> impl Strategy<Value = Payload> {
    let bytes = || any::<Vec<u8>>().prop_map(Bytes::from);
    let encoding = prop_oneof![
        Just(None),
        prop::sample::select(&["binary/null", "binary/plain", "json/plain", "binary/bincode", "other"][..])
            .prop_map(|name| Some(Bytes::from_static(name.as_bytes()))),
        bytes().prop_map(Some),
    ];
    let data = prop_oneof![bytes(), jsons().prop_map(|json| json.to_string().into())];
    (encoding, prop::collection::btree_map(any::<String>(), bytes(), 0..3), data, any::<Vec<i64>>()).prop_map(
        |(encoding, mut metadata, data, external_sizes)| {
            metadata.extend(encoding.map(|encoding| ("encoding".to_owned(), encoding)));
            Payload { metadata: metadata.into_iter().collect(), data, external_sizes }
        },
    )
}

fn converters() -> Vec<PayloadConverter> {
    vec![
        PayloadConverter::default(),
        #[cfg(feature = "bincode")]
        PayloadConverter::bincode(),
    ]
}

fn comes_back<T: Serialize + DeserializeOwned + PartialEq + std::fmt::Debug>(value: &T) {
    for converter in converters() {
        let payload = converter.encode(value).unwrap();
        assert_eq!(PayloadConverter::default().decode::<T>(&payload).unwrap(), *value);
    }
}

proptest! {
    #[test]
    fn json_comes_back(json in jsons()) {
        let converter = PayloadConverter::default();
        let payload = converter.encode(&json).unwrap();
        prop_assert_eq!(converter.decode::<Json>(&payload).unwrap(), json);
    }

    #[test]
    fn values_come_back(tree in trees(), maybe in prop::option::of(trees())) {
        comes_back(&tree);
        comes_back(&maybe);
        comes_back(&(maybe, (), tree));
    }

    #[test]
    fn nested_options_come_back(maybe: Option<u8>, blob: Option<Vec<u8>>) {
        comes_back(&maybe.map(Some));
        comes_back(&blob);
        comes_back(&blob.map(Bytes::from).map(Some));
    }

    #[test]
    fn only_absence_is_null(tree in trees()) {
        for converter in converters() {
            let payload = converter.encode(&tree).unwrap();
            prop_assert_ne!(payload.encoding(), Some("binary/null"));
        }
    }

    #[test]
    fn a_payload_passes_as_it_is(payload in payloads()) {
        for converter in converters() {
            let raw: RawValue = converter.decode(&payload).unwrap();
            prop_assert_eq!(&raw.0, &payload);
            prop_assert_eq!(&converter.encode(&raw).unwrap(), &payload);
            prop_assert_eq!(&converter.encode(&Some(raw)).unwrap(), &payload);
        }
    }

    #[test]
    fn no_payload_makes_reading_panic(payload in payloads()) {
        let converter = PayloadConverter::default();
        drop(converter.decode::<Tree>(&payload));
        drop(converter.decode::<Json>(&payload));
        drop(converter.decode::<Option<Vec<String>>>(&payload));
        drop(converter.decode::<BTreeMap<String, Bytes>>(&payload));
    }
}
