//! The whole system, up on this machine: the local AWS with the deployed stacks, the emulator, and the identity
//! provider.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cloudfront_emulator::{CallRate, Distributions, EmulatorConfig, Propagation, Quotas, RunningEmulator};
use contract::limits;
use contract::names::{Distribution, ENVIRONMENT_TAG, tenant_registry_path};
use domain::TenantId;
use load_proxy::LoadFaults;
use reqwest::Method;
use serde_json::{Value, json};
use toml::Table;

use crate::admin::AdminApi;
use crate::cause::{Cause, Context as _};
use crate::cdk::{App, Cdk, Deployment};
use crate::checkout::Checkout;
use crate::clients::{Clients, sdk_config};
use crate::environment::{LocalParts, Override, local_overrides, write_local, write_without_wake_ups};
use crate::grants;
use crate::image_server::ImageServer;
use crate::loopback_server::LoopbackServer;
use crate::management::ManagementApi;
use crate::ministack::{CLOUDFRONT_REGION, MiniStack, Proxies, REGION, free_port};
use crate::observer::Observer;
use crate::oidc::{Admin, Issuer};
use crate::outputs::Outputs;
use crate::report::{Report, StepError};
use crate::root_call::{RootCaller, elements, text};
use crate::run_dir::RunDir;
use crate::viewer::Viewer;

mod tenants;

/// The validity of an editor's token: a working day.
const EDITORS_TOKEN_VALID_FOR: Duration = Duration::from_hours(12);

/// The delays of invalidations: a tenth of CloudFront's, because a run waits for many of them.
const PROPAGATION: Propagation = Propagation::Drawn { seed: 1, scaled_down_by: 10 };

/// The custom domain of the unified API. The certificate of the local AWS names it.
const API_DOMAIN: &str = "manage.api.localhost";

/// The audience of the tokens of an existing installation's platform.
pub const PLATFORM_AUDIENCE: &str = "platform";

/// One deployed environment. Dropping the last one ends the servers.
#[derive(Debug)]
pub struct LocalCloud {
    /// The servers.
    pub parts: Arc<Parts>,
    name: String,
    environment: Table,
    outputs: Outputs,
    registrations: BTreeMap<String, Distribution>,
}

/// The servers of the local deployment, which its environments share. They end in this order: none is left that would
/// call a later one.
#[derive(Debug)]
pub struct Parts {
    /// The local AWS.
    pub ministack: MiniStack,
    /// The CloudFront emulator.
    pub emulator: RunningEmulator,
    /// The faults that the functions meet in DynamoDB and Systems Manager.
    pub load: LoadFaults,
    /// The token issuer.
    pub issuer: Issuer,
    /// The web server for `fetchImage`.
    pub images: ImageServer,
    /// The AWS clients.
    pub clients: Clients,
    /// The caller of services without a client.
    pub root: RootCaller,
}

/// One deployed tenant.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// The id.
    pub id: TenantId,
    /// A viewer of its images.
    pub viewer: Viewer,
    /// Its registration.
    pub distribution: Distribution,
}

impl LocalCloud {
    /// Starts the servers and deploys the environment `dev`, in three steps of `report`.
    pub async fn start(checkout: &Checkout, run_dir: &RunDir, report: &Report) -> Result<Self, StepError> {
        Self::start_with(checkout, run_dir, report, Vec::new()).await
    }

    /// Starts the servers and deploys the environment `dev` with further overrides. Those of `alarms` have stacks in
    /// us-east-1, too.
    pub async fn start_with(
        checkout: &Checkout,
        run_dir: &RunDir,
        report: &Report,
        further: Vec<Override>,
    ) -> Result<Self, StepError> {
        let name = "the local AWS, the CloudFront emulator and the token issuer start";
        let parts = Arc::new(report.step(name, start_parts(checkout, run_dir)).await?);
        let cdk = parts.cdk(checkout, run_dir.path());
        let note = |line: &str| report.progress.note(line);

        let with_cloudfront_alarms = further.iter().any(|(key, _)| key.starts_with("alarms."));
        let regions = if with_cloudfront_alarms { &[REGION, CLOUDFRONT_REGION][..] } else { &[REGION] };
        let bootstrap = async { Ok((cdk.bootstrap(regions, note).await?, regions.join(", "))) };
        report.step("the CDK bootstraps the account", bootstrap).await?;

        let deploy = async {
            parts.create_api_domain().await?;
            let mut overrides = parts.overrides().await?;
            overrides.extend(further);
            Self::deploy_environment(Arc::clone(&parts), &cdk, "dev", overrides, None, note).await
        };
        report.step("the CDK builds the handlers and deploys the stacks", deploy).await
    }

