//! Routes of the HTTP API: the app declares them, API Gateway matches requests with them, and the functions match the
//! route key that API Gateway passes on.

/// Method of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// `GET`
    Get,
    /// `POST`
    Post,
    /// `PUT`
    Put,
    /// `PATCH`
    Patch,
    /// `DELETE`
    Delete,
}

impl Method {
    /// The method as HTTP writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Beginning of every path of the management API.
pub const MANAGEMENT_PREFIX: &str = "/adminAPI/";

/// Declares the routes of an API. Each row is a route, its method and its path after the prefix.
macro_rules! routes {
    ($(#[$api_doc:meta])* $api:ident $prefix:literal $(#[doc = $summary:literal] $route:ident = $method:ident $path:literal;)*) => {
        $(#[$api_doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $api {
            $(#[doc = $summary] $route,)*
        }

        impl $api {
            /// Every route. The CDK names an API's integration after the first one; another one would replace it.
            pub const ALL: &[Self] = &[$(Self::$route),*];

            /// The method.
            #[must_use]
            pub const fn method(self) -> Method {
                match self {
                    $(Self::$route => Method::$method,)*
                }
            }

            /// The path, with parameters in braces.
            #[must_use]
            pub const fn path(self) -> &'static str {
                match self {
                    $(Self::$route => concat!($prefix, $path),)*
                }
            }

            /// The name of the route.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$route => stringify!($route),)*
                }
            }

            /// The effect of the route, in a sentence.
            #[must_use]
            pub fn summary(self) -> &'static str {
                match self {
                    $(Self::$route => $summary.trim(),)*
                }
            }

            /// The route of API Gateway's route key, for example `GET /adminAPI/imagePacks`. `None`: there is no such
            /// route.
            #[must_use]
            pub fn of_key(key: &str) -> Option<Self> {
                let (method, path) = key.split_once(' ')?;
                Self::ALL.iter().copied().find(|route| route.method().as_str() == method && route.path() == path)
            }
        }
    };
}

routes! {
    /// A route of the purge API (`docs/purge-api.md`).
    PurgeRoute "/"
    /// Purges a pack at once.
    PurgePack = Delete "images/{tenant}/{imagePackId}";
    /// Reads the status of the purges of a pack.
    PackStatus = Get "images/{tenant}/{imagePackId}";
    /// Enqueues purges of packs, of a location, or of everything of a tenant.
    EnqueuePurges = Post "purges/{tenant}";
    /// Reads the status of the purges of a tenant.
    TenantStatus = Get "purges/{tenant}";
    /// Reads the OpenAPI document of the purge API and the management API.
    ReadOpenApi = Get "openapi.json";
}

routes! {
    /// A route of the management API (`docs/management-api.md`).
    ManagementRoute "/adminAPI/"
    /// Lists the packs of a tenant.
    ListPacks = Get "imagePacks";
    /// Creates a pack.
    CreatePack = Post "imagePacks";
    /// Reads a pack.
    ReadPack = Get "imagePacks/{imagePackId}";
    /// Changes the description of a pack.
    DescribePack = Patch "imagePacks/{imagePackId}";
    /// Removes a pack.
    RemovePack = Delete "imagePacks/{imagePackId}";
    /// Removes an image from a pack.
    RemoveImage = Delete "imagePacks/{imagePackId}/imageLocations/{location}";
    /// Sets the crop of an image.
    SetCrop = Put "imagePacks/{imagePackId}/imageLocations/{location}/crop";
    /// Removes the crop of an image.
    RemoveCrop = Delete "imagePacks/{imagePackId}/imageLocations/{location}/crop";
    /// Stores an original that the request carries.
    StoreOriginal = Put "imagePacks/{imagePackId}/imageLocations/{location}/original";
    /// Prepares an upload to S3.
    PrepareUpload = Post "imagePacks/{imagePackId}/imageLocations/{location}/uploads";
    /// Stores an original that was uploaded to S3.
    ConfirmUpload = Post "imagePacks/{imagePackId}/imageLocations/{location}/uploads/{uploadId}/confirm";
    /// Stores an original that the function fetches.
    FetchImage = Post "imagePacks/{imagePackId}/imageLocations/{location}/fetchImage";
    /// Reads the config of a location.
    ReadLocationConfig = Get "imageLocationConfig/{name}";
    /// Saves the config of a location.
    SaveLocationConfig = Put "imageLocationConfig/{name}";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_route_is_found_by_its_key_and_by_no_other() {
        for route in ManagementRoute::ALL {
            assert!(route.path().starts_with(MANAGEMENT_PREFIX), "{route:?}");
            let key = format!("{} {}", route.method().as_str(), route.path());
            assert_eq!(ManagementRoute::of_key(&key), Some(*route), "{key}");
        }
        for route in PurgeRoute::ALL {
            let key = format!("{} {}", route.method().as_str(), route.path());
            assert_eq!((PurgeRoute::of_key(&key), ManagementRoute::of_key(&key)), (Some(*route), None), "{key}");
        }
        for key in ["", "GET", "GET /imagePacks", "DELETE /adminAPI/imagePacks", "GET /adminAPI/imagePacks/p1"] {
            assert_eq!(ManagementRoute::of_key(key), None, "{key}");
        }
    }
}
