//! The server: one thread, one runtime, HTTP/1.1 over loopback. Faults are acted out here.

use crate::call::Call;
use crate::config::Control;
use crate::control;
use crate::fault::{Action, Fault, Stage};
use crate::payload::{self, Dropped, Payload};
use crate::state::Shared;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::time::sleep;

/// Serves until `stop` fires or its sender is gone.
pub(crate) async fn run(listener: TcpListener, shared: Shared, mut stop: oneshot::Receiver<()>) {
    loop {
        let accepted = tokio::select! {
            biased;
            _ = &mut stop => return,
            accepted = listener.accept() => accepted,
        };
        let Ok((stream, _)) = accepted else {
            // Out of descriptors, most likely: others may close theirs meanwhile.
            sleep(Duration::from_millis(10)).await;
            continue;
        };
        // A drip is to leave byte by byte. Failing to say so costs nothing else.
        let _ = stream.set_nodelay(true);
        let shared = shared.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| serve(shared.clone(), request));
            // Half-closing, so that a request whose sender is gone at once still counts, each time.
            let connection =
                http1::Builder::new().half_close(true).serve_connection(TokioIo::new(stream), service);
            // Its errors are the scripted ones and those of clients; the log has what matters.
            let _ = connection.await;
        });
    }
}

/// What is done about a request in the end.
enum Reply {
    Send(Response<Payload>),
    Drop,
    Silence,
}

async fn serve(shared: Shared, request: Request<Incoming>) -> Result<Response<Payload>, Dropped> {
    let call = Call::read(request).await.ok_or(Dropped)?;
    if control::is_for(&call.path) && shared.lock().config.control == Control::On {
        return Ok(payload::honest(&control::answer(&mut shared.lock(), &call)));
    }
    let (number, fault) = shared.lock().arrive(&call);
    // A task of its own: what the gateway was asked to do happens even if the client hangs up meanwhile.
    match tokio::spawn(perform(shared, call, number, fault)).await {
        Ok(Reply::Send(response)) => Ok(response),
        Ok(Reply::Silence) => std::future::pending().await,
        Ok(Reply::Drop) | Err(_) => Err(Dropped),
    }
}

async fn perform(shared: Shared, call: Call, number: usize, fault: Option<Fault>) -> Reply {
    let Some(fault) = fault else { return genuine(&shared, &call, number, &Action::Pass) };
    let replaced = matches!(fault.action, Action::Answer(_) | Action::Drop | Action::Silence);
    match fault.stage {
        Stage::BeforeEffect => {
            pause(fault.delay).await;
            if replaced {
                replacement(&shared, number, &fault.action)
            } else {
                genuine(&shared, &call, number, &fault.action)
            }
        }
        Stage::AfterEffect => {
            let reply = genuine(&shared, &call, number, &fault.action);
            pause(fault.delay).await;
            if replaced { replacement(&shared, number, &fault.action) } else { reply }
        }
    }
}

/// Sleeping for no time would still cost a turn of the timer.
async fn pause(delay: Duration) {
    if !delay.is_zero() {
        sleep(delay).await;
    }
}

fn replacement(shared: &Shared, number: usize, action: &Action) -> Reply {
    match action {
        Action::Silence => Reply::Silence,
        Action::Answer(answer) => {
            let response = payload::honest(answer);
            shared.lock().answered(number, response.status().as_u16());
            Reply::Send(response)
        }
        _ => Reply::Drop,
    }
}

/// Applies the rules and sends their answer, whole or mangled.
fn genuine(shared: &Shared, call: &Call, number: usize, action: &Action) -> Reply {
    let odd_key = match action {
        Action::Key(key) => Some(key.as_str()),
        _ => None,
    };
    let mut state = shared.lock();
    let answer = state.decide(number, call, odd_key).answer;
    let response = match action {
        Action::Truncate => payload::truncated(&answer),
        Action::Huge { bytes } => payload::huge(&answer, *bytes),
        Action::Drip { interval } => payload::dripping(&answer, *interval),
        // Nobody gets this answer; the log must not say that it was given.
        Action::Answer(_) | Action::Drop | Action::Silence => return Reply::Drop,
        Action::Pass | Action::Key(_) => payload::honest(&answer),
    };
    state.answered(number, response.status().as_u16());
    Reply::Send(response)
}
