//! DescribeInternetChargeTypeConfigs: the ways of paying for public bandwidth.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeInternetChargeTypeConfigs>.

use crate::{Action, Body, Context, Parameters, Product, Reason, places};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeInternetChargeTypeConfigs", answer);

/// The name, and its description in Chinese and in English.
const CONFIGS: [(&str, &str, &str); 4] = [
    ("BANDWIDTH_PREPAID", "预付费按带宽结算", "Bandwidth, paid in advance"),
    ("TRAFFIC_POSTPAID_BY_HOUR", "流量按小时后付费", "Traffic, paid by the hour"),
    ("BANDWIDTH_POSTPAID_BY_HOUR", "带宽按小时后付费", "Bandwidth, paid by the hour"),
    ("BANDWIDTH_PACKAGE", "带宽包计费", "Bandwidth package"),
];

fn answer(_parameters: &mut Parameters, _view: &View, context: &Context) -> Result<Body, Reason> {
    let config = |(internet_charge_type, chinese, english)| {
        object! { InternetChargeType: internet_charge_type, Description: places::named(context, chinese, english) }
    };
    Ok(Body::of(object! { InternetChargeTypeConfigSet: CONFIGS.into_iter().map(config).collect::<Vec<_>>() }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeInternetChargeTypeConfigs {}
< {"InternetChargeTypeConfigSet":[{"InternetChargeType":"BANDWIDTH_PREPAID","Description":"Bandwidth, paid in advance"},{"InternetChargeType":"TRAFFIC_POSTPAID_BY_HOUR",...},...]}
"#;
