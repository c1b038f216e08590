//! The contract between the topology (`cdk/app`) and the functions (`handlers/`): names, limits and rules that both
//! sides use, each defined once, so that a change on one side alone does not compile.
//!
//! Belongs here: configs of the functions ([`functions`]), routes, headers, query parameters, parameters, key prefixes, quotas, rules of
//! identifiers. Does not belong here: decisions (`domain`), and anything that does I/O. The one exception is
//! `from_env`, which reads the process's environment variables.

pub mod attribute_names;
pub mod authorizer;
pub mod config;
pub mod contact;
pub mod events;
pub mod functions;
pub mod headers;
pub mod identifier;
pub mod limits;
pub mod memory;
pub mod metrics;
pub mod names;
pub mod optional_name;
pub mod query;
pub mod quota_schemes;
pub mod routes;
pub mod tenant_ids;
pub mod tenant_source;
pub mod wake_up;

mod json_text;

pub use attribute_names::AttributeNames;
pub use authorizer::Authorizer;
pub use config::ConfigError;
pub use contact::{Contact, InvalidContactError};
pub use identifier::{HeaderName, ImagePackId, InvalidIdentifierError, LocationName, Suffix, TenantId};
pub use metrics::Metric;
pub use optional_name::OptionalName;
pub use quota_schemes::QuotaSchemes;
pub use tenant_ids::TenantIds;
pub use tenant_source::TenantSource;
