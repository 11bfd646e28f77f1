//! What a device shows of itself over TLS.

use std::path::Path;

use scenarios::Plan;
use sim_core::SimId;

use crate::error::CarrierError;
use crate::transport::tls::{TlsClient, TlsTarget};

/// How a device of the plan speaks TLS with a target: with the certificate that it has, or with one that the target's issuer
/// makes for its serial number, if there is one.
///
/// # Errors
/// [`CarrierError::Security`] when a certificate or key cannot be used, or none can be issued.
pub(crate) fn client_of(plan: &Plan, device: SimId, tls: &TlsTarget) -> Result<TlsClient, CarrierError> {
    let folder = Path::new(&plan.file).parent().unwrap_or(Path::new(""));
    match &plan.endpoints[device.index()].certificate {
        Some(own) => tls.client_of_files(&folder.join(&own.certificate), &folder.join(&own.key)),
        None => tls.client(&plan.roster.devices[device.index()].serial),
    }
}
