//! What `doctor` is told of an account and a record.

use momo_cred_backend_api::{Finding, Reason, RecordName, Verdict};

use crate::read::{Found, read};
use crate::state::describe;
use crate::{AwsStore, Problem, names};

pub(crate) async fn examine(store: &AwsStore, name: &RecordName) -> Vec<Finding> {
    let session = &store.session;
    let text = match names::check(name) {
        Ok(text) => text,
        Err(problem) => return vec![bad("name", &problem)],
    };
    let mut findings = Vec::new();
    if let Err(problem) = session.client().await {
        return vec![bad("credentials", &problem)];
    }
    // Found, and shown to nobody yet: whether they count, the service says with the record.
    findings.push(Finding::new("credentials", Verdict::Told, format!("found: {}", session.who())));
    findings.push(Finding::new("region", Verdict::Told, session.region().unwrap_or_default()));
    let read = read(session, text, None).await;
    findings.extend(session.http.asked().map(|host| Finding::new("endpoint", Verdict::Told, host)));
    match read {
        Ok(Found::Record(stored)) => {
            findings.push(Finding::new(
                "record",
                Verdict::Good,
                format!("it can be read, at revision {}", stored.revision),
            ));
        }
        Ok(Found::Deleted(_)) => {
            findings.push(Finding::new(
                "record",
                Verdict::Told,
                "it was deleted and waits for its recovery window to end",
            ));
        }
        Ok(Found::Missing) => findings.push(Finding::new("record", Verdict::Told, "nothing is there yet")),
        // Told once: whoever else is asked meets the same.
        Err(problem) if problem.is_of_all() => {
            let of_login = matches!(
                problem,
                Problem::Identity { .. } | Problem::Credentials { .. } | Problem::NotLoggedIn { .. }
            );
            findings.push(bad(if of_login { "credentials" } else { "service" }, &problem));
            return findings;
        }
        Err(problem) => findings.push(bad("record", &problem)),
    }
    match describe(session, text).await {
        Err(Problem::Denied { .. }) => findings.push(Finding::new(
            "state",
            Verdict::Told,
            "the secret may not be described, which is enough for exec and verify",
        )),
        Err(problem) => findings.push(bad("state", &problem)),
        Ok(None) => {}
        Ok(Some(state)) => {
            if state.rotated && !session.config().allow_aws_rotation {
                findings.push(mend("rotation", &Problem::Rotated));
            }
            if state.rotating {
                findings.push(mend("rotation", &Problem::Rotating));
            }
            if state.replica {
                findings.push(mend("replica", &Problem::Replica));
            }
            if !state.failed.is_empty() {
                let regions = state.failed.join(", ");
                let text = format!("the copy in {regions} could not be made, or not be brought up to date");
                let finding = Finding::new("replicas", Verdict::Mend, text);
                findings.push(finding.next("see why: aws secretsmanager describe-secret"));
            }
        }
    }
    findings
}

fn bad(about: &'static str, problem: &Problem) -> Finding {
    told(about, Verdict::Bad(problem.kind()), problem)
}

/// What keeps writes from working, and reads not.
fn mend(about: &'static str, problem: &Problem) -> Finding {
    told(about, Verdict::Mend, problem)
}

fn told(about: &'static str, verdict: Verdict, problem: &Problem) -> Finding {
    let finding = Finding::new(about, verdict, problem.to_string());
    match problem.next() {
        Some(next) => finding.next(next),
        None => finding,
    }
}