    /// Deploys one more environment, called `name`, against the `existing` resources.
    pub async fn deploy_beside(
        &self,
        cdk: &Cdk<'_>,
        name: &str,
        mut overrides: Vec<Override>,
        existing: Table,
        on_line: impl Fn(&str),
    ) -> Result<(Self, String), Cause> {
        overrides.splice(0..0, self.parts.overrides().await?);
        Self::deploy_environment(Arc::clone(&self.parts), cdk, name, overrides, Some(existing), on_line).await
    }

    async fn deploy_environment(
        parts: Arc<Parts>,
        cdk: &Cdk<'_>,
        name: &str,
        overrides: Vec<Override>,
        existing: Option<Table>,
        on_line: impl Fn(&str),
    ) -> Result<(Self, String), Cause> {
        let folder = environment_folder(cdk, name);
        let source = cdk.checkout.root().join("cdk/environments/dev.toml");
        let environment = write_local(&source, overrides, existing, &environment_file(&folder, name))?;
        let deployment = Deployment {
            name,
            stacks: &format!("{name}/**"),
            stack_prefix: &format!("{name}-lof-images-"),
            app: App::Environments(&folder),
        };
        let outputs = cdk.deploy(deployment, on_line).await?;
        grants::complete(&parts.root, outputs.prefix()).await?;
        let registrations = registrations(&parts.root, name).await?;
        let detail = format!("{} stacks", outputs.stacks());
        Ok((Self { parts, name: name.to_owned(), environment, outputs, registrations }, detail))
    }

    /// Deploys the stack `pipeline` once more: from now on only the schedule starts purge runs.
    pub async fn deploy_without_wake_ups(&self, cdk: &Cdk<'_>, on_line: impl Fn(&str)) -> Result<String, Cause> {
        let folder = environment_folder(cdk, &self.name);
        write_without_wake_ups(&self.environment, &environment_file(&folder, &self.name))?;
        let deployment = Deployment {
            name: &format!("{}-pipeline", self.name),
            stacks: &format!("{}/pipeline", self.name),
            stack_prefix: self.stack_prefix(),
            app: App::Environments(&folder),
        };
        cdk.deploy(deployment, on_line).await?;
        Ok("purge.wake = false".to_owned())
    }

    /// The deployed settle delay: the default, which is the sum of its parts. Another program that fills an existing
    /// bucket may take the whole time limit of image-processing.
    pub fn settle_delay(&self) -> Result<Duration, Cause> {
        let number = |section: &str, key: &str| -> Result<u32, Cause> {
            let value = self.environment.get(section).and_then(|section| section.get(key));
            let number = value.and_then(toml::Value::as_integer);
            Ok(number.ok_or_else(|| format!("the environment has no number `{section}.{key}`"))?.try_into()?)
        };
        let is_filled_elsewhere =
            self.environment.get("existing").is_some_and(|existing| existing.get("variants_bucket").is_some());
        let answer_max_secs = if is_filled_elsewhere {
            number("handlers", "image_processing_timeout_secs")?
        } else {
            limits::ANSWER_MAX_SECS
        };
        let secs = limits::settle_delay_secs(answer_max_secs, number("purge", "edge_fetch_max_secs")?);
        Ok(Duration::from_secs(secs.into()))
    }

    /// The ids of the deployed tenants.
    pub fn tenant_ids(&self) -> impl Iterator<Item = &str> {
        self.registrations.keys().map(String::as_str)
    }

    /// A deployed tenant.
    pub fn tenant(&self, id: &str) -> Result<Tenant, Cause> {
        let domain = self.environment.get("viewer").and_then(|viewer| viewer.get("domain")?.as_str());
        let domain = domain.ok_or("the environment has no text `viewer.domain`")?;
        Ok(Tenant {
            id: TenantId::parse(id)?,
            viewer: Viewer::new(&format!("{id}.{domain}"), self.parts.emulator.address)?,
            distribution: self.registrations.get(id).ok_or_else(|| format!("{id} is not registered"))?.clone(),
        })
    }

