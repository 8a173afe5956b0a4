//! A certificate that nobody here trusts is one fault, whose server ever shows it: a wrong setting, on both sides of
//! which nothing is asked for.

use momo_live::{Flaw, Tls, Vault, VaultOptions};

use crate::lifecycle::stage::Stage;

#[test]
fn a_certificate_that_is_not_trusted_is_a_wrong_setting_everywhere() {
    let options = VaultOptions { tls: Tls::Flawed(Flaw::SelfSigned), ..VaultOptions::default() };
    let Some(server) = Vault::start_with(options) else { return };
    let address = server.address();
    let stage = Stage::with_old();
    let at = |args: [&str; 3]| stage.momo(args).env("SSL_CERT_FILE", server.ca_cert_path());
    let vault = at(["verify", "-s", "vault:secret/momo"]).env("VAULT_ADDR", &address);
    let aws = at(["verify", "-s", "aws:momo"]).env("AWS_ENDPOINT_URL", &address);
    let aws = [("AWS_REGION", "eu-west-1"), ("AWS_ACCESS_KEY_ID", "AKIA0000000000000000")]
        .into_iter()
        .fold(aws, |momo, (name, value)| momo.env(name, value));
    for (peer, momo) in [
        ("the gateway", at(["verify", "-s", "dotenv:.env"]).env("MOMO_CRED_BASE_URL", &address)),
        ("the Vault server", vault.env("VAULT_TOKEN", "hvs.CAESIHKlkjhasdfkjhasdfkjhasdf")),
        ("AWS Secrets Manager", aws.env("AWS_SECRET_ACCESS_KEY", "0123456789012345678901234567890123456789")),
    ] {
        let ran = momo.run().code(78).says("error[misconfigured]");
        let ran = ran.says(&format!("{peer}'s certificate is from an issuer that is not trusted here"));
        let _ = ran.says("  next: ");
    }
}
