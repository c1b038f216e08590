//! Asynchronous methods beyond the suite: interfaces, nested calls, panics, and results that JavaScript rejects.
#![expect(clippy::unwrap_used, clippy::float_cmp, reason = "tests of exact numbers")]

use compliance::{
    AsyncVirtualMethods, AsyncVirtualMethodsOverrides, Guest, IHost, IPromising, PromiseConsumer, Result,
};

#[test]
fn an_asynchronous_method_of_an_interface_is_implemented_in_rust() {
    let english = IPromising::implement(|text: String| Ok(text.to_uppercase())).unwrap();
    let doubled = IPromising::implement(|text: String| Ok(text.repeat(2))).unwrap();
    assert_eq!(PromiseConsumer::new().unwrap().join(english, doubled).unwrap(), "ONE and twotwo");
}

#[test]
fn an_override_calls_another_asynchronous_method_and_waits_for_it() {
    let inner = AsyncVirtualMethodsOverrides::new().override_me(|_, mult| Ok(mult + 1.0)).create().unwrap();
    let outer =
        AsyncVirtualMethodsOverrides::new().override_me(move |_, mult| Ok(inner.call_me()? + mult)).create().unwrap();
    // The inner one is 10 + 1 + 8, the outer one adds 10 and 8.
    assert_eq!(outer.call_me().unwrap(), 37.0);
}

/// Asserts that a call whose promise depends on `override_me` is an error with a text, and that the kernel goes on.
fn check_error(overridden: Result<AsyncVirtualMethods>, expected: &str) {
    let object = overridden.unwrap();
    let error = object.call_me().unwrap_err().to_string();
    assert!(error.contains(expected), "{error}");
    assert_eq!(object.override_me(2).unwrap(), 24.0);
}

#[test]
fn a_panic_or_a_result_that_javascript_rejects_is_an_error_of_the_promise() {
    let overriding = AsyncVirtualMethodsOverrides::new;
    check_error(overriding().override_me(|_, _| panic!("index 7")).create(), "panicked: index 7");
    // JSON has no such number: it becomes undefined.
    check_error(overriding().override_me(|_, _| Ok(f64::NAN)).create(), "overrideMe: Returned by callback");
}

/// The kernel converts the arguments of such a call in the wrong direction, whatever the language.
#[test]
fn the_kernel_passes_no_object_to_an_asynchronous_method_that_rust_implements() {
    let host = IHost::implement(|guest: Guest| Ok(guest.name()?)).unwrap();
    let error = PromiseConsumer::new().unwrap().introduce(host, Guest::new("Ada")).unwrap_err().to_string();
    assert!(error.contains("Unable to deserialize value as fixture-calc.Guest"), "{error}");
}
