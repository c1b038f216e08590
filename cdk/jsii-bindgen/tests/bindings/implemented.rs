//! Members that Rust implements: of interfaces, and of overridden classes.

use super::*;

#[test]
fn an_interface_is_added_to_an_object_of_an_overridden_class() {
    check_in(
        &text_of(&["override zoo.Cat", "zoo.IKeeper"]),
        &[
            "pub fn implementing<I: Handle>(self, implementation: Implementation<I>) -> Self",
            "pub fn implementation(implementation: impl IKeeperImpl + 'static) -> Implementation<Self> {",
        ],
    );
}

#[test]
fn an_interface_among_the_roots_has_a_trait_with_its_members_and_the_inherited_ones() {
    let text = text_of(&["zoo.IKeeper"]);
    check_in(
        &text,
        &[
            "pub trait IKeeperImpl {",
            "#[doc = \"Locks animals up.\"]\n    fn lock(&self, stats: Option<crate::Meal>, animals: Vec<crate::ILegged>) -> \
             CallbackResult<Option<crate::cages::Cage>>;",
            "fn rest(&self) -> CallbackResult<()>;",
            "fn age(&self) -> CallbackResult<f64>;",
            // An optional property is undefined unless it is implemented.
            "fn nick_name(&self) -> CallbackResult<Option<String>> { Ok(Option::None) }",
            "fn set_nick_name(&self, value: Option<String>) -> CallbackResult<()> { let _ = value; Ok(()) }",
        ],
    );
    assert!(!text.contains("fn set_age"), "an immutable property has no setter");
    // JavaScript passes the structure by reference.
    check_in(&text, &[r#"Meal = "zoo.Meal" returns ["size"] }"#]);
}

#[test]
fn an_implementation_is_called_with_typed_arguments_and_its_result_is_converted() {
    check_in(
        &text_of(&["zoo.IKeeper"]),
        &[
            "fn implement(implementation: impl IKeeperImpl + 'static) -> Result<Self> {",
            r#"Implementation::new(&["lock", "rest"], &["age", "nickName"], move |member, arguments| match member {"#,
            "Member::Method(\"lock\") => Ok(implementation.lock(arguments.take()?, arguments.rest()?)?.map_or(Ok(Value::Null), \
             IntoJs::<crate::cages::Cage>::into_js)?),",
            "Member::Method(\"rest\") => { implementation.rest()?; Ok(Value::Null) },",
            "Member::Get(\"age\") => Ok(IntoJs::<f64>::into_js(implementation.age()?)?),",
            "Member::Set(\"nickName\") => { implementation.set_nick_name(arguments.take()?)?; Ok(Value::Null) },",
        ],
    );
}

#[test]
fn a_closure_implements_an_interface_with_a_single_method() {
    check_in(
        &text_of(&["zoo.IFeeder"]),
        &[
            "impl<F: Fn(String) -> CallbackResult<Value>> IFeederImpl for F {",
            "fn feed(&self, r#type: String) -> CallbackResult<Value> { self(r#type) }",
        ],
    );
    assert!(!text_of(&["zoo.IKeeper"]).contains("IKeeperImpl for F"), "it has several members");
}

#[test]
fn an_interface_that_is_no_root_is_not_implemented() {
    let text = text_of(&["zoo.Cat"]);
    assert!(text.contains("impl ILegged {") && !text.contains("Impl {"), "{text}");
}

#[test]
fn a_class_is_overridden_by_closures_for_its_members_and_the_inherited_and_protected_ones() {
    let text = text_of(&["override zoo.Cat"]);
    check_in(
        &text,
        &[
            "pub struct CatOverrides(Overrides<Cat>);",
            "pub fn digest(self, implementation: impl Fn(&Cat, crate::Meal, Vec<crate::ILegged>) -> CallbackResult<f64> + 'static) \
             -> Self { Self(self.0.with(Member::Method(\"digest\"), move |object, arguments| \
             Ok(IntoJs::<f64>::into_js(implementation(object, arguments.take()?, arguments.rest()?)?)?))) }",
            "pub fn leg_count(self, implementation: impl Fn(&Cat) -> CallbackResult<f64> + 'static)",
            "pub fn set_nick_name(self, implementation: impl Fn(&Cat, Option<String>) -> CallbackResult<()> + 'static)",
            // An override calls the member of the base class.
            "pub fn digest(&self, meal: impl IntoJs<crate::Meal>, others: impl IntoJs<Vec<crate::ILegged>>) -> Result<f64>",
            // JavaScript passes the structure by reference.
            r#"Meal = "zoo.Meal" returns ["size"] }"#,
        ],
    );
    assert!(!text.contains("impl Fn(&Cat, Value) -> CallbackResult<bool>"), "a static method is not overridden");
    assert!(!text.contains("fn set_leg_count"), "an immutable property has no setter");
    assert!(!text.contains("AnimalOverrides"), "only the class itself");
}

#[test]
fn an_object_with_overrides_has_the_constructors_of_its_class() {
    check_in(
        &text_of(&["override zoo.Cat"]),
        &[
            "pub fn create(self, scope: impl IntoJs<crate::ILegged>, id: impl IntoJs<String>) -> Result<Cat> { \
             self.0.create(&[scope.into_js()?, id.into_js()?]) }",
            "pub fn create_with_props(self, scope:",
            "-> crate::CatProps<Creation<Cat>> { crate::CatProps::new(colour, name)\
             .__last_of(Creation::new([scope.into_js(), id.into_js()]).overriding(self.0)) }",
        ],
    );
    // An abstract class has them, too: Rust implements its abstract members.
    check_in(&text_of(&["override zoo.Animal"]), &["pub fn create(self, name: impl IntoJs<String>) -> Result<Animal>"]);
}

#[test]
fn only_a_class_is_overridden() {
    let error = zoo(&["override zoo.IKeeper"]).unwrap_err().to_string();
    assert!(error.starts_with("override zoo.IKeeper: only a class is overridden"), "{error}");
}
