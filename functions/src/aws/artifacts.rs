//! Large texts in S3.

use aws_config::SdkConfig;
use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;

use super::port_error;
use crate::ports::PortError;
use crate::ports::artifacts::Artifacts;

/// The bucket of bundles and outputs. Its lifecycle rule removes what the records no longer name.
pub struct S3Artifacts {
    client: Client,
    bucket: String,
}

const PART: &str = "bundles";

impl S3Artifacts {
    /// The store in the bucket of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, bucket: String) -> Self {
        Self { client: Client::new(config), bucket }
    }
}

impl Artifacts for S3Artifacts {
    async fn put(&self, key: &str, text: String) -> Result<(), PortError> {
        let call = self.client.put_object().bucket(&self.bucket).key(key).content_type("application/json");
        let body = ByteStream::from(text.into_bytes());
        call.body(body).send().await.map(drop).map_err(|error| port_error(PART, error))
    }

    async fn get(&self, key: &str) -> Result<String, PortError> {
        let call = self.client.get_object().bucket(&self.bucket).key(key);
        let object = call.send().await.map_err(|error| port_error(PART, error))?;
        let bytes = object.body.collect().await;
        let bytes = bytes.map_err(|error| PortError::Unavailable { part: PART, source: Box::new(error) })?;
        let text = String::from_utf8(bytes.to_vec());
        text.map_err(|error| PortError::Unreadable { part: PART, what: format!("{key}: {error}") })
    }
}
