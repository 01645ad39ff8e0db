//! Search attributes and the memo: keys, values, changes.

use std::collections::BTreeMap;
use std::time::{Duration, UNIX_EPOCH};

use perpetua_convert::{
    Bool, Datetime, Double, Int, Keyword, KeywordList, Memo, MemoUpdate, PayloadConverter, SearchAttributeKey,
    SearchAttributeKind, SearchAttributeUpdate, SearchAttributes, Text,
};
use perpetua_vocab::Payload;

const CUSTOMER: SearchAttributeKey<Keyword> = SearchAttributeKey::keyword("CustomerId");
const NOTE: SearchAttributeKey<Text> = SearchAttributeKey::text("Note");
const TAGS: SearchAttributeKey<KeywordList> = SearchAttributeKey::keyword_list("Tags");
const AMOUNT: SearchAttributeKey<Int> = SearchAttributeKey::int("Amount");
const RATE: SearchAttributeKey<Double> = SearchAttributeKey::double("Rate");
const PAID: SearchAttributeKey<Bool> = SearchAttributeKey::bool("Paid");
const DUE: SearchAttributeKey<Datetime> = SearchAttributeKey::datetime("Due");

/// What is sent: name, data and kind.
fn sent(update: SearchAttributeUpdate) -> (String, String, String) {
    let (name, payload) = update.into_field().expect("it can be sent");
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("it is text");
    (name, text(&payload.data), payload.metadata.get("type").map(|kind| text(kind)).unwrap_or_default())
}

#[test]
fn each_kind_is_sent_as_the_server_reads_it() {
    let due = UNIX_EPOCH + Duration::from_millis(1_500);
    for (update, name, data, kind) in [
        (CUSTOMER.set("ann"), "CustomerId", "\"ann\"", "Keyword"),
        (NOTE.set(String::from("call first")), "Note", "\"call first\"", "Text"),
        (TAGS.set(["gift", "fragile"]), "Tags", "[\"gift\",\"fragile\"]", "KeywordList"),
        (AMOUNT.set(7_u32), "Amount", "7", "Int"),
        (AMOUNT.set(-7), "Amount", "-7", "Int"),
        (RATE.set(0.25), "Rate", "0.25", "Double"),
        (RATE.set(2.0), "Rate", "2.0", "Double"),
        (PAID.set(true), "Paid", "true", "Bool"),
        (DUE.set(due), "Due", "\"1970-01-01T00:00:01.5Z\"", "Datetime"),
        // The server takes an attribute away only for a null without a kind.
        (AMOUNT.unset(), "Amount", "", ""),
    ] {
        assert_eq!(sent(update), (name.to_owned(), data.to_owned(), kind.to_owned()));
    }
    let (_, unset) = AMOUNT.unset().into_field().expect("it can be sent");
    assert_eq!(unset.encoding(), Some("binary/null"));
}

/// What was set is what is read.
fn round_trip<K: SearchAttributeKind>(key: &SearchAttributeKey<K>, update: SearchAttributeUpdate) -> Option<K::Value> {
    let mut attributes = SearchAttributes::default();
    attributes.apply([update]).expect("it can be sent");
    attributes.get(key.clone()).expect("it is of this kind")
}

#[test]
fn what_was_set_is_what_is_read() {
    assert_eq!(round_trip(&CUSTOMER, CUSTOMER.set("ann")).as_deref(), Some("ann"));
    assert_eq!(round_trip(&TAGS, TAGS.set(["gift"])), Some(vec!["gift".to_owned()]));
    assert_eq!(round_trip(&AMOUNT, AMOUNT.set(i64::MIN)), Some(i64::MIN));
    assert_eq!(round_trip(&RATE, RATE.set(0.1)), Some(0.1));
    assert_eq!(round_trip(&PAID, PAID.set(false)), Some(false));
    assert_eq!(round_trip(&DUE, DUE.set(UNIX_EPOCH)), Some(UNIX_EPOCH));
    let at_run_time = SearchAttributeKey::<Keyword>::named("Custom".to_owned() + "erId");
    assert_eq!(round_trip(&at_run_time, CUSTOMER.set("ann")).as_deref(), Some("ann"));
}

