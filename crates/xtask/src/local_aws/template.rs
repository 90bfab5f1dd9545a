//! `template.yaml` on its way to the stand-in: what `sam deploy` and CloudFormation's nested stacks do with it.
//!
//! The stand-in forgets the attributes of unchanged resources when it updates a nested stack, so each nested stack
//! becomes a stack of its own: it gets the arguments that the root gives it, and its outputs stand in the root as
//! values. Code is not uploaded: locally the functions run in `cargo lambda watch`, so an empty archive stands for
//! each, after a look that the function exists. Everything else goes as it is written.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value as Json, json};
use serde_yaml_ng::{Mapping, Value};

use super::{STACK_NAME, service::Service};

const BUCKET: &str = "tutti-artifacts";
const EMPTY_ARCHIVE_KEY: &str = "no-code.zip";
/// The end record of a ZIP archive: an archive without entries.
const EMPTY_ARCHIVE: [u8; 22] = *b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0";

/// The root template, read and being made ready.
pub(super) struct Template {
    document: Value,
    nested: Vec<Part>,
}

/// A nested stack.
#[derive(Clone)]
pub(super) struct Part {
    /// Its name in the root.
    pub(super) name: String,
    /// Its template, as written.
    pub(super) text: String,
}

impl Template {
    /// Reads `template.yaml` and the nested templates beside it.
    pub(super) fn read(root: &Path) -> Result<Self> {
        let document: Value = serde_yaml_ng::from_str(&text_of(root, "template.yaml")?).context("template.yaml")?;
        let resources = document["Resources"].as_mapping().context("template.yaml has no Resources")?;
        let mut nested = Vec::new();
        for (name, resource) in resources.iter().filter(|(_, resource)| is_nested(resource)) {
            let name = string(name)?.to_owned();
            let path = resource["Properties"]["TemplateURL"].as_str();
            let path = path.with_context(|| format!("{name} in template.yaml has no TemplateURL"))?;
            nested.push(Part { text: text_of(root, path)?, name });
        }
        Ok(Self { document, nested })
    }

    /// Refuses parameters that the template does not have, which the stand-in would read over.
    pub(super) fn ensure_parameters(&self, given: &BTreeMap<String, String>) -> Result<()> {
        let unknown = given.keys().find(|name| self.document["Parameters"][name.as_str()].is_null());
        unknown.map_or(Ok(()), |name| bail!("template.yaml has no parameter {name}"))
    }

    /// The nested stacks in the order of the file, in which none may need a later one's outputs.
    pub(super) fn nested(&self) -> Vec<Part> {
        self.nested.clone()
    }

    /// The arguments that the root gives to a nested stack, once the outputs they name are replaced.
    pub(super) fn arguments(&self, part: &Part, given: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
        let arguments = &self.document["Resources"][part.name.as_str()]["Properties"]["Parameters"];
        let arguments = arguments.as_mapping().into_iter().flatten();
        let resolved = arguments.map(|(name, value)| {
            let name = string(name)?;
            let value = self.argument(value, given).with_context(|| format!("{name} of {}", part.name))?;
            Ok((name.to_owned(), value))
        });
        resolved.collect()
    }

    fn argument(&self, value: &Value, given: &BTreeMap<String, String>) -> Result<String> {
        let name = match value {
            Value::String(text) => return Ok(text.clone()),
            Value::Tagged(tagged) if tagged.tag == "!Ref" => tagged.value.as_str().context("!Ref names nothing")?,
            other => bail!("{other:?} is neither a value, a !Ref nor an output of an earlier nested stack"),
        };
        if name == "AWS::StackName" {
            return Ok(STACK_NAME.to_owned());
        }
        if let Some(value) = given.get(name) {
            return Ok(value.clone());
        }
        match &self.document["Parameters"][name]["Default"] {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            _ => bail!("parameter {name} is not given and has no default"),
        }
    }

    /// Puts the values in the place of every `!GetAtt PART.Outputs.NAME`.
    pub(super) fn replace_outputs(&mut self, part: &str, outputs: &BTreeMap<String, String>) -> Result<()> {
        let prefix = format!("{part}.Outputs.");
        replace(&mut self.document, &|value| {
            let Value::Tagged(tagged) = value else { return Ok(None) };
            let name = tagged.value.as_str().and_then(|it| it.strip_prefix(&prefix));
            let Some(name) = name.filter(|_| tagged.tag == "!GetAtt") else { return Ok(None) };
            let value = outputs.get(name).with_context(|| format!("nested stack {part} has no output {name}"))?;
            Ok(Some(Value::String(value.clone())))
        })
    }

    /// Puts the empty archive in the place of every function's code.
    pub(super) fn replace_code(&mut self, aws: &Service, root: &Path) -> Result<()> {
        aws.put(&format!("/{BUCKET}"), &[])?;
        aws.put(&format!("/{BUCKET}/{EMPTY_ARCHIVE_KEY}"), &EMPTY_ARCHIVE)?;
        for resource in self.resources()?.values_mut() {
            let Some(code) = resource.get_mut("Properties").and_then(|it| it.get_mut("CodeUri")) else { continue };
            let path = code.as_str().context("a CodeUri of template.yaml is not a path")?;
            ensure_binary(root, path)?;
            *code = Value::String(format!("s3://{BUCKET}/{EMPTY_ARCHIVE_KEY}"));
        }
        Ok(())
    }

    /// The root without its nested stacks, which stand by themselves by now.
    pub(super) fn text(mut self) -> Result<String> {
        self.resources()?.retain(|_, resource| !is_nested(resource));
        Ok(long_form(&self.document)?.to_string())
    }

