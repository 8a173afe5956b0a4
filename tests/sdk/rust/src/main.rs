//! Uses the published SDK `mtnmomo` as its README does: a client from environment variables, a balance.
//!
//! ```text
//! momo-cred-sdk-mtnmomo [collection|disbursement|remittance]
//! ```
//!
//! Prints one line, `token ok / balance ok`, and never a value. Exits 1 with a message on stderr when a variable is not
//! set or the gateway refuses.

use std::env;
use std::process::ExitCode;

use mtnmomo::{Environment, Momo};

/// A variable that the README reads with `expect`.
fn required(name: &str) -> Result<String, String> {
    env::var(name).map_err(|_| format!("not set: {name}"))
}

async fn run(product: &str) -> Result<(), String> {
    let upper = product.to_ascii_uppercase();
    let primary = required(&format!("MTN_{upper}_PRIMARY_KEY"))?;
    let secondary = required(&format!("MTN_{upper}_SECONDARY_KEY"))?;
    let user = required("MTN_API_USER")?;
    // The environment is a constant of the program in every example.
    let momo = Momo::new(required("MTN_URL")?, user, Environment::Sandbox, Some(required("MTN_API_KEY")?));
    // Errors of the SDK can quote what was sent or answered, so none of their text leaves.
    let momo = momo.await.map_err(|_| "client: refused".to_owned())?;
    // The SDK has no public call for a token: it gets one before the first read, and fails the read without.
    let balance = match product {
        "collection" => momo.collection(primary, secondary).get_account_balance().await,
        "disbursement" => momo.disbursement(primary, secondary).get_account_balance().await,
        "remittance" => momo.remittance(primary, secondary).get_account_balance().await,
        _ => return Err("usage: momo-cred-sdk-mtnmomo [collection|disbursement|remittance]".to_owned()),
    };
    balance.map(drop).map_err(|_| "token and balance: refused".to_owned())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let product = env::args().nth(1).unwrap_or_else(|| "collection".to_owned());
    match run(&product).await {
        Ok(()) => {
            println!("token ok / balance ok");
            ExitCode::SUCCESS
        }
        Err(why) => {
            eprintln!("mtnmomo: {why}");
            ExitCode::FAILURE
        }
    }
}
