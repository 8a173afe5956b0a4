//! The three products that share MTN's wallet.

use std::fmt;

/// A product of the Open API; the first segment of its paths.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Product {
    /// Payments into the merchant's wallet.
    Collection,
    /// Payments out of it.
    Disbursement,
    /// Payments out of it, across a border.
    Remittance,
}

impl Product {
    /// Every product, in the order in which generated keys are handed out.
    pub const ALL: [Self; 3] = [Self::Collection, Self::Disbursement, Self::Remittance];

    /// The path segment, which is also the name of the product in logs and in the control endpoint.
    #[must_use]
    pub const fn segment(self) -> &'static str {
        match self {
            Self::Collection => "collection",
            Self::Disbursement => "disbursement",
            Self::Remittance => "remittance",
        }
    }

    pub(crate) fn from_segment(segment: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| product.segment() == segment)
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.segment())
    }
}
