//! A room to begin with, made through the public API like any other, and kept so that its link stays the same.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::{http, progress};

/// The file in the data folder that remembers the room.
pub(super) const FILE: &str = "demo-room.json";

#[derive(Serialize, Deserialize)]
struct DemoRoom {
    id: String,
    /// The secret part of a link with the rights to edit and run.
    link: String,
}

/// The URL that opens the room as an editor who may run; it starts with a Python file.
pub(super) async fn link(edge_url: &str, data: &Path) -> Result<String> {
    let file = data.join(FILE);
    let kept = fs::read_to_string(&file).ok().and_then(|text| serde_json::from_str::<DemoRoom>(&text).ok());
    let room = match kept {
        Some(room) if still_opens(edge_url, &room).await => room,
        _ => {
            let room = make(edge_url).await.context("cannot make the demo room")?;
            let text = serde_json::to_string(&room).context("the demo room is not JSON")?;
            fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
            room
        }
    };
    Ok(format!("{edge_url}/r/{}?start=python#link={}", room.id, room.link))
}

/// Whether the kept link still gives a token; a guest room expires when nobody claims it.
async fn still_opens(edge_url: &str, room: &DemoRoom) -> bool {
    let body = json!({"link": room.link, "name": "Visitor"});
    let opened = http::post_json(&format!("{edge_url}/api/v1/rooms/{}/token", room.id), &[], body).await;
    if let Err(error) = &opened {
        progress::say("demo room", &format!("making a new one, since the old link does not open: {error:#}"));
    }
    opened.is_ok()
}

async fn make(edge_url: &str) -> Result<DemoRoom> {
    let rooms = format!("{edge_url}/api/v1/rooms");
    let made = http::post_json(&rooms, &[], json!({"name": "Demo", "language": "python"})).await?;
    let id = text(&made, "/data/room/id")?;
    let owner = json!({"ownerKey": text(&made, "/data/ownerKey")?, "name": "Demo"});
    let entered = http::post_json(&format!("{rooms}/{id}/token"), &[], owner).await?;
    let bearer = format!("Bearer {}", text(&entered, "/data/token")?);
    let rights = json!({"role": "editor", "run": true});
    let shared = http::post_json(&format!("{rooms}/{id}/links"), &[("authorization", &bearer)], rights).await?;
    Ok(DemoRoom { link: text(&shared, "/data/link/token")?, id })
}

fn text(answer: &Value, pointer: &str) -> Result<String> {
    let found = answer.pointer(pointer).and_then(Value::as_str);
    found.map(str::to_owned).with_context(|| format!("the answer has no {pointer}"))
}
