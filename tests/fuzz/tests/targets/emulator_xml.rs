//! Bodies of `CreateInvalidation` requests to the emulator.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use bolero::check;
use cloudfront_emulator::{
    CallRate, Distribution, Distributions, EmulatorConfig, Origin, Propagation, RunningEmulator,
};
use fuzz::{ITERATIONS, text};
use tokio::runtime::Runtime;

const BODIES: &[&str] = &[
    "<InvalidationBatch xmlns=\"http://cloudfront.amazonaws.com/doc/2020-05-31/\"><Paths><Quantity>2</Quantity><Items>\
     <Path>/api/v2/img/p1*</Path><Path>#acme/p1</Path></Items></Paths><CallerReference>first</CallerReference>\
     </InvalidationBatch>",
    "<InvalidationBatch><Paths><Quantity>1</Quantity><Items><Path>/a?x=1&amp;y=2</Path></Items></Paths>\
     <CallerReference>second</CallerReference></InvalidationBatch>",
    "<InvalidationBatch><Paths><Quantity>3</Quantity><Items><Path>/a</Path></Items></Paths>\
     <CallerReference>more than there is</CallerReference></InvalidationBatch>",
    "<InvalidationBatch><Paths><Quantity>0</Quantity></Paths><CallerReference>third</CallerReference></InvalidationBatch>",
    "<InvalidationBatch><Paths><Quantity>-1</Quantity><Items/></Paths><CallerReference/></InvalidationBatch>",
    "<!DOCTYPE x [<!ENTITY a \"aaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;\">]><InvalidationBatch><Paths><Quantity>1</Quantity>\
     <Items><Path>/&b;&b;&b;</Path></Items></Paths><CallerReference>&b;</CallerReference></InvalidationBatch>",
    "<!DOCTYPE x [<!ENTITY f SYSTEM \"file:///etc/passwd\">]><InvalidationBatch><Paths><Quantity>1</Quantity><Items>\
     <Path>/&f;</Path></Items></Paths><CallerReference>file</CallerReference></InvalidationBatch>",
    "<InvalidationBatch><![CDATA[<Paths>]]></InvalidationBatch>",
    "<?xml version=\"1.0\" encoding=\"UTF-16\"?><InvalidationBatch/>",
    "",
];

/// An emulator that completes invalidations at once, so that no quota is reached, and throttles no call.
async fn emulator() -> RunningEmulator {
    let distribution = Distribution::new("EACME", "acme.localhost", Origin::default());
    let mut config = EmulatorConfig::new("http://127.0.0.1:1", Distributions::fixed([distribution]));
    config.propagation = Propagation::Fixed(Duration::ZERO);
    config.call_rate = CallRate { interval: Duration::ZERO, burst: 1 };
    cloudfront_emulator::start(config).await.unwrap()
}

/// Sends a body and returns the status and the response.
fn create_invalidation(emulator: SocketAddr, body: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(emulator).unwrap();
    let length = body.len();
    write!(
        stream,
        "POST /2020-05-31/distribution/EACME/invalidation HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
    .unwrap();
    let mut response = String::new();
    stream.read_to_string(&mut response).unwrap();
    let status = response.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a response in HTTP");
    (status, response)
}

/// The `Quantity` of a document, if it has the usual notation.
fn quantity(document: &str) -> Option<usize> {
    let (_, rest) = document.split_once("<Quantity>")?;
    rest.split_once("</Quantity>")?.0.trim().parse().ok()
}

#[test]
fn a_body_creates_an_invalidation_or_is_rejected_with_a_code() {
    let runtime = Runtime::new().unwrap();
    let emulator = runtime.block_on(emulator());
    let address = emulator.address;
    // Each input is a request over a socket.
    check!().with_iterations(ITERATIONS / 10).with_generator(text(BODIES)).for_each(|body| {
        let (status, response) = create_invalidation(address, body);
        assert!(!response.contains("root:"), "a file of this machine is in {response}");
        if status == 201 {
            // The response repeats the batch in the usual notation.
            let paths = response.matches("<Path>").count();
            assert!([None, Some(paths)].contains(&quantity(body)), "{body}");
            assert_eq!(quantity(&response), Some(paths), "{response}");
        } else {
            assert!((400..500).contains(&status) && response.contains("<Code>"), "{response}");
        }
    });
}
