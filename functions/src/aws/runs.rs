//! Runs in DynamoDB.

use aws_config::SdkConfig;
use aws_sdk_dynamodb::Client;
use protocol::TimestampMs;
use protocol::ids::{RoomId, RunId};
use protocol::run::{Priority, RunReason, RunResult, RunState, RunStatus};

use super::expression::{Change, Check};
use super::item::{Item, Row, json, number, present, text};
use super::keys::{self, Key};
use super::table::{Index, Query, Range, Table, Write};
use crate::ports::PortError;
use crate::ports::runs::{
    IdempotencyKey, OpenRuns, Program, RunRecord, RunStore, RunsAfter, RunsPage, Source, Starter, Submission, Turn,
};

/// The table `runs`.
pub struct DynamoRuns {
    table: Table,
}

/// How long a run's record is kept: the history of a room for a month.
const RUN_KEPT_S: u64 = 30 * 24 * 3_600;

/// How long an idempotency key is remembered.
const KEY_KEPT_S: u64 = 24 * 3_600;

/// How long a minute's count is kept: past its minute, whatever the clocks say.
const COUNT_KEPT_S: u64 = 300;

const MINUTE_MS: u64 = 60_000;

impl DynamoRuns {
    /// The store in the table of that name.
    #[must_use]
    pub fn new(config: &SdkConfig, table: String) -> Self {
        Self { table: Table::new(Client::new(config), table, "runs") }
    }

    /// Reads an item that is not there: opens the connection before the first request needs it, and says whether the
    /// table can be read.
    ///
    /// # Errors
    /// When it cannot.
    pub async fn reach(&self) -> Result<(), PortError> {
        self.table.get(Key::rate("", 0)).await.map(drop)
    }
}

fn lease_of(status: &RunStatus) -> Option<TimestampMs> {
    match status {
        RunStatus::Running { lease_until, .. } => Some(*lease_until),
        _ => None,
    }
}

fn reason_of(status: &RunStatus) -> Option<RunReason> {
    match status {
        RunStatus::Failed { reason, .. } => Some(*reason),
        _ => None,
    }
}

fn result_of(status: &RunStatus) -> Option<&RunResult> {
    match status {
        RunStatus::Finished { result, .. } => Some(result),
        _ => None,
    }
}

