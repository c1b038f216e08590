//! Static members and constants.

use compliance::{JsiiAgent, Result, Statics};

#[test]
fn statics() -> Result<()> {
    assert_eq!(Statics::static_method("Yoyo")?, "hello, Yoyo!");
    assert_eq!(Statics::instance()?.value()?, "default");
    let new = Statics::new("new value")?;
    Statics::set_instance(&new)?;
    assert_eq!(Statics::instance()?, new);
    assert_eq!(Statics::instance()?.value()?, "new value");
    assert_eq!(Statics::non_const_static()?, 100.0);
    Statics::set_non_const_static(101)?;
    assert_eq!(Statics::non_const_static()?, 101.0);
    Ok(())
}

#[test]
fn consts() -> Result<()> {
    assert_eq!(Statics::foo()?, "hello");
    assert_eq!(Statics::const_obj()?.hello()?, "world");
    assert_eq!(Statics::bar()?, 1234.0);
    assert_eq!(Statics::zoo_bar()?["hello"], "world");
    Ok(())
}

#[test]
fn test_jsii_agent() -> Result<()> {
    let agent = format!("Rust/{}", env!("CARGO_PKG_RUST_VERSION"));
    assert_eq!(JsiiAgent::value()?.as_deref(), Some(agent.as_str()));
    Ok(())
}
