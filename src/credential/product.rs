//! MoMo products.

use std::fmt;
use std::str::FromStr;

/// A MoMo product with an API. The path prefix at the gateway has the same name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Product {
    /// Collections: request to pay.
    #[default]
    Collection,
    /// Disbursements: transfer, deposit, refund.
    Disbursement,
    /// Remittances: transfer across borders.
    Remittance,
}

/// A string that names no product. Lists those there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownProduct;

impl Product {
    /// All products.
    pub const ALL: [Self; 3] = [Self::Collection, Self::Disbursement, Self::Remittance];

    /// The name: also the first path segment of its API.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Collection => "collection",
            Self::Disbursement => "disbursement",
            Self::Remittance => "remittance",
        }
    }
}

impl FromStr for Product {
    type Err = UnknownProduct;

    fn from_str(text: &str) -> Result<Self, UnknownProduct> {
        Self::ALL.into_iter().find(|product| product.name() == text).ok_or(UnknownProduct)
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for UnknownProduct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("not a product: it is one of collection, disbursement, remittance")
    }
}

impl std::error::Error for UnknownProduct {}
