//! S3 with the buckets of the data stack.

use std::collections::HashMap;
use std::fmt;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use axum::error_handling::HandleError;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::middleware::{self, Next};
use axum::response::Response;
use s3s::auth::SimpleAuth;
use s3s::dto::{
    CreateBucketInput, CreateBucketOutput, DeleteObjectInput, DeleteObjectOutput, DeleteObjectsInput,
    DeleteObjectsOutput, GetObjectInput, GetObjectOutput, HeadObjectInput, HeadObjectOutput, ListObjectsV2Input,
    ListObjectsV2Output, Object, ObjectIdentifier, PutObjectInput, PutObjectOutput,
};
use s3s::service::S3ServiceBuilder;
use s3s::{HttpError, S3, S3Request, S3Response, S3Result};
use s3s_fs::FileSystem;
use tokio::sync::RwLock;

/// A function that runs after each variant is stored.
type Hook = Arc<dyn Fn() -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// The requests in progress: each reads until its response.
pub(crate) type Requests = Arc<RwLock<()>>;

/// An S3 of this test's own.
pub struct LocalS3 {
    sdk: SdkConfig,
    requests: Requests,
    on_variant_stored: Arc<Mutex<Option<Hook>>>,
}

impl fmt::Debug for LocalS3 {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("LocalS3").field("sdk", &self.sdk).finish_non_exhaustive()
    }
}

impl LocalS3 {
    /// The bucket of originals. It is versioned: `PutObject` responds with a version id, and `DeleteObject` without one
    /// leaves every version readable by its id.
    pub const ORIGINALS_BUCKET: &str = "originals";
    /// The bucket of variants. It keeps no versions.
    pub const VARIANTS_BUCKET: &str = "variants";
    /// `DeleteObjects` returns 200 and leaves an object whose key ends like this, as S3 does where a policy forbids it.
    pub const UNDELETABLE: &str = "=undeletable";

    /// Starts an empty S3 and creates the two buckets.
    ///
    /// # Panics
    /// If it cannot start; the message names the step that failed.
    pub async fn start() -> Self {
        let (listener, endpoint_url) = crate::listen().await;
        let directory = tempfile::tempdir().expect("a temporary directory");
        let files = FileSystem::new(directory.path()).expect("S3 in a temporary directory");
        let on_variant_stored = Arc::new(Mutex::new(None));
        let mut service = S3ServiceBuilder::new(Versioned {
            files,
            puts: AtomicU64::new(0),
            history: Mutex::default(),
            on_variant_stored: Arc::clone(&on_variant_stored),
        });
        service.set_auth(SimpleAuth::from_single(crate::ACCESS_KEY, crate::ACCESS_KEY));
        let service = HandleError::new(service.build(), |error: HttpError| async move {
            (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}"))
        });
        let requests = Requests::default();
        let router = axum::Router::new()
            .fallback_service(service)
            .layer(middleware::from_fn_with_state(Arc::clone(&requests), in_progress));
        tokio::spawn(async move {
            // The directory is the task's, so that it is deleted with the runtime.
            let _directory = directory;
            axum::serve(listener, router).await
        });
        let local = Self { sdk: crate::sdk_config(&endpoint_url), requests, on_variant_stored };
        for bucket in [Self::ORIGINALS_BUCKET, Self::VARIANTS_BUCKET] {
            local.client().create_bucket().bucket(bucket).send().await.expect("CreateBucket on an empty S3");
        }
        local
    }

    /// Runs `hook` after each variant is stored, before the response: an edit in between, or a count.
    ///
    /// # Panics
    /// If an earlier hook panicked.
    pub fn on_variant_stored<F>(&self, hook: impl Fn() -> F + Send + Sync + 'static)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let hook: Hook = Arc::new(move || Box::pin(hook()));
        *self.on_variant_stored.lock().expect("no hook panics") = Some(hook);
    }

    /// Its requests in progress.
    pub(crate) fn requests(&self) -> Requests {
        Arc::clone(&self.requests)
    }

    /// The config of its clients.
    #[must_use]
    pub fn sdk_config(&self) -> &SdkConfig {
        &self.sdk
    }

    /// A client of it.
    #[must_use]
    pub fn client(&self) -> Client {
        Client::new(&self.sdk)
    }
}

async fn in_progress(State(requests): State<Requests>, request: Request, next: Next) -> Response {
    let _request = requests.read().await;
    next.run(request).await
}

/// s3s-fs, which knows no versions, with versions for the bucket of originals: each is a file of its own. What is not
/// listed here returns `NotImplemented`.
struct Versioned {
    files: FileSystem,
    puts: AtomicU64,
    /// The versions of each original, the newest last; `None` is a delete marker.
    history: Mutex<HashMap<String, Vec<Option<String>>>>,
    on_variant_stored: Arc<Mutex<Option<Hook>>>,
}

impl Versioned {
    fn history(&self) -> MutexGuard<'_, HashMap<String, Vec<Option<String>>>> {
        self.history.lock().expect("no thread panics while holding it")
    }

    /// The keys of the originals that are not deleted.
    fn newest_keys(&self) -> Vec<String> {
        let history = self.history();
        let newest = history.iter().filter(|(_, versions)| matches!(versions.last(), Some(Some(_))));
        newest.map(|(key, _)| key.clone()).collect()
    }

    /// The key of the file of an original: of the version requested, or of the newest.
    fn key_to_read(&self, key: &str, version: Option<&str>) -> String {
        let newest = || self.history().get(key).and_then(|versions| versions.last().cloned().flatten());
        let version = version.map(ToOwned::to_owned).or_else(newest);
        version.map_or_else(|| key.to_owned(), |version| versioned_key(key, &version))
    }
}