#[test]
fn what_json_does_not_have_is_refused() {
    for (update, problem) in [
        (RATE.set(f64::NAN), "search attribute `Rate`: there is no such Double in JSON"),
        (RATE.set(f64::INFINITY), "search attribute `Rate`: there is no such Double in JSON"),
        (
            DUE.set(UNIX_EPOCH + Duration::from_secs(1 << 40)),
            "search attribute `Due`: there is no such Datetime in JSON",
        ),
    ] {
        let mut attributes = SearchAttributes::default();
        let error = attributes.apply([CUSTOMER.set("ann"), update]).expect_err("it cannot be sent");
        assert_eq!(std::error::Error::source(&error).expect("it says why").to_string(), problem);
        assert_eq!(attributes, SearchAttributes::default(), "nothing has changed");
    }
}

fn json(data: &str) -> SearchAttributes {
    let payload = Payload::encoded("json/plain", data.to_owned());
    let names = ["CustomerId", "Tags", "Amount", "Rate", "Paid", "Due"];
    let fields: BTreeMap<_, _> = names.map(|name| (name.to_owned(), payload.clone())).into();
    SearchAttributes::from(fields)
}

#[test]
fn clients_that_know_no_kinds_send_lists() {
    assert_eq!(json("[\"ann\"]").get(CUSTOMER).expect("one text"), Some("ann".to_owned()));
    assert_eq!(json("\"gift\"").get(TAGS).expect("one text"), Some(vec!["gift".to_owned()]));
    assert_eq!(json("[7]").get(AMOUNT).expect("one number"), Some(7));
    assert_eq!(json("[]").get(AMOUNT).expect("nothing"), None);
    assert_eq!(json("null").get(AMOUNT).expect("nothing"), None);
    assert_eq!(json("3").get(RATE).expect("a number"), Some(3.0));
}

#[test]
fn a_value_of_another_kind_is_named() {
    let error = json("[\"a\",\"b\"]").get(CUSTOMER).expect_err("they are two");
    assert_eq!(error.to_string(), "`alloc::string::String` cannot be read from `json/plain`");
    let source = std::error::Error::source(&error).expect("it says why").to_string();
    assert_eq!(source, "search attribute `CustomerId` is no Keyword: [\"a\",\"b\"]");
    assert!(json("\"7\"").get(AMOUNT).is_err());
    assert!(json("\"tomorrow\"").get(DUE).is_err());
    assert!(json("not JSON").get(PAID).is_err());
}

#[test]
fn changes_add_replace_and_take_away() {
    let mut attributes = SearchAttributes::default();
    attributes.apply([CUSTOMER.set("ann"), AMOUNT.set(1)]).expect("they can be sent");
    attributes.apply([AMOUNT.set(2), PAID.set(true), CUSTOMER.unset()]).expect("they can be sent");
    assert_eq!(attributes.names().collect::<Vec<_>>(), ["Amount", "Paid"]);
    assert_eq!(format!("{attributes:?}"), r#"{"Amount": "2", "Paid": "true"}"#);
}

#[test]
fn a_memo_is_read_by_key_and_type() {
    let converter = PayloadConverter::default();
    let changes = [MemoUpdate::set("status", "packed"), MemoUpdate::set("parcels", 3), MemoUpdate::unset("draft")];
    let fields = changes.map(|change| change.into_field(&converter).expect("it can be sent")).into();
    let memo = Memo::new(fields, converter);
    assert_eq!(memo.keys().collect::<Vec<_>>(), ["draft", "parcels", "status"]);
    assert_eq!(memo.get::<String>("status").expect("a text"), Some("packed".to_owned()));
    assert_eq!(memo.get::<u8>("parcels").expect("a number"), Some(3));
    assert_eq!(memo.get::<u8>("weight").expect("nothing"), None);
    assert!(memo.fields()["draft"].is_null());
    assert!(memo.get::<u8>("status").is_err());
}