    fn resources(&mut self) -> Result<&mut Mapping> {
        self.document["Resources"].as_mapping_mut().context("template.yaml has no Resources")
    }
}

/// The same as JSON, which every reader reads alike: written as YAML again, `"on"` could become a boolean.
/// A tag has a long form for it: `!Ref X` is `{"Ref": "X"}`, `!Sub X` is `{"Fn::Sub": "X"}`.
fn long_form(value: &Value) -> Result<Json> {
    Ok(match value {
        Value::Sequence(items) => Json::Array(items.iter().map(long_form).collect::<Result<_>>()?),
        Value::Mapping(members) => {
            let member = |(key, value)| Ok((string(key)?.to_owned(), long_form(value)?));
            Json::Object(members.iter().map(member).collect::<Result<_>>()?)
        }
        Value::Tagged(tagged) => {
            let tag = tagged.tag.to_string();
            match tag.trim_start_matches('!') {
                name @ ("Ref" | "Condition") => json!({ name: long_form(&tagged.value)? }),
                "GetAtt" => json!({ "Fn::GetAtt": attribute(&tagged.value)? }),
                name => json!({ format!("Fn::{name}"): long_form(&tagged.value)? }),
            }
        }
        plain => serde_json::to_value(plain).context("template.yaml has a value that JSON does not know")?,
    })
}

/// `Resource.Attribute`, apart.
fn attribute(value: &Value) -> Result<Json> {
    let (resource, attribute) = string(value)?.split_once('.').context("!GetAtt names no attribute")?;
    Ok(json!([resource, attribute]))
}

fn string(value: &Value) -> Result<&str> {
    value.as_str().with_context(|| format!("{value:?} in template.yaml is not a string"))
}

fn text_of(root: &Path, path: &str) -> Result<String> {
    let path = root.join(path);
    fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

fn is_nested(resource: &Value) -> bool {
    resource["Type"] == "AWS::CloudFormation::Stack"
}

/// `cargo lambda build` writes the binary NAME to target/lambda/NAME/.
fn ensure_binary(root: &Path, path: &str) -> Result<()> {
    let Some(name) = path.strip_prefix("target/lambda/").and_then(|rest| rest.strip_suffix('/')) else {
        bail!("template.yaml has CodeUri {path}; `cargo lambda build` writes to target/lambda/NAME/");
    };
    let source = root.join("functions/src/bin").join(name);
    let exists = source.with_extension("rs").is_file() || source.join("main.rs").is_file();
    ensure!(exists, "template.yaml has CodeUri {path}, but the package functions has no binary {name}");
    Ok(())
}

/// Replaces every value for which there is a replacement, from the outside in.
fn replace(value: &mut Value, replacement: &impl Fn(&Value) -> Result<Option<Value>>) -> Result<()> {
    if let Some(new) = replacement(value)? {
        *value = new;
        return Ok(());
    }
    match value {
        Value::Sequence(items) => items.iter_mut().try_for_each(|item| replace(item, replacement)),
        Value::Mapping(members) => members.values_mut().try_for_each(|member| replace(member, replacement)),
        Value::Tagged(tagged) => replace(&mut tagged.value, replacement),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(text: &str) -> Template {
        Template { document: serde_yaml_ng::from_str(text).expect("is YAML"), nested: Vec::new() }
    }

    #[test]
    fn outputs_of_nested_stacks_become_values_and_the_rest_stays() {
        let mut template = template("Resources: { A: { B: [!GetAtt Data.Outputs.Table, !GetAtt Other.Arn, !Ref C] } }");
        let outputs = BTreeMap::from([("Table".to_owned(), "t-1".to_owned())]);
        template.replace_outputs("Data", &outputs).expect("has the output");
        let expected =
            json!({ "Resources": { "A": { "B": ["t-1", { "Fn::GetAtt": ["Other", "Arn"] }, { "Ref": "C" }] } } });
        assert_eq!(template.text().expect("is a template"), expected.to_string());
    }

    #[test]
    fn arguments_come_from_the_caller_then_from_defaults() {
        let template = template(
            "{Parameters: {Stage: {Default: dev}, Max: {Default: 4}},
              Resources: {P: {Properties: {Parameters: {Stage: !Ref Stage, Max: !Ref Max, Prefix: !Ref AWS::StackName}}}}}",
        );
        let part = Part { name: "P".to_owned(), text: String::new() };
        let given = BTreeMap::from([("Stage".to_owned(), "local".to_owned())]);
        let arguments = template.arguments(&part, &given).expect("all are known");
        let expected = [("Max", "4"), ("Prefix", STACK_NAME), ("Stage", "local")];
        assert!(arguments.iter().map(|(k, v)| (k.as_str(), v.as_str())).eq(expected), "{arguments:?}");
    }

    #[test]
    fn an_output_that_no_nested_stack_has_is_refused() {
        let mut template = template("Resources: {P: {Properties: {Parameters: {X: !GetAtt Data.Outputs.Nothing}}}}");
        let part = Part { name: "P".to_owned(), text: String::new() };
        assert!(template.arguments(&part, &BTreeMap::new()).is_err());
        assert!(template.replace_outputs("Data", &BTreeMap::new()).is_err());
    }

    #[test]
    fn code_that_no_binary_stands_for_is_refused() {
        let root = Path::new("/nonexistent");
        let error = ensure_binary(root, "target/lambda/auth/").expect_err("there is no such binary");
        assert!(error.to_string().contains("no binary auth"), "{error}");
        assert!(ensure_binary(root, "dist/auth/").is_err());
    }
}
