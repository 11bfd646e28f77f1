//! The floor a load generator stands on: publishers that only write ready-made MQTT 3.1.1 frames, paced.
//!
//! `floor MODE HOST:PORT CONNECTIONS SECONDS QOS PAYLOAD_BYTES`, where MODE is
//! - `task`: one tokio task per connection, the usual way to write a publisher;
//! - `poll`: one loop over all connections on blocking-free sockets, the least a process can do.
//!
//! Each connection publishes one message a second. Prints one JSON line with the messages sent and the process's own
//! CPU time and resident memory, so that a script can set them beside those of `iomt`.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use tokio::io::{AsyncReadExt, AsyncWriteExt};

/// What the command line asks for.
#[derive(Debug, Clone)]
struct Load {
    address: String,
    connections: usize,
    seconds: u64,
    qos: u8,
    payload: usize,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let parsed = match arguments.as_slice() {
        [mode, address, connections, seconds, qos, payload] => {
            match (connections.parse(), seconds.parse(), qos.parse(), payload.parse()) {
                (Ok(connections), Ok(seconds), Ok(qos @ 0..=1), Ok(payload)) => {
                    Some((mode.as_str(), Load { address: address.clone(), connections, seconds, qos, payload }))
                }
                _ => None,
            }
        }
        _ => None,
    };
    let outcome = match parsed {
        Some(("task", load)) => publish_by_tasks(&load),
        Some(("poll", load)) => publish_by_polling(&load),
        _ => {
            say_error("usage: floor task|poll HOST:PORT CONNECTIONS SECONDS QOS(0|1) PAYLOAD_BYTES");
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(line) => {
            // A closed pipe leaves nobody to tell.
            let _ = writeln!(std::io::stdout(), "{line}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            say_error(&error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn say_error(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn connect_frame(index: usize) -> Vec<u8> {
    let id = format!("floor-{index}");
    let mut frame = vec![0x10, (12 + id.len()) as u8, 0, 4];
    frame.extend_from_slice(b"MQTT\x04\x02\x00\x00\x00");
    frame.push(id.len() as u8);
    frame.extend_from_slice(id.as_bytes());
    frame
}

fn publish_frame(index: usize, qos: u8, payload: usize, packet_id: u16) -> Vec<u8> {
    let topic = format!("floor/{index}/spo2");
    let mut length = 2 + topic.len() + payload + if qos > 0 { 2 } else { 0 };
    let mut frame = vec![0x30 | qos << 1];
    loop {
        let digit = (length % 128) as u8;
        length /= 128;
        frame.push(if length > 0 { digit | 0x80 } else { digit });
        if length == 0 {
            break;
        }
    }
    frame.extend_from_slice(&(topic.len() as u16).to_be_bytes());
    frame.extend_from_slice(topic.as_bytes());
    if qos > 0 {
        frame.extend_from_slice(&packet_id.to_be_bytes());
    }
    frame.resize(frame.len() + payload, b'x');
    frame
}

/// CPU seconds and resident memory from /proc (100 clock ticks a second on every Linux).
fn own_usage() -> (f64, u64) {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<u64> =
        stat.rsplit(") ").next().unwrap_or_default().split(' ').map(|field| field.parse().unwrap_or(0)).collect();
    let ticks = fields.get(11).copied().unwrap_or(0) + fields.get(12).copied().unwrap_or(0);
    (ticks as f64 / 100.0, fields.get(21).copied().unwrap_or(0) * 4096)
}

fn report(mode: &str, load: &Load, sent: u64, cpu_before: f64, empty_bytes: u64) -> String {
    let (cpu_seconds, resident_bytes) = own_usage();
    format!(
        "{{\"mode\":\"{mode}\",\"connections\":{},\"qos\":{},\"sent\":{sent},\"cpu_s\":{:.2},\"us_per_message\":{:.2},\
         \"bytes_per_connection\":{}}}",
        load.connections,
        load.qos,
        cpu_seconds - cpu_before,
        (cpu_seconds - cpu_before) * 1e6 / sent.max(1) as f64,
        resident_bytes.saturating_sub(empty_bytes) / load.connections.max(1) as u64
    )
}

fn publish_by_tasks(load: &Load) -> std::io::Result<String> {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?;
    let (_, empty_bytes) = own_usage();
    runtime.block_on(async {
        let mut sockets = Vec::new();
        for index in 0..load.connections {
            let mut socket = tokio::net::TcpStream::connect(&load.address).await?;
            socket.set_nodelay(true)?;
            socket.write_all(&connect_frame(index)).await?;
            let mut answer = [0; 4];
            socket.read_exact(&mut answer).await?;
            sockets.push(socket);
        }
        let (cpu_before, _) = own_usage();
        let begin = tokio::time::Instant::now() + Duration::from_millis(100);
        let mut tasks = tokio::task::JoinSet::new();
        for (index, mut socket) in sockets.into_iter().enumerate() {
            let load = load.clone();
            tasks.spawn(async move {
                let phase = Duration::from_secs(1).mul_f64(index as f64 / load.connections as f64);
                let mut answers = [0; 64];
                let mut sent = 0;
                for second in 0..load.seconds {
                    tokio::time::sleep_until(begin + phase + Duration::from_secs(second)).await;
                    let frame = publish_frame(index, load.qos, load.payload, (second + 1) as u16);
                    socket.write_all(&frame).await?;
                    sent += 1;
                    if load.qos > 0 {
                        let _ = socket.read(&mut answers).await?;
                    }
                }
                Ok::<u64, std::io::Error>(sent)
            });
        }
        let mut sent = 0;
        while let Some(outcome) = tasks.join_next().await {
            sent += outcome.map_err(std::io::Error::other)??;
        }
        Ok(report("task", load, sent, cpu_before, empty_bytes))
    })
}

fn publish_by_polling(load: &Load) -> std::io::Result<String> {
    let (_, empty_bytes) = own_usage();
    let mut sockets = Vec::with_capacity(load.connections);
    for index in 0..load.connections {
        let mut socket = TcpStream::connect(&load.address)?;
        socket.set_nodelay(true)?;
        socket.write_all(&connect_frame(index))?;
        let mut answer = [0; 4];
        socket.read_exact(&mut answer)?;
        socket.set_nonblocking(true)?;
        sockets.push(socket);
    }
    let (cpu_before, _) = own_usage();
    let begin = Instant::now() + Duration::from_millis(100);
    let mut answers = [0; 64];
    let mut sent = 0;
    for second in 0..load.seconds {
        for (index, socket) in sockets.iter_mut().enumerate() {
            let due = begin
                + Duration::from_secs(second)
                + Duration::from_secs(1).mul_f64(index as f64 / load.connections as f64);
            let now = Instant::now();
            if due > now {
                std::thread::sleep(due - now);
            }
            if load.qos > 0 {
                match socket.read(&mut answers) {
                    Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                    _ => {}
                }
            }
            socket.write_all(&publish_frame(index, load.qos, load.payload, (second + 1) as u16))?;
            sent += 1;
        }
    }
    Ok(report("poll", load, sent, cpu_before, empty_bytes))
}
