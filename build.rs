//! Links the program without shared libraries on Linux with glibc, where the machine has what that takes: to find, map
//! and relocate four of them costs a start more than all that momo-cred does.
//!
//! `-C target-feature=+crt-static` means the same, but cargo gives it to everything or, with `--target`, moves what it
//! builds to another folder; without one, procedural macros do not build. This is for the program alone. rustc still
//! asks for shared libraries by name, so each name leads to the archive instead.
//!
//! The program is made for one address, since to move it to a random one takes 25 thousand relocations on a hundred
//! pages. `MOMO_CRED_LINK=random` has it moved, `MOMO_CRED_LINK=shared` keeps the shared libraries, for distributions
//! that mend them in one place.
#![expect(
    clippy::disallowed_methods,
    reason = "cargo tells a build script everything by its environment, and what this one writes is no secret"
)]

use std::path::PathBuf;
use std::process::Command;
use std::{env, fs, io};

/// What rustc asks for on these targets, and the archives that have it.
const LIBRARIES: &[(&str, &str)] = &[
    // Each of the two needs the other.
    ("gcc_s", "GROUP(-l:libgcc_eh.a -l:libgcc.a -l:libc.a)"),
    ("c", "GROUP(-l:libc.a -l:libgcc_eh.a -l:libgcc.a)"),
    ("m", "INPUT(-l:libm.a)"),
    // Empty since glibc 2.34, and part of libc.
    ("dl", "INPUT(-l:libdl.a)"),
    ("pthread", "INPUT(-l:libpthread.a)"),
    ("rt", "INPUT(-l:librt.a)"),
    ("util", "INPUT(-l:libutil.a)"),
];

/// What a compiler needs for a program without shared libraries, at a fixed address or not.
const NEEDED: &[&str] = &["libc.a", "libm.a", "libgcc_eh.a", "crtbeginT.o", "rcrt1.o"];

/// The first glibc that looks names up without loading a library for it (2.34) and reads packed relocations (2.36).
const GLIBC: (u32, u32) = (2, 36);

/// For one address.
const FIXED: &[&str] = &["-static", "-no-pie"];

/// For any address, with a bit for each pointer that is to be moved there instead of 24 bytes.
const RANDOM: &[&str] = &["-static-pie", "-Wl,-z,pack-relative-relocs"];

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=MOMO_CRED_LINK");
    println!("cargo::rustc-check-cfg=cfg(without_shared_libraries)");
    let of_target = |name: &str| env::var(format!("CARGO_CFG_TARGET_{name}")).unwrap_or_default();
    if of_target("OS") != "linux" || of_target("ENV") != "gnu" {
        return Ok(());
    }
    let flags = match env::var("MOMO_CRED_LINK").unwrap_or_default().as_str() {
        "" | "fixed" => FIXED,
        "random" => RANDOM,
        "shared" => return Ok(()),
        _ => return Err(io::Error::other("MOMO_CRED_LINK is one of fixed, random, shared")),
    };
    // Then rustc does it.
    let asked = of_target("FEATURE").split(',').any(|feature| feature == "crt-static");
    if !asked {
        if let Err(why) = able() {
            println!(
                "cargo::warning={why}: momo-cred is linked with shared libraries and takes longer to start"
            );
            return Ok(());
        }
        let folder = PathBuf::from(env::var_os("OUT_DIR").unwrap_or_default()).join("archives");
        fs::create_dir_all(&folder)?;
        for (name, script) in LIBRARIES {
            fs::write(folder.join(format!("lib{name}.so")), format!("{script}\n"))?;
        }
        println!("cargo::rustc-link-arg-bins=-L{}", folder.display());
        for flag in flags {
            println!("cargo::rustc-link-arg-bins={flag}");
        }
    }
    println!("cargo::rustc-cfg=without_shared_libraries");
    Ok(())
}

/// Whether the compiler that links can do it, or why not.
fn able() -> Result<(), String> {
    // It answers with the path of a file that it has.
    let has = |file: &&&str| {
        ask(&[&format!("-print-file-name={file}")]).is_some_and(|path| path.trim_end().contains('/'))
    };
    if let Some(missing) = NEEDED.iter().find(|file| !has(file)) {
        return Err(format!("{missing} is missing (Debian: libc6-dev, Fedora: glibc-static)"));
    }
    let macros = ask(&["-E", "-dM", "-include", "features.h", "-x", "c", "/dev/null"]).unwrap_or_default();
    let number = |name: &str| {
        let value =
            |line: &str| line.strip_prefix("#define ")?.strip_prefix(name)?.strip_prefix(' ')?.parse().ok();
        macros.lines().find_map(value).unwrap_or(0)
    };
    if (number("__GLIBC__"), number("__GLIBC_MINOR__")) < GLIBC {
        return Err(format!("glibc is older than {}.{}", GLIBC.0, GLIBC.1));
    }
    Ok(())
}

/// What the compiler that links says, if it works.
fn ask(arguments: &[&str]) -> Option<String> {
    let linker = env::var_os("RUSTC_LINKER").unwrap_or_else(|| "cc".into());
    let output = Command::new(linker).args(arguments).output().ok()?;
    String::from_utf8(output.stdout).ok().filter(|_| output.status.success())
}
