//! `exec --preset list`: every preset, for people and as JSON.

use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::credential::Product;
use crate::exec::Preset;
use crate::exec::presets::PRESETS;
use crate::{Outcome, Result};

/// What is given in the place of a preset's name to see them all.
pub(super) const LIST: &str = "list";

pub(super) fn list(context: &Context) -> Result<Outcome> {
    if context.output.json() {
        let presets: Vec<_> = PRESETS.iter().map(document).collect();
        let document = json!({
            "schema": 1, "command": context.command, "outcome": "ok", "presets": presets,
        });
        context.output.document(&document)?;
        return Ok(Outcome::SUCCESS);
    }
    for preset in PRESETS {
        context.output.data(&format!("{:<16} {}", preset.name, preset.reader))?;
        context.output.data(&format!("  source: {}", preset.source))?;
        let prefix = match preset.prefix {
            Some(prefix) => format!("{prefix} unless --prefix says otherwise"),
            None => "none: the names are fixed".to_owned(),
        };
        context.output.data(&format!("  prefix: {prefix}"))?;
        context.output.data(&format!("  products: {}", products(preset).join(", ")))?;
        for template in preset.templates() {
            let only = template.only.map(|product| format!(" ({} only)", product.name())).unwrap_or_default();
            context.output.data(&format!("  {:<36} {}{only}", template.name, template.field))?;
        }
    }
    Ok(Outcome::SUCCESS)
}

fn products(preset: &Preset) -> Vec<&'static str> {
    preset.products.iter().map(|product| product.name()).collect()
}

fn document(preset: &Preset) -> Value {
    let variables: Vec<_> = preset
        .templates()
        .map(|template| {
            json!({
                "name": template.name,
                "field": template.field.name(),
                "product": template.only.map(Product::name),
            })
        })
        .collect();
    json!({
        "name": preset.name,
        "reader": preset.reader,
        "source": preset.source,
        "prefix": preset.prefix,
        "products": products(preset),
        "variables": variables,
    })
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    #[test]
    fn the_help_names_them_all() {
        let command = crate::cli::args::Cli::command();
        let help = command.find_subcommand("exec").unwrap().get_after_help().unwrap().to_string();
        let words: Vec<_> = help.split_whitespace().collect();
        let names: Vec<_> = PRESETS.iter().map(|preset| preset.name).collect();
        assert!(words.join(" ").contains(&format!("Presets: {};", names.join(", "))), "{help}");
    }
}
