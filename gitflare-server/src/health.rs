//! `gitflare health`: asks the server of this configuration whether it can serve, for container
//! engines and scripts that have no HTTP client. It looks at nothing but the answer of `/health`.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, TcpStream},
    time::Duration,
};

use url::Position;

use crate::config::{Config, Problem};

/// Within this time each step has to be done.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest answer that is read, in bytes.
const MAX_ANSWER: u64 = 64 * 1024;

/// The body of `/health`.
///
/// # Errors
/// That the server cannot be reached, or that it says it cannot serve.
pub(crate) fn ask(config: &Config) -> Result<String, Problem> {
    let address = reachable(config.listen);
    let host = match &config.public_url {
        Some(url) => url.as_url()[Position::BeforeHost..Position::AfterPort].to_owned(),
        None => config.listen.to_string(),
    };
    let answer = exchange(address, &host)
        .map_err(|error| Problem::new(format!("{address} cannot be reached: {error}")))?;
    match answer.split_once("\r\n\r\n") {
        Some((head, body)) if head.split(' ').nth(1) == Some("200") => Ok(body.to_owned()),
        Some((_, body)) => Err(Problem::new(format!(
            "{address} cannot serve: {}",
            body.escape_debug()
        ))),
        None => Err(Problem::new(format!("{address} gave no HTTP answer"))),
    }
}

/// Loopback address of a listener that is bound to all addresses.
fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

fn exchange(address: SocketAddr, host: &str) -> std::io::Result<String> {
    let mut socket = TcpStream::connect_timeout(&address, PATIENCE)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    write!(
        socket,
        "GET /health HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\n\r\n"
    )?;
    let mut answer = String::new();
    socket.take(MAX_ANSWER).read_to_string(&mut answer)?;
    Ok(answer)
}
