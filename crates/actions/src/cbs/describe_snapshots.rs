//! DescribeSnapshots: the snapshots of the account's disks in the region.
//!
//! <https://cloud.tencent.com/document/api/362/15647>. Unlike upstream, only images take snapshots (CreateImage): one
//! of every disk in the image, which may outlive both the disk and the image. It is CREATING as long as its image is.
//! Ids that do not exist are no error, but an empty value of a filter is.

use crate::{Action, Batch, Body, Context, Parameters, Product, Reason, filters, page, snapshots};
use cvmd_model::{Snapshot, SnapshotId};
use cvmd_state::View;
use std::sync::Arc;

pub(crate) const ACTION: Action = Action::query(Product::Cbs, "DescribeSnapshots", answer)
    .errors(&["InvalidFilter", "InvalidParameterValue.LimitExceeded"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let by_id = parameters.has("SnapshotIds");
    if by_id && parameters.has("Filters") {
        return Err(Reason::Exclusive { names: "`SnapshotIds` and `Filters`" });
    }
    let ids: Batch<SnapshotId> = Batch::read(parameters, "SnapshotIds")?;
    let filters = filters::read_all(parameters, snapshots::FILTERS)?;
    filters::refuse_empty(&filters)?;
    let cut = filters::page(parameters)?;
    parameters.word("OrderField", &[("CREATE_TIME", ())])?;
    let ascending = parameters.word("Order", &[("ASC", true), ("DESC", false)])?.unwrap_or(false);
    let mut found: Vec<&Arc<Snapshot>> = if by_id {
        ids.iter().filter_map(|id| view.snapshot_of(context.account, context.region, *id)).collect()
    } else {
        let passes = |snapshot: &&Arc<Snapshot>| filters.iter().all(|filter| snapshots::passes(filter, snapshot, view));
        view.snapshots_of(context.account, context.region).filter(passes).collect()
    };
    found.sort_by_key(|snapshot| std::cmp::Reverse(snapshot.sequence));
    if ascending {
        found.reverse();
    }
    Ok(Body::of(object! {
        TotalCount: found.len(),
        SnapshotSet: page(found, cut, |snapshot| snapshots::reply(snapshot, view)),
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeSnapshots {"SnapshotIds":["snap-11112222"]}
< {"TotalCount":0,"SnapshotSet":[]}
img-golden01 has the snapshot snap-golden01
img-golden01 has the snapshot snap-golden02
> DescribeSnapshots {"SnapshotIds":["snap-golden01","snap-11112222"]}
< {"TotalCount":1,"SnapshotSet":[{"Placement":{"Zone":"ap-guangzhou-3",...},"CopyFromRemote":false,"SnapshotState":"NORMAL","IsPermanent":true,"SnapshotName":"kept","DeadlineTime":"",..."DiskId":"disk-system01","CopyingToRegions":[],"Encrypt":false,"CreateTime":"2026-11-24 00:00:00",..."SnapshotId":"snap-golden01",..."Tags":[]...}]}
> DescribeSnapshots {}
< {"TotalCount":2,"SnapshotSet":[{..."SnapshotId":"snap-golden02",...},{..."SnapshotId":"snap-golden01",...}]}
> DescribeSnapshots {"Order":"ASC","OrderField":"CREATE_TIME","Limit":1}
< {"TotalCount":2,"SnapshotSet":[{..."SnapshotId":"snap-golden01",...}]}
> DescribeSnapshots {"Filters":[{"Name":"disk-id","Values":["disk-system01"]},{"Name":"snapshot-id","Values":["snap-golden01"]},{"Name":"snapshot-state","Values":["NORMAL"]},{"Name":"disk-usage","Values":["SYSTEM_DISK"]},{"Name":"project-id","Values":["0"]},{"Name":"zone","Values":["ap-guangzhou-3"]},{"Name":"encrypt","Values":["FALSE"]},{"Name":"snapshot-type","Values":["PRIVATE_SNAPSHOT"]},{"Name":"snapshot-name","Values":["kept"]}]}
< {"TotalCount":1,...
# The disk that they were taken of counts them.
> DescribeDisks {"DiskIds":["disk-system01"]}
< {"TotalCount":1,"DiskSet":[{..."SnapshotCount":2,..."SnapshotSize":122880,...}]}

# They carry tags of their own, under either name that clients have for them.
img-golden01 has the snapshot snap-golden01
> tag.ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:volume/snap-golden01","ReplaceTags":[{"TagKey":"team","TagValue":"red"}]}
< {}
> DescribeSnapshots {"Filters":[{"Name":"tag:team","Values":["red"]}]}
< {"TotalCount":1,"SnapshotSet":[{..."Tags":[{"Key":"team","Value":"red"}]...}]}
> tag.DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"snap","ResourceIds":["snap-golden01"],"ResourceRegion":"ap-guangzhou"}
< {"TotalCount":1,..."TagKey":"team","TagValue":"red","ResourceId":"snap-golden01"...
> tag.DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"snap","ResourceIds":["snap-golden01"],"ResourceRegion":"ap-shanghai"}
< {"TotalCount":0,...
> DescribeSnapshots {"Filters":[{"Name":"disk-id","Values":["disk-nowhere0"]},{"Name":"tag:team","Values":["red"]}]}
< {"TotalCount":0,"SnapshotSet":[]}
> DescribeSnapshots {"SnapshotIds":["snap-11112222"],"Filters":[{"Name":"disk-id","Values":["disk-nowhere0"]}]}
< InvalidParameter The parameters `SnapshotIds` and `Filters` exclude one another.
> DescribeSnapshots {"SnapshotIds":["snap-1"]}
< InvalidParameterValue The value `snap-1` specified in the parameter `SnapshotIds` is not valid.
> DescribeSnapshots {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidFilter ...
# The vendor's test of its SDK for Go counts on it.
> DescribeSnapshots {"Filters":[{"Name":"snapshot-name","Values":[""]},{"Name":"snapshot-id","Values":[""]}],"Limit":1}
< InvalidParameterValue The value `` specified in the parameter `Filters.0.Values` is not valid: 1 to 1024 characters.
> DescribeSnapshots {"Filters":[{"Name":"tag:team","Values":[""]},{"Name":"snapshot-id","Values":["snap-"]}]}
< {"TotalCount":0,"SnapshotSet":[]}
> DescribeSnapshots {"OrderField":"SIZE"}
< InvalidParameterValue The value `SIZE` specified in the parameter `OrderField` is not valid: it is one of `CREATE_TIME`.
> DescribeSnapshots {"Limit":0}
< InvalidParameterValue.LimitExceeded ...
"#;
