//! The bindings of a small assembly, `zoo`.
#![expect(clippy::unwrap_used, reason = "a test")]

mod implemented;

use std::path::Path;

use flate2::read::GzDecoder;
use jsii_bindgen::{Error, Package, generate};
use serde_json::{Value, json};

fn zoo(roots: &[&str]) -> Result<String, Error> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/zoo");
    generate(&[Package { folder, module: String::new() }], roots, "crate").map(|generated| generated.text)
}

/// The bindings of the class `Cat`, without absolute paths.
fn text() -> String {
    text_of(&["zoo.Cat"])
}

fn text_of(roots: &[&str]) -> String {
    let mut text = zoo(roots).unwrap();
    for prefix in [
        "::jsii_runtime::generated::",
        "::jsii_runtime::",
        "::std::string::",
        "::std::vec::",
        "::std::option::",
        "::std::ops::",
    ] {
        text = text.replace(prefix, "");
    }
    text
}

/// Asserts that the bindings contain each piece.
fn check(pieces: &[&str]) {
    check_in(&text(), pieces);
}

fn check_in(text: &str, pieces: &[&str]) {
    for piece in pieces {
        assert!(text.contains(piece), "{piece}\nis not in\n{text}");
    }
}

fn check_absent(pieces: &[&str]) {
    let text = text();
    for piece in pieces {
        assert!(!text.contains(piece), "{piece}\nis in\n{text}");
    }
}

#[test]
fn the_excerpt_has_the_bound_types_without_documentation_and_the_ancestors_of_all_others() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/zoo");
    let package = Package { folder, module: String::new() };
    let generated = generate(&[package], &["zoo.IFeeder"], "crate").unwrap();
    let [(name, compressed)] = &generated.excerpts[..] else { panic!("{} packages", generated.excerpts.len()) };
    assert_eq!(name, "zoo.jsii.gz");
    let excerpt: Value = serde_json::from_reader(GzDecoder::new(compressed.as_slice())).unwrap();
    assert_eq!(
        (&excerpt["schema"], &excerpt["name"], &excerpt["version"]),
        (&json!("jsii/0.10.0"), &json!("zoo"), &json!("1.2.3"))
    );
    let types = excerpt["types"].as_object().unwrap();
    assert!(types["zoo.IFeeder"]["methods"].is_array(), "{types:#?}");
    assert!(!excerpt.to_string().contains("\"docs\""), "{types:#?}");
    let unbound = json!({ "kind": "class", "fqn": "zoo.Cat", "name": "Cat", "assembly": "zoo", "base": "zoo.Animal", "interfaces": [] });
    assert_eq!(types["zoo.Cat"], unbound);
    for absent in ["zoo.CatProps", "zoo.Colour"] {
        assert!(!types.contains_key(absent), "{absent}: {types:#?}");
    }
}

#[test]
fn a_package_is_a_constant() {
    check(&[
        r#"pub static ZOO: Module = Module { name: "zoo", version: "1.2.3", dependencies: &[], assembly: include_bytes!("zoo.jsii.gz"), hierarchy: &crate::HIERARCHY };"#,
    ]);
}

#[test]
fn a_root_includes_the_types_that_it_references_and_no_others() {
    check(&["\nimpl Animal {", "\nimpl CatProps {", "\nimpl ILegged {", " Stats = ", " Colour = ", "\nimpl Cage {"]);
    check_absent(&["Unrelated"]);
}

#[test]
fn a_class_names_its_base_and_its_ancestors() {
    check(&[
        r#"Cat: crate::Animal = "zoo.Cat" in crate::ZOO, is [crate::Animal, crate::ILegged, crate::INamed, crate::ICounted] }"#,
        r#"Animal: Object = "zoo.Animal" in crate::ZOO, is [crate::ILegged, crate::INamed, crate::ICounted] }"#,
    ]);
}

