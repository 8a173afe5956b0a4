//! Which variable belongs to which record.

use momo_cred_backend_api::RecordName;

use crate::Problem;

/// The closed list of fields of a record. A field is ours if it is one of the names, or begins with a family prefix
/// (`pending_`) that is followed by at least one of `a-z 0-9 _`.
///
/// The variable of a field is `PREFIX_` and the field in upper case; any other spelling is foreign. A record is
/// listed if at least one of its anchor fields has a line: names such as `schema` or `product` would take other
/// programs' variables for records.
#[derive(Clone, Debug)]
pub struct FieldSet {
    names: Vec<String>,
    families: Vec<String>,
    anchors: Vec<String>,
}

/// Words that steer how programs are loaded or run. The closed list of fields keeps such
/// variables out already; a record under such a name would still be a trap for people.
const STEERING: &[&str] = &[
    "BASH", "BASH_ENV", "CDPATH", "DYLD", "ENV", "GIT", "IFS", "JAVA", "LD", "NODE", "PATH", "PERL", "PERL5",
    "PS4", "PYTHON", "RUBY", "SHELL",
];

impl FieldSet {
    /// Checks and takes the lists. New lines of a record are written in the order of `names`, then of the alphabet.
    ///
    /// # Errors
    /// [`Problem::Fields`] for a name that is not `[a-z][a-z0-9_]*`, a family that does not also end in `_`, or an
    /// anchor that is not among the names; for no anchor at all.
    pub fn new(names: &[&str], families: &[&str], anchors: &[&str]) -> Result<Self, Problem> {
        let plain = |s: &&str| s.starts_with(|c: char| c.is_ascii_lowercase()) && s.bytes().all(lower);
        if !names.iter().chain(families).all(plain) {
            return Err(Problem::Fields { why: "a name is not of lower-case letters, digits and `_`" });
        }
        if !families.iter().all(|family| family.ends_with('_')) {
            return Err(Problem::Fields { why: "a family does not end in `_`" });
        }
        if anchors.is_empty() || !anchors.iter().all(|anchor| names.contains(anchor)) {
            return Err(Problem::Fields { why: "the anchors are not among the names" });
        }
        let own = |list: &[&str]| list.iter().map(|&s| s.to_owned()).collect();
        Ok(Self { names: own(names), families: own(families), anchors: own(anchors) })
    }

    /// Whether a record may have this field.
    pub fn contains(&self, field: &str) -> bool {
        self.names.iter().any(|name| name == field)
            || (field.bytes().all(lower)
                && self.families.iter().any(|f| field.len() > f.len() && field.starts_with(f.as_str())))
    }

    /// Where new lines of this field go among other new lines.
    pub(crate) fn rank(&self, field: &str) -> usize {
        self.names.iter().position(|name| name == field).unwrap_or(self.names.len())
    }

    /// The record that `variable` makes appear in a listing, if it is the variable of an anchor.
    pub(crate) fn listed<'v>(&self, variable: &'v str) -> Option<&'v str> {
        self.anchors.iter().find_map(|anchor| {
            let prefix = variable.strip_suffix(anchor.to_ascii_uppercase().as_str())?.strip_suffix('_')?;
            self.check_prefix(prefix).is_ok().then_some(prefix)
        })
    }

    /// Whether `prefix` can name a record, and no variable of it could be a variable of another record.
    pub(crate) fn check_prefix(&self, prefix: &str) -> Result<(), Problem> {
        let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
        if prefix.is_empty() || prefix.as_bytes()[0].is_ascii_digit() || !prefix.bytes().all(word) {
            return Err(Problem::Prefix {
                why: "it is not of letters, digits and `_`, beginning with no digit",
            });
        }
        if STEERING.iter().any(|s| prefix == *s || prefix.strip_prefix(s).is_some_and(|r| r.starts_with('_')))
        {
            return Err(Problem::Prefix {
                why: "it begins like variables that steer how programs are loaded",
            });
        }
        let mut splits = prefix.match_indices('_').filter(|(at, _)| *at > 0).map(|(at, _)| &prefix[at + 1..]);
        if splits.any(|rest| self.other_record_has(rest)) {
            return Err(Problem::Prefix {
                why: "its end could be the beginning of a field of another record",
            });
        }
        Ok(())
    }

    /// Whether some field of ours with `rest` and `_` in front is a field of ours too: then `A_<rest>` and `A` share
    /// a variable.
    fn other_record_has(&self, rest: &str) -> bool {
        if rest.bytes().any(|b| b.is_ascii_lowercase()) {
            return false;
        }
        let front = format!("{}_", rest.to_ascii_lowercase());
        let overlap = |a: &str, b: &str| a.starts_with(b) || b.starts_with(a);
        self.names
            .iter()
            .any(|name| name.strip_prefix(front.as_str()).is_some_and(|rest| self.contains(rest)))
            || self.families.iter().any(|family| {
                family.strip_prefix(front.as_str()).map_or_else(
                    || front.starts_with(family.as_str()),
                    |start| {
                        self.names.iter().any(|name| name.starts_with(start))
                            || self.families.iter().any(|other| overlap(other, start))
                    },
                )
            })
    }
}

