//! A listener on a loopback port that ends, with all of its connections, when it is dropped.

use std::collections::HashMap;
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

/// The lock, also after a thread that held it has panicked.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[derive(Default)]
struct Connections {
    accepted: usize,
    open: HashMap<usize, TcpStream>,
}

/// The listener.
pub struct Loopback {
    address: SocketAddr,
    connections: Arc<Mutex<Connections>>,
    stop: Arc<AtomicBool>,
}

impl std::fmt::Debug for Loopback {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Loopback({})", self.address)
    }
}

impl Loopback {
    /// Runs `serve` on a thread for each connection; the connection is closed when it returns.
    #[must_use]
    pub fn start(serve: impl Fn(&TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a loopback port");
        let this = Self {
            address: listener.local_addr().expect("a bound socket has an address"),
            connections: Arc::default(),
            stop: Arc::default(),
        };
        let (connections, stop, serve) = (this.connections.clone(), this.stop.clone(), Arc::new(serve));
        thread::spawn(move || {
            for stream in listener.incoming() {
                if stop.load(Ordering::SeqCst) {
                    return;
                }
                let Ok(stream) = stream else { continue };
                let (connections, serve) = (connections.clone(), serve.clone());
                let number = {
                    let mut all = lock(&connections);
                    all.accepted += 1;
                    let number = all.accepted;
                    if let Ok(copy) = stream.try_clone() {
                        all.open.insert(number, copy);
                    }
                    number
                };
                thread::spawn(move || {
                    serve(&stream);
                    let _ = stream.shutdown(Shutdown::Both);
                    lock(&connections).open.remove(&number);
                });
            }
        });
        this
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn accepted(&self) -> usize {
        lock(&self.connections).accepted
    }

    pub(crate) fn close_connections(&self) {
        for (_, stream) in lock(&self.connections).open.drain() {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}

impl Drop for Loopback {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        // Wakes the thread that waits for a connection.
        let _ = TcpStream::connect(self.address);
        self.close_connections();
    }
}
