//! Addresses of brokers, as a scenario writes them.

/// Brokers that a run starts itself.
pub(crate) const WORDS: &[&str] = &["embedded", "mosquitto"];

/// What is wrong with the address of a broker.
///
/// # Errors
/// Says what.
pub(crate) fn check(url: &str) -> Result<(), String> {
    if WORDS.contains(&url) {
        return Ok(());
    }
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(format!("`{url}` is not an address; write `mqtt://host:1883`"));
    };
    let rest = match scheme {
        "mqtt" | "mqtts" => rest,
        // The path is the server's own.
        "ws" | "wss" => rest.split('/').next().unwrap_or_default(),
        _ => {
            return Err(format!(
                "`{scheme}://` is not a scheme of MQTT; write `mqtt://host:1883` or `mqtts://host:8883`, over WebSocket \
                 `ws://host:port/path` or `wss://host:port/path`"
            ));
        }
    };
    let (host, port) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']').map_or((rest, "bad"), |(host, port)| (host, port)),
        None => rest.find(':').map_or((rest, ""), |colon| rest.split_at(colon)),
    };
    let port_is_sound =
        port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let host_is_sound = !host.is_empty() && !host.contains(|c: char| c.is_whitespace() || c == '/');
    if host_is_sound && port_is_sound {
        return Ok(());
    }
    let example =
        if scheme.starts_with("ws") { format!("{scheme}://host:port/path") } else { "mqtt://host:1883".to_owned() };
    Err(format!("`{url}` is not an address; write `{example}`"))
}

#[cfg(test)]
mod tests {
    use super::check;

    #[test]
    fn hosts_and_ports_are_checked() {
        for sound in [
            "embedded",
            "mosquitto",
            "mqtt://broker",
            "mqtt://10.0.0.1:1883",
            "mqtt://[::1]:1883",
            "mqtts://broker",
            "mqtts://broker:8883",
            "ws://broker:9001",
            "wss://broker/mqtt",
            "wss://[::1]:443/a/b?c=d",
        ] {
            assert_eq!(check(sound), Ok(()), "{sound}");
        }
        for wrong in ["mqtt:broker", "mqtt://", "mqtt://broker:0", "mqtt://broker/path", "wss:///mqtt", "amqp://broker"]
        {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }
}
