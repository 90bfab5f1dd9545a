//! The audit trail in memory.

use std::collections::BTreeMap;
use std::sync::Mutex;

use protocol::account::AuditRecord;

use super::Breaks;
use crate::audit::change::day_of;
use crate::ports::PortError;
use crate::ports::audit::{AuditStore, RecordsAfter, RecordsOf, RecordsPage};

/// The trail, by time and id.
#[derive(Debug, Default)]
pub(crate) struct MemoryAudit {
    pub(crate) records: Mutex<BTreeMap<RecordsAfter, AuditRecord>>,
    pub(crate) breaks: Breaks,
}

impl AuditStore for MemoryAudit {
    async fn put(&self, record: &AuditRecord) -> Result<(), PortError> {
        let place = (record.at, record.id.clone());
        self.breaks.around(|| drop(self.records.lock().expect("no panic").insert(place, record.clone())))
    }

    async fn records(
        &self,
        of: &RecordsOf,
        limit: u32,
        after: Option<&RecordsAfter>,
    ) -> Result<RecordsPage, PortError> {
        self.breaks.around(|| {
            let records = self.records.lock().expect("no panic");
            let fits = |record: &AuditRecord| match of {
                RecordsOf::Day(day) => day_of(record.at) == *day,
                RecordsOf::User(user) => record.user.as_ref() == Some(user),
            };
            let newest_first = records.iter().rev().filter(|(place, _)| after.is_none_or(|after| *place < after));
            let mut fitting = newest_first.map(|(_, record)| record).filter(|record| fits(record)).cloned();
            let items: Vec<_> = fitting.by_ref().take(limit as usize).collect();
            let next = items.last().filter(|_| fitting.next().is_some()).map(|last| (last.at, last.id.clone()));
            RecordsPage { items, next }
        })
    }
}
