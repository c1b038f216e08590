//! Admins: they send DELETE requests, as API Gateway hands them over.

use image_purge::Handler;
use lambda_http::Request;
use serde_json::json;

use crate::actors::scheduler::purger;
use crate::lambda::invoke;
use crate::schedule::Simulation;
use crate::setup::IMAGE_PURGE;

/// Sends requests now and then until the storm ends.
pub(crate) async fn purge(simulation: Simulation) {
    loop {
        let pause_ms = simulation.world().chance.within(5_000..=90_000);
        simulation.sleep_ms(pause_ms).await;
        let request = {
            let mut world = simulation.world();
            if world.elapsed_ms() >= world.setup.storm_ms {
                return;
            }
            let setup = world.setup.clone();
            request(world.chance.one_of(&setup.tenants).id.as_str(), world.chance.one_of(&setup.packs).as_str())
        };
        let admin = simulation.clone();
        simulation.begin(async move {
            let response = invoke(&admin, IMAGE_PURGE, |instance| async move {
                let request_id = instance.name.to_string();
                let (packs, purger) = (instance.clone(), purger(&instance));
                let handler = Handler { packs, purger, tenant_claim: "tenants".to_owned() };
                handler.handle(&request, &request_id).await
            });
            let status = response.await.map(|response| response.status());
            admin.world().trace(|| format!("an admin gets {status:?}"));
        });
    }
}

fn request(tenant: &str, pack: &str) -> Request {
    let path = format!("/dev-lof/images/{tenant}/{pack}");
    let event = json!({
        "version": "2.0",
        "routeKey": "DELETE /images/{tenant}/{imagePackId}",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "manage.api.eu-west-1.vmnd.tv", "x-forwarded-proto": "https"},
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "a1b2c3d4e5",
            "authorizer": {"jwt": {"claims": {"sub": "ada", "tenants": tenant}, "scopes": ["images:purge"]}},
            "domainName": "manage.api.eu-west-1.vmnd.tv",
            "domainPrefix": "manage",
            "http": {
                "method": "DELETE",
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "192.0.2.1",
                "userAgent": "curl/8.5.0",
            },
            "requestId": "JKJaXmPLvHcESHA=",
            "routeKey": "DELETE /images/{tenant}/{imagePackId}",
            "stage": "dev-lof",
            "time": "22/Nov/2026:12:00:00 +0000",
            "timeEpoch": 1_764_000_000_000_u64,
        },
        "pathParameters": {"tenant": tenant, "imagePackId": pack},
        "isBase64Encoded": false,
    });
    lambda_http::request::from_str(&event.to_string()).expect("API Gateway's event is a request")
}
