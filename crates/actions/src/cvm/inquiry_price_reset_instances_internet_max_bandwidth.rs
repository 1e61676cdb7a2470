//! InquiryPriceResetInstancesInternetMaxBandwidth: what another public bandwidth of instances would cost.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=InquiryPriceResetInstancesInternetMaxBandwidth>.
//!
//! By the hour or by the GB; for bandwidth paid in advance, the additional cost for the rest of each instance's term.
//! The charge type is the first instance's unless another is named.

use super::declared;
use crate::{Action, Batch, Body, Context, Parameters, Product, Reason, cvm::inquiry, prices::ItemPrice};
use cvmd_model::{InstanceId, InternetAccessible};
use cvmd_state::View;

const BANDWIDTH_MBPS_MAX: u32 = 2000;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "InquiryPriceResetInstancesInternetMaxBandwidth", answer)
    .errors(&["InvalidInstanceId.Malformed", "InvalidInstanceId.NotFound", "InvalidParameterValue.LimitExceeded"])
    .without_effect_of(&[declared::BANDWIDTH])
    .without_effect(&["EndTime", "InternetAccessible.PublicIpAssigned", "StartTime"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let ids: Batch<InstanceId> = Batch::read(parameters, "InstanceIds")?;
    let missing = || Reason::Missing { name: "InternetAccessible".into() };
    let mut spec = parameters.structure("InternetAccessible")?.ok_or_else(missing)?;
    let words = ["BANDWIDTH_PREPAID", "TRAFFIC_POSTPAID_BY_HOUR", "BANDWIDTH_POSTPAID_BY_HOUR", "BANDWIDTH_PACKAGE"];
    let charge_type = spec.word("InternetChargeType", &words.map(|word| (word, word)))?;
    let missing = Reason::Missing { name: spec.path("InternetMaxBandwidthOut") };
    let max_bandwidth_out = spec.bounded("InternetMaxBandwidthOut", 0, BANDWIDTH_MBPS_MAX)?.ok_or(missing)?;
    spec.finish()?;
    let instances = ids.find(view, context)?;
    let own = instances.first().map_or("TRAFFIC_POSTPAID_BY_HOUR", |instance| &*instance.internet.charge_type);
    let charge_type = charge_type.unwrap_or(own).to_owned().into();
    let prices = &context.policy.prices;
    if charge_type == "BANDWIDTH_PREPAID" {
        let more = instances.iter().map(|instance| {
            let more = max_bandwidth_out.saturating_sub(instance.internet.max_bandwidth_out);
            inquiry::rest_of_term(prices.bandwidth_mbps_hour.times(more), instance, context)
        });
        return Ok(inquiry::answer(None, ItemPrice::in_advance(more.sum())));
    }
    let internet =
        InternetAccessible { charge_type, max_bandwidth_out, public_ip_assigned: true, public_ip_declined: false };
    // Invariant: a batch holds at most a hundred.
    let count = u32::try_from(instances.len()).unwrap_or(u32::MAX);
    Ok(inquiry::answer(None, prices.bandwidth(&internet, 1, count)))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> InquiryPriceResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-running1"],"InternetAccessible":{"InternetMaxBandwidthOut":10}}
< {"Price":{"InstancePrice":null,"BandwidthPrice":{"UnitPrice":0.8,"ChargeUnit":"GB",...}}}
> InquiryPriceResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-running1","ins-stopped1"],"InternetAccessible":{"InternetMaxBandwidthOut":10,"InternetChargeType":"BANDWIDTH_POSTPAID_BY_HOUR"}}
< {"Price":{"InstancePrice":null,"BandwidthPrice":{"UnitPrice":1.2,"ChargeUnit":"HOUR",...}}}
ins-prepaid1 has 5 Mbit/s in advance
# 5 Mbit/s more for an hour of a month's 720.
> InquiryPriceResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-prepaid1"],"InternetAccessible":{"InternetMaxBandwidthOut":10},"StartTime":"2026-11-24","EndTime":"2026-11-24"}
< {"Price":{"InstancePrice":null,"BandwidthPrice":{..."OriginalPrice":0.166666,...}}}
> InquiryPriceResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-running1"],"InternetAccessible":{"InternetMaxBandwidthOut":-1}}
< InvalidParameterValue ...
> InquiryPriceResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-running1"],"InternetAccessible":{}}
< MissingParameter The request is missing a required parameter `InternetAccessible.InternetMaxBandwidthOut`.
> InquiryPriceResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-1122"],"InternetAccessible":{"InternetMaxBandwidthOut":10}}
< InvalidInstanceId.Malformed ...
> InquiryPriceResetInstancesInternetMaxBandwidth {"InstanceIds":["ins-foreign1"],"InternetAccessible":{"InternetMaxBandwidthOut":10}}
< InvalidInstanceId.NotFound ...
> InquiryPriceResetInstancesInternetMaxBandwidth {"InstanceIds":[101*"ins-running1"],"InternetAccessible":{"InternetMaxBandwidthOut":10}}
< InvalidParameterValue.LimitExceeded ...
"#;
