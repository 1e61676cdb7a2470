//! DescribeDisks: the system and data disks of the account's instances in the region.
//!
//! <https://cloud.tencent.com/document/api/362/16315>. Unlike upstream, every disk belongs to an instance and is
//! deleted with it, so all are ATTACHED. Ids that do not exist are no error.

use crate::{
    Action, Batch, Body, Context, Parameters, Product, Reason,
    disks::{self, Disk},
    filters, page,
};
use cvmd_model::DiskId;
use cvmd_state::View;
use std::cmp::Reverse;

pub(crate) const ACTION: Action = Action::query(Product::Cbs, "DescribeDisks", answer)
    .errors(&["InvalidFilter", "InvalidParameterValue.LimitExceeded"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let by_id = parameters.has("DiskIds");
    if by_id && parameters.has("Filters") {
        return Err(Reason::Exclusive { names: "`DiskIds` and `Filters`" });
    }
    let ids: Batch<DiskId> = Batch::read(parameters, "DiskIds")?;
    let filters = filters::read_all(parameters, disks::FILTERS)?;
    let cut = filters::page(parameters)?;
    let by_deadline = parameters.word("OrderField", &[("CREATE_TIME", false), ("DEADLINE", true)])?.unwrap_or(false);
    let ascending = parameters.word("Order", &[("ASC", true), ("DESC", false)])?.unwrap_or(false);
    let policies = parameters.flag("ReturnBindAutoSnapshotPolicy")?.unwrap_or(false);
    let mut found: Vec<Disk<'_>> = if by_id {
        ids.iter().filter_map(|id| disks::find(view, context, *id)).collect()
    } else {
        disks::select(view, context, &filters)
    };
    let key = |disk: &Disk<'_>| (by_deadline.then(|| disk.deadline_seconds()), disk.instance.sequence);
    if ascending {
        found.sort_by_key(key);
    } else {
        found.sort_by_key(|disk| Reverse(key(disk)));
    }
    Ok(Body::of(object! {
        TotalCount: found.len(),
        DiskSet: page(&found, cut, |disk| disks::reply(disk, policies, view, context)),
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeDisks {"Filters":[{"Name":"instance-id","Values":["ins-running1"]}]}
< {"TotalCount":1,"DiskSet":[{"DeleteWithInstance":true,"RenewFlag":"NOTIFY_AND_MANUAL_RENEW","DiskType":"CLOUD_PREMIUM","DiskState":"ATTACHED",..."InstanceId":"ins-running1",..."AutoSnapshotPolicyIds":null,..."Attached":true,"DiskSize":50,..."DiskUsage":"SYSTEM_DISK","DiskChargeType":"POSTPAID_BY_HOUR",...}]}
> cvm.RunInstances {"Placement":{"Zone":"ap-guangzhou-4","ProjectId":7},"ImageId":"img-487zeit5","InstanceName":"disks","DataDisks":[{"DiskSize":100,"DiskType":"CLOUD_SSD","DiskName":"logs"},{"DiskSize":20,"DeleteWithInstance":false}]}
< {"InstanceIdSet":["ins-..."]}
> DescribeDisks {"Filters":[{"Name":"instance-name","Values":["disks"]},{"Name":"zone","Values":["ap-guangzhou-4"]},{"Name":"disk-state","Values":["ATTACHED"]}],"ReturnBindAutoSnapshotPolicy":true}
< {"TotalCount":3,"DiskSet":[{..."AutoSnapshotPolicyIds":[],..."DiskUsage":"SYSTEM_DISK"...},{..."DiskType":"CLOUD_SSD",..."DiskSize":100,..."DiskUsage":"DATA_DISK"...},{"DeleteWithInstance":false,..."DiskSize":20,...}]}
> DescribeDisks {"Filters":[{"Name":"disk-usage","Values":["DATA_DISK"]},{"Name":"disk-type","Values":["CLOUD_SSD"]},{"Name":"project-id","Values":["7"]},{"Name":"portable","Values":["FALSE"]}]}
< {"TotalCount":1,...
> DescribeDisks {"Filters":[{"Name":"disk-name","Values":["logs"]}]}
< {"TotalCount":1,"DiskSet":[{..."DiskName":"logs",..."DiskSize":100,...}]}
> cvm.DescribeInstances {"Filters":[{"Name":"instance-name","Values":["disks"]}]}
< ..."DataDisks":[{"DiskSize":100,..."DiskName":"logs",...},{"DiskSize":20,..."DiskName":"",...}]...
> DescribeDisks {"Limit":1,"Offset":2}
< {"TotalCount":15,"DiskSet":[{..."DiskSize":20,...}]}
> DescribeDisks {"Limit":1,"Order":"ASC"}
< {"TotalCount":15,"DiskSet":[{..."InstanceId":"ins-running1",...}]}
> DescribeDisks {"Limit":1,"Order":"DESC","OrderField":"DEADLINE"}
< {"TotalCount":15,"DiskSet":[{..."InstanceId":"ins-recycled",..."DeadlineTime":"2026-11-24 01:00:00",..."DiskChargeType":"PREPAID",..."DifferDaysOfDeadline":0,...}]}
> DescribeDisks {"Filters":[{"Name":"disk-charge-type","Values":["PREPAID"]}]}
< {"TotalCount":2,...
> DescribeDisks {"Filters":[{"Name":"instance-ip-address","Values":["127.64.0.2"]},{"Name":"disk-name","Values":[""]}]}
< {"TotalCount":1,...
# An instance's tags are not its disks'.
> DescribeDisks {"Filters":[{"Name":"tag:team","Values":["red"]}]}
< {"TotalCount":0,"DiskSet":[]}
> DescribeDisks {"Filters":[{"Name":"dedicated-cluster-id","Values":["x"]}]}
< {"TotalCount":0,"DiskSet":[]}

# Names and encryption of disks are stored and answered.
> cvm.RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceName":"named","SystemDisk":{"DiskName":"root","Encrypt":true},"DataDisks":[{"DiskSize":20,"DiskName":"logs","Encrypt":true,"KmsKeyId":""},{"DiskSize":20,"Encrypt":false}]}
< {"InstanceIdSet":["ins-..."]}
> cvm.DescribeInstances {"Filters":[{"Name":"instance-name","Values":["named"]}]}
< ..."SystemDisk":{..."DiskName":"root"..."Encrypt":true...},"DataDisks":[{..."DiskName":"logs"..."Encrypt":true..."KmsKeyId":null...},{..."DiskName":""..."Encrypt":false..."KmsKeyId":null...}]...
> DescribeDisks {"Filters":[{"Name":"disk-name","Values":["root"]}]}
< {"TotalCount":1,"DiskSet":[{..."Encrypt":true..."DiskName":"root"..."DiskUsage":"SYSTEM_DISK"...}]}
> cvm.RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","SystemDisk":{"KmsKeyId":"kms-abcd1234"}}
< InvalidParameterValue The key `kms-abcd1234` in the parameter `SystemDisk.KmsKeyId` does not exist: there is no key service here. Without it an encrypted disk has the cloud's key.
> cvm.RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DataDisks":[{"DiskSize":20,"Encrypt":true,"KmsKeyId":"bd6bc01b-c64f-4c2f-a1e1-ecbab6dbf2e9"}]}
< InvalidParameterValue The key `bd6bc01b-c64f-4c2f-a1e1-ecbab6dbf2e9` in the parameter `DataDisks.0.KmsKeyId` does not exist: ...

# Its disks carry what is asked for them, and nothing of the instance's.
> cvm.RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceName":"tagged","DataDisks":[{"DiskSize":20}],"TagSpecification":[{"ResourceType":"volume","Tags":[{"Key":"team","Value":"disks"}]},{"ResourceType":"instance","Tags":[{"Key":"team","Value":"machines"}]}]}
< {"InstanceIdSet":["ins-..."]}
> DescribeDisks {"Filters":[{"Name":"tag:team","Values":["disks"]}]}
< {"TotalCount":2,"DiskSet":[{..."Tags":[{"Key":"team","Value":"disks"}]..."DiskUsage":"SYSTEM_DISK"...},{..."Tags":[{"Key":"team","Value":"disks"}]..."DiskUsage":"DATA_DISK"...}]}
> cvm.DescribeInstances {"Filters":[{"Name":"instance-name","Values":["tagged"]}]}
< ..."Tags":[{"Key":"team","Value":"machines"}]...
> cvm.RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","TagSpecification":[{"ResourceType":"volume","Tags":[{"Key":"a","Value":"b"},{"Key":"a","Value":"c"}]}]}
< InvalidParameterValue.DuplicateTags ...
> cvm.RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","TagSpecification":[{"ResourceType":"host","Tags":[{"Key":"a","Value":"b"}]}]}
< InvalidParameterValue The value `host` specified in the parameter `TagSpecification.0.ResourceType` is not valid: it is one of `instance`, `volume`.

# By id: another account's is not there.
> DescribeDisks {"DiskIds":["disk-tqruur6m"]}
< {"TotalCount":1,"DiskSet":[{..."InstanceId":"ins-running1",...}]}
> DescribeDisks {"Filters":[{"Name":"disk-id","Values":["disk-tqruur6m","disk-nowhere0"]}]}
< {"TotalCount":1,"DiskSet":[{..."InstanceId":"ins-running1",...}]}
> DescribeDisks {"DiskIds":["disk-nowhere0","disk-9mioat9u"]}
< {"TotalCount":0,"DiskSet":[]}
> DescribeDisks {"Filters":[{"Name":"disk-id","Values":["disk-9mioat9u"]}]}
< {"TotalCount":0,"DiskSet":[]}
> DescribeDisks {"Filters":[{"Name":"instance-id","Values":["ins-foreign1","ins-shanghai","nonsense"]}]}
< {"TotalCount":0,"DiskSet":[]}
> DescribeDisks {"DiskIds":["disk-nowhere0"],"Filters":[{"Name":"zone","Values":["ap-guangzhou-3"]}]}
< InvalidParameter The parameters `DiskIds` and `Filters` exclude one another.
> DescribeDisks {"DiskIds":["disk-1"]}
< InvalidParameterValue The value `disk-1` specified in the parameter `DiskIds` is not valid.
> DescribeDisks {"DiskIds":[101*"disk-nowhere0"]}
< InvalidParameterValue.LimitExceeded ...
> DescribeDisks {"Limit":101}
< InvalidParameterValue.LimitExceeded ...
> DescribeDisks {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidFilter ...
> DescribeDisks {"Order":"UP"}
< InvalidParameterValue ...
"#;
