//! As much of an HTTP server as the runner talks to: one request a connection, and WebSockets.

use std::collections::HashMap;
use std::future::Future;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::{WebSocketStream, accept_async};

/// A request that was read.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) path: String,
    pub(crate) headers: HashMap<String, String>,
    pub(crate) body: Value,
}

/// What a listener is asked.
pub(crate) enum Call {
    /// Answered with a status and a body.
    Plain(Request),
    /// A WebSocket that is open.
    Socket(Box<WebSocketStream<TcpStream>>),
}

/// Listens on a free port; `handle` gets each call.
pub(crate) async fn listen<F, A>(handle: F) -> SocketAddr
where
    F: Fn(Call) -> A + Clone + Send + Sync + 'static,
    A: Future<Output = (u16, Value)> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(serve(connection, handle.clone()));
        }
    });
    address
}

async fn serve<F, A>(connection: TcpStream, handle: F)
where
    F: Fn(Call) -> A,
    A: Future<Output = (u16, Value)>,
{
    let mut start = [0; 4];
    if connection.peek(&mut start).await.is_ok_and(|length| length > 0) && start[0] == b'G' {
        // The runner's only GET is the stream.
        let socket = accept_async(connection).await.expect("a WebSocket");
        handle(Call::Socket(Box::new(socket))).await;
        return;
    }
    let mut connection = BufReader::new(connection);
    let Some(request) = read(&mut connection).await else { return };
    let (status, body) = handle(Call::Plain(request)).await;
    let body = body.to_string();
    let head = format!(
        "HTTP/1.1 {status} X\r\ncontent-type: application/json\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
        body.len()
    );
    // The runner may have been killed in the meantime.
    let _gone = connection.write_all((head + &body).as_bytes()).await;
}

async fn read(connection: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    connection.read_line(&mut line).await.ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut headers = HashMap::new();
    loop {
        line.clear();
        connection.read_line(&mut line).await.ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers.get("content-length").and_then(|text| text.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    connection.read_exact(&mut body).await.ok()?;
    Some(Request { path, headers, body: serde_json::from_slice(&body).unwrap_or_default() })
}