/// The key of the file of one version of an original.
fn versioned_key(key: &str, version: &str) -> String {
    format!("{version}/{key}")
}

#[async_trait::async_trait]
impl S3 for Versioned {
    async fn put_object(&self, mut request: S3Request<PutObjectInput>) -> S3Result<S3Response<PutObjectOutput>> {
        let is_versioned = request.input.bucket == LocalS3::ORIGINALS_BUCKET;
        let version = format!("version-{}", self.puts.fetch_add(1, Ordering::Relaxed));
        let key = request.input.key.clone();
        if is_versioned {
            request.input.key = versioned_key(&key, &version);
        }
        let mut response = self.files.put_object(request).await?;
        if is_versioned {
            self.history().entry(key).or_default().push(Some(version.clone()));
        }
        response.output.version_id = is_versioned.then_some(version);
        let hook = self.on_variant_stored.lock().expect("no hook panics").clone();
        if let Some(hook) = hook.filter(|_| !is_versioned) {
            hook().await;
        }
        Ok(response)
    }

    async fn get_object(&self, mut request: S3Request<GetObjectInput>) -> S3Result<S3Response<GetObjectOutput>> {
        if request.input.bucket == LocalS3::ORIGINALS_BUCKET {
            request.input.key = self.key_to_read(&request.input.key, request.input.version_id.as_deref());
        }
        self.files.get_object(request).await
    }

    async fn delete_object(&self, request: S3Request<DeleteObjectInput>) -> S3Result<S3Response<DeleteObjectOutput>> {
        if request.input.bucket == LocalS3::ORIGINALS_BUCKET {
            self.history().entry(request.input.key).or_default().push(None);
            return Ok(S3Response::new(DeleteObjectOutput::default()));
        }
        self.files.delete_object(request).await
    }

    async fn head_object(&self, request: S3Request<HeadObjectInput>) -> S3Result<S3Response<HeadObjectOutput>> {
        self.files.head_object(request).await
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> S3Result<S3Response<ListObjectsV2Output>> {
        if request.input.bucket == LocalS3::ORIGINALS_BUCKET {
            let mut keys = self.newest_keys();
            keys.retain(|key| key.starts_with(request.input.prefix.as_deref().unwrap_or_default()));
            keys.sort_unstable();
            let contents = keys.into_iter().map(|key| Object { key: Some(key), ..Object::default() }).collect();
            let output = ListObjectsV2Output { contents: Some(contents), ..ListObjectsV2Output::default() };
            return Ok(S3Response::new(output));
        }
        self.files.list_objects_v2(request).await
    }

    async fn delete_objects(
        &self,
        mut request: S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let objects = std::mem::take(&mut request.input.delete.objects);
        if request.input.bucket == LocalS3::ORIGINALS_BUCKET {
            for object in objects {
                self.history().entry(object.key).or_default().push(None);
            }
            return Ok(S3Response::new(DeleteObjectsOutput::default()));
        }
        let is_kept = |object: &ObjectIdentifier| object.key.ends_with(LocalS3::UNDELETABLE);
        let (kept, deleted): (Vec<_>, Vec<_>) = objects.into_iter().partition(is_kept);
        request.input.delete.objects = deleted;
        let mut response = self.files.delete_objects(request).await?;
        let rejected = |object: ObjectIdentifier| s3s::dto::Error {
            code: Some("AccessDenied".to_owned()),
            key: Some(object.key),
            message: Some("Access Denied".to_owned()),
            version_id: None,
        };
        response.output.errors = Some(kept.into_iter().map(rejected).collect());
        Ok(response)
    }

    async fn create_bucket(&self, request: S3Request<CreateBucketInput>) -> S3Result<S3Response<CreateBucketOutput>> {
        self.files.create_bucket(request).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_original_that_is_replaced_in_place_keeps_both_versions() {
        let client = LocalS3::start().await.client();
        let mut versions = Vec::new();
        for image in ["old", "new"] {
            let put = client.put_object().bucket(LocalS3::ORIGINALS_BUCKET).key("acme/p1/main");
            let put = put.body(image.as_bytes().to_vec().into()).send().await.unwrap();
            versions.push(put.version_id.unwrap());
        }
        for (version, image) in versions.iter().zip(["old", "new"]) {
            let get = client.get_object().bucket(LocalS3::ORIGINALS_BUCKET).key("acme/p1/main").version_id(version);
            let body = get.send().await.unwrap().body.collect().await.unwrap();
            assert_eq!(body.to_vec(), image.as_bytes());
        }
    }

    #[tokio::test]
    async fn a_deleted_original_is_readable_by_its_version_only() {
        let client = LocalS3::start().await.client();
        let (bucket, key) = (LocalS3::ORIGINALS_BUCKET, "acme/p1/main");
        let put = client.put_object().bucket(bucket).key(key).body(b"cat".to_vec().into()).send().await.unwrap();
        let version = put.version_id.unwrap();
        let newest = client.get_object().bucket(bucket).key(key);
        let by_version = newest.clone().version_id(&version);
        assert!(newest.clone().send().await.is_ok());
        client.delete_object().bucket(bucket).key(key).send().await.unwrap();
        assert!(newest.clone().send().await.is_err());
        assert!(by_version.send().await.is_ok());
    }
}