#[test]
fn a_namespace_is_a_module() {
    check(&["pub mod cages {", r#"Cage: Object = "zoo.cages.Cage" in crate::ZOO"#]);
}

#[test]
fn each_optional_argument_has_a_function_of_its_own() {
    check(&[
        "pub fn chase(&self, prey: impl IntoJs<crate::ILegged>) -> Result<Option<crate::cages::Cage>> { \
         invoke(Handle::object(self), \"chase\", &[prey.into_js()?]) }",
        "pub fn chase_with_type(&self, prey: impl IntoJs<crate::ILegged>, r#type: impl IntoJs<crate::Colour>)",
        "pub fn chase_with_max_seconds(&self, prey: impl IntoJs<crate::ILegged>, r#type: impl IntoJs<crate::Colour>, \
         max_seconds: impl IntoJs<f64>)",
    ]);
}

#[test]
fn a_constructor_always_requires_scope_and_id() {
    check(&[
        "pub fn new(scope: impl IntoJs<crate::ILegged>, id: impl IntoJs<String>) -> Result<Self>",
        "pub fn new_with_props(scope: impl IntoJs<crate::ILegged>, id: impl IntoJs<String>, \
         props: impl IntoJs<crate::CatProps>) -> Result<Self> { create(&[scope.into_js()?, id.into_js()?, props.into_js()?]) }",
        "pub fn new() -> Result<Self> { create(&[]) }",
    ]);
}

#[test]
fn a_constructor_whose_last_argument_is_a_structure_has_a_builder() {
    check(&[
        "pub fn builder(scope: impl IntoJs<crate::ILegged>, id: impl IntoJs<String>, colour: impl IntoJs<crate::Colour>, \
         name: impl IntoJs<String>) -> crate::CatProps<Creation<Self>> { crate::CatProps::new(colour, name)\
         .__last_of(Creation::new([scope.into_js(), id.into_js()])) }",
        "impl<Of> CatProps<Of> {",
    ]);
    assert_eq!(text().matches("pub fn builder(").count(), 1, "the constructors of the others have no structure");
}

#[test]
fn an_abstract_class_has_no_constructor() {
    check_absent(&["pub fn new(name: impl IntoJs<String>) -> Result<Self>"]);
}

#[test]
fn a_variadic_argument_is_a_list() {
    check(&["pub fn meet(&self, loudly: impl IntoJs<bool>, others: impl IntoJs<Vec<crate::Animal>>) -> Result<()> { \
             invoke(Handle::object(self), \"meet\", &spread(&[loudly.into_js()?], others.into_js()?)) }"]);
}

#[test]
fn static_members_need_no_object() {
    check(&[
        r#"#[track_caller] pub fn felix() -> Result<crate::Cat> { get_static::<Self, _>("FELIX") }"#,
        r#"#[track_caller] pub fn set_tallest(value: impl IntoJs<crate::Cat>) -> Result<()> { set_static::<Self>("tallest", &value.into_js()?) }"#,
        r#"pub fn is_cat(x: impl IntoJs<Value>) -> Result<bool> { invoke_static::<Self, _>("isCat", &[x.into_js()?]) }"#,
    ]);
}

#[test]
fn a_property_can_be_set_unless_it_is_immutable() {
    check(&[
        "#[track_caller] pub fn leg_count(&self) -> Result<f64>",
        "pub fn nick_name(&self) -> Result<Option<String>>",
        "pub fn set_nick_name(&self, value: impl IntoJs<String>) -> Result<()>",
    ]);
    check_absent(&["set_leg_count"]);
}

#[test]
fn members_that_deref_reaches_are_not_repeated() {
    let text = text();
    assert_eq!(text.matches("pub fn eat(").count(), 1, "Cat overrides Animal's eat");
    // Once in Animal, once in ICounted, and once in ILegged, which derefs to INamed only.
    assert_eq!(text.matches("pub fn leg_count(").count(), 3);
    assert_eq!(text.matches("pub fn nick_name(").count(), 2);
}

#[test]
fn deprecated_protected_and_static_asynchronous_members_are_omitted() {
    check_absent(&["fn purr", "fn digest", "fn dream"]);
}

#[test]
fn an_asynchronous_method_returns_the_value_of_its_promise() {
    check(&[r#"pub fn sleep(&self) -> Result<f64> { invoke_async(Handle::object(self), "sleep", &[]) }"#]);
    check_in(
        &text_of(&["override zoo.Cat"]),
        &["pub fn sleep(self, implementation: impl Fn(&Cat) -> CallbackResult<f64> + 'static) -> Self"],
    );
}

#[test]
fn names_that_are_equal_in_rust_get_underscores() {
    check_in(
        &text_of(&["zoo.ISimilar"]),
        &[
            // Parameters and methods.
            "pub fn to_iso(&self, __: impl IntoJs<f64>, ___: impl IntoJs<String>, size: impl IntoJs<f64>, \
             size_: impl IntoJs<bool>) -> Result<()>",
            r#"pub fn to_iso_(&self) -> Result<()> { invoke(Handle::object(self), "toISO", &[]) }"#,
            // The function with an optional argument, and a method.
            "pub fn bite_with_hard(&self, hard: impl IntoJs<bool>) -> Result<()>",
            r#"pub fn bite_with_hard_(&self) -> Result<()> { invoke(Handle::object(self), "biteWithHard", &[]) }"#,
            // The setter of a property, and a method.
            "pub fn set_like(&self, value: impl IntoJs<crate::Liking>) -> Result<()>",
            "pub fn set_like_(&self, likes: impl IntoJs<crate::Likes>) -> Result<()>",
            // The members that Rust implements.
            "fn to_iso(&self, __: f64, ___: String, size: f64, size_: bool) -> CallbackResult<()>;",
            "fn to_iso_(&self) -> CallbackResult<()>;",
            r#"Member::Method("toISO") => { implementation.to_iso_()?; Ok(Value::Null) },"#,
            r#"Member::Method("setLike") => { implementation.set_like_(arguments.take()?)?; Ok(Value::Null) },"#,
            r#"Member::Set("like") => { implementation.set_like(arguments.take()?)?; Ok(Value::Null) },"#,
            // The fields of a structure, and the members of an enumeration.
            "pub fn new(food: impl IntoJs<String>, food_: impl IntoJs<String>) -> Self",
            "pub fn build_(self, value: impl IntoJs<String>)",
            "pub fn build__(self, value: impl IntoJs<String>)",
            "pub fn get_food(self, value: impl IntoJs<String>)",
            "pub fn get_food_(&self) -> Result<String>",
            "VeryMuch = \"VERY_MUCH\",",
            "VeryMuch_ = \"VeryMuch\",",
        ],
    );
}

#[test]
fn a_structure_takes_required_properties_and_has_a_setter_for_each_optional_one() {
    check(&[
        "pub fn new(colour: impl IntoJs<crate::Colour>, name: impl IntoJs<String>) -> Self { \
         Self(Fields::new().with(\"colour\", colour.into_js()).with(\"name\", name.into_js()), ()) }",
        "pub fn birthday(self, value: impl IntoJs<Date>) -> Self { Self(self.0.with(\"birthday\", value.into_js()), self.1) }",
        "pub fn toys(self, value: impl IntoJs<IndexMap<String, Vec<String>>>) -> Self",
        "pub fn age(self, value: impl IntoJs<f64>) -> Self",
    ]);
}

#[test]
fn a_token_is_not_an_alternative_of_a_union() {
    check(&[
        "pub fn claws(self, value: impl IntoJs<bool>) -> Self",
        "CatPropsHome { String(String), Cage(crate::cages::Cage), } }",
        "text_or! { CatPropsHome }",
        "pub fn home(self, value: impl IntoJs<crate::CatPropsHome>) -> Self",
        // A result can be a token.
        "pub fn loose(&self) -> Result<Value>",
    ]);
}

#[test]
fn a_result_of_several_types_is_an_enumeration_of_them() {
    check(&[
        "pub fn owners(&self) -> Result<Option<Vec<crate::StringOrAnimalOrColourOrIResolvable>>>",
        "StringOrAnimalOrColourOrIResolvable { String(String), Animal(crate::Animal), Colour(crate::Colour), \
         IResolvable(crate::IResolvable), } }",
        "if let Ok(it) = FromJs::from_js(value.clone()) { return Ok(Self::String(it)); }\n\
         if let Ok(it) = value::object_from_js(value.clone()) { return Ok(Self::Animal(it)); }\n\
         if let Ok(it) = FromJs::from_js(value.clone()) { return Ok(Self::Colour(it)); }",
        // The kernel does not say of which type a structure is.
        "pub fn food(&self) -> Result<Value>",
    ]);
}

#[test]
fn a_returned_structure_has_getters() {
    check(&[
        r#"Stats = "zoo.Stats" returns ["type"] }"#,
        r#"pub fn get_type(&self) -> Result<Option<String>> { self.0.get("type") }"#,
    ]);
    check_absent(&["pub fn get_colour"]);
}

#[test]
fn documentation_is_kept() {
    check(&[
        "#[doc = \"Eats & sleeps.\"]",
        r#"#[doc = "When it was born.\n\nDefault: unknown"]"#,
        r#"#[doc = "Brings \\<b\\>luck\\</b\\>."]"#,
        r#"DarkGrey = "DARK_GREY","#,
    ]);
}

#[test]
fn a_function_has_its_arguments_and_the_first_one_has_the_remarks_and_the_example() {
    let arguments = r"# Arguments\n\n* `prey`: It has \\<legs\\>.";
    check(&[
        &format!(
            "#[doc = \"Runs after prey.\\n\\nSee [`cages.Cage`](crate::cages::Cage) and `Dog`.\\n\\n{arguments}\\n\\n\
             # Example\\n\\n```ts\\ncat.chase(mouse);\\n```\"]\n    #[track_caller] pub fn chase(",
        ),
        &format!("#[doc = \"Runs after prey.\\n\\n{arguments}\"]\n    #[track_caller] pub fn chase_with_type("),
    ]);
}

#[test]
fn required_properties_are_documented_where_they_are_arguments() {
    check(&["#[doc = \"# Arguments\\n\\n* `name`: Its name.\"]\n    pub fn new(colour:"]);
}

#[test]
fn an_unknown_root_is_named() {
    let error = zoo(&["zoo.Dog"]).unwrap_err().to_string();
    assert_eq!(error, "no package contains the type zoo.Dog");
}

#[test]
fn similar_names_of_an_unknown_root_are_named() {
    for (root, similar) in [("zoo.Cta", "did you mean zoo.Cat?"), ("zoo.Cage", "did you mean zoo.cages.Cage, ")] {
        let error = zoo(&[root]).unwrap_err().to_string();
        assert!(error.contains(similar), "{error}");
    }
}

#[test]
fn a_type_of_a_package_that_is_not_read_names_the_package() {
    let error = zoo(&["farm.Cow"]).unwrap_err().to_string();
    assert_eq!(error, "the type farm.Cow is of the package farm, which is not read: name it by `Bindings::package`");
}

#[test]
fn an_assembly_that_cannot_be_read_is_named() {
    let package = Package { folder: "/nowhere/zoo".into(), module: String::new() };
    let error = generate(&[package], &["zoo.Cat"], "crate").unwrap_err().to_string();
    assert!(error.starts_with("cannot read /nowhere/zoo/.jsii: "), "{error}");
}
