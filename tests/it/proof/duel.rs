//! Two processes at one record in memory, each with gates of its own on the way to store and gateway, and what must hold
//! of them.

use std::collections::BTreeSet;

use momo_cred::faults::Control;
use momo_cred_backend_api::{Document, RecordName};
use momo_cred_backend_testkit::MemoryServer;
use momo_gateway::{Gateway, Rotation};
use momo_live::Loopback;
use serde_json::Value;

use super::bench::in_memory;
use super::turns::{Step, Turns, Who};
use crate::gate::{base_url, proxy};
use crate::held::Held;
use crate::sandbox::{Momo, Sandbox, gateway, key};

/// The ports of one process.
struct Ports {
    store: Loopback,
    gateway: Loopback,
}

pub(super) struct Duel {
    pub(super) sandbox: Sandbox,
    pub(super) gateway: Gateway,
    pub(super) server: MemoryServer,
    pub(super) turns: Turns,
    ports: [Ports; 2],
    /// How many versions there were before.
    versions: usize,
    old: (String, String),
    control: Option<Control>,
    forgotten: Vec<Document>,
}

impl Duel {
    /// A credential that works, at a gateway that reads a second key in one of two ways.
    pub(super) fn new(rotation: Rotation, control: Option<Control>) -> Self {
        let (sandbox, gateway) = (Sandbox::new(), gateway());
        gateway.configure(|config| config.rotation = rotation);
        let (server, turns) = (MemoryServer::new(), Turns::default());
        let ports = [Who::A, Who::B]
            .map(|who| Ports { store: store(&server, &turns, who), gateway: way_to(&gateway, &turns, who) });
        let (versions, old, forgotten) = (0, Default::default(), Vec::new());
        let mut duel = Self { sandbox, gateway, server, turns, ports, versions, old, control, forgotten };
        duel.prepare();
        duel
    }

    fn prepare(&mut self) {
        let server = self.server.clone();
        let port = Loopback::start(move |stream| drop(server.serve(stream, |_| {})));
        let run = in_memory(self.command(&["provision"], self.gateway.base_url()), &port);
        let _ = run.run().code(0);
        let versions = self.documents();
        self.versions = versions.len();
        self.old = credential(versions.last().unwrap());
    }

    fn command(&self, args: &[&str], base_url: &str) -> Momo {
        self.sandbox
            .momo(args)
            .env("MOMO_CRED_SUBSCRIPTION_KEY", key(&self.gateway))
            .env("MOMO_CRED_BASE_URL", base_url)
            .env("MOMO_CRED_CALLBACK_HOST", "localhost")
    }

    /// A run of one of the two.
    pub(super) fn momo(&self, who: Who, args: &[&str]) -> Momo {
        let ports = &self.ports[who as usize];
        let momo = in_memory(self.command(args, &base_url(&ports.gateway)), &ports.store);
        match self.control {
            Some(control) => {
                let (variable, value) = control.switch();
                momo.env(variable, value)
            }
            None => momo,
        }
    }

    pub(super) fn start(&self, who: Who, args: &[&str]) -> Held {
        Held::begin(&self.sandbox, self.momo(who, args))
    }

    /// Deletes the record with its history, as somebody else does.
    pub(super) fn forget(&mut self) {
        self.forgotten.extend(self.documents());
        self.server.forget();
        self.versions = 0;
    }

    pub(super) fn documents(&self) -> Vec<Document> {
        self.server.store().peek_all(&RecordName::new("collection").unwrap())
    }

    /// What does not hold of two runs that ended like this.
    pub(super) fn violations(&self, ends: [(Who, Option<i32>); 2]) -> Vec<String> {
        let mut wrong = Vec::new();
        let documents = self.documents();
        let since = documents.get(self.versions.saturating_sub(1)..).unwrap_or_default();
        let published: Vec<_> =
            since.windows(2).filter(|pair| credential(&pair[0]) != credential(&pair[1])).collect();
        if published.len() != 1 {
            wrong.push(format!("{} credentials were published", published.len()));
        }
        for pair in &published {
            if field(&pair[0], "pending_api_user") != field(&pair[1], "api_user") {
                wrong.push("a credential was published over something else than its claim".to_owned());
            }
        }
        let now = since.last().map(credential).unwrap_or_default();
        if !self.gateway.authenticates(&now.0, &now.1) {
            wrong.push("what is published does not work".to_owned());
        }
        if !self.gateway.authenticates(&self.old.0, &self.old.1) {
            wrong.push("the old credential is dead".to_owned());
        }
        if since.last().is_some_and(|document| document.get("pending_id").is_some()) {
            wrong.push("a claim is left open".to_owned());
        }
        wrong.extend(self.of_keys(&documents));
        wrong.extend(self.of_users(&now.0, since.last()));
        wrong.extend(self.of_ends(&now.0, ends));
        wrong
    }

