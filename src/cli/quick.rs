//! The plain forms of `exec`, read without clap: to build its tree of commands costs more than all the rest of a start.
//!
//! What is read here clap reads identically, which a property test shows. Everything else is left to clap, also what is
//! wrong: there is one place that explains.

use std::ffi::OsString;

use super::args::{Cli, Command, Global};
use super::exec;

/// Reads `exec [-p NAME].. [-s LOCATION] .. -- COMMAND ..`. `None` for any other line.
pub(super) fn read(args: &[OsString]) -> Option<Cli> {
    let [_, command, rest @ ..] = args else { return None };
    let end = rest.iter().position(|arg| arg == "--")?;
    let (flags, program) = (rest.get(..end)?, rest.get(end + 1..)?);
    if command != "exec" || program.is_empty() {
        return None;
    }
    let mut global = Global::default();
    let mut options = exec::Options::of(program);
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        let place = match flag.to_str()? {
            "-p" | "--profile" => {
                global.profile.push(value(flags.next())?);
                continue;
            }
            "--clean-env" if !options.clean_env => {
                options.clean_env = true;
                continue;
            }
            "-s" | "--store" => &mut global.store,
            "--product" => &mut global.product,
            "--target-environment" => &mut global.target_environment,
            "--preset" => &mut options.preset,
            "--prefix" => &mut options.prefix,
            _ => return None,
        };
        // What is given twice is an error.
        if place.replace(value(flags.next())?).is_some() {
            return None;
        }
    }
    Some(Cli { global, command: Command::Exec(options) })
}

/// The value after a flag. An empty one and one that looks like a flag are left to clap.
fn value(arg: Option<&OsString>) -> Option<String> {
    let text = arg?.to_str()?;
    (!text.is_empty() && !text.starts_with('-')).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use clap::Parser;
    use proptest::prelude::*;

    use super::*;

    fn line(words: &[&str]) -> Vec<OsString> {
        ["momo-cred"].iter().chain(words).map(OsString::from).collect()
    }

    /// What clap makes of a line, in full: `Debug` of these types shows every field.
    fn by_clap(args: &[OsString]) -> Option<String> {
        Cli::try_parse_from(args).ok().map(|cli| format!("{cli:?}"))
    }

    #[test]
    fn plain_lines_are_read() {
        for words in [
            &["exec", "--", "npm", "start"][..],
            &["exec", "-p", "collection,disbursement", "--", "./payouts", "--daily"],
            &["exec", "--preset", "momoapi-node", "--prefix", "X", "--clean-env", "--", "node", "server.js"],
            &["exec", "--profile", "a", "-p", "b", "-s", "vault:secret/momo", "--", "a", "--", "-p", ""],
            &["exec", "--product", "collection", "--target-environment", "sandbox", "--", "-x"],
        ] {
            let args = line(words);
            let cli = read(&args).map(|cli| format!("{cli:?}"));
            assert!(cli.is_some() && cli == by_clap(&args), "{words:?}");
        }
    }

    #[test]
    fn everything_else_is_left_to_clap() {
        for words in [
            &[][..],
            &["exec"],
            &["exec", "--"],
            &["exec", "npm"],
            &["-p", "a", "exec", "--", "true"],
            &["verify", "--", "true"],
            &["exec", "--help", "--", "true"],
            &["exec", "--explain", "--", "true"],
            &["exec", "-pa", "--", "true"],
            &["exec", "--store=a", "--", "true"],
            &["exec", "-s", "--", "true"],
            &["exec", "-s", "a", "-s", "b", "--", "true"],
            &["exec", "-s", "", "--", "true"],
            &["exec", "-s", "-x", "--", "true"],
            &["exec", "--clean-env", "--clean-env", "--", "true"],
            &["exec", "--token", "a", "--", "true"],
        ] {
            assert!(read(&line(words)).is_none(), "{words:?}");
        }
    }

    /// Words that lines are made of: every flag there is, and what may stand beside one.
    fn word() -> impl Strategy<Value = OsString> {
        let flags = [
            "exec",
            "-p",
            "--profile",
            "-s",
            "--store",
            "--product",
            "--target-environment",
            "--preset",
            "--prefix",
            "--clean-env",
            "--only",
            "--keep",
            "--explain",
            "--config",
            "--json",
            "-v",
            "-q",
            "--color",
            "--timeout",
            "--base-url",
            "--callback-host",
            "-h",
            "--help",
            "--",
            "-",
            "",
            "a,b",
            "dotenv:.env#MOMO",
            "--store=a",
            "-pa",
            "momo",
            "verify",
            "é",
            "--token",
            "-p=a",
            "@file",
        ];
        prop_oneof![
            12 => prop::sample::select(flags.to_vec()).prop_map(OsString::from),
            2 => "[a-z=,#:.-]{0,4}".prop_map(OsString::from),
            1 => prop::collection::vec(1_u8..=255, 0..4).prop_map(OsString::from_vec),
        ]
    }

    /// A flag with a value, mostly: random words alone rarely make a line that is accepted.
    fn pair() -> impl Strategy<Value = Vec<OsString>> {
        let taking =
            ["-p", "--profile", "-s", "--store", "--product", "--target-environment", "--preset", "--prefix"];
        prop_oneof![
            6 => (prop::sample::select(taking.to_vec()), word())
                .prop_map(|(flag, value)| vec![OsString::from(flag), value]),
            2 => Just(vec![OsString::from("--clean-env")]),
            1 => word().prop_map(|word| vec![word]),
        ]
    }

    fn any_line() -> impl Strategy<Value = Vec<OsString>> {
        let words = |words: Vec<Vec<OsString>>| words.into_iter().flatten().collect::<Vec<_>>();
        let shaped =
            (prop::collection::vec(pair(), 0..4).prop_map(words), prop::collection::vec(word(), 0..4))
                .prop_map(|(flags, program)| {
                    let mut line = line(&["exec"]);
                    line.extend(flags);
                    line.push("--".into());
                    line.extend(program);
                    line
                });
        let random = prop::collection::vec(word(), 0..8).prop_map(|words| {
            let mut line = line(&[]);
            line.extend(words);
            line
        });
        prop_oneof![3 => shaped, 1 => random]
    }

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn what_is_read_here_clap_reads_identically(args in any_line()) {
            if let Some(cli) = read(&args) {
                prop_assert_eq!(Some(format!("{cli:?}")), by_clap(&args));
            }
        }
    }
}