    /// Sets the tag of a tenant's distribution that grants to purge it; `None`: to the environment's name, as deployed.
    pub async fn tag_distribution(&self, tenant: &str, environment: Option<&str>) -> Result<(), Cause> {
        let distribution = self.tenant(tenant)?.distribution;
        let value = environment.unwrap_or(&self.name);
        grants::tag_distribution(&self.parts.root, &distribution, ENVIRONMENT_TAG, value).await?;
        grants::complete(&self.parts.root, self.stack_prefix()).await
    }

    /// The prefix of the names of the stacks and their resources.
    #[must_use]
    pub fn stack_prefix(&self) -> &str {
        self.outputs.prefix()
    }

    /// The deployed admin API.
    pub fn admin_api(&self) -> Result<AdminApi, Cause> {
        AdminApi::new(self.outputs.get("pipeline", "AdminApiUrl")?, &self.parts.ministack)
    }

    /// The deployed management API for an editor of `tenant`.
    pub fn management_api(&self, tenant: &str) -> Result<ManagementApi, Cause> {
        let token = self.token(&[tenant], EDITORS_TOKEN_VALID_FOR)?;
        Ok(ManagementApi::new(self.admin_api()?, TenantId::parse(tenant)?, token))
    }

    /// A token of an admin of `tenants`, with the audience and the scopes that the environment requires.
    pub fn token(&self, tenants: &[&str], valid_for: Duration) -> Result<String, Cause> {
        self.parts.issuer.sign(&self.claims(tenants, valid_for)?)
    }

    /// The claims of such a token, as JSON.
    pub fn claims(&self, tenants: &[&str], valid_for: Duration) -> Result<Value, Cause> {
        let required = |key: &str| {
            let value = self.environment.get("admin_api").and_then(|api| api.get(key)).and_then(|value| value.as_str());
            value.ok_or_else(|| format!("the environment has no text `admin_api.{key}`"))
        };
        let scope = format!("{} {}", required("scope")?, required("management_scope")?);
        // An environment with an existing authorizer names no audience.
        let audience = required("audience").unwrap_or(PLATFORM_AUDIENCE);
        let admin = Admin { subject: "ada", audience, scope: &scope, tenants };
        let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
        Ok(serde_json::to_value(self.parts.issuer.claims(&admin, now, valid_for))?)
    }

    /// An observer of the deployed pipeline.
    pub fn observer(&self) -> Result<Observer, Cause> {
        let output = |stack, name| self.outputs.get(stack, name).map(ToOwned::to_owned);
        Ok(Observer {
            clients: self.parts.clients.clone(),
            image_pack_table: output("data", "ImagePackTable")?,
            originals_bucket: output("data", "OriginalsBucket")?,
            variants_bucket: output("data", "VariantsBucket")?,
            queue_table: output("data", "InvalidationQueueTable")?,
            ledger_table: output("data", "PurgeLedgerTable")?,
            dead_letter_queue_url: output("pipeline", "DeadLetterQueueUrl")?,
        })
    }
}

impl Parts {
    /// The CDK, configured for the local AWS.
    #[must_use]
    pub fn cdk<'a>(&'a self, checkout: &'a Checkout, run_dir: &'a Path) -> Cdk<'a> {
        Cdk { checkout, endpoint: self.ministack.endpoint(), certificate: self.ministack.certificate(), run_dir }
    }

    /// Creates the custom domain of the unified API, which an account has before.
    async fn create_api_domain(&self) -> Result<(), Cause> {
        let domain = json!({"domainName": API_DOMAIN, "domainNameConfigurations": [{"endpointType": "REGIONAL"}]});
        let create = self.root.request("apigateway", Method::POST, "/v2/domainnames");
        let create = create.header("content-type", "application/json").body(domain.to_string());
        text(create).await.context(format!("creating the domain {API_DOMAIN}")).map(drop)
    }

    /// The overrides of this machine. Creates the hosted zone of the viewer domain, which an account has before.
    async fn overrides(&self) -> Result<Vec<Override>, Cause> {
        let viewer_domain = viewer_domain();
        let hosted_zone_id = self.create_hosted_zone(&viewer_domain).await?;
        Ok(local_overrides(LocalParts {
            viewer_domain: &viewer_domain,
            hosted_zone_id: &hosted_zone_id,
            api_domain: API_DOMAIN,
            issuer: self.issuer.url(),
            image_host: &self.images.host(),
            viewer_endpoint: &format!("http://{}", self.emulator.address),
        }))
    }

    async fn create_hosted_zone(&self, domain: &str) -> Result<String, Cause> {
        let body = format!(
            "<CreateHostedZoneRequest xmlns=\"https://route53.amazonaws.com/doc/2013-04-01/\"><Name>{domain}</Name>\
             <CallerReference>{domain}</CallerReference></CreateHostedZoneRequest>"
        );
        let create = self.root.request("route53", Method::POST, "/2013-04-01/hostedzone").body(body);
        let created = text(create).await.context(format!("creating the hosted zone {domain}"))?;
        let id = elements(&created, "Id").into_iter().next().ok_or("Route 53 returned no hosted zone")?;
        Ok(id.trim_start_matches("/hostedzone/").to_owned())
    }
}

