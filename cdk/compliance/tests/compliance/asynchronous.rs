//! Asynchronous methods: a call returns the value of the promise.

use std::cell::RefCell;
use std::rc::Rc;

use compliance::{AsyncVirtualMethods, AsyncVirtualMethodsOverrides, NodeStandardLibrary, PromiseNothing, Result};

#[test]
fn async_overrides_call_async_method() -> Result<()> {
    let object = AsyncVirtualMethods::new()?;
    assert_eq!(object.call_me()?, 128.0);
    assert_eq!(object.override_me(44)?, 528.0);
    Ok(())
}

#[test]
fn async_overrides_override_async_method() -> Result<()> {
    let object = AsyncVirtualMethodsOverrides::new().override_me(|_, _| Ok(2222.0 * 2.0)).create()?;
    assert_eq!(object.call_me()?, 4452.0);
    Ok(())
}

/// The overrides of a base class in Rust.
fn base_class() -> AsyncVirtualMethodsOverrides {
    AsyncVirtualMethodsOverrides::new().override_me(|_, _| Ok(2222.0 * 2.0))
}

#[test]
fn async_overrides_override_async_method_by_parent_class() -> Result<()> {
    let object = base_class().override_me_too(|_| Ok(1.0)).create()?;
    assert_eq!(object.call_me()?, 4453.0);
    Ok(())
}

#[test]
fn async_overrides_override_calls_super() -> Result<()> {
    let received = Rc::new(RefCell::new(Vec::new()));
    let noted = Rc::clone(&received);
    let object = AsyncVirtualMethodsOverrides::new()
        .override_me(move |object, mult| {
            noted.borrow_mut().push(mult);
            Ok(object.override_me(mult)? * 10.0 + 1.0)
        })
        .create()?;
    // A call by Rust is one of the base class's method.
    assert_eq!(object.override_me(12)?, 144.0);
    assert_eq!(object.call_me()?, 1209.0);
    assert_eq!(*received.borrow(), [10.0]);
    Ok(())
}

#[test]
fn async_overrides_two_overrides() -> Result<()> {
    let object =
        AsyncVirtualMethodsOverrides::new().override_me(|_, _| Ok(666.0)).override_me_too(|_| Ok(10.0)).create()?;
    assert_eq!(object.call_me()?, 684.0);
    Ok(())
}

#[test]
fn async_overrides_override_throws() -> Result<()> {
    let object =
        AsyncVirtualMethodsOverrides::new().override_me(|_, _| Err("Thrown by native code".into())).create()?;
    let error = object.call_me().map_err(|error| error.to_string());
    assert!(error.is_err_and(|text| text.contains("Thrown by native code")));
    // The kernel accepts calls after it.
    assert_eq!(object.override_me(1)?, 12.0);
    Ok(())
}

#[test]
fn node_standard_library() -> Result<()> {
    let object = NodeStandardLibrary::new()?;
    assert_eq!(object.fs_read_file()?, "a resource of the package");
    assert_eq!(object.fs_read_file_sync()?, "a resource of the package");
    assert_eq!(object.os_platform()?, std::env::consts::OS);
    assert_eq!(object.crypto_sha256()?, "ad9dac0b5e00fa4ba177878736e86d5a3617a805d53634a4e45263020fe67438");
    Ok(())
}

#[test]
fn void_returning_async() -> Result<()> {
    let object = PromiseNothing::new()?;
    let () = object.instance_promise_it()?;
    assert!(object.kept()?);
    Ok(())
}
