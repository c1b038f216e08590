//! The local AWS as a child process: it is ready when it says so, and leaves nothing behind.

#![expect(clippy::unwrap_used, reason = "a test")]

use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::Path;

use aws_sdk_dynamodb::types::{AttributeDefinition, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType};
use aws_sdk_s3::types::{
    BucketLocationConstraint, BucketVersioningStatus, CreateBucketConfiguration, VersioningConfiguration,
};
use domain::image_pack::{Crop, Fit, LocationConfig};
use domain::{ImagePackId, LocationName, TenantId};
use run::checkout::Checkout;
use run::clients::Clients;
use run::editor::{Editor, EditorError, Place, Upload};
use run::ministack::{MiniStack, free_port};
use run::picture::{Colour, Encoding, photograph, recognise};
use serde_json::{Value, json};
use tempfile::TempDir;

fn checkout() -> Checkout {
    Checkout::find(Path::new(env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// Where nobody listens: these tests invalidate nothing.
const NO_EDGE: &str = "http://127.0.0.1:9";

async fn started(run_dir: &TempDir) -> MiniStack {
    MiniStack::start(&checkout(), run_dir.path(), free_port().unwrap(), NO_EDGE).await.unwrap()
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
async fn when_it_is_dropped_no_process_no_listener_and_no_folder_is_left() {
    let run_dir = tempfile::tempdir().unwrap();
    let ministack = started(&run_dir).await;
    let (group, port) = (ministack.process_group(), ministack.port());
    assert!(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_ok());
    assert_eq!(members(group).len(), 1, "the test can see the process that it expects to go");

    drop(ministack);

    assert_eq!(members(group), Vec::<String>::new());
    assert!(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok());
    let left: Vec<_> = std::fs::read_dir(run_dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, ["ministack.log"]);
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_shows_what_ministack_said() {
    let run_dir = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = MiniStack::start(&checkout(), run_dir.path(), port, NO_EDGE).await.unwrap_err().to_string();
    assert!(error.contains("already in use"), "{error}");
    assert!(error.contains("ministack.log"), "{error}");
}

/// An editor whose table and versioned bucket are made without the stacks.
async fn editor(ministack: &MiniStack) -> Editor {
    let clients = Clients::new(&ministack.endpoint(), &ministack.endpoint());
    let key =
        |name: &str, kind: KeyType| KeySchemaElement::builder().attribute_name(name).key_type(kind).build().unwrap();
    let attribute = |name: &str| {
        let attribute = AttributeDefinition::builder().attribute_name(name);
        attribute.attribute_type(ScalarAttributeType::S).build().unwrap()
    };
    let table = clients.dynamodb.create_table().table_name("packs").billing_mode(BillingMode::PayPerRequest);
    table
        .set_key_schema(Some(vec![key("tenant", KeyType::Hash), key("entity", KeyType::Range)]))
        .set_attribute_definitions(Some(vec![attribute("tenant"), attribute("entity")]))
        .send()
        .await
        .unwrap();
    let here = CreateBucketConfiguration::builder().location_constraint(BucketLocationConstraint::EuWest1).build();
    clients.s3.create_bucket().bucket("originals").create_bucket_configuration(here).send().await.unwrap();
    let on = VersioningConfiguration::builder().status(BucketVersioningStatus::Enabled).build();
    let versioning = clients.s3.put_bucket_versioning().bucket("originals").versioning_configuration(on);
    versioning.send().await.unwrap();
    Editor { clients, image_pack_table: "packs".into(), originals_bucket: "originals".into() }
}

async fn record(editor: &Editor, entity: &str) -> Value {
    let key = |text: &str| aws_sdk_dynamodb::types::AttributeValue::S(text.to_owned());
    let get = editor.clients.dynamodb.get_item().table_name("packs");
    let got = get.key("tenant", key("acme")).key("entity", key(entity)).send().await.unwrap();
    serde_dynamo::from_item(got.item.unwrap()).unwrap()
}

fn upload(colour: Colour) -> Upload {
    let bytes = photograph(colour, (64, 48), Encoding::Jpeg, 1).unwrap();
    Upload { bytes, encoding: Encoding::Jpeg }
}

#[tokio::test]
async fn an_editors_work_is_in_the_bucket_and_in_the_table() {
    let run_dir = tempfile::tempdir().unwrap();
    let ministack = started(&run_dir).await;
    let editor = editor(&ministack).await;
    let (tenant, location) = (TenantId::parse("acme").unwrap(), LocationName::parse("main").unwrap());
    let config = LocationConfig { width: 320, height: 180, fit: Fit::Cover, ..LocationConfig::default() };
    editor.configure_location(&tenant, &location, config).await.unwrap();
    assert_eq!(
        record(&editor, "location#main").await,
        json!({"tenant": "acme", "entity": "location#main",
               "width": 320, "height": 180, "fit": "cover", "forcedRevision": 0})
    );

    let place = Place { tenant, image_pack: ImagePackId::parse("cat").unwrap(), location };
    editor.create_pack(&place, "A cat", upload(Colour::Red)).await.unwrap();
    let created = record(&editor, "pack#cat").await;
    let first = created["imageLocations"]["main"]["original"]["version"].as_str().unwrap().to_owned();
    assert_eq!(
        created,
        json!({"tenant": "acme", "entity": "pack#cat", "mainImageLocation": "main", "assetId": "asset-1",
               "title": "A cat",
               "imageLocations": {"main": {"original": {"key": "acme/cat/main", "version": first}}}})
    );

    editor.replace_original(&place, upload(Colour::Blue)).await.unwrap();
    editor.move_crop(&place, Crop { x: 1, y: 2, width: 30, height: 20 }).await.unwrap();
    editor.set_asset_id(&place, "asset-2").await.unwrap();
    let edited = record(&editor, "pack#cat").await;
    let second = edited["imageLocations"]["main"]["original"]["version"].as_str().unwrap();
    assert_ne!(first, second);
    assert_eq!(edited["imageLocations"]["main"]["crop"], json!({"x": 1, "y": 2, "width": 30, "height": 20}));
    assert_eq!(edited["assetId"], "asset-2");

    for (version, colour) in [(first.as_str(), Colour::Red), (second, Colour::Blue)] {
        let get = editor.clients.s3.get_object().bucket("originals").key("acme/cat/main").version_id(version);
        let bytes = get.send().await.unwrap().body.collect().await.unwrap().into_bytes();
        assert_eq!(recognise(&bytes).unwrap().colour, colour);
    }

    let again = editor.create_pack(&place, "A cat", upload(Colour::Green)).await;
    assert!(matches!(again, Err(EditorError::Write { .. })), "{again:?}");
}
