//! Amazon Bedrock `InvokeModelWithResponseStream`: a model's own events, each in base64.

use super::shared::{self, Full, Shared};
use super::text::Trace;
use super::{Evidence, Options, Protocol};
use crate::event::{Block, Part};
use crate::json::Raw;
use crate::{ErrorKind, Event, Frame, Limits};

type Out<'a> = &'a mut dyn FnMut(Event<'_>);

/// The protocol's state.
#[derive(Clone, Debug)]
pub struct BedrockInvoke {
    shared: Shared,
    limits: Limits,
}

impl BedrockInvoke {
    /// The state at the start of a reply.
    #[must_use]
    pub fn new(options: Options, limits: Limits) -> Self {
        Self {
            shared: Shared::new(options),
            limits,
        }
    }
}

impl Full for BedrockInvoke {
    fn shared(&mut self) -> &mut Shared {
        &mut self.shared
    }

    fn read<'a>(
        &mut self,
        _frame: Frame<'_>,
        _payload: Raw<'a>,
        _trace: &mut Trace<'a>,
        _out: Out<'_>,
    ) -> Result<(), ErrorKind> {
        let _ = self.limits;
        Err(ErrorKind::Protocol("this dialect is not read yet"))
    }

    fn recognised(&mut self, _block: Block, _part: Part) {}
}

impl Protocol for BedrockInvoke {
    fn decode(&mut self, frame: Frame<'_>, out: Out<'_>) -> Result<(), ErrorKind> {
        shared::decode(self, frame, out)
    }

    fn finish(&mut self, out: Out<'_>) -> Evidence {
        self.shared.texts.flush(None, out);
        Evidence::None
    }
}
