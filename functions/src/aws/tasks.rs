//! Busy runners in DynamoDB: one small partition of the table `runs`.

use std::collections::BTreeSet;

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use protocol::TimestampMs;
use protocol::task::TaskId;

use super::expression::Change;
use super::item::{number, text};
use super::keys::{self, Key};
use super::table::{Query, Range, Table, Write};
use crate::ports::PortError;
use crate::ports::tasks::TaskStore;

/// Busy tasks, in the table `runs`.
pub struct DynamoTasks {
    table: Table,
}

/// How long an entry is kept past its end: past any difference between clocks.
const KEPT_S: u64 = 3_600;

/// Most tasks that are counted: several times what a service of Fargate tasks starts by default.
const COUNTED_MAX: u32 = 1_000;

impl DynamoTasks {
    /// The store in the table of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Self { table: Table::new(Client::new(config), table, "runs") }
    }
}

impl TaskStore for DynamoTasks {
    async fn keep_busy(&self, task: &TaskId, until: TimestampMs) -> Result<(), PortError> {
        let changes = vec![
            ("taskId", Change::Set(Some(text(task)))),
            ("busyUntil", Change::Set(Some(number(until)))),
            ("expiresAtSeconds", Change::Set(Some(number(keys::seconds(until) + KEPT_S)))),
        ];
        self.table.write(Write::Update(Key::busy_task(task), changes, Vec::new())).await.map(drop)
    }

    async fn forget(&self, task: &TaskId) -> Result<(), PortError> {
        self.table.write(Write::Delete(Key::busy_task(task), Vec::new())).await.map(drop)
    }

    async fn busy(&self, now: TimestampMs) -> Result<BTreeSet<TaskId>, PortError> {
        let pk = keys::BUSY_TASKS.to_owned();
        let query = Query { index: None, pk, range: Range::StartsWith(keys::TASK_PREFIX), limit: COUNTED_MAX };
        let (rows, _) = self.table.query(query).await?;
        let mut busy = BTreeSet::new();
        for row in rows {
            // Expired items are deleted up to days later.
            if row.number::<u64>("busyUntil")? > now {
                busy.insert(row.id("taskId")?);
            }
        }
        Ok(busy)
    }
}
