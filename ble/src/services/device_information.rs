//! Device Information service 0x180A.

use crate::pdu::att::Uuid;

use crate::gatt::{Characteristic, Properties, Service};

/// The service.
pub const SERVICE: Uuid = Uuid::Short(0x180A);

/// What a device says about itself; what is not given has no characteristic.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(missing_docs, reason = "the fields are named like the characteristics")]
pub struct DeviceInformation {
    pub manufacturer_name: Option<String>,
    pub model_number: Option<String>,
    pub serial_number: Option<String>,
    pub firmware_revision: Option<String>,
    pub hardware_revision: Option<String>,
    pub software_revision: Option<String>,
    /// Manufacturer's identifier (40 bits) and organisationally unique identifier (24 bits).
    pub system_id: Option<(u64, u32)>,
    /// Vendor id, product id and product version in the numbers of the USB Implementers Forum.
    pub plug_and_play: Option<(u16, u16, u16)>,
}

impl DeviceInformation {
    /// The service.
    pub fn service(&self) -> Service {
        let texts = [
            (0x2A29, &self.manufacturer_name),
            (0x2A24, &self.model_number),
            (0x2A25, &self.serial_number),
            (0x2A26, &self.firmware_revision),
            (0x2A27, &self.hardware_revision),
            (0x2A28, &self.software_revision),
        ];
        let constant =
            |uuid, value: Vec<u8>| Characteristic::new(Uuid::Short(uuid), Properties::READ).with_value(value);
        let mut characteristics: Vec<Characteristic> = texts
            .into_iter()
            .filter_map(|(uuid, text)| Some(constant(uuid, text.as_ref()?.as_bytes().to_vec())))
            .collect();
        if let Some((manufacturer, organisation)) = self.system_id {
            let value = [&manufacturer.to_le_bytes()[..5], &organisation.to_le_bytes()[..3]].concat();
            characteristics.push(constant(0x2A23, value));
        }
        if let Some((vendor, product, version)) = self.plug_and_play {
            // Source 2: USB Implementers Forum.
            let mut value = vec![2];
            value.extend([vendor, product, version].into_iter().flat_map(u16::to_le_bytes));
            characteristics.push(constant(0x2A50, value));
        }
        Service { uuid: SERVICE, characteristics }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_given() {
        let information = DeviceInformation {
            serial_number: Some("A-1".to_owned()),
            system_id: Some((0x01_0203_0405, 0x00_1BDC)),
            ..DeviceInformation::default()
        };
        let service = information.service();
        assert_eq!(service.characteristics.len(), 2);
        assert_eq!(service.characteristics[0].value, b"A-1");
        assert_eq!(service.characteristics[1].value, [5, 4, 3, 2, 1, 0xDC, 0x1B, 0x00]);
    }
}
