//! What the stand-in reads over in a template: expiry (TTL) and point-in-time recovery of tables. Both are set by
//! the services' own calls, to what the deployed template says and nothing else.

use anyhow::{Context as _, Result};
use serde_json::json;
use serde_yaml_ng::Value;

use super::{
    service::Service,
    stack::{self, Resource},
};

/// Sets expiry and recovery of every table in a stack.
pub(super) fn close(aws: &Service, stack_name: &str, template: &str) -> Result<()> {
    let template: Value = serde_yaml_ng::from_str(template).with_context(|| format!("the template of {stack_name}"))?;
    let resources = stack::resources(aws, stack_name)?;
    for table in resources.iter().filter(|it| it.kind == "AWS::DynamoDB::Table") {
        let properties = &template["Resources"][table.logical_id.as_str()]["Properties"];
        set_expiry(aws, table, properties)?;
        set_recovery(aws, table, properties)?;
    }
    Ok(())
}

fn set_expiry(aws: &Service, table: &Resource, properties: &Value) -> Result<()> {
    let specification = &properties["TimeToLiveSpecification"];
    let Some(attribute) = specification["AttributeName"].as_str() else { return Ok(()) };
    if specification["Enabled"].as_bool() != Some(true) {
        return Ok(());
    }
    let standing = dynamodb(aws, "DescribeTimeToLive", &json!({ "TableName": table.physical_id }))?;
    if standing["TimeToLiveDescription"]["AttributeName"] == attribute {
        return Ok(());
    }
    let wanted = json!({ "AttributeName": attribute, "Enabled": true });
    let request = json!({ "TableName": table.physical_id, "TimeToLiveSpecification": wanted });
    dynamodb(aws, "UpdateTimeToLive", &request).map(drop)
}

fn set_recovery(aws: &Service, table: &Resource, properties: &Value) -> Result<()> {
    let specification = &properties["PointInTimeRecoverySpecification"];
    let Some(wanted) = specification["PointInTimeRecoveryEnabled"].as_bool() else { return Ok(()) };
    let specification = json!({ "PointInTimeRecoveryEnabled": wanted });
    let request = json!({ "TableName": table.physical_id, "PointInTimeRecoverySpecification": specification });
    dynamodb(aws, "UpdateContinuousBackups", &request).map(drop)
}

fn dynamodb(aws: &Service, action: &str, request: &serde_json::Value) -> Result<serde_json::Value> {
    aws.call(&format!("DynamoDB_20120810.{action}"), request)
}
