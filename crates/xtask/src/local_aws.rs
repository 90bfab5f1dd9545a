//! Deploys `template.yaml`, the same file that goes to AWS, to the local stand-in, and says what came of it.
//!
//! Owns the order of a deploy: the nested stacks, the root stack, the stand-in's gaps, the signing key, and reading
//! back what the parts need to know. It does not start or stop the stand-in, and it knows no resource by name but
//! those that the outputs name.

mod gaps;
mod service;
mod signing_key;
mod stack;
mod template;

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use self::{service::Service, template::Template};

/// Name of the stack. Function names start with it, and so do the names of the variables by which the stand-in is
/// told where a function runs (`MINISTACK_LAMBDA_PROXY_tutti-local-dead-letters`).
pub(crate) const STACK_NAME: &str = "tutti-local";

/// What a deploy made, as the other parts need to know it.
#[derive(Clone, Debug)]
pub(crate) struct Stack {
    /// The outputs of the template.
    pub(crate) outputs: BTreeMap<String, String>,
    /// The environment that the template gives to the functions.
    pub(crate) function_environment: BTreeMap<String, String>,
    /// The environment that the task definition gives to a runner.
    pub(crate) runner_environment: BTreeMap<String, String>,
}

impl Stack {
    /// An output that the template promises.
    pub(crate) fn output(&self, name: &str) -> Result<&str> {
        self.outputs.get(name).map(String::as_str).with_context(|| format!("template.yaml has no output {name}"))
    }
}

/// Deploys the template at `root` to the stand-in at `endpoint`, such as `http://127.0.0.1:4566`.
///
/// `parameters` are the template's; `Stage` is `local` unless given. Deploying what is deployed already changes
/// nothing and takes a fraction of a second. An update keeps the data.
pub(crate) fn deploy(root: &Path, endpoint: &str, parameters: &BTreeMap<String, String>) -> Result<Stack> {
    let aws = Service::at(endpoint);
    let mut parameters = parameters.clone();
    parameters.entry("Stage".to_owned()).or_insert_with(|| "local".to_owned());

    let mut template = Template::read(root)?;
    template.ensure_parameters(&parameters)?;
    for part in template.nested() {
        let name = format!("{STACK_NAME}-{}", part.name);
        let arguments = template.arguments(&part, &parameters)?;
        stack::create_or_update(&aws, &name, &part.text, &arguments)?;
        gaps::close(&aws, &name, &part.text)?;
        template.replace_outputs(&part.name, &stack::outputs(&aws, &name)?)?;
    }
    template.replace_code(&aws, root)?;
    stack::create_or_update(&aws, STACK_NAME, &template.text()?, &parameters)?;

    let outputs = stack::outputs(&aws, STACK_NAME)?;
    let deployed = Stack {
        function_environment: function_environment(&aws)?,
        runner_environment: runner_environment(&aws, &outputs)?,
        outputs,
    };
    signing_key::ensure(&aws, deployed.output("SigningKeySecretId")?)?;
    Ok(deployed)
}

/// What all functions of the stack have in their environments, which must not contradict each other: locally one
/// process serves them all.
fn function_environment(aws: &Service) -> Result<BTreeMap<String, String>> {
    let mut union = BTreeMap::new();
    for function in stack::resources(aws, STACK_NAME)?.into_iter().filter(|it| it.kind == "AWS::Lambda::Function") {
        let name = function.physical_id;
        let configuration = aws.get(&format!("/2015-03-31/functions/{name}/configuration"))?;
        for (key, value) in strings(&configuration["Environment"]["Variables"]) {
            if let Some(other) = union.insert(key.clone(), value.clone()).filter(|other| *other != value) {
                bail!("function {name} has {key}={value}, another function has {key}={other}");
            }
        }
    }
    Ok(union)
}

/// The environment in the container of the stack's task definition.
fn runner_environment(aws: &Service, outputs: &BTreeMap<String, String>) -> Result<BTreeMap<String, String>> {
    let definition = outputs.get("RunnerTaskDefinition").context("template.yaml has no output RunnerTaskDefinition")?;
    let answer = aws
        .call("AmazonEC2ContainerServiceV20141113.DescribeTaskDefinition", &json!({ "taskDefinition": definition }))?;
    let variables = answer["taskDefinition"]["containerDefinitions"][0]["environment"].as_array();
    let pairs = variables.context("the task definition has no environment")?.iter();
    Ok(pairs.filter_map(|it| Some((it["name"].as_str()?.to_owned(), it["value"].as_str()?.to_owned()))).collect())
}

/// The members of an object that are strings.
fn strings(object: &Value) -> impl Iterator<Item = (String, String)> {
    let members = object.as_object().into_iter().flatten();
    members.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned())))
}
