//! RFC 9396 §2: the parameter, its types and the fields that all of them share.

use grantor::model::{AuthorizationDetail, AuthorizationDetails, AuthorizationDetailsError as Fault};
use serde_json::{Value, json};

use crate::{accounts, combined, details, payment};

// §2 Request Parameter "authorization_details"

/// "contains, in JSON notation, an array of objects", "This field is REQUIRED."
#[test]
fn it_is_a_json_array_of_objects_each_with_a_type() {
    let read = details(&combined());
    assert_eq!(
        read.iter().map(AuthorizationDetail::detail_type).collect::<Vec<_>>(),
        ["account_information", "payment_initiation"]
    );
    assert_eq!(serde_json::to_value(&read).unwrap(), combined());
    assert_eq!(AuthorizationDetails::parse(&read.to_string()).unwrap(), read);
    assert!(AuthorizationDetails::parse(" [ ] ").unwrap().is_empty());
    let cases = [
        ("", Fault::Malformed),
        ("null", Fault::Malformed),
        ("{}", Fault::Malformed),
        (r#"{"type":"t"}"#, Fault::Malformed),
        (r#""[]""#, Fault::Malformed),
        ("[1]", Fault::Malformed),
        (r#"["t"]"#, Fault::Malformed),
        (r#"[[{"type":"t"}]]"#, Fault::Malformed),
        (r#"[{"type":"t"}"#, Fault::Malformed),
        (r#"[{"type":"t"}] []"#, Fault::Malformed),
        (r#"[{"type":"t",}]"#, Fault::Malformed),
        (r#"[{"type":"t","a":1e999}]"#, Fault::Malformed),
        (r#"[{"type":"t","a":"\ud800"}]"#, Fault::Malformed),
        ("[{}]", Fault::Type),
        (r#"[{"type":""}]"#, Fault::Type),
        (r#"[{"type":null}]"#, Fault::Type),
        (r#"[{"type":["t"]}]"#, Fault::Type),
        (r#"[{"type":"t"},{"Type":"t"}]"#, Fault::Type),
        (r#"[{"type":"t","a":9007199254740992}]"#, Fault::Number),
    ];
    for (text, fault) in cases {
        assert_eq!(AuthorizationDetails::parse(text), Err(fault), "{text}");
    }
}

/// RFC 8259 §4: "When the names within an object are not unique, the behavior of software that receives such an object
/// is unpredictable."
#[test]
fn no_object_in_it_has_two_members_of_one_name() {
    for text in [
        r#"[{"type":"t","type":"t"}]"#,
        r#"[{"type":"t","a":1,"a":1}]"#,
        r#"[{"type":"t","a":{"b":[{"c":1,"c":2}]}}]"#,
        r#"[{"type":"t","a":1,"\u0061":2}]"#,
    ] {
        assert_eq!(AuthorizationDetails::parse(text), Err(Fault::Repeated), "{text}");
    }
    assert!(AuthorizationDetails::parse(r#"[{"type":"t","a":1},{"type":"t","a":1}]"#).is_ok());
}

#[test]
fn it_is_bounded_in_length_depth_and_number() {
    let of_len = |len: usize| {
        let filler = "x".repeat(len - r#"[{"a":"","type":"t"}]"#.len());
        AuthorizationDetails::parse(&json!([{ "type": "t", "a": filler }]).to_string())
    };
    assert!(of_len(AuthorizationDetails::MAX_LEN).is_ok());
    assert_eq!(of_len(AuthorizationDetails::MAX_LEN + 1), Err(Fault::TooLong));
    // A number may be longer when it is written than it was when it was read.
    let numbers = format!(r#"[{{"type":"t","a":[{}1]}}]"#, "1e9,".repeat(1900));
    assert_eq!(AuthorizationDetails::parse(&numbers), Err(Fault::TooLong));

    let nested = |levels: usize| {
        AuthorizationDetails::parse(&format!(r#"[{{"type":"t","a":{}{}}}]"#, "[".repeat(levels), "]".repeat(levels)))
    };
    assert!(nested(AuthorizationDetails::MAX_DEPTH - 2).is_ok());
    for levels in [AuthorizationDetails::MAX_DEPTH - 1, 100, 127, 128, 4000] {
        assert_eq!(nested(levels), Err(Fault::TooDeep), "{levels}");
    }

    let many = |count| AuthorizationDetails::parse(&Value::from(vec![json!({ "type": "t" }); count]).to_string());
    assert_eq!(many(AuthorizationDetails::MAX_COUNT).unwrap().len(), 32);
    assert_eq!(many(AuthorizationDetails::MAX_COUNT + 1), Err(Fault::TooMany));
}

/// What comes from a record is held to the same.
#[test]
fn serde_reads_no_more_than_parse_does() {
    let read = |value: Value| serde_json::from_value::<AuthorizationDetails>(value);
    assert_eq!(read(combined()).unwrap(), details(&combined()));
    let deep = (0..20).fold(json!(1), |inner, _| json!([inner]));
    for wrong in [
        json!({}),
        json!([1]),
        json!([{}]),
        json!([{ "type": "t", "actions": 1 }]),
        json!([{ "type": "t", "a": deep }]),
        vec![json!({ "type": "t" }); 33].into(),
        json!([{ "type": "t", "a": "x".repeat(9000) }]),
    ] {
        assert!(read(wrong.clone()).is_err(), "{wrong}");
    }
}

// §2.2 Common Data Fields

#[test]
fn the_common_fields_have_their_kinds() {
    let whole = json!({
        "type": "t",
        "locations": ["https://a.example", "b"],
        "actions": ["read", "write"],
        "datatypes": [],
        "identifier": "account-14-32-32-3",
        "privileges": ["admin"],
        "of_the_type": null,
    });
    let read = details(&json!([whole]));
    assert!(read[0].locations().eq(["https://a.example", "b"]) && read[0].actions().eq(["read", "write"]));
    assert!(read[0].datatypes().next().is_none() && read[0].privileges().eq(["admin"]));
    assert_eq!(read[0].identifier(), Some("account-14-32-32-3"));
    assert_eq!((read[0].member("of_the_type"), read[0].member("nothing")), (Some(&Value::Null), None));
    for name in ["locations", "actions", "datatypes", "privileges"] {
        for wrong in [json!("read"), json!([1]), json!(["read", null]), json!({}), json!(null)] {
            let text = json!([{ "type": "t", name: wrong }]).to_string();
            assert_eq!(AuthorizationDetails::parse(&text), Err(Fault::CommonField(name)), "{text}");
        }
    }
    for wrong in [json!(["a"]), json!(1), json!(null)] {
        let text = json!([{ "type": "t", "identifier": wrong }]).to_string();
        assert_eq!(AuthorizationDetails::parse(&text), Err(Fault::CommonField("identifier")), "{text}");
    }
}

// §6.1 Comparing Authorization Details

/// What is granted, what is asked for, and whether that is allowed.
#[test]
fn the_comparison_is_conservative() {
    let p = payment;
    let less = |name: &str, value: Value| {
        let mut less = p();
        less[name] = value;
        less
    };
    let without = |name: &str| {
        let mut less = p();
        less.as_object_mut().unwrap().remove(name);
        less
    };
    let a = accounts;
    let other_place = json!({ "type": "account_information", "actions": ["read_balances"], "locations": ["x"] });
    let cases = [
        (json!([p()]), json!([]), true),
        (json!([p()]), json!([p()]), true),
        (json!([p(), a(&["x"])]), json!([a(&["x"]), p()]), true),
        (json!([p()]), json!([less("actions", json!(["status"]))]), true),
        (json!([p()]), json!([less("actions", json!(["cancel", "status", "status"]))]), true),
        (json!([a(&["x", "y"]), a(&["y", "z"])]), json!([a(&["y"]), a(&["x"])]), true),
        (json!([a(&["y", "z"]), a(&["x", "y"])]), json!([a(&["y"]), a(&["z"])]), true),
        // Nothing is taken for less of which a type may think that it is more.
        (json!([]), json!([p()]), false),
        (json!([p()]), json!([p(), p()]), false),
        (json!([p()]), json!([less("actions", json!(["initiate"])), less("actions", json!(["status"]))]), false),
        (json!([p()]), json!([less("actions", json!([]))]), false),
        (json!([p()]), json!([without("actions")]), false),
        (json!([without("actions")]), json!([p()]), false),
        (json!([p()]), json!([without("remittanceInformationUnstructured")]), false),
        (json!([p()]), json!([less("actions", json!(["initiate", "refund"]))]), false),
        (json!([p()]), json!([less("creditorName", json!("Merchant B"))]), false),
        (json!([p()]), json!([less("instructedAmount", json!({ "currency": "EUR", "amount": "1.00" }))]), false),
        (json!([p()]), json!([less("type", json!("account_information"))]), false),
        (json!([a(&["x"])]), json!([other_place]), false),
        (json!([{ "type": "t", "mine": ["a", "b"] }]), json!([{ "type": "t", "mine": ["a"] }]), false),
        (json!([{ "type": "t", "identifier": "1" }]), json!([{ "type": "t", "identifier": "2" }]), false),
        (json!([{ "type": "t", "n": 1 }]), json!([{ "type": "t", "n": 1.0 }]), false),
    ];
    for (granted, asked, is_allowed) in cases {
        assert_eq!(details(&granted).cover(&details(&asked)), is_allowed, "{granted} {asked}");
    }
}

/// §12: "No additional transformation or normalization is to be done in evaluating equivalence of string values."
#[test]
fn texts_are_compared_as_they_are() {
    for (granted, asked) in [("A", "a"), ("\u{e9}", "e\u{301}"), ("a", "a "), ("a", "\u{430}")] {
        for name in ["identifier", "type", "own"] {
            let one = |text: &str| {
                let mut detail = json!({ "type": "t" });
                detail[name] = text.into();
                details(&json!([detail]))
            };
            assert!(one(granted).cover(&one(granted)) && !one(granted).cover(&one(asked)), "{name} {granted} {asked}");
        }
    }
}

#[test]
fn debug_shows_types_and_nothing_of_people() {
    let shown = format!("{0:?} {1:?}", details(&combined()), details(&combined())[1]);
    assert!(shown.contains("payment_initiation") && !shown.contains("Merchant") && !shown.contains("DE02"), "{shown}");
}

#[test]
fn the_objects_at_some_positions_are_kept() {
    let all = details(&json!([accounts(&["x"]), payment(), accounts(&["y"])]));
    assert_eq!(all.at(&[2, 0, 2, 7]), details(&json!([accounts(&["x"]), accounts(&["y"])])));
    assert!(all.at(&[]).is_empty() && all.at(&[3]).is_empty());
    assert_eq!(all.filtered(|detail| detail.detail_type() == "payment_initiation"), all.at(&[1]));
}
