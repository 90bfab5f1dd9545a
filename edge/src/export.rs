//! `GET /api/v1/rooms/{id}/export.zip`: everything that a room holds, in forms that outlive it.
//!
//! | entry | what |
//! |---|---|
//! | `room.json` | the room's id, the position and the time of the export |
//! | `files/…` | the files as they are now |
//! | `other-names.json` | texts whose names are no paths: name → text |
//! | `chat.json` | every message, oldest first |
//! | `snapshots.json` | the named moments |
//! | `authors.json` | who wrote here |
//! | `history.jsonl` | the time line, one place a line, as `GET …/history` answers it |
//!
//! The archive is written while it is sent, page by page: a room's history is larger than a Worker's memory.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::rc::Rc;

use flate2::Compression;
use flate2::write::DeflateEncoder;
use futures_channel::mpsc::{Sender, channel};
use futures_util::SinkExt;
use protocol::ids::RoomId;
use protocol::limits::{CHAT_PAGE_MAX, HISTORY_PAGE_MAX, SNAPSHOTS_MAX};
use protocol::path::FilePath;
use protocol::room::RoomFile;
use rawzip::{CompressionMethod, ZipArchiveWriter};
use serde::Serialize;
use serde_json::json;
use worker::wasm_bindgen_futures::spawn_local;
use worker::{Error, Request, Response};

use crate::answer::Failure;
use crate::clock;
use crate::history_api;
use crate::log::{self, Level};
use crate::request_context::RequestContext;
use crate::room_object::RoomStub;

/// Answers the archive, for whoever may view the room.
pub(crate) async fn archive(context: &RequestContext, request: &Request, room: &RoomId) -> Result<Response, Failure> {
    history_api::viewer(context, request, room).await?;
    let source = RoomStub::of(&context.env, room)?;
    // What fails at once is still answered as an error.
    let files = source.files().await?;
    let (sender, receiver) = channel(1);
    let (room, request_id) = (room.clone(), context.request_id.clone());
    spawn_local(async move {
        let about = json!({ "id": room, "position": files.position, "exportedAt": clock::now() });
        let mut archive = Archive::new(sender);
        if let Err(failure) = archive.write_room(&source, &about, files.items).await {
            let fields = json!({ "requestId": request_id, "cause": failure.to_string() });
            log::write(Level::Error, "an export broke off", fields);
            archive.break_off(&failure).await;
        }
    });
    let response = Response::from_stream(receiver)?;
    response.headers().set("content-type", "application/zip")?;
    response.headers().set("content-disposition", "attachment; filename=\"room.zip\"")?;
    Ok(response)
}

/// What was written and not sent yet.
#[derive(Clone, Default)]
struct Written(Rc<RefCell<Vec<u8>>>);

impl Write for Written {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.borrow_mut().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An archive on its way.
struct Archive {
    zip: Option<ZipArchiveWriter<Written>>,
    written: Written,
    sender: Sender<Result<Vec<u8>, Error>>,
}

impl Archive {
    fn new(sender: Sender<Result<Vec<u8>, Error>>) -> Self {
        let written = Written::default();
        Self { zip: Some(ZipArchiveWriter::new(written.clone())), written, sender }
    }

    async fn write_room(
        &mut self,
        source: &RoomStub,
        about: &serde_json::Value,
        files: Vec<RoomFile>,
    ) -> Result<(), Failure> {
        self.json("room.json", about).await?;
        self.files(files).await?;
        self.json("chat.json", &all_chat(source).await?).await?;
        self.json("snapshots.json", &source.snapshots(None, SNAPSHOTS_MAX).await?.items).await?;
        self.json("authors.json", &source.history(0, 1).await?.authors).await?;
        self.history(source).await?;
        if let Some(zip) = self.zip.take() {
            zip.finish().map_err(broken)?;
        }
        self.send().await
    }

    async fn files(&mut self, files: Vec<RoomFile>) -> Result<(), Failure> {
        let mut others = BTreeMap::new();
        for RoomFile { path, content } in files {
            // A stock client may write any name; only paths that stay inside the folder become entries.
            if FilePath::parse(&path).is_ok() {
                self.entry(&format!("files/{path}"), content.as_bytes()).await?;
            } else {
                others.insert(path, content);
            }
        }
        if others.is_empty() { Ok(()) } else { self.json("other-names.json", &others).await }
    }

    async fn json(&mut self, name: &str, value: &impl Serialize) -> Result<(), Failure> {
        let text = serde_json::to_vec_pretty(value).map_err(|source| Failure::Unreadable { part: "export", source })?;
        self.entry(name, &text).await
    }

    async fn entry(&mut self, name: &str, bytes: &[u8]) -> Result<(), Failure> {
        let Some(zip) = &mut self.zip else { return Ok(()) };
        let (mut entry, config) =
            zip.new_file(name).compression_method(CompressionMethod::DEFLATE).start().map_err(broken)?;
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
        writer.write_all(bytes).map_err(broken)?;
        let (encoder, descriptor) = writer.finish().map_err(broken)?;
        encoder.finish().map_err(broken)?;
        entry.finish(descriptor).map_err(broken)?;
        self.send().await
    }

    /// The time line, a page at a time.
    async fn history(&mut self, source: &RoomStub) -> Result<(), Failure> {
        let Some(mut zip) = self.zip.take() else { return Ok(()) };
        let (mut entry, config) =
            zip.new_file("history.jsonl").compression_method(CompressionMethod::DEFLATE).start().map_err(broken)?;
        let mut writer = config.wrap(DeflateEncoder::new(&mut entry, Compression::default()));
        let mut after = Some(0);
        while let Some(position) = after {
            let page = source.history(position, HISTORY_PAGE_MAX).await?;
            for item in &page.items {
                let line = serde_json::to_vec(item).map_err(|source| Failure::Unreadable { part: "export", source })?;
                writer.write_all(&line).and_then(|()| writer.write_all(b"\n")).map_err(broken)?;
            }
            self.send().await?;
            after = page.next_cursor;
        }
        let (encoder, descriptor) = writer.finish().map_err(broken)?;
        encoder.finish().map_err(broken)?;
        entry.finish(descriptor).map_err(broken)?;
        self.zip = Some(zip);
        Ok(())
    }

    /// Sends what was written. It waits while the reader is slow.
    async fn send(&mut self) -> Result<(), Failure> {
        let bytes = self.written.0.take();
        if bytes.is_empty() {
            return Ok(());
        }
        self.sender.send(Ok(bytes)).await.map_err(|gone| Failure::Runtime(Error::RustError(gone.to_string())))
    }

    /// Ends the answer with an error, so that half an archive is not taken for a whole one.
    async fn break_off(&mut self, failure: &Failure) {
        // Whoever reads may have gone.
        drop(self.sender.send(Err(Error::RustError(failure.body().message))).await);
    }
}

async fn all_chat(source: &RoomStub) -> Result<Vec<protocol::event::ChatMessage>, Failure> {
    let (mut pages, mut before) = (Vec::new(), None);
    loop {
        let page = source.chat(before, CHAT_PAGE_MAX).await?;
        pages.push(page.items);
        before = page.next_cursor;
        if before.is_none() {
            pages.reverse();
            return Ok(pages.into_iter().flatten().collect());
        }
    }
}

fn broken(error: impl std::fmt::Display) -> Failure {
    Failure::Runtime(Error::RustError(error.to_string()))
}
