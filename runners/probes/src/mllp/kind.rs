//! `mllp`: the row of the receiver, and how it answers.

use std::sync::Arc;

use carriers::{Deframer, acknowledge, mllp_block};
use sim_core::{Executor, ParameterKind, ParameterSpec, ProbeKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::manners::{Manner, Manners};
use crate::receiver::{Receiver, Reception};
use crate::{Probe, ProbeError, Sighting, Start, Watch};

/// Bytes read at a time.
const READ_BUFFER: usize = 16 * 1024;

/// The row.
pub(crate) fn row() -> ProbeKind {
    let mut parameters = Manners::parameters();
    parameters.push(
        ParameterSpec::optional(
            "refuse_with",
            ParameterKind::Choice(&["AE", "AR", "CE", "CR"]),
            "code of the acknowledgement that refuses",
        )
        .default("AE"),
    );
    ProbeKind {
        name: "mllp",
        about: "a receiver of MLLP: takes what is sent to it, and acknowledges it with AA",
        takes_filters: false,
        tells_topics: false,
        watches: &["mllp"],
        parameters,
        executor: Executor::new(Watch(start)),
    }
}

fn start(start: Start<'_>) -> Result<Box<dyn Probe>, ProbeError> {
    let refuse_with = start.arguments.text("refuse_with").unwrap_or("AE").to_owned();
    let serve = move |stream, reception| serve(stream, reception, refuse_with.clone());
    Ok(Box::new(Receiver::begin(&start, carriers::MLLP_SCHEMES, serve)?))
}

/// Serves one connection until it ends, by itself or by the manners of the receiver.
async fn serve(mut stream: TcpStream, reception: Arc<Reception>, refuse_with: String) {
    let mut deframer = Deframer::default();
    let mut buffer = vec![0; READ_BUFFER];
    loop {
        let Ok(count @ 1..) = stream.read(&mut buffer).await else { return };
        deframer.put(&buffer[..count]);
        loop {
            let block = match deframer.next_block() {
                Ok(Some(block)) => block,
                Ok(None) => break,
                // Whoever sends that is cut off.
                Err(_) => return,
            };
            tokio::time::sleep(reception.manners.delay).await;
            let manner = reception.manners.next();
            let code = if manner == Manner::Refuse { refuse_with.as_str() } else { "AA" };
            let answer = mllp_block(&acknowledge(&block, code));
            if matches!(manner, Manner::Take | Manner::TakeAndCut) {
                (reception.see)(Sighting::publication("", block, reception.pace.now_ns()));
            }
            if matches!(manner, Manner::Cut | Manner::TakeAndCut) {
                return;
            }
            if let Some(answer) = answer
                && stream.write_all(&answer).await.is_err()
            {
                return;
            }
        }
    }
}