    /// A key is asked for only by the process whose stored claim names the user.
    fn of_keys(&self, documents: &[Document]) -> Vec<String> {
        let deeds = self.turns.deeds();
        let stored: BTreeSet<_> = self
            .forgotten
            .iter()
            .chain(documents)
            .map(|document| field(document, "pending_api_user"))
            .collect();
        let mut wrong = Vec::new();
        for (at, deed) in deeds.iter().enumerate().filter(|(_, deed)| deed.step == Step::Key) {
            let claims: Vec<_> = deeds
                .iter()
                .enumerate()
                .filter(|(_, other)| other.step == Step::Claim && other.user == deed.user)
                .collect();
            match claims.as_slice() {
                [(before, claim)] if claim.who == deed.who && *before < at && stored.contains(&deed.user) => {
                }
                _ => wrong.push(format!("{:?} asked for a key of a user that is not its own", deed.who)),
            }
        }
        wrong
    }

    /// At most one user is of no use, and it is listed.
    fn of_users(&self, now: &str, record: Option<&Document>) -> Vec<String> {
        let retired = record.map(|record| field(record, "retired_api_users")).unwrap_or_default();
        let users = self.gateway.users().into_iter().map(|user| user.id.to_string());
        let unused: Vec<_> = users.filter(|user| *user != now && *user != self.old.0).collect();
        let mut wrong = Vec::new();
        if unused.len() > 1 {
            wrong.push(format!("{} users are of no use", unused.len()));
        }
        if unused.iter().any(|user| !retired.contains(user.as_str())) {
            wrong.push("a user is listed nowhere".to_owned());
        }
        wrong
    }

    /// Who published says so, and the other one that it did not.
    fn of_ends(&self, now: &str, ends: [(Who, Option<i32>); 2]) -> Vec<String> {
        let deeds = self.turns.deeds();
        let mut wrong = Vec::new();
        for (who, code) in ends {
            let won =
                deeds.iter().any(|deed| deed.who == who && deed.step == Step::Publish && deed.user == now);
            let fits = if won { code == Some(0) } else { matches!(code, Some(69 | 75)) };
            if !fits {
                wrong.push(format!(
                    "{who:?}, which {}, ended with {code:?}",
                    if won { "won" } else { "lost" }
                ));
            }
        }
        wrong
    }
}

impl Drop for Duel {
    fn drop(&mut self) {
        self.turns.end();
    }
}

/// The text of a field, empty where there is none.
fn field(document: &Document, name: &str) -> String {
    document.get(name).map(|value| value.expose_secret().to_owned()).unwrap_or_default()
}

fn credential(document: &Document) -> (String, String) {
    (field(document, "api_user"), field(document, "api_key"))
}

/// A port of the store where a claim and a publication wait for their turn.
fn store(server: &MemoryServer, turns: &Turns, who: Who) -> Loopback {
    let (server, turns) = (server.clone(), turns.clone());
    Loopback::start(move |stream| {
        let gate = |request: &Value| {
            let document = &request["document"];
            let user = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
            match (request["op"].as_str(), document["pending_id"].is_string()) {
                (Some("write"), true) => turns.pass(who, Step::Claim, &user("pending_api_user")),
                (Some("write"), false) => turns.pass(who, Step::Publish, &user("api_user")),
                _ => {}
            }
        };
        drop(server.serve(stream, gate));
    })
}

/// A way to the gateway where a user and a key wait for their turn.
fn way_to(gateway: &Gateway, turns: &Turns, who: Who) -> Loopback {
    let turns = turns.clone();
    proxy(gateway.address(), move |line| {
        let path = line.strip_prefix("POST ").and_then(|line| line.split(' ').next()).unwrap_or_default();
        let segments: Vec<_> = path.split('/').collect();
        match segments.as_slice() {
            ["", "v1_0", "apiuser"] => turns.pass(who, Step::User, ""),
            ["", "v1_0", "apiuser", user, "apikey"] => turns.pass(who, Step::Key, user),
            _ => {}
        }
    })
}
