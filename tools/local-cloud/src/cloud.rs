//! The whole system, up on this machine: the local AWS with the real stacks deployed to it, the emulator in front of it
//! and an identity provider beside it.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use cloudfront_emulator::{Distributions, EmulatorConfig, RunningEmulator};
use domain::TenantId;
use serde_json::Value;
use toml::Table;

use crate::admin::AdminApi;
use crate::cdk::{Cdk, Deployment};
use crate::checkout::Checkout;
use crate::clients::{Clients, sdk_config};
use crate::environment::{LocalParts, Override, local_overrides, write_local};
use crate::function::{ExecutionRole, Function, RoleError};
use crate::image_server::ImageServer;
use crate::local_grants;
use crate::management::ManagementApi;
use crate::ministack::{MiniStack, REGION, free_port};
use crate::observer::Observer;
use crate::oidc::{Admin, Issuer};
use crate::outputs::{Outputs, OutputsError};
use crate::report::{Cause, Report, StepFailed};
use crate::run_dir::RunDir;
use crate::viewer::Viewer;

/// How long an editor's token is good for: a working day.
const EDITORS_TOKEN_VALID_FOR: Duration = Duration::from_hours(12);

/// Everything that runs, and one environment that is deployed to it. When the last one is dropped, everything ends.
#[derive(Debug)]
pub struct LocalCloud {
    parts: Arc<Parts>,
    environment: Table,
    outputs: Outputs,
}

/// The servers. They end in this order: nothing is left that would call the later ones.
#[derive(Debug)]
struct Parts {
    ministack: MiniStack,
    emulator: RunningEmulator,
    issuer: Issuer,
    images: ImageServer,
    clients: Clients,
}

/// One tenant, as deployed.
#[derive(Debug, Clone)]
pub struct Tenant {
    /// Its id.
    pub id: TenantId,
    /// Somebody who looks at its images.
    pub viewer: Viewer,
    /// The id of its distribution.
    pub distribution_id: String,
}

impl LocalCloud {
    /// Starts everything and deploys, telling `report` about each step.
    pub async fn start(checkout: &Checkout, run_dir: &RunDir, report: &Report) -> Result<Self, StepFailed> {
        let name = "the local AWS, the CloudFront emulator and the identity provider start";
        let parts = Arc::new(report.step(name, start_parts(checkout, run_dir)).await?);
        let cdk = parts.cdk(checkout, run_dir.path());
        let note = |line: &str| report.progress.note(line);

        let bootstrap = async {
            cdk.bootstrap(note).await?;
            Ok(((), String::new()))
        };
        report.step("the CDK bootstraps the account", bootstrap).await?;

        let deploy = async {
            let overrides = parts.overrides().await?;
            Self::deploy_environment(Arc::clone(&parts), &cdk, "dev", overrides, None, note).await
        };
        report.step("the CDK builds the handlers and deploys the stacks", deploy).await
    }

