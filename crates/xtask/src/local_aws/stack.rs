//! A stack in CloudFormation: make it what its template says, wait, and report why when it did not come to be.

use std::{
    collections::BTreeMap,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Result, bail, ensure};

use super::service::{Answer, Service, members, texts};

/// A deploy takes two seconds; one that takes this long hangs.
const DEPLOY_LIMIT: Duration = Duration::from_secs(90);
const POLL: Duration = Duration::from_millis(50);

/// A resource of a stack.
pub(super) struct Resource {
    /// Its name in the template.
    pub(super) logical_id: String,
    /// Its type, such as `AWS::DynamoDB::Table`.
    pub(super) kind: String,
    /// Its name outside, such as a table's.
    pub(super) physical_id: String,
}

/// Makes the stack what the template and the parameters say.
pub(super) fn create_or_update(
    aws: &Service,
    name: &str,
    template: &str,
    parameters: &BTreeMap<String, String>,
) -> Result<()> {
    let action = match settled_status(aws, name)?.as_deref() {
        None => "CreateStack",
        // CloudFormation updates no stack that never came to be.
        Some("CREATE_FAILED" | "ROLLBACK_COMPLETE" | "ROLLBACK_FAILED" | "DELETE_FAILED") => {
            aws.query_document("DeleteStack", &[named(name)])?;
            settled_status(aws, name)?;
            "CreateStack"
        }
        Some(_) => "UpdateStack",
    };
    match aws.query(action, &request(name, template, parameters))? {
        Answer::Document(_) => {}
        Answer::Refused(message) if message.contains("No updates are to be performed") => return Ok(()),
        Answer::Refused(message) => bail!("{action} of {name} was refused: {message}"),
    }
    match settled_status(aws, name)?.as_deref() {
        Some("CREATE_COMPLETE" | "UPDATE_COMPLETE") => Ok(()),
        status => bail!("stack {name} ended as {}: {}", status.unwrap_or("nothing"), failures(aws, name)?),
    }
}

/// The outputs of a stack.
pub(super) fn outputs(aws: &Service, name: &str) -> Result<BTreeMap<String, String>> {
    let document = aws.query_document("DescribeStacks", &[named(name)])?;
    let pairs = members(&document, "Outputs", ["OutputKey", "OutputValue"])?;
    Ok(pairs.into_iter().map(|[key, value]| (key, value)).collect())
}

/// The resources of a stack.
pub(super) fn resources(aws: &Service, name: &str) -> Result<Vec<Resource>> {
    let document = aws.query_document("DescribeStackResources", &[named(name)])?;
    let found = members(&document, "StackResources", ["LogicalResourceId", "ResourceType", "PhysicalResourceId"])?;
    Ok(found.into_iter().map(|[logical_id, kind, physical_id]| Resource { logical_id, kind, physical_id }).collect())
}

/// The status of the stack once nothing moves any more; none if there is no stack.
fn settled_status(aws: &Service, name: &str) -> Result<Option<String>> {
    let start = Instant::now();
    loop {
        let status = match aws.query("DescribeStacks", &[named(name)])? {
            Answer::Document(document) => texts(&document, "StackStatus")?.pop(),
            Answer::Refused(message) if message.contains("does not exist") => None,
            Answer::Refused(message) => bail!("DescribeStacks was refused: {message}"),
        };
        match status {
            Some(status) if status.ends_with("_IN_PROGRESS") => {
                ensure!(start.elapsed() < DEPLOY_LIMIT, "stack {name} is {status} for {} s", DEPLOY_LIMIT.as_secs());
                thread::sleep(POLL);
            }
            Some(status) if status == "DELETE_COMPLETE" => return Ok(None),
            settled => return Ok(settled),
        }
    }
}

/// Which resources failed, and why, newest first.
fn failures(aws: &Service, name: &str) -> Result<String> {
    let document = aws.query_document("DescribeStackEvents", &[named(name)])?;
    let events = members(&document, "StackEvents", ["ResourceStatus", "LogicalResourceId", "ResourceStatusReason"])?;
    let failed = events.into_iter().filter(|[status, ..]| status.ends_with("_FAILED"));
    let lines: Vec<String> = failed.take(5).map(|[_, resource, reason]| format!("{resource}: {reason}")).collect();
    Ok(lines.join("; "))
}

fn named(stack: &str) -> (String, String) {
    ("StackName".to_owned(), stack.to_owned())
}

fn request(name: &str, template: &str, parameters: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut request = vec![
        named(name),
        ("TemplateBody".to_owned(), template.to_owned()),
        ("Capabilities.member.1".to_owned(), "CAPABILITY_IAM".to_owned()),
        ("Capabilities.member.2".to_owned(), "CAPABILITY_AUTO_EXPAND".to_owned()),
    ];
    for (index, (key, value)) in parameters.iter().enumerate() {
        let member = format!("Parameters.member.{}", index + 1);
        request.push((format!("{member}.ParameterKey"), key.clone()));
        request.push((format!("{member}.ParameterValue"), value.clone()));
    }
    request
}
