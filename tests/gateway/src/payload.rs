//! Response bodies that can go wrong half way, and answers turned into responses.

use crate::Answer;
use hyper::body::{Body, Bytes, Frame, SizeHint};
use hyper::ext::ReasonPhrase;
use hyper::header::{CONTENT_LENGTH, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};
use std::collections::VecDeque;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use tokio::time::{Sleep, sleep};

/// Junk is sent in pieces of this size, made once; a body of gigabytes takes no memory.
const JUNK: Bytes = Bytes::from_static(&[b'x'; 16 * 1024]);

/// Long enough for what was sent to leave the machine before the connection goes.
const FLUSH: Duration = Duration::from_millis(5);

/// The connection ends here, on purpose.
#[derive(Debug)]
pub(crate) struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the script drops this connection")
    }
}

impl std::error::Error for Dropped {}

#[derive(Debug)]
enum Step {
    Send(Bytes),
    Wait(Duration),
    /// This much junk; `None` is endless.
    Junk(Option<u64>),
    Drop,
}

/// A response body: steps taken one after the other.
#[derive(Debug)]
pub(crate) struct Payload {
    steps: VecDeque<Step>,
    /// Known only for honest bodies; the others set `Content-Length` by hand or are chunked.
    length: Option<u64>,
    pause: Option<Pin<Box<Sleep>>>,
}

impl Payload {
    fn whole(body: Bytes) -> Self {
        let length = Some(body.len() as u64);
        let steps = if body.is_empty() { VecDeque::new() } else { VecDeque::from([Step::Send(body)]) };
        Self { steps, length, pause: None }
    }

    fn of(steps: impl IntoIterator<Item = Step>) -> Self {
        Self { steps: steps.into_iter().collect(), length: None, pause: None }
    }
}

impl Body for Payload {
    type Data = Bytes;
    type Error = Dropped;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Dropped>>> {
        loop {
            if let Some(pause) = &mut self.pause {
                ready!(pause.as_mut().poll(context));
                self.pause = None;
            }
            match self.steps.pop_front() {
                None => return Poll::Ready(None),
                Some(Step::Send(bytes)) => return Poll::Ready(Some(Ok(Frame::data(bytes)))),
                Some(Step::Wait(pause)) => self.pause = Some(Box::pin(sleep(pause))),
                Some(Step::Drop) => return Poll::Ready(Some(Err(Dropped))),
                Some(Step::Junk(None)) => {
                    self.steps.push_front(Step::Junk(None));
                    return Poll::Ready(Some(Ok(Frame::data(JUNK))));
                }
                Some(Step::Junk(Some(left))) => {
                    let piece = usize::try_from(left).map_or(JUNK.len(), |left| left.min(JUNK.len()));
                    if left > piece as u64 {
                        self.steps.push_front(Step::Junk(Some(left - piece as u64)));
                    }
                    return Poll::Ready(Some(Ok(Frame::data(JUNK.slice(..piece)))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.steps.is_empty() && self.pause.is_none()
    }

    fn size_hint(&self) -> SizeHint {
        self.length.map_or_else(SizeHint::default, SizeHint::with_exact)
    }
}

/// The answer as it is.
pub(crate) fn honest(answer: &Answer) -> Response<Payload> {
    response(answer, Payload::whole(answer.body.clone()))
}

/// Half of the answer's body under a `Content-Length` that is larger than the whole.
pub(crate) fn truncated(answer: &Answer) -> Response<Payload> {
    let half = answer.body.slice(..answer.body.len() / 2);
    let steps = [Step::Send(half), Step::Wait(FLUSH), Step::Drop];
    let mut response = response(answer, Payload::of(steps));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(answer.body.len() + 16));
    response
}

/// The answer's head and a body of junk.
pub(crate) fn huge(answer: &Answer, bytes: Option<u64>) -> Response<Payload> {
    let mut response = response(answer, Payload::of([Step::Junk(bytes)]));
    if let Some(bytes) = bytes {
        response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(bytes));
    }
    response
}

/// The answer with a pause before each byte of its body.
pub(crate) fn dripping(answer: &Answer, interval: Duration) -> Response<Payload> {
    let byte = |at| [Step::Wait(interval), Step::Send(answer.body.slice(at..=at))];
    let mut response = response(answer, Payload::of((0..answer.body.len()).flat_map(byte)));
    response.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from(answer.body.len()));
    response
}

fn response(answer: &Answer, payload: Payload) -> Response<Payload> {
    let mut response = Response::new(payload);
    let status = StatusCode::from_u16(answer.status).ok().filter(|status| !status.is_informational());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(reason) = answer.reason.and_then(|reason| ReasonPhrase::try_from(reason.as_bytes()).ok()) {
        response.extensions_mut().insert(reason);
    }
    for (name, value) in &answer.headers {
        // A script that sets the length by hand would contradict the body; lies are told by other actions.
        if name.eq_ignore_ascii_case("content-length") || name.eq_ignore_ascii_case("transfer-encoding") {
            continue;
        }
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().append(name, value);
        }
    }
    response
}
