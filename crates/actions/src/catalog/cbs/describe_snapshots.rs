//! DescribeSnapshots: none, for nothing here makes a snapshot.
//!
//! <https://cloud.tencent.com/document/api/362/15647>. Clients ask for those of an image or of a disk.

use crate::{Action, Body, Context, Effect, Parameters, Product, Reason, filters};
use cvmd_state::View;
use serde::Serialize;

pub(crate) const ACTION: Action = Action {
    product: Product::Cbs,
    name: "DescribeSnapshots",
    errors: &["InvalidFilter", "InvalidParameterValue.LimitExceeded"],
    without_effect: &["Order", "OrderField", "SnapshotIds"],
    regionless: false,
    effect: Effect::Query(answer),
};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply {
    total_count: usize,
    snapshot_set: [(); 0],
}

fn answer(parameters: &mut Parameters, _view: &View, _context: &Context) -> Result<Body, Reason> {
    if parameters.has("SnapshotIds") && parameters.has("Filters") {
        return Err(Reason::Exclusive { names: "`SnapshotIds` and `Filters`" });
    }
    let known = [
        "snapshot-id",
        "snapshot-name",
        "snapshot-state",
        "disk-usage",
        "project-id",
        "disk-id",
        "zone",
        "encrypt",
        "snapshot-type",
        "tag-key",
    ];
    filters::read_all(parameters, &known)?;
    filters::page(parameters)?;
    Ok(Body::of(&Reply { total_count: 0, snapshot_set: [] }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeSnapshots {"SnapshotIds":["snap-11112222"]}
< {"TotalCount":0,"SnapshotSet":[]}
> DescribeSnapshots {"Filters":[{"Name":"disk-id","Values":["disk-nowhere0"]},{"Name":"tag:team","Values":["red"]}],"Order":"ASC","OrderField":"CREATE_TIME"}
< {"TotalCount":0,"SnapshotSet":[]}
> DescribeSnapshots {"SnapshotIds":["snap-11112222"],"Filters":[{"Name":"disk-id","Values":["disk-nowhere0"]}]}
< InvalidParameter The parameters `SnapshotIds` and `Filters` exclude one another.
> DescribeSnapshots {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidFilter ...
> DescribeSnapshots {"Limit":0}
< InvalidParameterValue.LimitExceeded ...
"#;
