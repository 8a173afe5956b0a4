//! A running gateway, and what a test may ask of it.

use crate::config::Config;
use crate::keys::{KeyState, Role};
use crate::log::Request;
use crate::server;
use crate::state::Shared;
use crate::users::{PresetUser, User};
use crate::{Fault, Product};
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use uuid::Uuid;

/// A gateway in a thread of its own. Dropping it closes its port and every connection.
pub struct Gateway {
    address: SocketAddr,
    base_url: String,
    shared: Shared,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Gateway {
    /// Starts a gateway; it takes requests when this returns.
    ///
    /// # Errors
    /// `InvalidInput` for an address that is not loopback, else what the system says about the port.
    pub fn start(config: Config) -> io::Result<Self> {
        if !config.listen.ip().is_loopback() {
            let message = "a stand-in gateway listens on loopback addresses only";
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        let listener = TcpListener::bind(config.listen)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let shared = Shared::new(config);
        let (stop, stopped) = oneshot::channel();
        let serving = shared.clone();
        let listener = {
            let _context = runtime.enter();
            tokio::net::TcpListener::from_std(listener)?
        };
        let thread = std::thread::Builder::new()
            .name("momo-gateway".to_owned())
            .spawn(move || runtime.block_on(server::run(listener, serving, stopped)))?;
        let base_url = format!("http://{address}");
        Ok(Self { address, base_url, shared, stop: Some(stop), thread: Some(thread) })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// `http://127.0.0.1:PORT`, without a slash at the end.
    #[must_use]
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// The primary subscription key of a product.
    #[must_use]
    pub fn subscription_key(&self, product: Product) -> String {
        self.key(Role::Primary(product)).unwrap_or_default()
    }

    /// The key of a role; `None` only for a provisioning key that was not configured.
    #[must_use]
    pub fn key(&self, role: Role) -> Option<String> {
        self.shared.lock().ring.value(role).map(str::to_owned)
    }

    /// Enables or disables a key; false if there is none of that role.
    pub fn set_key_state(&self, role: Role, state: KeyState) -> bool {
        self.shared.lock().ring.set_state(role, state)
    }

    /// Makes a new key for a role, as the portal does; the old value stops working at once.
    pub fn regenerate_key(&self, role: Role) -> String {
        self.shared.lock().regenerate(role)
    }

    /// Changes settings while it runs. Keys and users have methods of their own.
    pub fn configure(&self, change: impl FnOnce(&mut Config)) {
        change(&mut self.shared.lock().config);
    }

    /// Adds a line to the script.
    pub fn script(&self, fault: Fault) {
        self.shared.lock().script.push(fault);
    }

    /// Forgets the script.
    pub fn clear_script(&self) {
        self.shared.lock().script.clear();
    }

    /// How many lines of the script are not used up. A test that scripts a fault ends by asking.
    #[must_use]
    pub fn script_left(&self) -> usize {
        self.shared.lock().script.len()
    }

    /// Every request so far, in the order of arrival.
    #[must_use]
    pub fn requests(&self) -> Vec<Request> {
        self.shared.lock().log().to_vec()
    }

    /// Forgets the requests so far; their numbers go on.
    pub fn clear_requests(&self) {
        self.shared.lock().clear_log();
    }

    /// Every API user, in the order of ids.
    #[must_use]
    pub fn users(&self) -> Vec<User> {
        self.shared.lock().users.list()
    }

    /// How many API users there are.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.shared.lock().users.count()
    }

    /// One API user, by its id.
    #[must_use]
    pub fn user(&self, id: &str) -> Option<User> {
        let id = Uuid::try_parse(id).ok()?;
        self.users().into_iter().find(|user| user.id == id)
    }

    /// How many keys were issued for a user; 0 for an unknown one.
    #[must_use]
    pub fn key_requests(&self, id: &str) -> usize {
        self.user(id).map_or(0, |user| user.key_requests)
    }

    /// Whether this pair would get a token now.
    #[must_use]
    pub fn authenticates(&self, id: &str, api_key: &str) -> bool {
        Uuid::try_parse(id).is_ok_and(|id| self.shared.lock().users.authenticates(id, api_key))
    }

    /// Every API key that was ever issued, also those that nobody kept: for a search of what they must not be in.
    #[must_use]
    pub fn issued_keys(&self) -> Vec<String> {
        self.shared.lock().users.issued()
    }

    /// Adds a user or replaces one, as the Partner Portal does.
    pub fn put_user(&self, user: PresetUser) {
        self.shared.lock().users.put(user);
    }

    /// Makes another key of a user, as the Partner Portal does: what becomes of the ones before is as
    /// [`Config::rotation`] says. False for an unknown user.
    pub fn issue_key(&self, id: &str, key: &str) -> bool {
        let mut shared = self.shared.lock();
        let rotation = shared.config.rotation;
        Uuid::try_parse(id).is_ok_and(|id| shared.users.issue_key(id, key, rotation))
    }

    /// Revokes a user with its keys and tokens, as the Partner Portal does; false for an unknown one.
    pub fn revoke_user(&self, id: &str) -> bool {
        Uuid::try_parse(id).is_ok_and(|id| self.shared.lock().users.revoke(id))
    }

    /// Serves until the process ends.
    pub fn wait(mut self) {
        if let Some(thread) = self.thread.take() {
            // A panic of the server has been reported by the thread itself.
            let _ = thread.join();
        }
    }
}

impl std::fmt::Debug for Gateway {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Gateway({})", self.base_url)
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
