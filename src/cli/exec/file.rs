//! `--file`: which fields go to the program as sealed files, and under which names it finds their paths.

use super::field;
use crate::cli::keys::refuse_secret;
use crate::config::steering;
use crate::credential::Field;
use crate::exec::{Form, Set};
use crate::{Error, Kind, Result};

/// A field that goes as a file.
#[derive(Clone, Debug)]
pub(super) struct Filed {
    pub(super) field: Field,
    /// The variable that was named for the path.
    name: Option<String>,
}

impl Filed {
    /// Reads `FIELD` or `FIELD=NAME`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        let (name, variable) = match text.split_once('=') {
            Some((name, variable)) => (name, Some(variable)),
            None => (text, None),
        };
        if let Some(variable) = variable {
            refuse_secret("--file", variable)?;
            steering::refuse(variable).map_err(|bad| {
                Error::new(Kind::Usage, "--file names a variable that cannot be used")
                    .because(format!("`{}` is {bad}", variable.escape_debug()))
                    .next("give it another name, as in --file api_key=PAYOUT_KEY_FILE")
            })?;
        }
        Ok(Self { field: field("--file", name)?, name: variable.map(str::to_owned) })
    }

    /// Gives the names to a profile: the one that was named, or of each variable that would carry the value its own with
    /// `_FILE` after it, which is where programs look for the path of a secret.
    fn add_to(&self, set: &mut Set) -> Result<()> {
        let names: Vec<String> = match &self.name {
            Some(name) => vec![name.clone()],
            None => {
                let carries = set.mapping.iter().filter(|(_, field)| *field == self.field);
                carries.map(|(variable, _)| format!("{variable}_FILE")).collect()
            }
        };
        for name in names {
            set.add(name, self.field, Form::File)?;
        }
        Ok(())
    }
}

/// Gives their names to all profiles.
pub(super) fn add(files: &[Filed], sets: &mut [Set]) -> Result<()> {
    for filed in files {
        for set in &mut *sets {
            filed.add_to(set)?;
        }
        let named = |set: &Set| set.extras.iter().any(|extra| extra.field == filed.field);
        if !sets.iter().any(named) {
            let field = filed.field;
            let error = Error::new(Kind::Usage, format!("--file names {field}, which goes into no variable"));
            return Err(error.next(format!("name a variable for its path: --file {field}=NAME")));
        }
    }
    Ok(())
}
