//! The main job on one machine, without a subscription: a stand-in gateway on a loopback port, a credential
//! provisioned from it straight into a fresh `.env`, verified, and a program started with it.
//!
//! Run it with `cargo run --example demo`.

use std::error::Error;
use std::fs::{self, DirBuilder};
use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::process::{Command, ExitCode};

use momo_gateway::{Config, Gateway, Product};

/// The first argument that makes this program behave as `momo-cred`: the commands run as processes of their own.
const AS_MOMO_CRED: &str = "--as-momo-cred";

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let mut args: Vec<_> = std::env::args_os().collect();
    if args.get(1).is_some_and(|arg| arg == AS_MOMO_CRED) {
        args.remove(1);
        return Ok(momo_cred::cli::main(&args).into());
    }
    demo()?;
    Ok(ExitCode::SUCCESS)
}

fn demo() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/demo");
    say("1. A stand-in for MTN's gateway, on a loopback port. It is not MTN's; its keys work nowhere else.")?;
    let gateway = Gateway::start(Config::sandbox(1))?;
    say(&format!("   listening on {}", gateway.base_url()))?;

    say("\n2. A subscription key, as the developer portal would give it, in a file of its own (mode 0600).")?;
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    DirBuilder::new().recursive(true).mode(0o700).create(&folder)?;
    let mut file = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(folder.join("subscription-key"))?;
    writeln!(file, "{}", gateway.subscription_key(Product::Collection))?;

    say("\n3. Provision: a new API user and key, straight from the gateway into .env. No value is shown.")?;
    let url = gateway.base_url();
    let provision = [
        "provision",
        "--base-url",
        url,
        "--callback-host",
        "localhost",
        "--subscription-key-file",
        "subscription-key",
    ];
    run(&folder, &provision)?;

    say("\n4. Verify: is the user known, does it get a token, does the product answer?")?;
    run(&folder, &["verify"])?;

    say(
        "\n5. Exec: start a program with the credential. This one shows the names that it received, and no values.",
    )?;
    run(&folder, &["exec", "--", "sh", "-c", "env | grep ^MOMO_ | cut -d= -f1 | sort"])?;

    say(&format!(
        "\nDone. The credential is in {} (mode 0600), and nowhere else.",
        folder.join(".env").display()
    ))?;
    Ok(())
}

/// Shows a command and runs it in `folder`.
fn run(folder: &Path, args: &[&str]) -> Result<(), Box<dyn Error>> {
    let shown: Vec<_> = args
        .iter()
        .map(|arg| if arg.contains(' ') { format!("'{arg}'") } else { (*arg).to_owned() })
        .collect();
    say(&format!("   $ momo-cred {}", shown.join(" ")))?;
    let mut command = Command::new(std::env::current_exe()?);
    command.arg(AS_MOMO_CRED).args(args).current_dir(folder);
    // Settings of yours are for your own records.
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.to_string_lossy().starts_with("MOMO_CRED_"))
    {
        command.env_remove(name);
    }
    let status = command.status()?;
    if status.success() { Ok(()) } else { Err(format!("momo-cred {} failed: {status}", args[0]).into()) }
}

fn say(line: &str) -> std::io::Result<()> {
    writeln!(std::io::stdout().lock(), "{line}")
}
