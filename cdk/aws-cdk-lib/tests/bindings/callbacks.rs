//! Interfaces that are implemented in Rust: JavaScript calls Rust, which calls JavaScript.

use std::cell::RefCell;
use std::rc::Rc;

use aws_cdk_lib::aws_iam::{
    AddToPrincipalPolicyResult, IPrincipal, IPrincipalImpl, PolicyStatement, PrincipalPolicyFragment, Role, RoleProps,
};
use aws_cdk_lib::aws_s3::{Bucket, CfnBucket};
use aws_cdk_lib::constructs::{IConstruct, IValidation};
use aws_cdk_lib::{
    Aspects, CallbackResult, CfnOutput, CfnOutputProps, Handle, IAspect, IAspectImpl, IResolvable, IResolvableImpl,
    IResolveContext, IStableStringProducer, Lazy, Result, Stack, Token,
};
use serde_json::{Value, json};

/// The template of the stack, as JSON.
fn template(folder: &tempfile::TempDir) -> Value {
    let text = std::fs::read_to_string(folder.path().join("stack.template.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Turns on the versioning of each bucket, and notes the constructs that it visits.
struct Versioning {
    visited: Rc<RefCell<Vec<String>>>,
}

impl IAspectImpl for Versioning {
    fn visit(&self, node: IConstruct) -> CallbackResult<()> {
        self.visited.borrow_mut().push(node.node()?.path()?);
        if let Ok(bucket) = node.cast::<CfnBucket>() {
            bucket.add_property_override("VersioningConfiguration.Status", "Enabled")?;
        }
        Ok(())
    }
}

#[test]
fn an_aspect_in_rust_visits_every_construct_and_changes_it() {
    let (folder, app, stack) = super::stack();
    Bucket::new(&stack, "Bucket").unwrap();
    let visited = Rc::new(RefCell::new(Vec::new()));
    let aspect = IAspect::implement(Versioning { visited: Rc::clone(&visited) }).unwrap();
    Aspects::of(&app).unwrap().add(&aspect).unwrap();
    app.synth().unwrap();
    assert_eq!(*visited.borrow(), ["", "stack", "stack/Bucket", "stack/Bucket/Resource", "Tree"]);
    let resources = template(&folder)["Resources"].clone();
    let bucket = resources.as_object().unwrap().values().next().unwrap();
    assert_eq!(bucket["Properties"]["VersioningConfiguration"]["Status"], "Enabled");
}

/// An output whose value `producer` returns at the synthesis.
fn output(stack: &Stack, producer: impl Fn() -> CallbackResult<Option<String>> + 'static) -> Result<CfnOutput> {
    let value = Lazy::string(&IStableStringProducer::implement(producer)?)?;
    CfnOutput::new(stack, "Output", CfnOutputProps::new(value))
}

#[test]
fn a_closure_implements_an_interface_with_one_method() {
    let (folder, app, stack) = super::stack();
    let value = Rc::new(RefCell::new("too early".to_owned()));
    let produced = Rc::clone(&value);
    output(&stack, move || Ok(Some(produced.borrow().clone()))).unwrap();
    "known at the synthesis".clone_into(&mut value.borrow_mut());
    app.synth().unwrap();
    assert_eq!(template(&folder)["Outputs"]["Output"]["Value"], "known at the synthesis");
}

#[test]
fn an_error_of_a_callback_is_one_of_the_call_that_led_to_it_and_the_kernel_goes_on() {
    let (_folder, app, stack) = super::stack();
    output(&stack, || Err("the registry is not readable".into())).unwrap();
    let error = app.synth().map(drop).unwrap_err().to_string();
    assert!(error.contains("the registry is not readable"), "{error}");
    assert_eq!(stack.node().unwrap().path().unwrap(), "stack");
}

#[test]
fn a_panic_of_a_callback_is_an_error_in_javascript_and_ends_no_process() {
    let (_folder, app, stack) = super::stack();
    output(&stack, || panic!("index {} is out of range", 7)).unwrap();
    let error = app.synth().map(drop).unwrap_err().to_string();
    assert!(error.contains("panicked: index 7 is out of range"), "{error}");
    assert_eq!(stack.node().unwrap().path().unwrap(), "stack");
}

#[test]
fn a_callback_can_lead_to_another_one() {
    let (folder, app, stack) = super::stack();
    let inner = stack.clone();
    output(&stack, move || {
        let within = IStableStringProducer::implement(|| Ok(Some("of the inner one".to_owned())))?;
        let token = Lazy::string(&within)?;
        // Resolving it calls back into Rust while the outer callback is under way.
        Ok(Some(format!("the value {}", inner.resolve(token)?.as_str().unwrap_or_default())))
    })
    .unwrap();
    app.synth().unwrap();
    assert_eq!(template(&folder)["Outputs"]["Output"]["Value"], "the value of the inner one");
}

#[test]
fn a_list_is_returned_to_javascript() {
    let (_folder, app, stack) = super::stack();
    let errors = || Ok(vec!["the name is too long".to_owned(), "the name is taken".to_owned()]);
    let validation = IValidation::implement(errors).unwrap();
    stack.node().unwrap().add_validation(&validation).unwrap();
    let error = app.synth().map(drop).unwrap_err().to_string();
    for expected in ["the name is too long", "the name is taken"] {
        assert!(error.contains(expected), "{error}");
    }
}

/// A token: a reference to the resource that is named like the scope that it is resolved for.
struct ReferenceToScope;

impl IResolvableImpl for ReferenceToScope {
    fn resolve(&self, context: IResolveContext) -> CallbackResult<Value> {
        Ok(json!({ "Ref": context.scope()?.node()?.id()? }))
    }

    fn to_string(&self) -> CallbackResult<String> {
        Ok("a reference to the scope".to_owned())
    }
}

#[test]
fn several_methods_of_an_interface_are_implemented_in_rust() {
    let (_folder, _app, stack) = super::stack();
    let token = IResolvable::implement(ReferenceToScope).unwrap();
    assert_eq!(token.to_string().unwrap(), "a reference to the scope");
    let text = Token::as_string(&token).unwrap();
    assert_eq!(stack.resolve(text).unwrap(), json!({ "Ref": "stack" }));
}

/// A principal of another account.
struct Partner;

impl IPrincipalImpl for Partner {
    fn add_to_principal_policy(&self, _statement: PolicyStatement) -> CallbackResult<AddToPrincipalPolicyResult> {
        Ok(AddToPrincipalPolicyResult::new(false))
    }

    fn assume_role_action(&self) -> CallbackResult<String> {
        Ok("sts:AssumeRole".to_owned())
    }

    fn policy_fragment(&self) -> CallbackResult<PrincipalPolicyFragment> {
        Ok(PrincipalPolicyFragment::new([("AWS", ["arn:aws:iam::111111111111:root"])])?)
    }

    fn grant_principal(&self) -> CallbackResult<IPrincipal> {
        Err("the test grants nothing".into())
    }
}

#[test]
fn javascript_reads_properties_that_are_implemented_in_rust() {
    let (folder, app, stack) = super::stack();
    Role::new(&stack, "Role", RoleProps::new(IPrincipal::implement(Partner).unwrap())).unwrap();
    app.synth().unwrap();
    let resources = template(&folder)["Resources"].clone();
    let role = resources.as_object().unwrap().values().next().unwrap();
    let statement = &role["Properties"]["AssumeRolePolicyDocument"]["Statement"][0];
    assert_eq!(statement["Action"], "sts:AssumeRole");
    assert_eq!(statement["Principal"], json!({ "AWS": "arn:aws:iam::111111111111:root" }));
}

#[test]
fn an_object_that_rust_implements_is_passed_on_like_any_other() {
    let (_folder, app, _stack) = super::stack();
    let aspect = IAspect::implement(|_: IConstruct| Ok(())).unwrap();
    Aspects::of(&app).unwrap().add(&aspect).unwrap();
    let [found] = &Aspects::of(&app).unwrap().all().unwrap()[..] else { panic!("one aspect") };
    assert_eq!(found.object(), aspect.object());
}
