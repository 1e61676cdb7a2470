//! DescribeInstanceInternetBandwidthConfigs: the bandwidth that an instance has paid for in advance, and its term.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeInstanceInternetBandwidthConfigs>.
//!
//! An instance with another charge type has none. Unlike upstream, there is no history: the present bandwidth is
//! answered as if it had never changed.

use crate::{Action, Batch, Body, Context, Parameters, Product, Reason, reply, time};
use cvmd_model::{Instance, InstanceId, Prepaid};
use cvmd_state::View;
use std::sync::Arc;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeInstanceInternetBandwidthConfigs", answer)
    .errors(&["InvalidInstanceId.Malformed", "InvalidInstanceId.NotFound"]);

fn answer<'a>(parameters: &mut Parameters, view: &'a View, context: &Context) -> Result<Body, Reason> {
    let id: Batch<InstanceId> = Batch::of_one(parameters, "InstanceId")?;
    let instances = id.find(view, context)?;
    let paid = instances.into_iter().filter_map(|instance| Some((instance, instance.prepaid()?)));
    let configs = paid.filter(|(instance, _)| instance.internet.charge_type == "BANDWIDTH_PREPAID");
    let config = |(instance, term): (&'a Arc<Instance>, Prepaid)| {
        object! {
            StartTime: time(instance.created_seconds),
            EndTime: time(term.expires_seconds),
            InternetAccessible: reply::internet_accessible(instance),
        }
    };
    Ok(Body::of(object! { InternetBandwidthConfigSet: configs.map(config).collect::<Vec<_>>() }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
ins-prepaid1 has 5 Mbit/s in advance
> DescribeInstanceInternetBandwidthConfigs {"InstanceId":"ins-prepaid1"}
< {"InternetBandwidthConfigSet":[{"StartTime":"2026-11-24T00:00:00Z","EndTime":"2026-11-24T01:00:00Z","InternetAccessible":{"InternetChargeType":"BANDWIDTH_PREPAID","InternetMaxBandwidthOut":5,"PublicIpAssigned":false,"BandwidthPackageId":null,...}}]}
> DescribeInstanceInternetBandwidthConfigs {"InstanceId":"ins-running1"}
< {"InternetBandwidthConfigSet":[]}
> DescribeInstanceInternetBandwidthConfigs {"InstanceId":"ins-1"}
< InvalidInstanceId.Malformed ...
> DescribeInstanceInternetBandwidthConfigs {"InstanceId":"ins-foreign1"}
< InvalidInstanceId.NotFound ...
"#;
