//! The gateway as a program, for demos, for offline work, and for tests that want another process.

use clap::{Parser, ValueEnum};
use momo_gateway::{
    Bound, Config, Control, Gateway, IpAllowList, LoginFailed, PresetUser, Product, ProvisioningUsers, Role,
    Rotation,
};
use std::io::{self, Write};
use std::net::SocketAddr;
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  momo-gateway                                   a sandbox on a free port, with generated keys
  momo-gateway --listen 127.0.0.1:8090 --seed 7  the same port and the same keys each time
  momo-gateway --production mtnuganda            no provisioning; one ready-made API user
  momo-gateway --keys-add-up                     a new API key leaves the old one working
  momo-gateway --control                         shows its log and takes scripted failures:
    curl http://127.0.0.1:PORT/_gateway/log
    curl http://127.0.0.1:PORT/_gateway/script \\
      -d '{\"operation\":\"create-key\",\"action\":\"drop\",\"stage\":\"after\"}'

The first line of stdout is `listening on http://127.0.0.1:PORT`.
Keys given as flags are test fixtures: never give it a key of MTN's.";

/// Plays the MTN MoMo gateway on this machine. It is a stand-in, not MTN's: no money, no accounts, and its
/// keys work nowhere else.
#[derive(Parser)]
#[command(name = "momo-gateway", version, after_help = EXAMPLES)]
struct Cli {
    /// Loopback address and port; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0", value_parser = loopback)]
    listen: SocketAddr,
    /// Where generated keys, users and tokens come from
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// Play production for this target environment: no provisioning API, one ready-made user
    #[arg(long, value_name = "TARGET", num_args = 0..=1, default_missing_value = "mtnuganda")]
    production: Option<String>,
    /// Primary test key of the collection product, in place of the generated one
    #[arg(long, value_name = "KEY", value_parser = test_key)]
    collection_key: Option<String>,
    /// Primary test key of the disbursement product
    #[arg(long, value_name = "KEY", value_parser = test_key)]
    disbursement_key: Option<String>,
    /// Primary test key of the remittance product
    #[arg(long, value_name = "KEY", value_parser = test_key)]
    remittance_key: Option<String>,
    /// A test key that provisions and does nothing else
    #[arg(long, value_name = "KEY", value_parser = test_key)]
    provisioning_key: Option<String>,
    /// What users made with the provisioning key may read
    #[arg(long, value_name = "WHICH", value_enum, default_value_t = Unbound::EveryProduct)]
    provisioning_users: Unbound,
    /// A new API key leaves the user's older keys working
    #[arg(long)]
    keys_add_up: bool,
    /// Status of {"error":"login_failed"}: 500 as seen, 401 as documented
    #[arg(long, value_name = "STATUS", default_value = "500", value_parser = ["500", "401"])]
    login_failed_status: String,
    /// Answer 403 FORBIDDEN IP to product reads, or to tokens too
    #[arg(long, value_name = "WHAT", num_args = 0..=1, default_missing_value = "reads", value_enum)]
    ip_allow_list: Option<Refused>,
    /// Open /_gateway/ for logs and scripted failures
    #[arg(long)]
    control: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Unbound {
    EveryProduct,
    NoProduct,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Refused {
    Reads,
    All,
}

fn loopback(text: &str) -> Result<SocketAddr, String> {
    let address: SocketAddr = text.parse().map_err(|_| "not an address with a port".to_owned())?;
    if address.ip().is_loopback() {
        Ok(address)
    } else {
        Err("only loopback addresses are allowed".to_owned())
    }
}

fn test_key(text: &str) -> Result<String, String> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic()) {
        Ok(text.to_owned())
    } else {
        Err("a key is made of visible ASCII characters".to_owned())
    }
}

impl Cli {
    fn config(self) -> (Config, Option<PresetUser>) {
        let preset = self.production.is_some().then(|| PresetUser::generated(self.seed, Bound::Everywhere));
        let mut config = match &self.production {
            Some(target) => Config::production(self.seed, target),
            None => Config::sandbox(self.seed),
        };
        let keys = [
            (Role::Primary(Product::Collection), self.collection_key),
            (Role::Primary(Product::Disbursement), self.disbursement_key),
            (Role::Primary(Product::Remittance), self.remittance_key),
            (Role::Provisioning, self.provisioning_key),
        ];
        for (role, key) in keys {
            if let Some(key) = key {
                config = config.with_key(role, key);
            }
        }
        if let Some(user) = preset.clone() {
            config = config.with_user(user);
        }
        config.listen = self.listen;
        config.provisioning_users = match self.provisioning_users {
            Unbound::EveryProduct => ProvisioningUsers::EveryProduct,
            Unbound::NoProduct => ProvisioningUsers::NoProduct,
        };
        config.rotation = if self.keys_add_up { Rotation::KeysAddUp } else { Rotation::NewKeyKillsOld };
        config.login_failed = match self.login_failed_status.as_str() {
            "401" => LoginFailed::Unauthorized,
            _ => LoginFailed::ServerError,
        };
        config.ip_allow_list = match self.ip_allow_list {
            None => IpAllowList::Open,
            Some(Refused::Reads) => IpAllowList::RefusesReads,
            Some(Refused::All) => IpAllowList::RefusesAll,
        };
        config.control = if self.control { Control::On } else { Control::Off };
        (config, preset)
    }
}

fn main() -> ExitCode {
    let (config, preset) = Cli::parse().config();
    match run(config, preset.as_ref()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Nobody is left to tell when stderr is gone too.
            let _ = writeln!(io::stderr(), "momo-gateway: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(config: Config, preset: Option<&PresetUser>) -> io::Result<()> {
    let target = match &config.environment {
        momo_gateway::Environment::Production { target } => Some(target.clone()),
        momo_gateway::Environment::Sandbox => None,
    };
    let gateway = Gateway::start(config)?;
    greet(&gateway, preset.zip(target.as_deref()))?;
    gateway.wait();
    Ok(())
}

fn greet(gateway: &Gateway, production: Option<(&PresetUser, &str)>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    let url = gateway.base_url();
    writeln!(out, "listening on {url}")?;
    // Whoever waits for the first line gets it before anything else can go wrong.
    out.flush()?;
    writeln!(
        out,
        "A stand-in for MTN's gateway, for tests and demos. Not MTN's; its keys work nowhere else.\n"
    )?;
    writeln!(out, "Test keys:")?;
    let products = Product::ALL.into_iter().flat_map(|p| [Role::Primary(p), Role::Secondary(p)]);
    for role in products.chain([Role::Provisioning]) {
        if let Some(key) = gateway.key(role) {
            writeln!(out, "  {:<24} {key}", role.to_string())?;
        }
    }
    let key = gateway.subscription_key(Product::Collection);
    match production {
        None => {
            writeln!(out, "\nTry:")?;
            let provision = format!("momo-cred provision --base-url {url} --callback-host localhost");
            writeln!(out, "  MOMO_CRED_SUBSCRIPTION_KEY={key} {provision}")?;
        }
        Some((user, target)) => {
            writeln!(out, "\nAPI user, as the Partner Portal would show it once:")?;
            writeln!(out, "  API user {}\n  API key  {}", user.id, user.api_key)?;
            writeln!(out, "\nTry, and answer with the values above:")?;
            writeln!(out, "  momo-cred import --base-url {url} --target-environment {target}")?;
        }
    }
    out.flush()
}
