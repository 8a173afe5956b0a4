use std::time::Duration;

use super::peer::{Peer, Reply, answer, json};
use super::{USER, api_key, client, key, run};
use crate::credential::Product;
use crate::momo::{Diagnosis, Gateway, KnownCode, Refusal, Silence, StoredHost, Token};

const LONG: Duration = Duration::from_secs(20);
const DUPLICATE: &str =
    r#"{"message":"Duplicated reference id. Creation of resource failed.","code":"RESOURCE_ALREADY_EXIST"}"#;
const BUSY: &str =
    r#"{"message":"Service temporarily unavailable, try again later.","code":"SERVICE_UNAVAILABLE"}"#;
const FAULT: &str = r#"{ "statusCode": 500, "message": "Internal server error" }"#;
const UNKNOWN: &str = r#"{"message":"Requested resource was not found.","code":"RESOURCE_NOT_FOUND"}"#;
const INFO: &str = r#"{"providerCallbackHost":"webhook.site","targetEnvironment":"sandbox"}"#;
const KEY: &str = r#"{"apiKey":"22222222222222222222222222222222"}"#;

fn lost() -> Reply {
    Reply::Raw(String::new())
}

fn created() -> Reply {
    json("201 Created", "")
}

/// Plays a script to the creation of a user; answers with the result and how many requests there were of each method.
fn create_user(script: Vec<Reply>) -> (Result<(), Refusal>, usize, usize) {
    let peer = Peer::new(script);
    let host = "webhook.site".parse().unwrap();
    let result = run(client(&peer.base, LONG).create_user(&key(), USER, &host));
    let seen = peer.seen();
    let posts: Vec<_> =
        seen.iter().filter(|request| request.starts_with("POST /v1_0/apiuser HTTP/1.1")).collect();
    for post in &posts {
        assert!(post.to_lowercase().contains(&format!("x-reference-id: {USER}")), "{post}");
        assert!(post.ends_with(r#"{"providerCallbackHost":"webhook.site"}"#), "{post}");
        assert!(!post.to_lowercase().contains("authorization"));
    }
    (result, posts.len(), seen.iter().filter(|request| request.starts_with("GET ")).count())
}

#[test]
fn a_user_is_created() {
    assert_eq!(create_user(vec![created()]), (Ok(()), 1, 0));
}

#[test]
fn a_lost_answer_is_asked_for_again_with_the_same_id() {
    assert_eq!(create_user(vec![lost(), created()]), (Ok(()), 2, 0));
    assert_eq!(create_user(vec![json("500 Oops", FAULT), created()]), (Ok(()), 2, 0));
}

#[test]
fn a_duplicate_is_ours_only_after_a_lost_answer_and_a_look_up() {
    let (result, posts, gets) = create_user(vec![json("409 Conflict", DUPLICATE)]);
    let refusal = result.unwrap_err();
    assert_eq!((refusal.diagnosis, refusal.ambiguous, posts, gets), (Diagnosis::DuplicateUser, false, 1, 0));
    assert_eq!(refusal.code, Some(KnownCode::ResourceAlreadyExist));

    let ours = || vec![lost(), json("409 Conflict", DUPLICATE)];
    let with = |more: Vec<Reply>| create_user(ours().into_iter().chain(more).collect());
    assert_eq!(with(vec![json("200 OK", INFO)]), (Ok(()), 2, 1));
    // Known here already and there not yet.
    assert_eq!(with(vec![json("404 Not Found", UNKNOWN), json("200 OK", INFO)]), (Ok(()), 2, 2));

    let foreign = INFO.replace("webhook.site", "example.com");
    let refusal = with(vec![json("200 OK", &foreign)]).0.unwrap_err();
    assert_eq!((refusal.diagnosis, refusal.ambiguous), (Diagnosis::DuplicateUser, true));

    let refusal = with(vec![json("401 Access Denied", r#"{"statusCode":401,"message":"x"}"#)]).0.unwrap_err();
    assert_eq!((refusal.diagnosis, refusal.ambiguous), (Diagnosis::InvalidKey, true));
}

#[test]
fn a_clear_no_before_a_duplicate_does_not_make_it_ours() {
    let (result, posts, gets) = create_user(vec![json("503 Busy", BUSY), json("409 Conflict", DUPLICATE)]);
    assert_eq!((result.unwrap_err().ambiguous, posts, gets), (false, 2, 0));
}

#[test]
fn a_lost_answer_stays_in_mind_when_a_later_one_is_clear() {
    let refused = json("401 Access Denied", r#"{"statusCode":401,"message":"x"}"#);
    let refusal = create_user(vec![lost(), refused]).0.unwrap_err();
    assert_eq!((refusal.diagnosis, refusal.ambiguous), (Diagnosis::InvalidKey, true));
}

#[test]
fn attempts_end() {
    let script = (0..9).map(|_| json("500 Oops", FAULT)).collect();
    let (result, posts, _) = create_user(script);
    assert_eq!((result.unwrap_err().diagnosis, posts), (Diagnosis::Outage, 4));
}

fn create_key(script: Vec<Reply>) -> (Result<bool, Refusal>, usize) {
    let peer = Peer::new(script);
    let result = run(client(&peer.base, LONG).create_key(&key(), USER));
    (result.map(|issued| issued.same_as(&api_key())), peer.seen().len())
}

#[test]
fn a_key_is_issued() {
    assert_eq!(create_key(vec![json("201 Created", KEY)]), (Ok(true), 1));
}

#[test]
fn a_key_is_asked_for_again_only_after_a_clear_no() {
    for no in [
        json("404 Not Found", UNKNOWN),
        json("503 Busy", BUSY),
        answer("429 Slow Down", "Retry-After: 0\r\n", r#"{"statusCode":429,"message":"x"}"#),
    ] {
        assert_eq!(create_key(vec![no, json("201 Created", KEY)]), (Ok(true), 2));
    }
    let of_a_proxy = answer("429 Slow Down", "Retry-After: 0\r\n", "<html>");
    for unclear in [json("500 Oops", FAULT), answer("502 Bad Gateway", "", "<html>"), of_a_proxy, lost()] {
        let (result, sent) = create_key(vec![unclear, json("201 Created", KEY)]);
        assert_eq!((result.unwrap_err().ambiguous, sent), (true, 1));
    }
}

#[test]
fn a_wish_to_wait_beyond_the_deadline_ends_it() {
    let wait = answer("429 Slow Down", "Retry-After: 99999999\r\n", r#"{"statusCode":429,"message":"x"}"#);
    let refusal = create_key(vec![wait]).0.unwrap_err();
    assert_eq!(refusal.retry_after, Some(Duration::from_secs(30)));
    assert_eq!(refusal.diagnosis, Diagnosis::RateLimited);
}

#[test]
fn what_is_no_key_is_refused_unseen() {
    for (body, diagnosis) in [
        ("", Diagnosis::Malformed),
        ("{}", Diagnosis::Malformed),
        (r#"{"apiKey":7}"#, Diagnosis::Malformed),
        (r#"{"apiKey":""}"#, Diagnosis::KeyShape),
        (r#"{"apiKey":"3333333333333333333333333333333"}"#, Diagnosis::KeyShape),
        (r#"{"apiKey":"3333333333333333333333333333333\n"}"#, Diagnosis::KeyShape),
        (r#"{"apiKey":"3333333333333333$(3333333333333"}"#, Diagnosis::KeyShape),
    ] {
        let (result, sent) = create_key(vec![json("201 Created", body)]);
        let refusal = result.unwrap_err();
        assert_eq!((refusal.diagnosis, refusal.ambiguous, sent), (diagnosis, true, 1), "{body}");
        assert!(!format!("{refusal:?} {refusal}").contains("3333"));
    }
}

#[test]
fn a_user_is_looked_up_and_its_host_is_not_trusted() {
    let look_up = |body: &str| {
        let peer = Peer::new([json("200 OK", body)]);
        run(client(&peer.base, LONG).user(&key(), USER))
    };
    let info = look_up(INFO).unwrap();
    assert_eq!(info.callback_host, StoredHost::Host("webhook.site".parse().unwrap()));
    assert!(info.target_environment.is_some_and(|target| target.is_sandbox()));
    let odd = look_up(r#"{"providerCallbackHost":"http://localhost:8000/callback"}"#).unwrap();
    assert_eq!(odd.callback_host, StoredHost::Odd);
    assert_eq!(look_up("{}").unwrap_err().diagnosis, Diagnosis::Malformed);
}

#[test]
fn what_is_no_token_is_refused() {
    let token = |body: &str| {
        let peer = Peer::new([json("200 OK", body)]);
        run(client(&peer.base, LONG).token(Product::Collection, &key(), USER, &api_key())).map(|t| t.lifetime)
    };
    assert_eq!(token(r#"{"access_token":"a","expires_in":"60"}"#), Ok(Some(Duration::from_secs(60))));
    assert_eq!(token(r#"{"access_token":"a"}"#), Ok(None));
    let long = format!(r#"{{"access_token":"{}"}}"#, "a".repeat(9000));
    for body in
        ["", "{}", r#"{"access_token":""}"#, r#"{"access_token":"a\r\nb"}"#, r#"{"access_token":[1]}"#, &long]
    {
        assert_eq!(token(body).unwrap_err().diagnosis, Diagnosis::Malformed, "{body}");
    }
}

#[test]
fn reads_ask_for_what_proves_most() {
    let token = Token { secret: "a.b.c".into(), lifetime: None };
    let read = |target: &str, msisdn: Option<&str>, body: &str| {
        let peer = Peer::new([json("200 OK", body)]);
        let msisdn = msisdn.map(|number| number.parse().unwrap());
        let target = target.parse().unwrap();
        let gateway = client(&peer.base, LONG);
        let result = run(gateway.read(Product::Remittance, &key(), &token, &target, msisdn.as_ref()));
        let request = peer.seen().remove(0);
        assert!(request.to_lowercase().contains(&format!("x-target-environment: {target}")), "{request}");
        assert!(request.to_lowercase().contains("authorization: bearer a.b.c"));
        let path = request.split(' ').nth(1).unwrap().to_owned();
        (path, result.map_err(|refusal| refusal.diagnosis))
    };
    let active = |number: &str| format!("/remittance/v1_0/accountholder/msisdn/{number}/active");
    let balance = "/remittance/v1_0/account/balance".to_owned();
    let money = r#"{"availableBalance":"32.39","currency":"ZAR"}"#;
    assert_eq!(read("sandbox", None, r#"{"result":true}"#), (active("46733123450"), Ok(())));
    assert_eq!(read("mtnzambia", None, money), (balance.clone(), Ok(())));
    assert_eq!(
        read("mtnzambia", Some("260955000000"), r#"{"result":false}"#),
        (active("260955000000"), Ok(()))
    );
    assert_eq!(read("mtnzambia", None, r#"{"result":true}"#), (balance, Err(Diagnosis::Malformed)));
}

#[test]
fn reads_are_repeated_after_silence() {
    let peer = Peer::new([lost(), json("200 OK", INFO)]);
    assert!(run(client(&peer.base, LONG).user(&key(), USER)).is_ok());
    assert_eq!(peer.seen().len(), 2);
    let peer = Peer::new([Reply::Silence]);
    let refusal = run(client(&peer.base, Duration::from_millis(300)).user(&key(), USER)).unwrap_err();
    assert_eq!((refusal.diagnosis, refusal.ambiguous), (Diagnosis::NoAnswer(Silence::Unanswered), false));
}
