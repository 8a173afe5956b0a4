//! Copies of a record that its store makes in other places.

/// Which copies of a record do not have a revision yet. Empty where there is none to wait for, and where the store makes no
/// copies at all. Places are names of the store's own, such as regions, and no secret.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Copies {
    /// Places whose copy is on its way.
    pub behind: Vec<String>,
    /// Places whose copy does not come by itself any more: somebody has to look.
    pub failed: Vec<String>,
    /// What to do about one that has failed, with the store's own tools: a sentence in the imperative without a full stop.
    pub mend: Option<&'static str>,
}

impl Copies {
    /// Whether every copy has the revision.
    pub fn are_in_step(&self) -> bool {
        self.behind.is_empty() && self.failed.is_empty()
    }
}
