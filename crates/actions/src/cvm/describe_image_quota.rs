//! DescribeImageQuota: the maximum of custom images of an account in a region.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeImageQuota>.

use super::images::QUOTA;
use crate::{Action, Body, Context, Parameters, Product, Reason};
use cvmd_state::View;
use serde::Serialize;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeImageQuota", answer);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    image_num_quota: usize,
}

fn answer(_parameters: &mut Parameters, _view: &View, _context: &Context) -> Result<Body, Reason> {
    Ok(Body::of(&Reply { image_num_quota: QUOTA }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeImageQuota {}
< {"ImageNumQuota":500}
"#;
