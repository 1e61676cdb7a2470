//! How an instance is stopped, from a request.

use crate::{Parameters, Reason};
use cvmd_model::StopType;

/// `StopType`, or the deprecated flag, which must not be given together with it.
pub(super) fn stop_type(parameters: &mut Parameters, flag: &str, names: &'static str) -> Result<StopType, Reason> {
    if parameters.has(flag) && parameters.has("StopType") {
        return Err(Reason::Exclusive { names });
    }
    let forced = parameters.flag(flag)?.unwrap_or(false);
    let usual = if forced { StopType::SoftFirst } else { StopType::Soft };
    Ok(parameters.word("StopType", &StopType::ALL.map(|how| (how.name(), how)))?.unwrap_or(usual))
}