    /// Deploys one more environment beside this one, called `name`, which uses what `existing` names.
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
        let folder = cdk.run_dir.join("environments").join(name);
        let target = folder.join(format!("{name}.toml"));
        let environment = write_local(&cdk.checkout.environment_file(), overrides, existing, &target)?;
        let deployment = Deployment {
            name,
            stacks: &format!("{name}/**"),
            stack_prefix: &format!("{name}-lof-images-"),
            app: None,
            context: ("environments", &folder.to_string_lossy()),
        };
        let outputs = cdk.deploy(deployment, on_line).await?;
        local_grants::add(&parts.clients, outputs.prefix()).await?;
        let detail = format!("{} stacks", outputs.stacks());
        Ok((Self { parts, environment, outputs }, detail))
    }

    /// The AWS clients, for what only somebody with rights of their own can do.
    #[must_use]
    pub fn clients(&self) -> &Clients {
        &self.parts.clients
    }

    /// The emulator.
    #[must_use]
    pub fn emulator(&self) -> &RunningEmulator {
        &self.parts.emulator
    }

    /// The local AWS.
    #[must_use]
    pub fn ministack(&self) -> &MiniStack {
        &self.parts.ministack
    }

    /// The CDK, set up to deploy to the local AWS.
    #[must_use]
    pub fn cdk<'a>(&'a self, checkout: &'a Checkout, run_dir: &'a Path) -> Cdk<'a> {
        self.parts.cdk(checkout, run_dir)
    }

    /// The ids of the deployed tenants.
    pub fn tenant_ids(&self) -> Result<Vec<&str>, Cause> {
        let tenants = self.environment.get("tenants").and_then(toml::Value::as_table);
        let ids = tenants.map(|tenants| tenants.keys().map(String::as_str).collect());
        ids.ok_or_else(|| "the environment has no table `tenants`".into())
    }

    /// How often the queue is emptied.
    pub fn purge_every(&self) -> Result<Duration, Cause> {
        let minutes = self.environment.get("purge").and_then(|purge| purge.get("every_minutes")?.as_integer());
        let minutes = minutes.and_then(|minutes| u64::try_from(minutes).ok());
        Ok(Duration::from_mins(minutes.ok_or("the environment has no number `purge.every_minutes`")?))
    }

    /// A deployed tenant.
    pub fn tenant(&self, id: &str) -> Result<Tenant, Cause> {
        let stack = format!("tenant-{id}");
        let url = self.outputs.get(&stack, "ViewerUrl")?;
        let host = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
        Ok(Tenant {
            id: TenantId::parse(id)?,
            viewer: Viewer::new(host, self.parts.emulator.address)?,
            distribution_id: self.outputs.get(&stack, "DistributionId")?.to_owned(),
        })
    }

    /// How the names of the stacks begin, and of what is in them.
    #[must_use]
    pub fn stack_prefix(&self) -> &str {
        self.outputs.prefix()
    }

    /// The role that a function runs as.
    pub async fn role(&self, function: Function) -> Result<ExecutionRole, RoleError> {
        ExecutionRole::find(self.clients(), self.outputs.prefix(), function).await
    }

    /// The deployed admin API.
    pub fn admin_api(&self) -> Result<AdminApi, Cause> {
        Ok(AdminApi::new(self.outputs.get("pipeline", "AdminApiUrl")?, &self.parts.ministack)?)
    }

    /// The deployed management API, for an editor of `tenant` whose token is good for a working day.
    pub fn management_api(&self, tenant: &str) -> Result<ManagementApi, Cause> {
        let token = self.token(&[tenant], EDITORS_TOKEN_VALID_FOR)?;
        Ok(ManagementApi::new(self.admin_api()?, TenantId::parse(tenant)?, token))
    }

    /// A token of an admin of `tenants`, with the audience and the scopes that the environment demands.
    pub fn token(&self, tenants: &[&str], valid_for: Duration) -> Result<String, Cause> {
        Ok(self.issuer().sign(&self.claims(tenants, valid_for)?)?)
    }

    /// What such a token says, as JSON.
    pub fn claims(&self, tenants: &[&str], valid_for: Duration) -> Result<Value, Cause> {
        let demanded = |key: &str| {
            let value = self.environment.get("admin_api").and_then(|api| api.get(key)).and_then(|value| value.as_str());
            value.ok_or_else(|| format!("the environment has no text `admin_api.{key}`"))
        };
        let scope = format!("{} {}", demanded("scope")?, demanded("management_scope")?);
        let admin = Admin { subject: "ada", audience: demanded("audience")?, scope: &scope, tenants };
        let now = SystemTime::UNIX_EPOCH.elapsed()?.as_secs();
        Ok(serde_json::to_value(self.issuer().claims(&admin, now, valid_for))?)
    }

    /// Who signs the tokens that the deployed API takes.
    #[must_use]
    pub fn issuer(&self) -> &Issuer {
        &self.parts.issuer
    }

    /// The web server that the management API may fetch images from.
    #[must_use]
    pub fn images(&self) -> &ImageServer {
        &self.parts.images
    }

    /// An operator who looks at the deployed pipeline.
    pub fn observer(&self) -> Result<Observer, OutputsError> {
        Ok(Observer {
            clients: self.parts.clients.clone(),
            image_pack_table: self.outputs.get("data", "ImagePackTable")?.to_owned(),
            originals_bucket: self.outputs.get("data", "OriginalsBucket")?.to_owned(),
            variants_bucket: self.outputs.get("data", "VariantsBucket")?.to_owned(),
            queue_table: self.outputs.get("data", "InvalidationQueueTable")?.to_owned(),
            ledger_table: self.outputs.get("data", "PurgeLedgerTable")?.to_owned(),
            dead_letter_queue_url: self.outputs.get("pipeline", "DeadLetterQueueUrl")?.to_owned(),
        })
    }
}

impl Parts {
    fn cdk<'a>(&'a self, checkout: &'a Checkout, run_dir: &'a Path) -> Cdk<'a> {
        Cdk { checkout, endpoint: self.ministack.endpoint(), certificate: self.ministack.certificate(), run_dir }
    }

    /// What differs on this machine; makes what an account would have before: the domain's hosted zone.
    async fn overrides(&self) -> Result<Vec<Override>, Cause> {
        let viewer_domain = viewer_domain();
        let hosted_zone_id = self.create_hosted_zone(&viewer_domain).await?;
        Ok(local_overrides(LocalParts {
            viewer_domain: &viewer_domain,
            hosted_zone_id: &hosted_zone_id,
            issuer: self.issuer.url(),
            image_host: &self.images.host(),
        }))
    }

    async fn create_hosted_zone(&self, domain: &str) -> Result<String, Cause> {
        let create = self.clients.route53.create_hosted_zone().name(domain).caller_reference(domain);
        let created = create.send().await.map_err(aws_sdk_route53::Error::from)?;
        let zone = created.hosted_zone.ok_or("Route 53 responded without the hosted zone that it made")?;
        Ok(zone.id.trim_start_matches("/hostedzone/").to_owned())
    }
}

/// Under which every tenant has a host name on this machine.
#[must_use]
pub fn viewer_domain() -> String {
    format!("image-service.{REGION}.localhost")
}

async fn start_parts(checkout: &Checkout, run_dir: &RunDir) -> Result<(Parts, String), Cause> {
    // The emulator and the local AWS need each other's address, so one of them must be known before there is anyone at
    // it.
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
    let ministack = MiniStack::start(checkout, run_dir.path(), free_port()?, &format!("http://{listen}")).await?;
    let (aws, http) = (ministack.endpoint(), ministack.certificate().aws_client()?);
    let deployed = Distributions::deployed(&sdk_config(&http, &aws), &aws);
    let mut config = EmulatorConfig::new(aws.as_str(), deployed);
    config.listen = listen;
    config.authorize_callers = true;
    config.origin_ca = Some(ministack.certificate().pem().to_owned());
    let emulator = cloudfront_emulator::start(config).await?;
    let issuer = Issuer::start().await?;
    let images = ImageServer::start().await?;
    let clients = Clients::new(&http, &aws, &emulator.endpoint_url());
    let detail = format!("local AWS {aws}, CloudFront emulator {}, issuer {}", emulator.endpoint_url(), issuer.url());
    Ok((Parts { ministack, emulator, issuer, images, clients }, detail))
}
