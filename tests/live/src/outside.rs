//! The parties that a server asks whether a caller is who it says: a cluster and a cloud, both on loopback.

use crate::loopback::{Loopback, lock};
use crate::message::Message;
use crate::tap::response;
use std::io::{BufReader, Write as _};
use std::sync::{Arc, Mutex};

/// A request that a party got.
pub(crate) struct Asked {
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

/// A server that gives each request one answer.
pub(crate) struct Outside {
    loopback: Loopback,
    asked: Arc<Mutex<Vec<Asked>>>,
}

impl Outside {
    /// `answer` gets the body of a request and gives status, content type and body.
    pub(crate) fn start(
        answer: impl Fn(&str) -> (u16, &'static str, String) + Send + Sync + 'static,
    ) -> Self {
        let asked = Arc::new(Mutex::default());
        let seen: Arc<Mutex<Vec<Asked>>> = Arc::clone(&asked);
        let loopback = Loopback::start(move |mut stream| {
            let Ok(Some(request)) = Message::request(&mut BufReader::new(stream)) else { return };
            let body = String::from_utf8_lossy(&request.content).into_owned();
            let (status, kind, content) = answer(&body);
            lock(&seen).push(Asked { headers: request.headers, body });
            let _ = stream.write_all(&response(status, &[("Content-Type", kind)], &content));
        });
        Self { loopback, asked }
    }

    pub(crate) fn address(&self) -> String {
        format!("http://{}", self.loopback.address())
    }

    /// What it was asked, in order.
    pub(crate) fn asked<T>(&self, view: impl Fn(&Asked) -> T) -> Vec<T> {
        lock(&self.asked).iter().map(view).collect()
    }
}
