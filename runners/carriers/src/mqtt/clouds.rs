//! The clouds whose rules are known, as their documentation states them.

use sim_core::{CloudLogin, CloudSpec, OtherIds};

/// Of addresses over TLS, with or without WebSocket: none of them takes anything else.
const SECURE: &[&str] = &["mqtts", "wss"];
const BOTH: &[&str] = &["3.1.1", "5"];

/// The rows.
pub(crate) fn rows() -> [CloudSpec; 4] {
    [
        CloudSpec {
            name: "aws-iot",
            about: "AWS IoT Core: TLS with a certificate of each device; QoS up to 1, seven slashes in a topic",
            source: "AWS General Reference, AWS IoT Core endpoints and quotas; AWS IoT Core Developer Guide, MQTT",
            carrier: "mqtt",
            schemes: SECURE,
            protocols: BOTH,
            most_qos: 1,
            retains: true,
            keep_alive_s: Some((30, 1200)),
            inflight: Some(100),
            // Policies of AWS name the thing by its client id.
            client_id: Some(("${device.serial}", OtherIds::Taken)),
            client_id_bytes: Some(128),
            topic: None,
            topic_slashes: Some(7),
            topic_bytes: Some(256),
            login: CloudLogin::Any,
            lets_watch: true,
            takes_commands: true,
        },
        CloudSpec {
            name: "azure-iot-hub",
            about: "Azure IoT Hub: MQTT 3.1.1 over TLS, one topic of each device, shared access signatures or certificates; \
                    what devices send is read behind it, not subscribed to",
            source: "Microsoft Learn, Communicate with an IoT hub using the MQTT protocol",
            carrier: "mqtt",
            schemes: SECURE,
            protocols: &["3.1.1"],
            most_qos: 1,
            retains: false,
            // 29 min 27 s: the hub waits one and a half times as long.
            keep_alive_s: Some((1, 1767)),
            inflight: None,
            client_id: Some(("${device.serial}", OtherIds::Refused)),
            client_id_bytes: Some(128),
            topic: Some("devices/${device.serial}/messages/events/"),
            topic_slashes: None,
            topic_bytes: None,
            login: CloudLogin::CertificateOrSignature {
                user: "${host}/${device.serial}/?api-version=2021-04-12",
                resource: "${host}/devices/${device.serial}",
            },
            lets_watch: false,
            takes_commands: false,
        },
        CloudSpec {
            name: "hivemq-cloud",
            about: "HiveMQ Cloud: TLS, and a name and a password for everybody",
            source: "HiveMQ documentation, Create Access Credentials",
            carrier: "mqtt",
            schemes: SECURE,
            protocols: BOTH,
            most_qos: 2,
            retains: true,
            keep_alive_s: None,
            inflight: None,
            client_id: None,
            client_id_bytes: Some(65_535),
            topic: None,
            topic_slashes: None,
            topic_bytes: Some(65_535),
            login: CloudLogin::Name,
            lets_watch: true,
            takes_commands: true,
        },
        CloudSpec {
            name: "emqx",
            about: "EMQX Platform, Serverless: TLS, and a name and a password or token for everybody; ten levels in a topic",
            source: "EMQX Platform documentation, Quotas and Limits",
            carrier: "mqtt",
            schemes: SECURE,
            protocols: BOTH,
            most_qos: 2,
            retains: true,
            keep_alive_s: None,
            inflight: None,
            client_id: None,
            client_id_bytes: Some(1024),
            topic: None,
            topic_slashes: Some(9),
            topic_bytes: None,
            login: CloudLogin::Name,
            lets_watch: true,
            takes_commands: true,
        },
    ]
}
