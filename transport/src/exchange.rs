//! One request and its answer, bounded in time and size.

use std::time::Instant;

use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use reqwest::{Client, Request, Response};
use tokio::time::timeout_at;
use zeroize::Zeroizing;

use crate::{Silence, retry_after};

/// How far an exchange goes.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// When it is given up.
    pub end: Instant,
    /// The longest body that is read, in bytes.
    pub body: usize,
}

/// What came back. Has no `Debug`: a body may hold a secret.
pub struct Received {
    /// The status.
    pub status: u16,
    /// The body; `None` for one over the limit.
    pub body: Option<Zeroizing<Vec<u8>>>,
    /// How long the server asks to wait, capped.
    pub retry_after: Option<std::time::Duration>,
    /// The server's clock, as the head of the answer tells it.
    pub date: Option<jiff::Timestamp>,
}

/// Sends a request once and reads the whole answer.
///
/// # Errors
/// [`Silence`] where there is none.
pub async fn exchange(client: &Client, request: Request, limits: Limits) -> Result<Received, Silence> {
    exchange_heard_by(client, request, limits.end, limits).await
}

/// The same, given up before its end when nothing was heard by then: who is silent can be asked again, and an answer that
/// has begun, and is large or slow, is still read.
///
/// # Errors
/// [`Silence`] where there is none.
pub async fn exchange_heard_by(
    client: &Client,
    request: Request,
    heard: Instant,
    limits: Limits,
) -> Result<Received, Silence> {
    let end = tokio::time::Instant::from_std(limits.end);
    let heard = end.min(tokio::time::Instant::from_std(heard));
    let mut response = match timeout_at(heard, client.execute(request)).await {
        Ok(Ok(response)) => response,
        Ok(Err(error)) => return Err(Silence::of(&error)),
        Err(_) => return Err(Silence::Unanswered),
    };
    let body = match timeout_at(end, read(&mut response, limits.body)).await {
        Ok(Ok(body)) => body,
        Ok(Err(Broken)) | Err(_) => return Err(Silence::Truncated),
    };
    let date = text(response.headers(), &DATE);
    Ok(Received {
        status: response.status().as_u16(),
        body,
        retry_after: text(response.headers(), &RETRY_AFTER).and_then(|value| retry_after(value, date)),
        date: date.and_then(crate::pause::http_date),
    })
}

struct Broken;

/// What a body of unknown length starts with: most answers fit.
const START: usize = 16 * 1024;

/// Reads a body chunk by chunk; `None` if it is longer than the cap.
async fn read(response: &mut Response, cap: usize) -> Result<Option<Zeroizing<Vec<u8>>>, Broken> {
    let announced = response.content_length().and_then(|length| usize::try_from(length).ok());
    if announced.is_some_and(|length| length > cap) {
        return Ok(None);
    }
    let mut body = Zeroizing::new(Vec::with_capacity(announced.unwrap_or(START.min(cap))));
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= cap => append(&mut body, &chunk),
            Ok(Some(_)) => return Ok(None),
            Ok(None) => return Ok(Some(body)),
            Err(_) => return Err(Broken),
        }
    }
}

/// A buffer that grows by itself leaves a copy of what it held: this one is wiped when it becomes too small.
fn append(body: &mut Zeroizing<Vec<u8>>, chunk: &[u8]) {
    let needed = body.len() + chunk.len();
    if needed > body.capacity() {
        let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(body.capacity() * 2)));
        larger.extend_from_slice(body);
        *body = larger;
    }
    body.extend_from_slice(chunk);
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
