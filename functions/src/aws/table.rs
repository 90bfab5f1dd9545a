//! One table: reads, and writes that happen under a condition or not at all.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{BuildError, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{Delete, KeysAndAttributes, Put, TransactWriteItem, Update};

use super::expression::{Change, Check, Expression};
use super::item::{Item, Row, text};
use super::keys::Key;
use super::port_error;
use crate::ports::PortError;

/// Tries of a transaction that another one collided with, with a pause before each further one.
const TRANSACTION_PAUSES: [Duration; 3] =
    [Duration::from_millis(20), Duration::from_millis(60), Duration::from_millis(180)];

/// A table and the client to reach it.
pub(super) struct Table {
    client: Client,
    /// The deployed name.
    name: String,
    /// The context's name, for errors.
    part: &'static str,
}

/// A write to one item.
#[derive(Debug, Clone)]
pub(super) enum Write {
    /// The whole item.
    Put(Item, Vec<Check>),
    /// Some attributes.
    Update(Key, Vec<(&'static str, Change)>, Vec<Check>),
    /// Its end.
    Delete(Key, Vec<Check>),
}

/// Which items of the index, or of a partition.
pub(super) struct Query {
    /// An index or the table itself.
    pub(super) index: Option<Index>,
    /// The partition.
    pub(super) pk: String,
    /// Which of its sort keys.
    pub(super) range: Range,
    /// How many at most.
    pub(super) limit: u32,
}

/// An index with the attributes that it goes by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Index {
    /// `GSI1`, newest first.
    Gsi1,
    /// `GSI2`, oldest first. It holds keys alone.
    Gsi2,
}

impl Index {
    fn name(self) -> &'static str {
        match self {
            Self::Gsi1 => "GSI1",
            Self::Gsi2 => "GSI2",
        }
    }

    fn keys(self) -> (&'static str, &'static str) {
        match self {
            Self::Gsi1 => ("GSI1PK", "GSI1SK"),
            Self::Gsi2 => ("GSI2PK", "GSI2SK"),
        }
    }
}

/// Part of a partition.
pub(super) enum Range {
    /// Everything.
    All,
    /// What starts like this, ascending.
    StartsWith(&'static str),
    /// What comes before this, descending.
    Before(String),
    /// What lies between these two, both included.
    Between(String, String),
}

impl Table {
    pub(super) fn new(client: Client, name: String, part: &'static str) -> Self {
        Self { client, name, part }
    }

    /// The item under a key, as every answered write left it.
    pub(super) async fn get(&self, key: Key) -> Result<Option<Row>, PortError> {
        let call = self.client.get_item().table_name(&self.name).set_key(Some(key.into_item())).consistent_read(true);
        let answer = call.send().await.map_err(|error| port_error(self.part, error))?;
        Ok(answer.item.map(|item| self.row(item)))
    }

    /// The items under at most 100 keys, in any order.
    pub(super) async fn get_all(&self, keys: Vec<Key>) -> Result<Vec<Row>, PortError> {
        let mut rows = Vec::new();
        let mut left: Vec<_> = keys.into_iter().map(Key::into_item).collect();
        // A batch may be answered in part; what is left is asked for again.
        while !left.is_empty() {
            let wanted = KeysAndAttributes::builder().set_keys(Some(left)).consistent_read(true).build();
            let call = self.client.batch_get_item().request_items(&self.name, wanted.map_err(|e| self.misbuilt(e))?);
            let answer = call.send().await.map_err(|error| port_error(self.part, error))?;
            rows.extend(answer.responses.into_iter().flatten().flat_map(|(_, items)| items));
            left = answer.unprocessed_keys.into_iter().flatten().flat_map(|(_, keys)| keys.keys).collect();
        }
        Ok(rows.into_iter().map(|item| self.row(item)).collect())
    }

    /// Items in order of their sort keys, newest first in `GSI1`, and whether more may follow.
    pub(super) async fn query(&self, query: Query) -> Result<(Vec<Row>, bool), PortError> {
        let (pk, sk) = query.index.map_or(("PK", "SK"), Index::keys);
        let is_newest_first = query.index == Some(Index::Gsi1) || matches!(query.range, Range::Before(_));
        let mut expression = Expression::default();
        let mut condition = format!("{} = {}", expression.name(pk), expression.value(text(query.pk)));
        match query.range {
            Range::All => {}
            Range::StartsWith(prefix) => {
                condition += &format!(" AND begins_with({}, {})", expression.name(sk), expression.value(text(prefix)));
            }
            Range::Before(place) => {
                condition += &format!(" AND {} < {}", expression.name(sk), expression.value(text(place)));
            }
            Range::Between(from, to) => {
                let (from, to) = (expression.value(text(from)), expression.value(text(to)));
                condition += &format!(" AND {} BETWEEN {from} AND {to}", expression.name(sk));
            }
        }
        let call =
            self.client.query().table_name(&self.name).set_index_name(query.index.map(|index| index.name().to_owned()));
        let call = call.key_condition_expression(condition).set_expression_attribute_names(Some(expression.names));
        let call = call.set_expression_attribute_values(Some(expression.values));
        let call = call.scan_index_forward(!is_newest_first).consistent_read(query.index.is_none());
        let limit = i32::try_from(query.limit).unwrap_or(i32::MAX);
        let answer = call.limit(limit).send().await.map_err(|error| port_error(self.part, error))?;
        let has_more = answer.last_evaluated_key.is_some();
        Ok((answer.items.into_iter().flatten().map(|item| self.row(item)).collect(), has_more))
    }