/// The registrations of the tenants of an environment.
async fn registrations(root: &RootCaller, environment: &str) -> Result<BTreeMap<String, Distribution>, Cause> {
    let mut registrations = BTreeMap::new();
    let mut request = json!({"Path": tenant_registry_path(environment)});
    loop {
        let page = root.json("ssm", "AmazonSSM.GetParametersByPath", &request).await?;
        for parameter in page["Parameters"].as_array().into_iter().flatten() {
            let [name, value] = ["Name", "Value"].map(|key| parameter[key].as_str().unwrap_or_default());
            let tenant = name.rsplit('/').next().unwrap_or_default().to_owned();
            registrations.insert(tenant, serde_json::from_str(value).context(format!("reading {name}"))?);
        }
        match page.get("NextToken") {
            Some(token) => request["NextToken"] = token.clone(),
            None => return Ok(registrations),
        }
    }
}

/// The delays of invalidations, in words: by how much they are scaled down.
#[must_use]
pub fn propagation() -> String {
    PROPAGATION.to_string()
}

/// The domain of every tenant's host name on this machine.
#[must_use]
pub fn viewer_domain() -> String {
    format!("image-service.{REGION}.localhost")
}

/// The folder of the environment file that is deployed as `name`.
fn environment_folder(cdk: &Cdk<'_>, name: &str) -> PathBuf {
    cdk.run_dir.join("environments").join(name)
}

fn environment_file(folder: &Path, name: &str) -> PathBuf {
    folder.join(format!("{name}.toml"))
}

async fn start_parts(checkout: &Checkout, run_dir: &RunDir) -> Result<(Parts, String), Cause> {
    // The emulator and the local AWS need each other's address, so the emulator's port is chosen before it starts.
    let listen = SocketAddr::from(([127, 0, 0, 1], free_port()?));
    let load = LoopbackServer::bind(0).await?;
    let proxies = Proxies { cloudfront: format!("http://{listen}"), load: format!("http://{}", load.local_addr()?) };
    let ministack = match MiniStack::start(checkout, run_dir.path(), free_port()?, &proxies).await {
        // Another program, for example a run that starts at the same time, can have taken the port meanwhile.
        Err(_) => MiniStack::start(checkout, run_dir.path(), free_port()?, &proxies).await?,
        Ok(ministack) => ministack,
    };
    let load = load_proxy::serve(load, ministack.endpoint(), ministack.certificate().http_client()?.build()?);
    let (aws, http) = (ministack.endpoint(), ministack.certificate().aws_client()?);
    let deployed = Distributions::deployed(&sdk_config(&http, &aws), &aws);
    let mut config = EmulatorConfig::new(aws.as_str(), deployed);
    config.listen = listen;
    config.authorize_callers = true;
    config.origin_ca = Some(ministack.certificate().pem().to_owned());
    config.propagation = PROPAGATION;
    config.quotas = Quotas::Both;
    config.call_rate = CallRate::CLOUDFRONT;
    let emulator = cloudfront_emulator::start(config).await?;
    let issuer = Issuer::start().await?;
    let images = ImageServer::start().await?;
    let clients = Clients::new(&http, &aws, &emulator.endpoint_url());
    let root = RootCaller::new(&ministack)?;
    let (cloudfront, issued_at) = (emulator.endpoint_url(), issuer.url());
    let detail = format!("local AWS {aws}, CloudFront emulator {cloudfront}, issuer {issued_at}\n{PROPAGATION}");
    Ok((Parts { ministack, emulator, load, issuer, images, clients, root }, detail))
}
