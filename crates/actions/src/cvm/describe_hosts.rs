//! DescribeHosts: dedicated hosts, of which nobody has any here.
//!
//! <https://cloud.tencent.com/document/api/213/16474>.

use crate::{Action, Body, Context, EMPTY, Parameters, Product, Reason, filters};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeHosts", answer).errors(&[
    "InvalidFilter",
    "InvalidFilterValue.LimitExceeded",
    "InvalidParameterValue.LimitExceeded",
]);

const FILTERS: &[&str] =
    &["zone", "project-id", "host-id", "host-name", "host-state", "host-type", "tag-key", "tag-value"];

fn answer(parameters: &mut Parameters, _view: &View, _context: &Context) -> Result<Body, Reason> {
    filters::read(parameters, FILTERS)?;
    filters::page(parameters)?;
    Ok(Body::of(object! { TotalCount: 0, HostSet: EMPTY }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeHosts {"Filters":[{"Name":"zone","Values":["ap-guangzhou-3"]}],"Offset":0,"Limit":10}
< {"TotalCount":0,"HostSet":[]}
> DescribeHosts {"Limit":101}
< InvalidParameterValue.LimitExceeded ...
> DescribeHosts {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidFilter ...
> DescribeHosts {"Filters":[{"Name":"zone","Values":["1","2","3","4","5","6"]}]}
< InvalidFilterValue.LimitExceeded ...
"#;