    /// Writes one item; false if a check did not hold.
    pub(super) async fn write(&self, write: Write) -> Result<bool, PortError> {
        match write {
            Write::Put(item, checks) => {
                let mut expression = Expression::default();
                let condition = expression.condition(checks);
                let call = self.client.put_item().table_name(&self.name).set_item(Some(item));
                let call =
                    call.set_condition_expression(condition).set_expression_attribute_names(some(expression.names));
                let answer = call.set_expression_attribute_values(some(expression.values)).send().await;
                self.outcome(answer, |error| error.is_conditional_check_failed_exception())
            }
            Write::Update(key, changes, checks) => {
                let mut expression = Expression::default();
                let update = expression.update(changes);
                let condition = expression.condition(checks);
                let call = self.client.update_item().table_name(&self.name).set_key(Some(key.into_item()));
                let call = call.update_expression(update).set_condition_expression(condition);
                let call = call.set_expression_attribute_names(some(expression.names));
                let answer = call.set_expression_attribute_values(some(expression.values)).send().await;
                self.outcome(answer, |error| error.is_conditional_check_failed_exception())
            }
            Write::Delete(..) => Ok(self.transact(vec![write]).await?.is_none()),
        }
    }

    fn outcome<T, E>(
        &self,
        answer: Result<T, SdkError<E, aws_sdk_dynamodb::config::http::HttpResponse>>,
        is_check: impl Fn(&E) -> bool,
    ) -> Result<bool, PortError>
    where
        E: aws_sdk_dynamodb::error::ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        match answer {
            Ok(_) => Ok(true),
            Err(error) if error.as_service_error().is_some_and(is_check) => Ok(false),
            Err(error) => Err(port_error(self.part, error)),
        }
    }

    /// Writes all items or none; answers the place of the first write whose check did not hold.
    pub(super) async fn transact(&self, writes: Vec<Write>) -> Result<Option<usize>, PortError> {
        let items = writes.into_iter().map(|write| self.transaction_item(write)).collect::<Result<Vec<_>, _>>()?;
        let mut pauses = TRANSACTION_PAUSES.into_iter();
        loop {
            let call = self.client.transact_write_items().set_transact_items(Some(items.clone()));
            let Err(error) = call.send().await else { return Ok(None) };
            match (cancellation(&error), pauses.next()) {
                (Some(Cancellation::Check(place)), _) => return Ok(Some(place)),
                (Some(Cancellation::Collision), Some(pause)) => tokio::time::sleep(pause).await,
                (Some(Cancellation::Collision), None) => {
                    return Err(PortError::Unavailable { part: self.part, source: Box::new(error) });
                }
                (None, _) => return Err(port_error(self.part, error)),
            }
        }
    }

    fn transaction_item(&self, write: Write) -> Result<TransactWriteItem, PortError> {
        let mut expression = Expression::default();
        let item = TransactWriteItem::builder();
        let item = match write {
            Write::Put(attributes, checks) => {
                let condition = expression.condition(checks);
                let put = Put::builder().table_name(&self.name).set_item(Some(attributes));
                let put =
                    put.set_condition_expression(condition).set_expression_attribute_names(some(expression.names));
                let put = put.set_expression_attribute_values(some(expression.values)).build();
                item.put(put.map_err(|error| self.misbuilt(error))?)
            }
            Write::Update(key, changes, checks) => {
                let text = expression.update(changes);
                let condition = expression.condition(checks);
                let update = Update::builder().table_name(&self.name).set_key(Some(key.into_item()));
                let update = update.update_expression(text).set_condition_expression(condition);
                let update = update.set_expression_attribute_names(some(expression.names));
                let update = update.set_expression_attribute_values(some(expression.values)).build();
                item.update(update.map_err(|error| self.misbuilt(error))?)
            }
            Write::Delete(key, checks) => {
                let condition = expression.condition(checks);
                let delete = Delete::builder().table_name(&self.name).set_key(Some(key.into_item()));
                let delete = delete.set_condition_expression(condition);
                let delete = delete.set_expression_attribute_names(some(expression.names));
                let delete = delete.set_expression_attribute_values(some(expression.values)).build();
                item.delete(delete.map_err(|error| self.misbuilt(error))?)
            }
        };
        Ok(item.build())
    }

    fn row(&self, item: Item) -> Row {
        Row { table: self.part, item }
    }

    fn misbuilt(&self, error: BuildError) -> PortError {
        PortError::Refused { part: self.part, source: Box::new(error) }
    }
}

/// DynamoDB refuses empty maps of placeholders.
fn some<K, V>(map: std::collections::HashMap<K, V>) -> Option<std::collections::HashMap<K, V>> {
    (!map.is_empty()).then_some(map)
}

/// Why a transaction did not happen.
enum Cancellation {
    /// The check of this write did not hold.
    Check(usize),
    /// Another write was under way.
    Collision,
}

fn cancellation<R>(error: &SdkError<TransactWriteItemsError, R>) -> Option<Cancellation> {
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error.as_service_error()? else {
        return None;
    };
    let codes: Vec<_> =
        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap_or_default()).collect();
    if let Some(place) = codes.iter().position(|code| *code == "ConditionalCheckFailed") {
        return Some(Cancellation::Check(place));
    }
    codes.contains(&"TransactionConflict").then_some(Cancellation::Collision)
}
