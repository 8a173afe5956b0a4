//! A line of a script as JSON, for tests that run the gateway in another process.

use crate::fault::{Action, Fault};
use crate::{Answer, Operation};
use serde_json::{Map, Value};
use std::time::Duration;

/// Reads `{"operation": "create-key", "action": "drop", "stage": "after", ...}`. The message of an error names
/// the field.
pub(crate) fn fault(json: &[u8]) -> Result<Fault, String> {
    let Ok(Value::Object(object)) = serde_json::from_slice(json) else {
        return Err("a script line is one JSON object".to_owned());
    };
    let mut fields = Fields(object);
    let operation = match fields.text("operation")? {
        None => None,
        Some(name) if name == "any" => None,
        Some(name) => Some(Operation::from_name(&name).ok_or("operation is not known")?),
    };
    let action = action(&mut fields)?;
    let mut fault = operation.map_or(Fault::on_any(action.clone()), |on| Fault::on(on, action));
    match fields.text("stage")?.as_deref() {
        None | Some("before") => {}
        Some("after") => fault = fault.after_effect(),
        Some(_) => return Err("stage is before or after".to_owned()),
    }
    if let Some(skip) = fields.small("skip")? {
        fault = fault.skip(skip);
    }
    match fields.0.remove("times") {
        Some(Value::String(word)) if word == "forever" => fault = fault.forever(),
        Some(other) => fault = fault.times(small(&other).ok_or("times is a number or \"forever\"")?),
        None => {}
    }
    if let Some(delay) = fields.milliseconds("delayMs")? {
        fault = fault.delayed(delay);
    }
    match fields.0.keys().next() {
        Some(name) => Err(format!("{name} does not belong here")),
        None => Ok(fault),
    }
}

fn action(fields: &mut Fields) -> Result<Action, String> {
    let name = fields.text("action")?.ok_or("action is missing")?;
    Ok(match name.as_str() {
        "pass" => Action::Pass,
        "drop" => Action::Drop,
        "silence" => Action::Silence,
        "truncate" => Action::Truncate,
        "huge" => Action::Huge { bytes: fields.number("bytes")? },
        "drip" => {
            Action::Drip { interval: fields.milliseconds("intervalMs")?.unwrap_or(Duration::from_secs(1)) }
        }
        "key" => match (fields.text("key")?, fields.small("length")?) {
            (Some(key), None) => Action::Key(key),
            (None, Some(length)) if length <= 1_000_000 => Action::key_of_length(length as usize),
            _ => return Err("action key takes key, or length up to 1000000".to_owned()),
        },
        other => Action::Answer(answer(other, fields)?),
    })
}

fn answer(name: &str, fields: &mut Fields) -> Result<Answer, String> {
    Ok(match name {
        "gateway-fault" => Answer::gateway_fault(),
        "wallet-fault" => Answer::wallet_fault(),
        "service-unavailable" => Answer::service_unavailable(),
        "bad-gateway" => Answer::bad_gateway(),
        "request-rejected" => Answer::request_rejected(),
        "created" => Answer::created(),
        "forbidden" => Answer::forbidden(),
        "forbidden-ip" => Answer::forbidden_ip(),
        "out-of-quota" => Answer::out_of_quota(),
        "invalid-key" => Answer::invalid_key(),
        "path-not-found" => Answer::path_not_found(),
        "user-not-found" => Answer::user_not_found(),
        "duplicate-reference" => Answer::duplicate_reference(),
        "target-environment-forbidden" => Answer::target_environment_forbidden(),
        "login-failed" => Answer::login_failed(fields.status()?.unwrap_or(500)),
        "rate-limited" => Answer::rate_limited(fields.text("retryAfter")?.as_deref().unwrap_or("26")),
        "redirect" => {
            let status = fields.status()?.unwrap_or(302);
            Answer::redirect(status, &fields.text("location")?.ok_or("redirect needs location")?)
        }
        "answer" => {
            let status = fields.status()?.ok_or("answer needs status")?;
            let content_type = fields.text("contentType")?.unwrap_or_default();
            let mut answer = Answer::new(status, &content_type, fields.text("body")?.unwrap_or_default());
            for (name, value) in fields.object("headers")? {
                answer = answer.with_header(&name, value.as_str().ok_or("headers has texts only")?);
            }
            answer
        }
        _ => return Err("action is not known".to_owned()),
    })
}

/// The fields that have not been read; what stays in the end is a mistake.
struct Fields(Map<String, Value>);

impl Fields {
    fn text(&mut self, name: &str) -> Result<Option<String>, String> {
        match self.0.remove(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(_) => Err(format!("{name} is a text")),
        }
    }

    fn number(&mut self, name: &str) -> Result<Option<u64>, String> {
        self.0
            .remove(name)
            .map(|value| value.as_u64().ok_or_else(|| format!("{name} is a number")))
            .transpose()
    }

    fn small(&mut self, name: &str) -> Result<Option<u32>, String> {
        self.0
            .remove(name)
            .map(|value| small(&value).ok_or_else(|| format!("{name} is a number")))
            .transpose()
    }

    fn status(&mut self) -> Result<Option<u16>, String> {
        let Some(status) = self.number("status")? else { return Ok(None) };
        let status = u16::try_from(status).ok().filter(|status| (200..=599).contains(status));
        status.map(Some).ok_or_else(|| "status is 200 to 599".to_owned())
    }

    fn milliseconds(&mut self, name: &str) -> Result<Option<Duration>, String> {
        // A day: longer is a slip, and timers have their limits.
        let number = self.number(name)?;
        match number.filter(|number| *number > 86_400_000) {
            Some(_) => Err(format!("{name} is at most a day")),
            None => Ok(number.map(Duration::from_millis)),
        }
    }

    fn object(&mut self, name: &str) -> Result<Map<String, Value>, String> {
        match self.0.remove(name) {
            None => Ok(Map::new()),
            Some(Value::Object(object)) => Ok(object),
            Some(_) => Err(format!("{name} is an object")),
        }
    }
}

fn small(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|number| u32::try_from(number).ok())
}
