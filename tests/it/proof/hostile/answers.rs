//! Answers that are too long, too short, or none of the API.

use std::time::Duration;

use super::{Step, each, json, meets, rotation, spoilt};
use crate::gate::{Fate, base_url, detour};
use crate::hostile::{Play, answer, breaks_off, endless, never_ends, says, sends_too_much};
use crate::sandbox::key;

#[test]
fn an_answer_without_an_end() {
    each(&Step::ALL, never_ends());
    each(&Step::ALL, sends_too_much());
}

#[test]
fn half_an_answer() {
    each(&Step::ALL, breaks_off());
}

#[test]
fn an_answer_that_is_none_of_the_api() {
    // As gzip it never ends either: each block says that another follows.
    const PACKED: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\0\0\0\0\0\0\x03";
    let deep = "[".repeat(60_000);
    each(
        &Step::ALL,
        vec![
            ("html", answer(200, "Content-Type: text/html\r\n", "<html>Sign in</html>"), 76),
            ("a list", json(200, "[]"), 76),
            ("null", json(200, "null"), 76),
            ("a text", json(200, r#""apiKey""#), 76),
            ("deep nesting", json(200, &deep), 76),
            ("deep nesting of a key", json(200, &format!(r#"{{"apiKey":{deep}"#)), 76),
            ("a lone surrogate", json(200, r#"{"apiKey":"\ud800","access_token":"\udfff"}"#), 76),
            (
                "a gzip bomb",
                endless(PACKED, [&[0, 0xff, 0xff, 0, 0][..], &[0; 0xffff]].concat(), Duration::ZERO),
                76,
            ),
            ("a status of another protocol", json(299, "101"), 76),
            ("a teapot", answer(418, "", "tea"), 69),
            ("no gateway of ours", json(409, "{}"), 76),
        ],
    );
    // Of a user who is made, this is a good answer.
    let nothing = vec![
        ("nothing", answer(201, "", ""), 76),
        ("no content", says("HTTP/1.1 204 No Content\r\n\r\n"), 76),
        ("an empty object", json(200, "{}"), 76),
    ];
    each(&[Step::Preflight, Step::Key, Step::Token, Step::Read], nothing);
}

#[test]
fn a_key_that_is_none() {
    let long = "a".repeat(10_000);
    let good = "0123456789abcdef0123456789abcdef";
    let key = |text: &str| json(201, &format!(r#"{{"apiKey":{text}}}"#));
    let text = |text: &str| key(&format!("\"{text}\""));
    each(
        &[Step::Key],
        vec![
            ("31 characters", text(&good[1..]), 76),
            ("33 characters", text(&format!("{good}0")), 76),
            ("10000 characters", text(&long), 76),
            ("a line end", text(&format!("{}\\n", &good[1..])), 76),
            ("two lines", text(&format!("{}\\nMOMO_API_USER=x", &good[1..])), 76),
            ("a dollar", text(&format!("$(id){}", &good[5..])), 76),
            ("quotes", text(&format!("\\\"'`{}", &good[3..])), 76),
            ("a NUL", text(&format!("\\u0000{}", &good[1..])), 76),
            ("an escape code", text(&format!("\\u001b[31m{}", &good[5..])), 76),
            ("letters that are no ASCII", text(&format!("\u{fc}{}", &good[1..])), 76),
            ("nothing", text(""), 76),
            ("a number", key("12345678901234567890123456789012"), 76),
            ("a list", key(&format!("[\"{good}\"]")), 76),
            ("a key of no name", json(201, &format!(r#"{{"apikey":"{good}"}}"#)), 76),
            ("an answer to another request", json(200, r#"{"providerCallbackHost":"localhost"}"#), 76),
            // Of its form, and of another user: the check finds it out.
            ("a key of another user", text(good), 77),
            ("two keys", json(201, &format!(r#"{{"apiKey":"{good}","apiKey":"{good}"}}"#)), 77),
        ],
    );
}

#[test]
fn a_user_or_token_that_is_none() {
    let long = "a".repeat(60_000);
    let conflict = r#"{"code":"RESOURCE_ALREADY_EXIST","message":"Duplicated reference id. Creation of resource failed."}"#;
    let token = |text: &str| json(200, &format!(r#"{{"access_token":{text},"expires_in":3600}}"#));
    each(&[Step::User], vec![("409 for a user never seen", json(409, conflict), 76)]);
    each(
        &[Step::Token],
        vec![
            ("a line end", token(r#""a.b.c\r\nX-Evil: 1""#), 76),
            ("a NUL", token(r#""a.b\u0000.c""#), 76),
            ("a number", token("1"), 76),
            ("null", token("null"), 76),
            ("nothing", token("\"\""), 76),
            ("a token of another user", token("\"a.b.c\""), 77),
            ("a long token", token(&format!("\"{long}\"")), 76),
            ("a token that lives for ever", json(200, r#"{"access_token":"a.b.c","expires_in":1e300}"#), 77),
            (
                "an answer to another request",
                json(200, r#"{"apiKey":"0123456789abcdef0123456789abcdef"}"#),
                76,
            ),
        ],
    );
}

/// Text of a server enters no message: no escape code, and not even the key that it was just told.
#[test]
fn a_message_that_is_not_to_be_shown() {
    let codes = r#""message":"\u001b]0;owned\u0007\u001b[31m\u202e","message":"\u001b[2J""#;
    each(
        &Step::ALL,
        vec![
            (
                "escape codes",
                json(500, &format!(r#"{{"statusCode":500,{codes},"activityId":"\u001b[1m"}}"#)),
                69,
            ),
            ("escape codes of the wallet", json(500, &format!(r#"{{"code":"\u001b[5m",{codes}}}"#)), 69),
            ("wrong types", json(500, r#"{"statusCode":["x"],"message":{"a":1},"activityId":7}"#), 69),
            ("a reason", says("HTTP/1.1 500 \u{9b}31m\r\nContent-Length: 0\r\n\r\n"), 69),
        ],
    );
    for step in Step::ALL {
        let (bench, way) = spoilt(step, || Fate::Passes);
        drop(way);
        let said = [key(bench.gateway()), bench.old.as_ref().unwrap().key.clone()].join(" ");
        let body =
            format!(r#"{{"statusCode":500,"code":"{said}","error":"{said}","message":"{said}","{said}":1}}"#);
        let play =
            answer(500, &format!("Retry-After: {said}\r\nX-{said}: {said}\r\n"), &body.replace(' ', ""));
        let way = detour(bench.gateway().address(), move |line| {
            if step.is(line) { Fate::Hijacked(Play::clone(&play)) } else { Fate::Passes }
        });
        meets(&format!("the key said back at {step:?}"), &bench, rotation(&bench, &base_url(&way), 69), 69);
    }
}
