//! Free loopback ports.

use std::net::{Ipv4Addr, SocketAddrV4, TcpListener};

use anyhow::{Context as _, Result};

use crate::progress;

/// The preferred port if nothing listens there, else a free one, which is then said.
pub(crate) fn choose(topic: &str, preferred: u16) -> Result<u16> {
    if TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, preferred)).is_ok() {
        return Ok(preferred);
    }
    let port = any()?;
    progress::say(topic, &format!("port {preferred} is occupied, taking {port}"));
    Ok(port)
}

/// Some free port.
pub(crate) fn any() -> Result<u16> {
    let listener = TcpListener::bind(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0)).context("no free loopback port")?;
    Ok(listener.local_addr().context("a bound socket has an address")?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn occupied_port_is_avoided() {
        let occupied = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = occupied.local_addr().unwrap().port();
        assert_ne!(choose("test", port).unwrap(), port);
    }
}
