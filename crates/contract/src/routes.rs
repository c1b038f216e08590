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

/// Path of the purge API (`docs/purge-api.md`).
pub const PURGE_PATH: &str = "/images/{tenant}/{imagePackId}";

/// Methods of the purge API: a purge, and the status of purges.
pub const PURGE_METHODS: [Method; 2] = [Method::Delete, Method::Get];

/// Beginning of every path of the management API.
pub const MANAGEMENT_PREFIX: &str = "/adminAPI/";

/// Declares the routes of the management API. Each row is a route, its method and its path after
/// [`MANAGEMENT_PREFIX`].
macro_rules! management_routes {
    ($($(#[$doc:meta])* $route:ident = $method:ident $path:literal;)*) => {
        /// A route of the management API (`docs/management-api.md`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum ManagementRoute {
            $($(#[$doc])* $route,)*
        }

        impl ManagementRoute {
            /// Every route.
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
                    $(Self::$route => concat!("/adminAPI/", $path),)*
                }
            }
        }
    };
}

management_routes! {
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

impl ManagementRoute {
    /// The route of API Gateway's route key, for example `GET /adminAPI/imagePacks`. `None`: there is no such route.
    #[must_use]
    pub fn of_key(key: &str) -> Option<Self> {
        let (method, path) = key.split_once(' ')?;
        Self::ALL.iter().copied().find(|route| route.method().as_str() == method && route.path() == path)
    }
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
        for key in ["", "GET", "GET /imagePacks", "DELETE /adminAPI/imagePacks", "GET /adminAPI/imagePacks/p1"] {
            assert_eq!(ManagementRoute::of_key(key), None, "{key}");
        }
    }
}
