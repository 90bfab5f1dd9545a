//! The three dialects in which AWS services are spoken to here: query (CloudFormation), JSON with a target header
//! (DynamoDB, ECS, Secrets Manager) and REST (S3, Lambda).
//!
//! The stand-in runs without authorisation on loopback and takes any signature. It reads from it which service is
//! meant, since some actions have the same name in several.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;
use ureq::Agent;

/// No call of a deploy takes a second; one that takes this long never ends.
const CALL_LIMIT: Duration = Duration::from_secs(30);

const CLOUDFORMATION: &str =
    "AWS4-HMAC-SHA256 Credential=local/20260101/us-east-1/cloudformation/aws4_request, SignedHeaders=host, Signature=0";

/// The local stand-in, ready to be called.
pub(super) struct Service {
    agent: Agent,
    endpoint: String,
}

/// What a query call answered: the document, or the service's refusal in words.
pub(super) enum Answer {
    Document(String),
    Refused(String),
}

impl Service {
    pub(super) fn at(endpoint: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).timeout_global(Some(CALL_LIMIT));
        Self { agent: config.build().into(), endpoint: endpoint.trim_end_matches('/').to_owned() }
    }

    /// Calls a CloudFormation action.
    pub(super) fn query(&self, action: &str, parameters: &[(String, String)]) -> Result<Answer> {
        let fixed = [("Action", action), ("Version", "2010-05-15")];
        let given = parameters.iter().map(|(key, value)| (key.as_str(), value.as_str()));
        let request = self.agent.post(&self.endpoint).header("Authorization", CLOUDFORMATION);
        let mut response = request.send_form(fixed.into_iter().chain(given)).with_context(|| self.failed(action))?;
        let body = response.body_mut().read_to_string().with_context(|| self.failed(action))?;
        if response.status().is_success() {
            return Ok(Answer::Document(body));
        }
        let message = texts(&body, "Message")?.pop();
        Ok(Answer::Refused(message.unwrap_or(body)))
    }

    /// Calls a CloudFormation action that is not refused in any state that a deploy meets.
    pub(super) fn query_document(&self, action: &str, parameters: &[(String, String)]) -> Result<String> {
        match self.query(action, parameters)? {
            Answer::Document(document) => Ok(document),
            Answer::Refused(message) => bail!("{action} was refused: {message}"),
        }
    }

    /// Calls an action of a JSON service, such as `DynamoDB_20120810.DescribeTimeToLive`.
    pub(super) fn call(&self, target: &str, body: &Value) -> Result<Value> {
        let request = self.agent.post(&self.endpoint).header("X-Amz-Target", target);
        let mut response = request
            .content_type("application/x-amz-json-1.0")
            .send(body.to_string())
            .with_context(|| self.failed(target))?;
        let answer = response.body_mut().read_to_string().with_context(|| self.failed(target))?;
        if !response.status().is_success() {
            bail!("{target} was refused: {answer}");
        }
        serde_json::from_str(&answer).with_context(|| self.failed(target))
    }

    /// Reads a REST resource that answers JSON.
    pub(super) fn get(&self, path: &str) -> Result<Value> {
        let mut response =
            self.agent.get(format!("{}{path}", self.endpoint)).call().with_context(|| self.failed(path))?;
        let answer = response.body_mut().read_to_string().with_context(|| self.failed(path))?;
        if !response.status().is_success() {
            bail!("GET {path} was refused: {answer}");
        }
        serde_json::from_str(&answer).with_context(|| self.failed(path))
    }

    /// Writes an S3 object, or with an empty body and a path of one part, a bucket.
    pub(super) fn put(&self, path: &str, body: &[u8]) -> Result<()> {
        let url = format!("{}{path}", self.endpoint);
        let mut response = self.agent.put(url).send(body).with_context(|| self.failed(path))?;
        if response.status().is_success() {
            return Ok(());
        }
        bail!("PUT {path} was refused: {}", response.body_mut().read_to_string()?)
    }

    fn failed(&self, what: &str) -> String {
        format!("{what} got no usable answer from the local AWS at {}", self.endpoint)
    }
}

/// The texts of all elements of one name, in order.
pub(super) fn texts(document: &str, element: &str) -> Result<Vec<String>> {
    let parsed = roxmltree::Document::parse(document).context("the local AWS answered something other than XML")?;
    let found = parsed.descendants().filter(|node| node.has_tag_name_of(element));
    Ok(found.map(|node| node.text().unwrap_or_default().to_owned()).collect())
}

/// For each `member` of a list, the texts of the named children, empty where one is missing.
pub(super) fn members<const N: usize>(document: &str, list: &str, children: [&str; N]) -> Result<Vec<[String; N]>> {
    let parsed = roxmltree::Document::parse(document).context("the local AWS answered something other than XML")?;
    let lists = parsed.descendants().filter(|node| node.has_tag_name_of(list));
    let found = lists.flat_map(|list| list.children().filter(|node| node.has_tag_name_of("member")));
    Ok(found.map(|member| children.map(|child| text_of(member, child))).collect())
}

fn text_of(member: roxmltree::Node<'_, '_>, child: &str) -> String {
    let found = member.children().find(|node| node.has_tag_name_of(child));
    found.and_then(|node| node.text()).unwrap_or_default().to_owned()
}

/// Names without their namespace, which differs between actions and says nothing here.
trait LocalName {
    fn has_tag_name_of(&self, name: &str) -> bool;
}

impl LocalName for roxmltree::Node<'_, '_> {
    fn has_tag_name_of(&self, name: &str) -> bool {
        self.tag_name().name() == name
    }
}