/// The attributes that change while a run lives. Those of `GSI2` are there while it is open or untold; heartbeats do
/// not touch them, so that they cost no write to the index.
fn changing(run: &RunRecord) -> [(&'static str, Option<aws_sdk_dynamodb::types::AttributeValue>); 10] {
    let is_listed = !run.status.is_over() || run.is_untold;
    [
        ("GSI2PK", is_listed.then(|| text(keys::open_part_of(&run.id)))),
        ("GSI2SK", is_listed.then(|| text(keys::at(run.created_at, run.id.as_str())))),
        ("untold", run.is_untold.then(|| number(1))),
        ("state", Some(json(&run.status.state()))),
        ("attempt", Some(number(run.status.attempt()))),
        ("leaseUntil", lease_of(&run.status).map(number)),
        ("reason", reason_of(&run.status).as_ref().map(json)),
        ("result", result_of(&run.status).map(json)),
        ("outputKey", run.output_key.as_ref().map(text)),
        ("endedAt", run.ended_at.map(number)),
    ]
}

fn run_item(run: &RunRecord) -> Item {
    let (files, bundle) = match &run.program.source {
        Source::Inline(files) => (Some(json(files)), None),
        Source::Stored(key) => (None, Some(text(key))),
    };
    let (cases, cases_key) = match &run.program.cases {
        Source::Inline(cases) => (Some(cases).filter(|cases| !cases.is_empty()).map(json), None),
        Source::Stored(key) => (None, Some(text(key))),
    };
    let flags = Some(&run.program.flags).filter(|flags| !flags.is_empty());
    let room = run.room.as_ref();
    let mut item = Key::run(&run.id).into_item();
    item.extend(present([
        ("GSI1PK", room.map(|(room, _)| text(keys::of_room(room)))),
        ("GSI1SK", room.map(|_| text(keys::at(run.created_at, run.id.as_str())))),
        ("runId", Some(text(&run.id))),
        ("roomId", room.map(|(room, _)| text(room))),
        ("position", room.map(|(_, position)| number(position))),
        ("participantId", run.starter.participant.as_ref().map(text)),
        ("startedBy", Some(text(&run.starter.name))),
        ("language", Some(json(&run.program.language))),
        ("entry", Some(text(run.program.entry.as_str()))),
        ("stdin", Some(text(&run.program.stdin))),
        ("args", Some(json(&run.program.args))),
        ("interactive", run.program.interactive.then(|| json(&true))),
        ("flags", flags.map(json)),
        ("cases", cases),
        ("casesKey", cases_key),
        ("files", files),
        ("bundleKey", bundle),
        ("priority", Some(json(&run.turn.priority))),
        ("tenant", Some(text(&run.turn.tenant))),
        ("createdAt", Some(number(run.created_at))),
        ("expiresAtSeconds", Some(number(keys::seconds(run.created_at) + RUN_KEPT_S))),
    ]));
    item.extend(present(changing(run)));
    item
}

fn status(row: &Row) -> Result<RunStatus, PortError> {
    let attempt = row.number("attempt")?;
    Ok(match row.json("state")? {
        RunState::Queued => RunStatus::Queued,
        RunState::Running => RunStatus::Running { attempt, lease_until: row.number("leaseUntil")? },
        RunState::Finished => RunStatus::Finished { attempt, result: Box::new(row.json("result")?) },
        RunState::Failed => RunStatus::Failed { attempt, reason: row.json("reason")? },
        RunState::Cancelled => RunStatus::Cancelled { attempt },
    })
}

fn run(row: &Row) -> Result<RunRecord, PortError> {
    let source = match row.optional_text("bundleKey") {
        Some(key) => Source::Stored(key.to_owned()),
        None => Source::Inline(row.json("files")?),
    };
    let cases = match row.optional_text("casesKey") {
        Some(key) => Source::Stored(key.to_owned()),
        None => Source::Inline(row.optional_json("cases")?.unwrap_or_default()),
    };
    let room = match row.optional_id("roomId")? {
        Some(room) => Some((room, row.number("position")?)),
        None => None,
    };
    let turn = Turn {
        priority: row.optional_json("priority")?.unwrap_or(Priority::Critical),
        // Records from before the queues had turns.
        tenant: row.optional_text("tenant").unwrap_or(row.text("runId")?).to_owned(),
    };
    Ok(RunRecord {
        id: row.id("runId")?,
        room,
        turn,
        starter: Starter { participant: row.optional_id("participantId")?, name: row.text("startedBy")?.to_owned() },
        program: Program {
            language: row.json("language")?,
            entry: row.json("entry")?,
            stdin: row.text("stdin")?.to_owned(),
            args: row.json("args")?,
            interactive: row.optional_json("interactive")?.unwrap_or_default(),
            flags: row.optional_json("flags")?.unwrap_or_default(),
            source,
            cases,
        },
        status: status(row)?,
        output_key: row.optional_text("outputKey").map(str::to_owned),
        created_at: row.number("createdAt")?,
        ended_at: row.optional_number("endedAt")?,
        is_untold: row.optional_number::<u8>("untold")?.is_some(),
    })
}

/// Where an item of `GSI2` stands in it.
fn place(row: &Row) -> Result<RunsAfter, PortError> {
    let unreadable = || PortError::Unreadable { part: "runs", what: "GSI2SK of an open run".to_owned() };
    let (created_at, run) = row.text("GSI2SK")?.split_once('#').ok_or_else(unreadable)?;
    let run = run.parse().ok().ok_or_else(unreadable)?;
    Ok(RunsAfter { created_at: created_at.parse().ok().ok_or_else(unreadable)?, run })
}

impl RunStore for DynamoRuns {
    async fn create(&self, run: &RunRecord, key: Option<&IdempotencyKey>) -> Result<Submission, PortError> {
        let put = Write::Put(run_item(run), vec![Check::Absent("PK")]);
        let twice = || PortError::Unreadable { part: "runs", what: format!("run {} twice", run.id) };
        let Some(key) = key else {
            // A transaction of one write would cost twice as much.
            return if self.table.write(put).await? { Ok(Submission::Stored) } else { Err(twice()) };
        };
        let mut item = Key::idempotency(&key.owner, &key.key).into_item();
        item.extend(present([
            ("runId", Some(text(&run.id))),
            ("fingerprint", Some(text(&key.fingerprint))),
            ("expiresAtSeconds", Some(number(keys::seconds(run.created_at) + KEY_KEPT_S))),
        ]));
        match self.table.transact(vec![put, Write::Put(item, vec![Check::Absent("PK")])]).await? {
            None => Ok(Submission::Stored),
            Some(1) => self.taken(key).await,
            Some(_) => Err(twice()),
        }
    }

    async fn run(&self, id: &RunId) -> Result<Option<RunRecord>, PortError> {
        self.table.get(Key::run(id)).await?.map(|row| run(&row)).transpose()
    }

    async fn replace_status(&self, run: &RunRecord, from: &RunStatus) -> Result<bool, PortError> {
        let changes = changing(run).into_iter().map(|(name, value)| (name, Change::Set(value))).collect();
        let lease = match lease_of(from) {
            Some(lease) => Check::Equal("leaseUntil", number(lease)),
            None => Check::Absent("leaseUntil"),
        };
        let state = Check::Equal("state", json(&from.state()));
        let checks = vec![state, Check::Equal("attempt", number(from.attempt())), lease];
        self.table.write(Write::Update(Key::run(&run.id), changes, checks)).await
    }

    async fn runs_of(&self, room: &RoomId, limit: u32, after: Option<&RunsAfter>) -> Result<RunsPage, PortError> {
        let range = match after {
            Some(after) => Range::Before(keys::at(after.created_at, after.run.as_str())),
            None => Range::All,
        };
        let (rows, has_more) =
            self.table.query(Query { index: Some(Index::Gsi1), pk: keys::of_room(room), range, limit }).await?;
        let items = rows.iter().map(run).collect::<Result<Vec<_>, _>>()?;
        let next = items.last().filter(|_| has_more);
        let next = next.map(|last| RunsAfter { created_at: last.created_at, run: last.id.clone() });
        Ok(RunsPage { items, next })
    }

    async fn open_runs(
        &self,
        part: u8,
        before: TimestampMs,
        limit: u32,
        after: Option<&RunsAfter>,
    ) -> Result<OpenRuns, PortError> {
        // `~` comes after every letter of an id, so a place with it is the first one past that run.
        let from = after
            .map_or_else(|| keys::at(0, ""), |after| format!("{}~", keys::at(after.created_at, after.run.as_str())));
        let range = Range::Between(from, keys::at(before, ""));
        let query = Query { index: Some(Index::Gsi2), pk: keys::open_part(part), range, limit };
        let (rows, has_more) = self.table.query(query).await?;
        let places = rows.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        let next = places.last().filter(|_| has_more).cloned();
        Ok(OpenRuns { items: places.into_iter().map(|place| place.run).collect(), next })
    }

    async fn told(&self, id: &RunId) -> Result<(), PortError> {
        let names = ["GSI2PK", "GSI2SK", "untold"];
        let changes = names.into_iter().map(|name| (name, Change::Set(None))).collect();
        // Whoever was faster has done the same.
        let checks = vec![Check::Present("untold")];
        self.table.write(Write::Update(Key::run(id), changes, checks)).await.map(drop)
    }

    async fn count(&self, key: &str, most: u32, at: TimestampMs) -> Result<bool, PortError> {
        let changes = vec![
            ("runs", Change::Add(number(1))),
            ("expiresAtSeconds", Change::Set(Some(number(keys::seconds(at) + COUNT_KEPT_S)))),
        ];
        let checks = vec![Check::AnyOf(vec![Check::Absent("runs"), Check::Below("runs", number(most))])];
        self.table.write(Write::Update(Key::rate(key, at / MINUTE_MS), changes, checks)).await
    }
}

impl DynamoRuns {
    async fn taken(&self, key: &IdempotencyKey) -> Result<Submission, PortError> {
        let row = self.table.get(Key::idempotency(&key.owner, &key.key)).await?;
        let gone = || PortError::Unreadable { part: "runs", what: "an idempotency key that was just there".to_owned() };
        let row = row.ok_or_else(gone)?;
        Ok(Submission::KeyTaken { run: row.id("runId")?, fingerprint: row.text("fingerprint")?.to_owned() })
    }
}
