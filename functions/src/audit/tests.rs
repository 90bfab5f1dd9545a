//! From changes to the trail, over systems that break.

use serde_json::{Value, json};

use super::change::Batch;
use super::{Auditor, acts};
use crate::fakes::{Break, MemoryArtifacts, MemoryAudit};

const USER: &str = "0123456789abcdefghij";

fn image(attributes: Value) -> Value {
    let Value::Object(attributes) = attributes else { panic!("an object") };
    let typed =
        |value: Value| if value.is_number() { json!({ "N": value.to_string() }) } else { json!({ "S": value }) };
    attributes.into_iter().map(|(name, value)| (name, typed(value))).collect()
}

fn change(old: Option<Value>, new: Option<Value>) -> Value {
    let mut images = json!({ "ApproximateCreationDateTime": 1_800_000_000, "SequenceNumber": "7" });
    for (name, side) in [("OldImage", old), ("NewImage", new)] {
        if let Some(side) = side {
            images[name] = image(side);
        }
    }
    json!({ "eventID": "e1", "eventName": "MODIFY", "dynamodb": images })
}

fn batch(changes: &[Value]) -> Batch {
    serde_json::from_value(json!({ "Records": changes })).expect("a batch")
}

fn account(attributes: Value) -> Option<Value> {
    let mut item = json!({ "PK": format!("USER#{USER}"), "SK": "PROFILE", "userId": USER, "passwordHash": "secret" });
    item.as_object_mut().expect("an object").extend(attributes.as_object().expect("an object").clone());
    Some(item)
}

fn check(old: Option<Value>, new: Option<Value>, expect: &[(&str, Value)]) {
    let records: Vec<_> = batch(&[change(old, new)]).records.iter().flat_map(acts::acts_of).collect();
    let said: Vec<_> = records.iter().map(|record| (record.action.as_str(), record.details.clone())).collect();
    assert_eq!(said, expect);
    assert!(!serde_json::to_string(&records).expect("JSON").contains("secret"), "a secret was recorded");
}

#[test]
fn each_change_of_an_account_is_an_act() {
    check(None, account(json!({ "username": "ada" })), &[("account.registered", json!({ "username": "ada" }))]);
    check(account(json!({})), None, &[("account.deleted", json!({}))]);
    check(
        account(json!({})),
        account(json!({ "passwordHash": "secret2" })),
        &[("account.password-changed", json!({}))],
    );
    let suspended = account(json!({ "suspendedAt": 1, "tier": "pro", "changedBy": "a" }));
    check(
        account(json!({ "tier": "free" })),
        suspended.clone(),
        &[
            ("account.tier-changed", json!({ "from": "free", "to": "pro", "changedBy": "a" })),
            ("account.suspended", json!({ "changedBy": "a" })),
        ],
    );
    check(suspended, account(json!({ "tier": "pro" })), &[("account.restored", json!({}))]);
    check(account(json!({ "lastLoginAt": 1 })), account(json!({ "lastLoginAt": 2 })), &[]);
}

#[test]
fn logins_rooms_members_and_links_are_watched() {
    let item = |pk: &str, sk: &str, more: Value| {
        let mut item = json!({ "PK": pk, "SK": sk });
        item.as_object_mut().expect("an object").extend(more.as_object().expect("an object").clone());
        Some(item)
    };
    let login = |more| item("LOGIN#l", "LOGIN", more);
    check(None, login(json!({ "address": "192.0.2.1" })), &[("login.opened", json!({ "address": "192.0.2.1" }))]);
    check(login(json!({})), login(json!({ "endedAt": 1 })), &[("login.ended", json!({}))]);
    let member = |role| item("ROOM#r", "MEMBER#u", json!({ "role": role }));
    check(member("viewer"), member("admin"), &[("member.role-changed", json!({ "from": "viewer", "to": "admin" }))]);
    check(member("viewer"), None, &[("member.removed", json!({}))]);
    let link = |more| item("ROOM#r", "LINK#l", more);
    check(link(json!({})), link(json!({ "revokedAt": 1 })), &[("link.revoked", json!({}))]);
    check(None, item("REFRESH#secret", "TOKEN", json!({})), &[]);
}

#[test]
fn what_expires_is_nobodys_act() {
    let mut gone = change(account(json!({})), None);
    gone["userIdentity"] = json!({ "type": "Service", "principalId": "dynamodb.amazonaws.com" });
    assert!(acts::acts_of(&batch(&[gone]).records[0]).is_empty());
}

#[tokio::test]
async fn a_batch_that_fails_comes_again_and_is_recorded_once() {
    for kind in [Break::Before, Break::After] {
        for is_archive in [false, true] {
            let auditor = Auditor { store: MemoryAudit::default(), archive: MemoryArtifacts::default() };
            if is_archive { &auditor.archive.breaks } else { &auditor.store.breaks }.next(kind);
            let changes = || batch(&[change(None, account(json!({})))]);
            assert_eq!(auditor.handle(changes()).await.batch_item_failures[0].item_identifier, "7");
            assert!(auditor.handle(changes()).await.batch_item_failures.is_empty());
            assert_eq!(auditor.store.records.lock().expect("no panic").len(), 1);
            let archived = auditor.archive.texts.lock().expect("no panic").clone();
            let [(key, text)] = archived.iter().collect::<Vec<_>>()[..] else { panic!("one file: {archived:?}") };
            let file = format!("audit/2027/01/15/{:0>40}.e1-0.jsonl", 7);
            assert_eq!((key.as_str(), text.lines().count()), (file.as_str(), 1));
        }
    }
}
