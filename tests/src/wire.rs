//! A stretch of wire between a client and the edge, which can go dead without a word: whatever is sent is swallowed
//! until it lives again, and neither side hears of an end.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::stack::Stack;

/// Bytes that one read takes at most.
const BUFFER_BYTES: usize = 64 * 1024;

/// The wire. Dropping it cuts every connection.
pub struct Wire {
    edge: String,
    here: String,
    flows: watch::Sender<bool>,
    accepting: JoinHandle<()>,
}

impl Wire {
    /// Lays a wire to the edge.
    ///
    /// # Panics
    /// Without a free port.
    pub async fn to_edge(stack: &Stack) -> Self {
        let edge = stack.edge_url().trim_start_matches("http://").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let here = listener.local_addr().expect("a bound socket has an address").to_string();
        let (flows, flowing) = watch::channel(true);
        let accepting = tokio::spawn(accept(listener, edge.clone(), flowing));
        Self { edge, here, flows, accepting }
    }

    /// An address of the edge, by way of this wire.
    ///
    /// # Panics
    /// For an address of somebody else.
    #[must_use]
    pub fn via(&self, url: &str) -> String {
        assert!(url.contains(&self.edge), "{url} does not lead to {}", self.edge);
        url.replacen(&self.edge, &self.here, 1)
    }

    /// From now on nothing passes, in either direction.
    pub fn go_dead(&self) {
        self.flows.send_replace(false);
    }

    /// Everything passes again, also what was sent meanwhile.
    pub fn revive(&self) {
        self.flows.send_replace(true);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

async fn accept(listener: TcpListener, edge: String, flowing: watch::Receiver<bool>) {
    while let Ok((near, _)) = listener.accept().await {
        let Ok(far) = TcpStream::connect(&edge).await else { return };
        let ((near_in, near_out), (far_in, far_out)) = (near.into_split(), far.into_split());
        tokio::spawn(pass_on(near_in, far_out, flowing.clone()));
        tokio::spawn(pass_on(far_in, near_out, flowing.clone()));
    }
}

/// Passes bytes on, and in the end the end.
async fn pass_on(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, mut flowing: watch::Receiver<bool>) {
    let mut buffer = vec![0; BUFFER_BYTES];
    while let Ok(length) = from.read(&mut buffer).await {
        let is_cut = flowing.wait_for(|flows| *flows).await.is_err();
        if is_cut || length == 0 || to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}
