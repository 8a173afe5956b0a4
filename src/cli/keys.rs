//! Where subscription keys come from: a file, a variable, the record, a prompt. Never an argument.

use std::io::Read;
use std::path::{Path, PathBuf};

use momo_cred_backend_api::Secret;
use zeroize::Zeroizing;

use super::context::Context;
use crate::config::variables;
use crate::credential::{Field, Record, check_key};
use crate::prompt::{self, PromptError};
use crate::{Error, Kind, Result};

/// The longest secret file that is read.
const MAX: u64 = 4096;

/// The subscription keys of a provisioning.
pub(crate) struct Keys {
    pub(crate) subscription: Secret,
    pub(crate) secondary: Option<Secret>,
    pub(crate) provisioning: Option<Secret>,
}

/// Flags that name files with keys.
#[derive(clap::Args, Debug)]
pub(crate) struct KeyFiles {
    /// File with the product's subscription key, `-` for standard input [else MOMO_CRED_SUBSCRIPTION_KEY, the
    /// record's own, a prompt]
    #[arg(long, value_name = "FILE")]
    pub(crate) subscription_key_file: Option<PathBuf>,
    /// File with a separate provisioning key, `-` for standard input [else
    /// MOMO_CRED_PROVISIONING_SUBSCRIPTION_KEY, the record's own]
    #[arg(long, value_name = "FILE")]
    pub(crate) provisioning_key_file: Option<PathBuf>,
}

impl KeyFiles {
    /// Collects the keys: flag, then variable, then record, then prompt.
    pub(crate) fn gather(&self, context: &Context, record: &Record) -> Result<Keys> {
        let stdin = Path::new("-");
        if self.subscription_key_file.as_deref() == Some(stdin) && self.provisioning_key_file.as_deref() == Some(stdin)
        {
            return Err(Error::new(Kind::Usage, "standard input can give one key, not two")
                .next("put one of the keys into a file"));
        }
        let file = self.subscription_key_file.as_deref();
        let given = key(context, Field::SubscriptionKey, file, variables::SUBSCRIPTION_KEY, record)?;
        let subscription = match given {
            Some(key) => key,
            None => ask_key("Subscription key", Field::SubscriptionKey, "--subscription-key-file FILE, or - for stdin")?,
        };
        let file = self.provisioning_key_file.as_deref();
        let variable = variables::PROVISIONING_SUBSCRIPTION_KEY;
        let provisioning = key(context, Field::ProvisioningSubscriptionKey, file, variable, record)?;
        // A secondary belongs to the primary that it stands beside.
        let paired = record.input(Field::SubscriptionKey).is_some_and(|known| known.same_as(&subscription));
        let secondary = record.input(Field::SubscriptionKeySecondary).filter(|_| paired).cloned();
        Ok(Keys { subscription, secondary, provisioning })
    }
}

fn key(
    context: &Context,
    field: Field,
    file: Option<&Path>,
    variable: &'static str,
    record: &Record,
) -> Result<Option<Secret>> {
    let (value, from) = if let Some(path) = file {
        (read_secret(context, path)?, path.display().to_string())
    } else if let Some(value) = context.environment.secret(variable)? {
        (value, variable.to_owned())
    } else if let Some(value) = record.input(field) {
        (value.clone(), "the record".to_owned())
    } else {
        return Ok(None);
    };
    check_key(field, &value).map_err(|bad| refused(&bad, &from))?;
    Ok(Some(value))
}

/// The error for a value of the wrong shape.
pub(crate) fn refused(bad: &dyn std::fmt::Display, from: &str) -> Error {
    Error::new(Kind::Usage, format!("the value from {from} is refused"))
        .because(bad)
        .next("copy it again from the portal, without quotes or spaces; nothing was changed")
}

/// Reads a secret from a file or standard input. One line ending at the end is dropped.
pub(crate) fn read_secret(context: &Context, path: &Path) -> Result<Secret> {
    let bytes = read_input(context, path, MAX)?;
    let mut text = bytes.as_slice();
    text = text.strip_suffix(b"\n").unwrap_or(text);
    text = text.strip_suffix(b"\r").unwrap_or(text);
    let line = std::str::from_utf8(text).ok().filter(|text| !text.chars().any(char::is_control));
    line.map(Secret::from).ok_or_else(|| {
        Error::new(Kind::Usage, format!("{} does not hold one line of text", path.display()))
            .next("put the key alone into the file")
    })
}

/// Reads a file or, for `-`, standard input, up to a size.
pub(crate) fn read_input(context: &Context, path: &Path, max: u64) -> Result<Zeroizing<Vec<u8>>> {
    let failed = |why: &'static str| {
        Error::new(Kind::Usage, format!("cannot read {}", path.display())).because(why).next("check the path and its mode")
    };
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(usize::try_from(max + 1).unwrap_or(0)));
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(max + 1).read_to_end(&mut bytes)
    } else {
        let file = std::fs::File::open(path).map_err(|error| failed(why(error.kind())))?;
        warn_if_open_to_others(context, path, &file);
        file.take(max + 1).read_to_end(&mut bytes)
    };
    read.map_err(|error| failed(why(error.kind())))?;
    match bytes.len() as u64 {
        0 => Err(failed("it is empty")),
        n if n > max => Err(failed("it is too long")),
        _ => Ok(bytes),
    }
}

const fn why(kind: std::io::ErrorKind) -> &'static str {
    match kind {
        std::io::ErrorKind::NotFound => "there is no such file",
        std::io::ErrorKind::PermissionDenied => "permission denied",
        std::io::ErrorKind::IsADirectory => "it is a folder",
        _ => "the system reports an error",
    }
}

fn warn_if_open_to_others(context: &Context, path: &Path, file: &std::fs::File) {
    let Ok(stat) = rustix::fs::fstat(file) else { return };
    let regular = rustix::fs::FileType::from_raw_mode(stat.st_mode) == rustix::fs::FileType::RegularFile;
    if regular && stat.st_mode & 0o044 != 0 {
        let path = path.display();
        context.output.warn(&format!("others can read {path}; close it with: chmod 600 {path}"));
    }
}

/// Asks for a key, with its shape checked.
pub(crate) fn ask_key(label: &str, field: Field, instead: &str) -> Result<Secret> {
    let value = prompt::secret(label).map_err(|error| no_prompt(&error, label, instead))?;
    check_key(field, &value).map_err(|bad| refused(&bad, "the prompt"))?;
    Ok(value)
}

/// The error for a prompt that could not be shown or was left.
pub(crate) fn no_prompt(error: &PromptError, label: &str, instead: &str) -> Error {
    Error::new(Kind::Usage, format!("{label} is needed and was not given")).because(error).next(format!("use {instead}"))
}
