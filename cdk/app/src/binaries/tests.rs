//! Tests of the build of the handlers.

use super::*;

const BUILDS: [Build; 2] = [
    Build { profile: Profile::Release, architecture: Architecture::Arm64 },
    Build { profile: Profile::Dev, architecture: Architecture::X86_64 },
];

/// A machine whose folders are in `folder`.
fn machine(folder: &Path) -> Machine {
    Machine {
        checkout: folder.join("checkout"),
        target: folder.join("checkout/target"),
        cargo_home: folder.join("cargo-home"),
        registries: vec![folder.join("cargo-home/registry/src/mirror.example.com-1949cf8c6b5b557f")],
        sysroot: folder.join("sysroot"),
        commit: "59807616".to_owned(),
    }
}

#[test]
fn each_build_has_a_folder_and_arguments_of_its_own() {
    let handlers = ["image-processing".to_owned(), "image-purge".to_owned()];
    let replaced = [("/a b".into(), "/checkout".to_owned())];
    let expected = [
        (
            "target/lambda/arm64-release",
            "lambda build --workspace --locked --arm64 --profile release --compiler cargo-zigbuild \
             --config build.rustflags=[\"--remap-path-prefix=/a b=/checkout\"] \
             --lambda-dir built --bin image-processing --bin image-purge",
        ),
        (
            "target/lambda/x86_64-dev",
            "lambda build --workspace --locked --x86-64 --profile dev --compiler cargo \
             --lambda-dir built --bin image-processing --bin image-purge",
        ),
    ];
    assert_eq!(BUILDS.map(Build::needs_nasm), [false, false]);
    assert!(Build { architecture: Architecture::X86_64, ..BUILDS[0] }.needs_nasm());
    for (build, (folder, arguments)) in BUILDS.into_iter().zip(expected) {
        assert_eq!(build.folder(Path::new("target/lambda")), Path::new(folder));
        assert_eq!(build.arguments(&handlers, Path::new("built"), &replaced).join(" "), arguments);
    }
}

/// Compiles a program that contains paths of the checkout, of a registry and of the standard library, with the flags of
/// a build on the machine in `folder`.
fn compile(folder: &Path, is_replaced: bool) -> Vec<u8> {
    let mut machine = machine(folder);
    let registry = machine.registries[0].join("dependency-1.0.0");
    fs::create_dir_all(&registry).unwrap();
    fs::create_dir_all(&machine.checkout).unwrap();
    fs::write(registry.join("lib.rs"), "pub fn fail(at: usize) -> u8 { vec![1, 2][at] }").unwrap();
    let main = format!(
        "#[path = {:?}] mod dependency;\nfn main() {{ dependency::fail(2); panic!() }}",
        registry.join("lib.rs")
    );
    fs::write(machine.checkout.join("main.rs"), main).unwrap();
    machine.sysroot = output(Command::new("rustc").args(["--print", "sysroot"])).unwrap().trim().into();
    let mut rustc = Command::new("rustc");
    rustc.current_dir(&machine.checkout).args(["--edition=2024", "-Copt-level=s", "-Cstrip=symbols", "-oprogram"]);
    rustc.arg(machine.checkout.join("main.rs"));
    if is_replaced {
        let flags = rustflags(&machine.replaced()).parse::<toml::Table>().unwrap();
        let flags = flags["build"]["rustflags"].as_array().unwrap();
        rustc.args(flags.iter().map(|flag| flag.as_str().unwrap()));
    }
    succeed(&mut rustc).unwrap();
    fs::read(folder.join("checkout/program")).unwrap()
}

#[test]
fn two_checkouts_give_the_same_binary() {
    let [one, other] = [tempfile::tempdir().unwrap(), tempfile::Builder::new().prefix("longer").tempdir().unwrap()];
    let folders = [machine(one.path()), machine(other.path())].map(Machine::replaced);
    let found = |is_replaced| {
        let [a, b] = [one.path(), other.path()].map(|folder| compile(folder, is_replaced));
        (a == b, first_contained(&a, &folders[0]).is_some(), first_contained(&b, &folders[1]).is_some())
    };
    assert_eq!(found(false), (false, true, true));
    assert_eq!(found(true), (true, false, false));
}

#[test]
fn a_path_of_the_machine_is_found_in_a_binary() {
    let replaced = machine(Path::new("/home/me")).replaced();
    let cases: [(&[u8], Option<&str>); 4] = [
        (b"\x7fELF\0/checkout/crates/aws/src/lib.rs\0/cargo/registry/h2-0.4.20", None),
        (b"\x7fELF\0/home/me/checkout/crates/aws/src/lib.rs", Some("/home/me/checkout")),
        (b"\x7fELF\0/home/me/cargo-home/registry/src/other/h2", Some("/home/me/cargo-home")),
        (b"\x7fELF\0/home/me/sysroot/lib/rustlib/src/rust/library/core", Some("/home/me/sysroot/lib/rustlib/src/rust")),
    ];
    for (binary, expected) in cases {
        assert_eq!(first_contained(binary, &replaced), expected.map(Path::new), "{binary:?}");
    }
}
