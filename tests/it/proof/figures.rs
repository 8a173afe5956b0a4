//! Figures for the table at the end of `tests/run faults`.

use std::path::Path;

/// The folder in which a figure is a file.
const FOLDER: &str = "MOMO_CRED_FIGURES";

/// Says a figure, and leaves it where `tests/run` collects them.
pub(super) fn figure(name: &str, value: impl std::fmt::Display) {
    eprintln!("figure: {name}: {value}");
    if let Some(folder) = std::env::var_os(FOLDER) {
        std::fs::write(Path::new(&folder).join(name), format!("{value}\n")).unwrap();
    }
}
