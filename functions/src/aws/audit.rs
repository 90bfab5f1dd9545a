//! The audit trail in DynamoDB.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use protocol::account::AuditRecord;

use super::item::{Row, json, number, present, text};
use super::keys::{self, Key};
use super::table::{Index, Query, Range, Table, Write};
use crate::audit::KEPT_HOT_S;
use crate::audit::change::day_of;
use crate::ports::PortError;
use crate::ports::audit::{AuditStore, RecordsAfter, RecordsOf, RecordsPage};

/// The table `audit`.
pub struct DynamoAudit {
    table: Table,
}

impl DynamoAudit {
    /// The store in the table of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Self { table: Table::new(Client::new(config), table, "audit") }
    }

    /// Reads an item that is not there: opens the connection before the first change needs it, and says whether the
    /// table can be read.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn reach(&self) -> Result<(), PortError> {
        self.table.get(Key::audit("", 0, "")).await.map(drop)
    }
}

fn record(row: &Row) -> Result<AuditRecord, PortError> {
    Ok(AuditRecord {
        id: row.text("recordId")?.to_owned(),
        at: row.number("at")?,
        action: row.text("action")?.to_owned(),
        user: row.optional_id("userId")?,
        subject: row.text("subject")?.to_owned(),
        details: row.json("details")?,
    })
}

impl AuditStore for DynamoAudit {
    async fn put(&self, record: &AuditRecord) -> Result<(), PortError> {
        let mut item = Key::audit(&day_of(record.at), record.at, &record.id).into_item();
        item.extend(present([
            ("GSI1PK", record.user.as_ref().map(|user| text(keys::owned_by(user)))),
            ("GSI1SK", record.user.as_ref().map(|_| text(keys::at(record.at, &record.id)))),
            ("recordId", Some(text(&record.id))),
            ("at", Some(number(record.at))),
            ("action", Some(text(&record.action))),
            ("userId", record.user.as_ref().map(text)),
            ("subject", Some(text(&record.subject))),
            ("details", Some(json(&record.details))),
            ("expiresAtSeconds", Some(number(keys::seconds(record.at) + KEPT_HOT_S))),
        ]));
        self.table.write(Write::Put(item, Vec::new())).await.map(drop)
    }

    async fn records(
        &self,
        of: &RecordsOf,
        limit: u32,
        after: Option<&RecordsAfter>,
    ) -> Result<RecordsPage, PortError> {
        let (index, pk) = match of {
            RecordsOf::Day(day) => (None, keys::audited_on(day)),
            RecordsOf::User(user) => (Some(Index::Gsi1), keys::owned_by(user)),
        };
        // `~` comes after every digit: without a place, everything comes before it.
        let place = after.map_or_else(|| "~".to_owned(), |(at, id)| keys::at(*at, id));
        let (rows, has_more) = self.table.query(Query { index, pk, range: Range::Before(place), limit }).await?;
        let items = rows.iter().map(record).collect::<Result<Vec<_>, _>>()?;
        let next = items.last().filter(|_| has_more).map(|last| (last.at, last.id.clone()));
        Ok(RecordsPage { items, next })
    }
}
