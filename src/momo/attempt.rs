//! One call, and the same call again where that is safe.

use std::time::Duration;

use reqwest::Response;
use reqwest::header::{DATE, HeaderMap, HeaderName, RETRY_AFTER};
use tokio::time::{Instant, sleep, timeout_at};
use zeroize::Zeroizing;

use super::answer::Answer;
use super::client::Client;
use super::retry::{self, Again};
use super::wire::Call;
use super::{Refusal, Silence, classify};

/// No answer of the API has more than a few hundred bytes.
const BODY_CAP: usize = 64 * 1024;

/// How long one attempt waits, so that a lost answer leaves time for another one.
const PATIENCE: Duration = Duration::from_secs(20);

impl Client {
    /// Makes a call, again where it is safe, and gives its good answer. `ambiguous` of a refusal covers all attempts.
    pub(super) async fn call(&self, call: &Call<'_>, again: Again) -> Result<Answer, Refusal> {
        let mut ambiguous = false;
        let mut done = 0;
        loop {
            let mut refusal = match self.attempt(call).await {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            done += 1;
            ambiguous |= refusal.ambiguous;
            refusal.ambiguous = ambiguous;
            let left = self.deadline.remaining().unwrap_or_default();
            match again.pause(&refusal, done) {
                Some(pause) if pause < left => sleep(pause).await,
                _ => return Err(refusal),
            }
        }
    }

    async fn attempt(&self, call: &Call<'_>) -> Result<Answer, Refusal> {
        let answer = match self.exchange(call).await {
            Ok(answer) => answer,
            Err(refusal) => {
                tracing::debug!(method = %call.method(), path = call.path, %refusal, "gateway");
                return Err(refusal);
            }
        };
        tracing::debug!(
            method = %call.method(),
            path = call.path,
            status = answer.status,
            shape = answer.shape.name(),
            "gateway"
        );
        classify::sift(call.step, answer)
    }

    async fn exchange(&self, call: &Call<'_>) -> Result<Answer, Refusal> {
        let silent = |silence| Refusal::no_answer(call.step, silence);
        let request = call.request(&self.base)?;
        if self.deadline.remaining().is_none() {
            return Err(silent(Silence::Deadline));
        }
        let end = Instant::from_std(self.deadline.instant()).min(Instant::now() + PATIENCE);
        let mut response = match timeout_at(end, self.http.execute(request)).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(silent(Silence::of(&error))),
            Err(_) => return Err(silent(Silence::Unanswered)),
        };
        let body = match timeout_at(end, read(&mut response)).await {
            Ok(Ok(body)) => body,
            Ok(Err(Broken)) | Err(_) => return Err(silent(Silence::Truncated)),
        };
        let retry_after = text(response.headers(), &RETRY_AFTER)
            .and_then(|value| retry::retry_after(value, text(response.headers(), &DATE)));
        Ok(Answer::new(response.status().as_u16(), retry_after, body.as_deref().map(Vec::as_slice)))
    }
}

struct Broken;

/// Reads a body chunk by chunk; `None` if it is longer than the cap. Its one buffer is wiped and never grows, which
/// would leave copies.
async fn read(response: &mut Response) -> Result<Option<Zeroizing<Vec<u8>>>, Broken> {
    let mut body = Zeroizing::new(Vec::with_capacity(BODY_CAP));
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if body.len() + chunk.len() <= BODY_CAP => body.extend_from_slice(&chunk),
            Ok(Some(_)) => return Ok(None),
            Ok(None) => return Ok(Some(body)),
            Err(_) => return Err(Broken),
        }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
