//! One call, and the same call again where that is safe.

use std::time::Instant;

use momo_cred_transport::{Limits, Silence, exchange};
use tokio::time::sleep;

use super::answer::Answer;
use super::client::Client;
use super::retry::Again;
use super::wire::Call;
use super::{Diagnosis, Refusal, classify};

/// No answer of the API has more than a few hundred bytes.
const BODY_CAP: usize = 64 * 1024;

impl Client {
    /// Makes a call, again where it is safe, and gives its good answer. `ambiguous` of a refusal covers all attempts.
    pub(super) async fn call(&self, call: &Call<'_>, again: Again) -> Result<Answer, Refusal> {
        let (mut ambiguous, mut done, mut before) = (false, 0, None::<Refusal>);
        loop {
            let mut refusal = match self.attempt(call, again).await {
                Ok(answer) => return Ok(answer),
                Err(refusal) => refusal,
            };
            done += 1;
            ambiguous |= refusal.ambiguous;
            refusal.ambiguous = ambiguous;
            // Time was up in the middle of it: what was heard before tells more.
            if let (Diagnosis::NoAnswer(_), None, Some(earlier)) =
                (refusal.diagnosis, self.deadline.remaining(), before.take())
            {
                return Err(Refusal { ambiguous, ..earlier });
            }
            let left = self.deadline.remaining().unwrap_or_default();
            match again.pause(&refusal, done) {
                Some(pause) if pause < left => sleep(pause).await,
                _ => return Err(refusal),
            }
            before = Some(refusal);
        }
    }

    async fn attempt(&self, call: &Call<'_>, again: Again) -> Result<Answer, Refusal> {
        let answer = match self.exchange(call, again).await {
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

    async fn exchange(&self, call: &Call<'_>, again: Again) -> Result<Answer, Refusal> {
        let silent = |silence| Refusal::no_answer(call.step, silence);
        let request = call.request(&self.base)?;
        let Some(left) = self.deadline.remaining() else { return Err(silent(Silence::Deadline)) };
        let end = Instant::now() + again.share(left);
        let received = exchange(&self.http, request, Limits { end, body: BODY_CAP }).await.map_err(silent)?;
        let body = received.body.as_deref().map(Vec::as_slice);
        Ok(Answer::new(received.status, received.retry_after, body))
    }
}