fn lower(byte: u8) -> bool {
    byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_'
}

/// The variables of one record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Owner<'a> {
    fields: &'a FieldSet,
    prefix: &'a str,
}

impl<'a> Owner<'a> {
    pub(crate) fn new(fields: &'a FieldSet, name: &'a RecordName) -> Result<Self, Problem> {
        fields.check_prefix(name.as_str())?;
        Ok(Self { fields, prefix: name.as_str() })
    }

    /// The field that `variable` holds, if it is one of this record.
    pub(crate) fn field(&self, variable: &[u8]) -> Option<String> {
        let rest = variable.strip_prefix(self.prefix.as_bytes())?.strip_prefix(b"_")?;
        if rest.iter().any(u8::is_ascii_lowercase) {
            return None;
        }
        let field = std::str::from_utf8(rest).ok()?.to_ascii_lowercase();
        self.fields.contains(&field).then_some(field)
    }

    pub(crate) fn variable(&self, field: &str) -> String {
        format!("{}_{}", self.prefix, field.to_ascii_uppercase())
    }

    pub(crate) fn fields(&self) -> &'a FieldSet {
        self.fields
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set() -> FieldSet {
        let names = ["subscription_key", "provisioning_subscription_key", "api_user", "api_key", "schema"];
        FieldSet::new(&names, &["pending_"], &["subscription_key", "api_user"]).unwrap()
    }

    #[test]
    fn no_variable_has_two_records() {
        let set = set();
        for bad in
            ["MOMO_PENDING", "MOMO_PENDING_X", "X_PROVISIONING", "_PROVISIONING_PENDING", "A_B_PROVISIONING"]
        {
            assert!(set.check_prefix(bad).is_err(), "{bad}");
        }
        for good in [
            "MOMO",
            "PENDING",
            "PROVISIONING",
            "MOMO_COLLECTION",
            "momo",
            "MOMO_pending",
            "_",
            "X_API",
            "ENVOY",
        ] {
            assert!(set.check_prefix(good).is_ok(), "{good}");
        }
        for odd in ["", "1A", "A-B", "A/B", "É", "LD", "LD_X", "PATH", "GIT_X"] {
            assert!(set.check_prefix(odd).is_err(), "{odd}");
        }
    }

    #[test]
    fn families_that_lengthen_one_another_are_seen() {
        let set = FieldSet::new(&["a", "key"], &["x_y_"], &["a"]).unwrap();
        assert!(set.check_prefix("P_X").is_ok());
        let set = FieldSet::new(&["a", "y_key"], &["x_y_"], &["a"]).unwrap();
        assert!(set.check_prefix("P_X").is_err());
        let set = FieldSet::new(&["a"], &["x_y_", "y_"], &["a"]).unwrap();
        assert!(set.check_prefix("P_X").is_err());
    }

    #[test]
    fn only_the_exact_spelling_is_ours() {
        let set = set();
        let name = RecordName::new("MOMO").unwrap();
        let owner = Owner::new(&set, &name).unwrap();
        assert_eq!(owner.field(b"MOMO_API_KEY").as_deref(), Some("api_key"));
        assert_eq!(owner.field(b"MOMO_PENDING_X1").as_deref(), Some("pending_x1"));
        for foreign in
            ["MOMO_api_key", "MOMO_API_KEYS", "MOMO_PENDING_", "XMOMO_API_KEY", "MOMOAPI_KEY", "momo_API_KEY"]
        {
            assert_eq!(owner.field(foreign.as_bytes()), None, "{foreign}");
        }
        assert_eq!(set.listed("MOMO_API_USER"), Some("MOMO"));
        assert_eq!(set.listed("MOMO_PENDING_API_USER"), None);
        assert_eq!(set.listed("MOMO_PROVISIONING_SUBSCRIPTION_KEY"), None);
    }

    #[test]
    fn lists_are_checked() {
        for (names, families, anchors) in [
            (&["Api"][..], &[][..], &["Api"][..]),
            (&["a"], &["p"], &["a"]),
            (&["a"], &["p_"], &["b"]),
            (&["a"], &["p_"], &[]),
        ] {
            assert!(FieldSet::new(names, families, anchors).is_err());
        }
    }
}
