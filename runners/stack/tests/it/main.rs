//! The brokers as a run uses them, seen by ordinary MQTT clients (rumqttc, 3.1.1 and 5).

mod behaviour;
mod client;
#[cfg(feature = "embedded")]
mod embedded;
mod external;
mod mosquitto;
