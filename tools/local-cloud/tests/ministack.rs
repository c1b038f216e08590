//! The local AWS as a child process: its start, its end and its errors.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use load_proxy::LoadPlan;
use local_cloud::checkout::Checkout;
use local_cloud::clients::sdk_config;
use local_cloud::loopback_server::LoopbackServer;
use local_cloud::ministack::{MiniStack, Proxies, free_port};
use tempfile::TempDir;

fn checkout() -> Checkout {
    Checkout::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Addresses without a server: these tests run no function.
fn no_proxies() -> Proxies {
    let nowhere = "http://127.0.0.1:9".to_owned();
    Proxies { cloudfront: nowhere.clone(), load: nowhere }
}

async fn started(run_dir: &TempDir) -> MiniStack {
    MiniStack::start(&checkout(), run_dir.path(), free_port().unwrap(), &no_proxies()).await.unwrap()
}

/// The processes whose group is `group`, read from `/proc`: field 5 of `stat`, counted behind the command's name.
fn members(group: i32) -> Vec<String> {
    let stats = std::fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| std::fs::read_to_string(entry.ok()?.path().join("stat")).ok());
    stats
        .filter(|stat| {
            let fields = stat.rsplit_once(')').map(|(_, fields)| fields.split_whitespace());
            fields.and_then(|mut fields| fields.nth(2)) == Some(&group.to_string())
        })
        .collect()
}

#[tokio::test]
async fn after_a_drop_no_process_no_listener_and_no_folder_is_left() {
    let run_dir = tempfile::tempdir().unwrap();
    let ministack = started(&run_dir).await;
    let (group, port) = (ministack.process_group(), ministack.port());
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
    assert_eq!(members(group).len(), 1, "the test sees the process before the drop");

    drop(ministack);

    assert_eq!(members(group), Vec::<String>::new());
    assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    let left: Vec<_> = std::fs::read_dir(run_dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["ministack.log"]);
}

#[tokio::test]
async fn the_load_proxy_passes_signed_calls_on_and_those_of_a_stranger_are_still_rejected() {
    let run_dir = tempfile::tempdir().unwrap();
    let ministack = started(&run_dir).await;
    let certificate = ministack.certificate();
    let listener = LoopbackServer::bind(0).await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let client = certificate.http_client().unwrap().build().unwrap();
    let faults = load_proxy::serve(listener, ministack.endpoint(), client);
    let root = sdk_config(&certificate.aws_client().unwrap(), &endpoint);
    let stranger = Credentials::new("AKIA0STRANGER", "secret", None, None, "test");
    let stranger = root.to_builder().credentials_provider(SharedCredentialsProvider::new(stranger)).build();
    for plan in [LoadPlan::default(), LoadPlan { denied_per_mille: 1, ..LoadPlan::default() }] {
        faults.inject(plan);
        Client::new(&root).list_tables().send().await.unwrap();
        Client::new(&stranger).list_tables().send().await.unwrap_err();
    }
}

#[tokio::test]
async fn a_taken_port_is_an_error_with_the_log_of_ministack() {
    let run_dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = MiniStack::start(&checkout(), run_dir.path(), port, &no_proxies()).await.unwrap_err().to_string();
    assert!(error.contains("already in use"), "{error}");
    assert!(error.contains("ministack.log"), "{error}");
}
