//! The functions' own metrics: namespace, dimension, names and units. The functions write them to their logs in
//! CloudWatch's embedded metric format; the app's alarms and its dashboard read them.
//!
//! The environment is the only dimension: CloudWatch bills each combination of dimensions as a metric of its own, and an
//! environment can have 10,000 tenants. The tenant is a field of the record, which queries of the log can group by.

/// Namespace of the metrics.
pub const NAMESPACE: &str = "ImageCacheInvalidation";

/// Name of the only dimension, whose value is the environment's name.
pub const DIMENSION: &str = "environment";

/// Unit of a metric, as CloudWatch names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number of things.
    Count,
    /// A time.
    Milliseconds,
    /// A share of a quota.
    Percent,
    /// CloudWatch has no unit for it.
    None,
}

impl Unit {
    /// CloudWatch's name of the unit.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Count => "Count",
            Self::Milliseconds => "Milliseconds",
            Self::Percent => "Percent",
            Self::None => "None",
        }
    }
}

/// Declares the metrics: each row is a metric and its unit.
macro_rules! metrics {
    ($($(#[$doc:meta])* $metric:ident: $unit:ident;)*) => {
        /// A metric.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Metric {
            $($(#[$doc])* $metric,)*
        }

        impl Metric {
            /// All metrics.
            pub const ALL: &'static [Self] = &[$(Self::$metric),*];

            /// Name of the metric.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$metric => stringify!($metric),)*
                }
            }

            /// Unit of the metric.
            #[must_use]
            pub const fn unit(self) -> Unit {
                match self {
                    $(Self::$metric => Unit::$unit,)*
                }
            }
        }
    };
}

metrics! {
    /// Time from a change until CloudFront has completed the first purge that covers it. One value for each purge of a
    /// target.
    WriteToFresh: Milliseconds;
    /// Age of the oldest change that waits for its purge, of the tenants with a registered distribution.
    OldestEntryAge: Milliseconds;
    /// Rows of the queue.
    QueueDepth: Count;
    /// The largest share in use of the items or wildcards that CloudFront accepts in progress for one distribution.
    QuotaUse: Percent;
    /// Invalidation items that CloudFront accepted. It bills each of them, wildcards included.
    Items: Count;
    /// The wildcards among the items.
    Wildcards: Count;
    /// Estimated price of the items and of the rendered variants, in millionths of a US dollar.
    EstimatedPrice: None;
    /// `CreateInvalidation` calls that CloudFront rejected because of a quota or of its throttle. They are sent again.
    InvalidationsThrottled: Count;
    /// Requests of admins that were rejected because their tenant had begun too many purges.
    PurgesRejected: Count;
    /// Variants rendered and stored.
    VariantsRendered: Count;
    /// Variants deleted.
    VariantsDeleted: Count;
    /// Viewers' requests that waited for another request to render their variant.
    RequestsCoalesced: Count;
    /// Images requested in advance after a purge.
    ImagesWarmed: Count;
    /// Images that were not requested in advance because their tenant's budget was used up.
    WarmingSkipped: Count;
}
