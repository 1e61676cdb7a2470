//! TagResources: sets tags on resources of any kind, replacing the values of existing keys.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=TagResources>.
//!
//! A resource that cannot be tagged is answered with a code; the others are tagged.

use super::declared;
use crate::{
    Action, Apply, Context, Parameters, Product, Reason, tag_words,
    tagged::{Description, change_each},
};

const RESOURCES_MAX: usize = 10;

pub(crate) const ACTION: Action = Action::command(Product::Tag, "TagResources", prepare)
    .errors_of(&[declared::TAG])
    .errors(&[
        "InvalidParameterValue.ResourceDescriptionError",
        "InvalidParameterValue.TagKeyDuplicate",
        "LimitExceeded.ResourceNumPerRequest",
        "LimitExceeded.TagNumPerRequest",
    ])
    .without_effect(&["Tags.Category"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let descriptions = Description::list(parameters, RESOURCES_MAX)?;
    let tags = tag_words::tags(parameters, "Tags")?;
    Ok(Box::new(move |tx, context| {
        change_each(tx, context, &descriptions, |id, carried| tag_words::changed(id, carried, &tags, &[]))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> TagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","qcs::cvm::uin/:keypair/skey-spare001","qcs::cvm:ap-guangzhou:uin/:instance/ins-foreign1","qcs::cvm:ap-guangzhou:uin/7:instance/ins-stopped1","qcs::cvm::uin/:instance/ins-stopped1"],"Tags":[{"TagKey":"team","TagValue":"blue"},{"TagKey":"owner","TagValue":"ops"}]}
< {"FailedResources":[{"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-foreign1","Code":"InvalidParameterValue.ResourceIdInvalid","Message":"The resource `ins-foreign1` does not exist."},{..."Code":"InvalidParameterValue.UinInvalid",...},{..."Code":"InvalidParameterValue.RegionInvalid",...}]}
> cvm.DescribeInstances {"Filters":[{"Name":"tag:owner","Values":["ops"]},{"Name":"tag:team","Values":["blue"]}]}
< {"TotalCount":1,...
> cvm.DescribeKeyPairs {"Filters":[{"Name":"tag:owner","Values":["ops"]}]}
< {"TotalCount":1,...
> TagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"],"Tags":[{"TagKey":"owner","TagValue":"dev"}]}
< {"FailedResources":[]}
# A service or a prefix that is not here costs its own resource only.
> TagResources {"ResourceList":["qcs::cos:ap-guangzhou:uin/:bucket/x","qcs::cbs:ap-guangzhou:uin/:disk/disk-data0001","qcs::cvm:ap-guangzhou:uin/:host/x","qcs::cvm:ap-guangzhou:uin/:instance/ins-prepaid1"],"Tags":[{"TagKey":"owner","TagValue":"all"}]}
< {"FailedResources":[{"Resource":"qcs::cos:ap-guangzhou:uin/:bucket/x","Code":"InvalidParameterValue.ServiceTypeInvalid","Message":"Resources of the service `cos` carry no tags here; those of `cbs`, `cvm`, `vpc` do."},{..."Code":"InvalidParameterValue.ResourcePrefixInvalid","Message":"The service `cbs` has no resources `disk` that carry tags here; it has `instance`, `volume`."},{..."Code":"InvalidParameterValue.ResourcePrefixInvalid",...}]}
> cvm.DescribeInstances {"Filters":[{"Name":"tag:owner","Values":["all"]}]}
< {"TotalCount":1,...
# Networks and images carry tags too, the default ones among them.
> TagResources {"ResourceList":["qcs::vpc:ap-guangzhou:uin/:vpc/vpc-mine0001","qcs::vpc:ap-guangzhou:uin/:subnet/subnet-mine0001","qcs::cvm:ap-guangzhou:uin/:sg/sg-mine0001","qcs::cvm:ap-guangzhou:uin/:image/img-golden01","qcs::vpc:ap-guangzhou:uin/:vpc/vpc-vaxeev3f","qcs::vpc:ap-guangzhou:uin/:vpc/vpc-foreign1"],"Tags":[{"TagKey":"net","TagValue":"x"}]}
< {"FailedResources":[{"Resource":"qcs::vpc:ap-guangzhou:uin/:vpc/vpc-foreign1",...}]}
> vpc.DescribeVpcs {"Filters":[{"Name":"tag:net","Values":["x"]}]}
< {"TotalCount":2,...
> cvm.DescribeImages {"Filters":[{"Name":"tag:net","Values":["x"]}]}
< ..."ImageId":"img-golden01"..."TotalCount":1}
> DescribeResourceTagsByResourceIds {"ServiceType":"vpc","ResourcePrefix":"subnet","ResourceIds":["subnet-mine0001"],"ResourceRegion":"ap-guangzhou"}
< {"TotalCount":1,..."TagKey":"net","TagValue":"x","ResourceId":"subnet-mine0001"...
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"net","TagValue":["x"]}]}
< {"TotalCount":5,...

# An instance and its disks are one row, and all of them are tagged at once.
> TagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:volume/disk-data0001","qcs::cvm:ap-guangzhou:uin/:instance/ins-stopped1","qcs::cvm:ap-guangzhou:uin/:volume/disk-system01"],"Tags":[{"TagKey":"team","TagValue":"blue"}]}
< {"FailedResources":[]}
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"team","TagValue":["blue"]}]}
< {"TotalCount":3,...,"Rows":[{..."ResourceId":"ins-stopped1"...},{..."ResourcePrefix":"volume","ResourceId":"disk-system01"...},{..."ResourcePrefix":"volume","ResourceId":"disk-data0001"...}]}

ins-stopped1 carries 50 tags
> TagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-stopped1"],"Tags":[{"TagKey":"a","TagValue":"b"}]}
< {"FailedResources":[{..."Code":"LimitExceeded.ResourceAttachedTags",...}]}
> TagResources {"ResourceList":["ins-running1"],"Tags":[{"TagKey":"a","TagValue":"b"}]}
< InvalidParameterValue.ResourceDescriptionError ...
> TagResources {"ResourceList":[11*"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"],"Tags":[{"TagKey":"a","TagValue":"b"}]}
< LimitExceeded.ResourceNumPerRequest ...
> TagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"],"Tags":[{"TagKey":"a","TagValue":"b"},{"TagKey":"a","TagValue":"c"}]}
< InvalidParameterValue.TagKeyDuplicate ...
> TagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"],"Tags":[{"TagKey":"a","TagValue":"x"},{"TagKey":"b","TagValue":"x"},{"TagKey":"c","TagValue":"x"},{"TagKey":"d","TagValue":"x"},{"TagKey":"e","TagValue":"x"},{"TagKey":"f","TagValue":"x"},{"TagKey":"g","TagValue":"x"},{"TagKey":"h","TagValue":"x"},{"TagKey":"i","TagValue":"x"},{"TagKey":"j","TagValue":"x"},{"TagKey":"k","TagValue":"x"}]}
< LimitExceeded.TagNumPerRequest ...
> TagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"],"Tags":[{"TagKey":"","TagValue":"b"}]}
< InvalidParameterValue.TagKeyEmpty ...
> TagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"],"Tags":[{"TagKey":"a,b","TagValue":"b"}]}
< InvalidParameterValue.TagKeyCharacterIllegal ...
> TagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"],"Tags":[{"TagKey":"tencent","TagValue":"b"}]}
< InvalidParameterValue.ReservedTagKey ...
> TagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"],"Tags":[{"TagKey":"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk","TagValue":"b"}]}
< InvalidParameterValue.TagKeyLengthExceeded ...
> TagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"],"Tags":[{"TagKey":"a","TagValue":""}]}
< InvalidParameterValue.TagValueEmpty ...
> TagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"],"Tags":[{"TagKey":"a","TagValue":"a,b"}]}
< InvalidParameterValue.TagValueCharacterIllegal ...
> TagResources {"ResourceList":["qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"],"Tags":[{"TagKey":"a","TagValue":"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"}]}
< InvalidParameterValue.TagValueLengthExceeded ...
"#;
