//! The contract between the topology (`cdk/app`) and the functions (`handlers/`): names, limits and rules that both
//! sides use, each defined once.

pub mod attribute_names;
pub mod identifier;

pub use attribute_names::AttributeNames;
pub use identifier::{ImagePackId, InvalidIdentifier, LocationName, Suffix, TenantId};
