//! Writes one segment, field by field; what is empty at the end of a segment or a field is left out.

use bytes::BytesMut;

use super::text::write_escaped;

/// A segment that is being written. Fields come in rising order.
#[derive(Debug)]
pub(super) struct SegmentWriter<'o> {
    out: &'o mut BytesMut,
    /// Number of the last field that has begun.
    field: usize,
}

impl<'o> SegmentWriter<'o> {
    pub(super) fn begin(name: &str, out: &'o mut BytesMut) -> Self {
        out.extend_from_slice(name.as_bytes());
        Self { out, field: 0 }
    }

    /// A header, which says itself what keeps fields apart.
    pub(super) fn header(out: &'o mut BytesMut) -> Self {
        out.extend_from_slice(br"MSH|^~\&");
        Self { out, field: 2 }
    }

    /// Writes a field of these components.
    pub(super) fn put(&mut self, field: usize, components: &[&str]) -> &mut Self {
        self.put_all(field, &[components])
    }

    /// Writes a field with one repetition for each of these.
    pub(super) fn put_all(&mut self, field: usize, repetitions: &[&[&str]]) -> &mut Self {
        if repetitions.iter().all(|components| components.iter().all(|component| component.is_empty())) {
            return self;
        }
        let out = self.at(field);
        for (index, components) in repetitions.iter().enumerate() {
            if index > 0 {
                out.extend_from_slice(b"~");
            }
            let written = components.iter().rposition(|component| !component.is_empty()).map_or(0, |last| last + 1);
            for (index, component) in components[..written].iter().enumerate() {
                if index > 0 {
                    out.extend_from_slice(b"^");
                }
                write_escaped(component, out);
            }
        }
        self
    }

    /// Where the text of a field goes that needs no escapes.
    pub(super) fn at(&mut self, field: usize) -> &mut BytesMut {
        debug_assert!(field > self.field, "fields come in rising order");
        for _ in self.field..field {
            self.out.extend_from_slice(b"|");
        }
        self.field = field;
        self.out
    }

    pub(super) fn end(&mut self) {
        self.out.extend_from_slice(b"\r");
    }
}
