//! Host names: a program without shared libraries brings its own resolver, which has to find what the system's finds.
//!
//! The test starts itself again in a world of its own: other files in /etc, another network, and on its loopback a name
//! server. There each store and the gateway are named by a host that only the hosts file knows, and by one that only the
//! name server knows. What has to arrive is the first message of TLS, with that name in it: more is not about names.

use std::fs;
use std::io::Read;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use super::sandbox::{MOMO_CRED, PATIENCE, Sandbox, until};

/// Set for the test that was started in its own world.
const INSIDE: &str = "MOMO_CRED_TEST_INSIDE";

/// Where names of the hosts file lead.
const BY_FILE: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 7);
/// Where names of the name server lead.
const BY_DNS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 8);

#[test]
fn the_hosts_file_and_the_name_server_lead_to_stores_and_gateway() {
    if std::env::var_os(INSIDE).is_none() {
        return outside();
    }
    let sandbox = Sandbox::new();
    shadow(
        &sandbox,
        "/etc/hosts",
        &format!("127.0.0.1 localhost\n{BY_FILE} store.file.test gateway.file.test\n"),
    );
    shadow(&sandbox, "/etc/resolv.conf", "nameserver 127.0.0.1\noptions timeout:1\n");
    // As desktops have it: modules that are not there in this world, and must not be needed.
    shadow(
        &sandbox,
        "/etc/nsswitch.conf",
        "hosts: mymachines mdns4_minimal [NOTFOUND=return] resolve [!UNAVAIL=return]\n",
    );
    name_server();
    for (kind, address) in [("file", BY_FILE), ("dns", BY_DNS)] {
        let listener = TcpListener::bind(SocketAddr::from((address, 0))).unwrap();
        let port = listener.local_addr().unwrap().port();
        let store = format!("store.{kind}.test");
        arrives(&sandbox, &listener, &store, &["exec", "-s", "vault:secret/momo", "--", "true"], |command| {
            command.env("VAULT_ADDR", format!("https://{store}:{port}")).env("VAULT_TOKEN", "t");
        });
        arrives(&sandbox, &listener, &store, &["exec", "-s", "aws:momo", "--", "true"], |command| {
            let endpoint = format!("https://{store}:{port}");
            command.env("AWS_ENDPOINT_URL", endpoint).env("AWS_REGION", "us-east-1");
            command.env("AWS_ACCESS_KEY_ID", "testing").env("AWS_SECRET_ACCESS_KEY", "testing");
        });
        let gateway = format!("gateway.{kind}.test");
        sandbox.write("key", "0".repeat(32), 0o600);
        let base_url = format!("https://{gateway}:{port}");
        let args = [
            "provision",
            "--base-url",
            &base_url,
            "--callback-host",
            "localhost",
            "--subscription-key-file",
            "key",
        ];
        arrives(&sandbox, &listener, &gateway, &args, |_| {});
    }
}

/// Starts this test again with a network, files and a user of its own; without the right to do that a test says so, and
/// under CI it fails.
fn outside() {
    let ways: [&[&str]; 3] = [
        &["unshare", "--mount", "--net"],
        &["unshare", "--user", "--map-root-user", "--mount", "--net"],
        &["sudo", "-n", "unshare", "--mount", "--net"],
    ];
    let run = |way: &[&str], program: &[&str]| {
        let (tool, options) = way.split_first().unwrap();
        Command::new(tool).args(options).arg("env").arg(format!("{INSIDE}=1")).args(program).output()
    };
    let possible = "ip link set lo up && mount --bind /etc/hosts /etc/hosts";
    let works =
        |way: &&&[&str]| run(way, &["sh", "-c", possible]).is_ok_and(|output| output.status.success());
    let Some(way) = ways.iter().find(works) else {
        assert!(std::env::var_os("CI").is_none(), "a network of its own is required under CI");
        eprintln!("left out: no way to get a network and files of its own (unshare, ip, mount)");
        return;
    };
    let this = std::env::current_exe().unwrap();
    let name = "names::the_hosts_file_and_the_name_server_lead_to_stores_and_gateway";
    let again = format!("ip link set lo up && exec '{}' --exact {name} --nocapture", this.display());
    let output = run(way, &["sh", "-c", &again]).unwrap();
    let told =
        format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success() && told.contains("1 passed"), "{told}");
}

/// Puts a file in the place of one of the system's, where there is one.
fn shadow(sandbox: &Sandbox, path: &str, text: &str) {
    let Ok(place) = fs::canonicalize(path) else { return };
    let name = Path::new(path).file_name().unwrap().to_str().unwrap();
    sandbox.write(name, text, 0o644);
    let status = Command::new("mount").arg("--bind").arg(sandbox.path(name)).arg(place).status().unwrap();
    assert!(status.success(), "{path}");
}

/// A name server for `*.dns.test`, on the one port that a resolver asks.
fn name_server() {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 53)).unwrap();
    thread::spawn(move || {
        let mut buffer = [0; 512];
        while let Ok((length, peer)) = socket.recv_from(&mut buffer) {
            let _ = socket.send_to(&answer(&buffer[..length]), peer);
        }
    });
}

/// The answer to a question: one address for a name of ours, and "no such name" for every other. RFC 1035, 4.1.
fn answer(question: &[u8]) -> Vec<u8> {
    let name_end = 12 + question[12..].iter().position(|b| *b == 0).unwrap() + 1;
    let (name, end) = (&question[12..name_end], name_end + 4);
    let is_ours = name.ends_with(b"\x03dns\x04test\0");
    let has_address = is_ours && question[name_end..end] == [0, 1, 0, 1];
    let mut answer = question[..end].to_vec();
    // An authoritative answer that offers recursion; the counts are one question, and one answer or none.
    answer[2..12].copy_from_slice(&[0x85, if is_ours { 0x80 } else { 0x83 }, 0, 1, 0, 0, 0, 0, 0, 0]);
    if has_address {
        answer[7] = 1;
        // The name of the question, A, IN, a minute, four bytes.
        answer.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        answer.extend(BY_DNS.octets());
    }
    answer
}

/// Runs the program until its first message is there, which has to name the host.
#[track_caller]
fn arrives(sandbox: &Sandbox, listener: &TcpListener, host: &str, args: &[&str], set: impl Fn(&mut Command)) {
    let mut command = sandbox.command(MOMO_CRED);
    set(&mut command);
    let mut child = command.args(args).stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    listener.set_nonblocking(true).unwrap();
    let mut connection = None;
    let mut ended = false;
    until("a connection or the end of the program", || {
        connection = listener.accept().ok();
        ended = child.try_wait().unwrap().is_some();
        connection.is_some() || ended
    });
    let Some((mut connection, _)) = connection else {
        let mut told = String::new();
        child.stderr.take().unwrap().read_to_string(&mut told).unwrap();
        panic!("{args:?}: no connection for {host}: {told}");
    };
    connection.set_nonblocking(false).unwrap();
    connection.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut message: Vec<u8> = Vec::new();
    let mut buffer = [0; 4096];
    while !message.windows(host.len()).any(|part| part == host.as_bytes()) {
        let read = connection.read(&mut buffer).unwrap();
        assert!(read > 0 && message.len() < 1 << 16, "{args:?}: no hello for {host}");
        message.extend(&buffer[..read]);
    }
    child.kill().unwrap();
    child.wait().unwrap();
    // What else it tried would look like the next one's.
    while listener.accept().is_ok() {}
}
