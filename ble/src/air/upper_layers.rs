//! What a peripheral does with a whole L2CAP frame.

use crate::pdu::att::{Request, Response};
use crate::pdu::hci::Status;
use crate::pdu::l2cap::{ATT_CHANNEL, Frame, SIGNALLING_CHANNEL, SMP_CHANNEL, Signal};

use super::Air;
use crate::air_event::AirEvent;
use crate::ids::LinkId;

impl Air {
    pub(super) fn receive_frame(&mut self, id: LinkId, frame: Frame) {
        match frame.channel {
            ATT_CHANNEL => self.receive_att(id, &frame.payload),
            SIGNALLING_CHANNEL => self.receive_signal(id, &frame.payload),
            SMP_CHANNEL => self.receive_smp(id, &frame.payload),
            // Frames on channels that do not exist are discarded (volume 3, part A, section 3.1).
            _ => {}
        }
    }

    fn receive_att(&mut self, id: LinkId, octets: &[u8]) {
        let now_ns = self.now_ns;
        let Some(link) = self.links.get_mut(&id) else { return };
        let peripheral_id = link.peripheral;
        let peripheral = &mut self.peripherals[peripheral_id.0 as usize];
        let request = match Request::parse(octets) {
            Ok(request) => request,
            Err(error) => {
                link.counters.malformed += 1;
                if let Some((request, code)) = error.answer() {
                    let response = Response::Error { request, handle: 0, code };
                    self.push_frame(id, ATT_CHANNEL, response.to_bytes());
                }
                return;
            }
        };
        let confirms = request == Request::Confirm;
        if peripheral.faults.stall_requests && !confirms {
            peripheral.fault_counters.requests_stalled += 1;
            return;
        }
        let mut writes = Vec::new();
        let response = peripheral.server.answer(&mut link.session, link.security, request, now_ns, &mut writes);
        if let Some(response) = response {
            self.push_frame(id, ATT_CHANNEL, response.to_bytes());
        }
        if confirms {
            self.take_confirmation(id);
        }
        for write in writes {
            self.note(AirEvent::Written { link: id, peripheral: peripheral_id, write });
        }
    }

    fn take_confirmation(&mut self, id: LinkId) {
        let Some(link) = self.links.get_mut(&id) else { return };
        let peripheral = link.peripheral;
        link.indication_serial += 1;
        let confirmed = std::mem::take(&mut link.session.indicated);
        if let Some((handle, value, tag)) = link.session.indications.pop_front() {
            self.indicate(id, handle, value, tag);
        }
        self.note(AirEvent::Confirmed { link: id, peripheral, tag: confirmed });
    }

    fn receive_signal(&mut self, id: LinkId, octets: &[u8]) {
        let answer = match Signal::parse(octets) {
            Ok(Signal::ChannelRequest { identifier, enhanced }) => Signal::ChannelRefusal { identifier, enhanced },
            Ok(Signal::Unknown { identifier, .. } | Signal::ParameterUpdateRequest { identifier, .. }) => {
                Signal::CommandReject { identifier }
            }
            Ok(
                Signal::CommandReject { .. } | Signal::ParameterUpdateResponse { .. } | Signal::ChannelRefusal { .. },
            ) => return,
            Err(_) => {
                if let Some(link) = self.links.get_mut(&id) {
                    link.counters.malformed += 1;
                }
                return;
            }
        };
        self.push_frame(id, SIGNALLING_CHANNEL, answer.to_bytes());
    }

    /// An indication was not confirmed within 30 s: the bearer may not be used any more, so the device hangs up.
    pub(super) fn end_unconfirmed(&mut self, id: LinkId, serial: u32) {
        let Some(link) = self.links.get(&id) else { return };
        if link.indication_serial == serial && link.session.is_unconfirmed() {
            self.end_link(id, Status::REMOTE_USER_TERMINATED, Status::LOCAL_HOST_TERMINATED);
        }
    }
}
