//! DescribeImageQuota: the maximum of custom images of an account in a region.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeImageQuota>.

use super::images::QUOTA;
use crate::{Action, Body, Context, Parameters, Product, Reason};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeImageQuota", answer);

fn answer(_parameters: &mut Parameters, _view: &View, _context: &Context) -> Result<Body, Reason> {
    Ok(Body::of(object! { ImageNumQuota: QUOTA }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeImageQuota {}
< {"ImageNumQuota":500}
"#;
