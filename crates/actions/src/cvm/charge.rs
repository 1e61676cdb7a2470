//! How new instances are paid for: by the hour, as spot instances, or in advance.

use crate::{Context, Parameters, Reason, Words, cvm::term::Term};
use cvmd_model::{ChargeType, Prepaid};

/// `InstanceChargeType` and `InstanceChargePrepaid`.
pub(crate) fn read(parameters: &mut Parameters, context: &Context) -> Result<(ChargeType, Option<Prepaid>), Reason> {
    let charge_type = charge_type(parameters)?;
    let term = Term::if_prepaid(parameters, charge_type == ChargeType::Prepaid)?;
    Ok((charge_type, term.map(|term| term.begun(context.now_seconds))))
}

fn charge_type(parameters: &mut Parameters) -> Result<ChargeType, Reason> {
    let words = [
        ("POSTPAID_BY_HOUR", Some(ChargeType::PostpaidByHour)),
        ("SPOTPAID", Some(ChargeType::Spotpaid)),
        ("PREPAID", Some(ChargeType::Prepaid)),
        ("CDHPAID", None),
        ("CDCPAID", None),
    ];
    match parameters.word("InstanceChargeType", &words)? {
        None => Ok(ChargeType::PostpaidByHour),
        Some(Some(charge_type)) => Ok(charge_type),
        Some(None) => {
            let english = "an InstanceChargeType other than PREPAID, POSTPAID_BY_HOUR and SPOTPAID";
            let chinese = "PREPAID、POSTPAID_BY_HOUR 和 SPOTPAID 以外的 InstanceChargeType";
            Err(Reason::Unsupported { what: Words::new(english, chinese) })
        }
    }
}
