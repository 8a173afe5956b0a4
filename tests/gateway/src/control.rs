//! `/_gateway/`: the log and the script, for tests whose gateway is another process. Off unless asked for.

use crate::call::{Body, Call};
use crate::config::Control;
use crate::keys::{KeyState, Role};
use crate::state::State;
use crate::users::{Bound, User};
use crate::{Answer, script};
use serde_json::{Value, json};
use uuid::Uuid;

pub(crate) fn is_for(path: &str) -> bool {
    path.starts_with("/_gateway/")
}

/// Answers a control request. It never enters the log.
pub(crate) fn answer(state: &mut State, call: &Call) -> Answer {
    debug_assert_eq!(state.config.control, Control::On);
    let result = match (call.method.as_str(), call.path.trim_start_matches("/_gateway/")) {
        ("GET", "log") => {
            Ok(json!({ "requests": state.log().iter().map(crate::Request::to_json).collect::<Vec<_>>() }))
        }
        ("DELETE", "log") => {
            state.clear_log();
            Ok(json!({}))
        }
        ("GET", "script") => Ok(json!({ "left": state.script.len() })),
        ("POST", "script") => post_script(state, &call.body),
        ("DELETE", "script") => {
            state.script.clear();
            Ok(json!({}))
        }
        ("GET", "users") => {
            Ok(json!({ "users": state.users.list().iter().map(user_json).collect::<Vec<_>>() }))
        }
        ("POST", "authenticates") => authenticates(state, &call.body),
        ("POST", "keys") => set_key(state, &call.body),
        _ => return reply(404, &json!({ "error": "no such control path" })),
    };
    match result {
        Ok(value) => reply(200, &value),
        Err(message) => reply(400, &json!({ "error": message })),
    }
}

fn reply(status: u16, value: &Value) -> Answer {
    Answer::new(status, "application/json", value.to_string())
}

fn bytes(body: &Body) -> Result<&[u8], String> {
    match body {
        Body::Whole(bytes) => Ok(bytes),
        Body::TooLarge => Err("the body is too large".to_owned()),
    }
}

/// Takes one line, or a list of lines, all or none.
fn post_script(state: &mut State, body: &Body) -> Result<Value, String> {
    let bytes = bytes(body)?;
    let faults = match serde_json::from_slice(bytes) {
        Ok(Value::Array(lines)) => lines
            .iter()
            .map(|line| script::fault(line.to_string().as_bytes()))
            .collect::<Result<Vec<_>, _>>()?,
        _ => vec![script::fault(bytes)?],
    };
    for fault in faults {
        state.script.push(fault);
    }
    Ok(json!({ "left": state.script.len() }))
}

fn authenticates(state: &State, body: &Body) -> Result<Value, String> {
    let pair: Value = serde_json::from_slice(bytes(body)?).unwrap_or_default();
    let text = |name: &str| pair.get(name).and_then(Value::as_str);
    let (Some(user), Some(key)) = (text("user"), text("key")) else {
        return Err("a pair has the texts user and key".to_owned());
    };
    let known = Uuid::try_parse(user).is_ok_and(|id| state.users.authenticates(id, key));
    Ok(json!({ "authenticates": known }))
}

/// `{"role": "collection-primary", "state": "active" | "disabled" | "regenerated"}`.
fn set_key(state: &mut State, body: &Body) -> Result<Value, String> {
    let change: Value = serde_json::from_slice(bytes(body)?).unwrap_or_default();
    let text = |name: &str| change.get(name).and_then(Value::as_str);
    let role = text("role").and_then(Role::from_label).ok_or("role is not known")?;
    let found = match text("state") {
        Some("active") => state.ring.set_state(role, KeyState::Active),
        Some("disabled") => state.ring.set_state(role, KeyState::Disabled),
        // The caller has to learn the new key somewhere; here it stands for the portal.
        Some("regenerated") => return Ok(json!({ "key": state.regenerate(role) })),
        _ => return Err("state is active, disabled or regenerated".to_owned()),
    };
    if found { Ok(json!({})) } else { Err("no key has this role".to_owned()) }
}

fn user_json(user: &User) -> Value {
    let bound = match user.bound {
        Bound::To(product) => product.segment(),
        Bound::Everywhere => "everywhere",
        Bound::Nowhere => "nowhere",
    };
    json!({
        "id": user.id.to_string(),
        "callbackHost": user.callback_host,
        "bound": bound,
        "keyRequests": user.key_requests,
        "liveKeys": user.live_keys,
        "liveTokens": user.live_tokens,
    })
}
