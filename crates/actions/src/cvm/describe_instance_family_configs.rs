//! DescribeInstanceFamilyConfigs: the families of instance types.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeInstanceFamilyConfigs>.

use crate::{Action, Body, Context, Parameters, Product, Reason, types};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeInstanceFamilyConfigs", answer);

fn answer(_parameters: &mut Parameters, _view: &View, context: &Context) -> Result<Body, Reason> {
    let family = |family| {
        object! { InstanceFamilyName: types::family_name(family, context.language), InstanceFamily: family }
    };
    Ok(Body::of(object! { InstanceFamilyConfigSet: types::families().into_iter().map(family).collect::<Vec<_>>() }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeInstanceFamilyConfigs {}
< {"InstanceFamilyConfigSet":[{"InstanceFamilyName":"Standard S5","InstanceFamily":"S5"},...{"InstanceFamilyName":"Memory Optimized M5","InstanceFamily":"M5"},{"InstanceFamilyName":"Standard S1","InstanceFamily":"S1"},...{"InstanceFamilyName":"GPU GN10X","InstanceFamily":"GN10X"},...]}
"#;
