//! ModifyResourceTags: changes the tags of one resource.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=ModifyResourceTags>.
//!
//! A key in `DeleteTags` that the resource does not have is no error.

use super::declared;
use crate::{
    Action, Apply, Context, Parameters, Product, Reason, TagRefusal, tag_words,
    tagged::{self, Description},
};

pub(crate) const ACTION: Action = Action::command(Product::Tag, "ModifyResourceTags", prepare)
    .errors_of(&[declared::TAG, declared::RESOURCE, declared::DESCRIPTION])
    .errors(&[
        "InvalidParameterValue.DeleteTagsParamError",
        "InvalidParameterValue.TagKeyDuplicate",
        "LimitExceeded.ResourceAttachedTags",
        "LimitExceeded.TagNumPerRequest",
    ])
    .without_effect(&["ReplaceTags.Category"]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let description = Description::parse(&parameters.text("Resource")?.unwrap_or_default())?;
    let replace = tag_words::tags(parameters, "ReplaceTags")?;
    let delete = deleted(parameters)?;
    if replace.is_empty() && delete.is_empty() {
        return Err(Reason::NothingToDo { names: "`ReplaceTags` and `DeleteTags`" });
    }
    if let Some(both) = replace.iter().find(|tag| delete.contains(&tag.key)) {
        return Err(TagRefusal::ReplacedAndDeleted { value: both.key.clone() }.into());
    }
    Ok(Box::new(move |tx, context| {
        let found = description.find(tx.view(), context)?;
        tagged::change_all(tx, vec![found.resource], |id, tags| tag_words::changed(id, tags, &replace, &delete))
    }))
}

/// The keys of `DeleteTags`.
fn deleted(parameters: &mut Parameters) -> Result<Vec<Box<str>>, Reason> {
    let mut keys = Vec::new();
    for mut given in parameters.structures("DeleteTags")? {
        keys.push(tag_words::carried_key(&mut given, "TagKey")?);
    }
    tag_words::few_tags("DeleteTags", keys.len())?;
    Ok(keys)
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# What has changed is seen by the very next read, of either product; an operation under way does not mind.
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","ReplaceTags":[{"TagKey":"owner","TagValue":"ops"}],"DeleteTags":[{"TagKey":"team"},{"TagKey":"never-there"}]}
< {}
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceIds":["ins-running1"],"ResourceRegion":"ap-guangzhou"}
< {"TotalCount":1,..."TagKey":"owner","TagValue":"ops"...
> cvm.DescribeInstances {"Filters":[{"Name":"tag:owner","Values":["ops"]}]}
< {"TotalCount":1,..."InstanceId":"ins-running1"...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/100000000001:instance/ins-busy0001","ReplaceTags":[{"TagKey":"owner","TagValue":"dev"}]}
< {}
> cvm.DescribeInstances {"Filters":[{"Name":"tag:owner","Values":["dev"]}]}
< ..."InstanceId":"ins-busy0001"..."LatestOperationState":"OPERATING"...
> ModifyResourceTags {"Resource":"qcs::cvm::uin/:keypair/skey-bound001","ReplaceTags":[{"TagKey":"team","TagValue":"blue"}]}
< {}
> cvm.DescribeKeyPairs {"KeyIds":["skey-bound001"]}
< ..."Tags":[{"Key":"team","Value":"blue"}]...

# A disk carries tags of its own: Terraform changes those of an instance's disks with the instance's.
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:volume/disk-system01","ReplaceTags":[{"TagKey":"team","TagValue":"blue"}]}
< {}
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:volume/disk-data0001","ReplaceTags":[{"TagKey":"team","TagValue":"blue"},{"TagKey":"owner","TagValue":"ops"}]}
< {}
> cbs.DescribeDisks {"Filters":[{"Name":"tag:team","Values":["blue"]}]}
< {"TotalCount":2,"DiskSet":[{..."Tags":[{"Key":"team","Value":"blue"}]..."DiskId":"disk-system01"...},{..."Tags":[{"Key":"team","Value":"blue"},{"Key":"owner","Value":"ops"}]..."DiskId":"disk-data0001"...}]}
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:volume/disk-data0001","DeleteTags":[{"TagKey":"team"}]}
< {}
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"volume","ResourceIds":["disk-system01","disk-data0001"],"ResourceRegion":"ap-guangzhou"}
< {"TotalCount":2,..."TagKey":"team","TagValue":"blue","ResourceId":"disk-system01"..."TagKey":"owner","TagValue":"ops","ResourceId":"disk-data0001"...
> cvm.DescribeInstances {"Filters":[{"Name":"tag:team","Values":["blue"]}]}
< {"TotalCount":0,...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:volume/disk-nowhere0","ReplaceTags":[{"TagKey":"team","TagValue":"blue"}]}
< InvalidParameterValue.ResourceIdInvalid The resource `disk-nowhere0` does not exist.
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:volume/disk-9mioat9u","ReplaceTags":[{"TagKey":"team","TagValue":"blue"}]}
< InvalidParameterValue.ResourceIdInvalid ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-shanghai:uin/:volume/disk-data0001","ReplaceTags":[{"TagKey":"team","TagValue":"blue"}]}
< InvalidParameterValue.ResourceIdInvalid ...

# A default network has no row before its first change, and is tagged all the same; it stays the default one.
> ModifyResourceTags {"Resource":"qcs::vpc:ap-guangzhou:uin/:vpc/vpc-vaxeev3f","ReplaceTags":[{"TagKey":"owner","TagValue":"net"}]}
< {}
> ModifyResourceTags {"Resource":"qcs::vpc:ap-guangzhou:uin/:subnet/subnet-q454yc3b","ReplaceTags":[{"TagKey":"owner","TagValue":"net"}]}
< {}
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:sg/sg-xb138367","ReplaceTags":[{"TagKey":"owner","TagValue":"net"}]}
< {}
> DescribeResourcesByTags {"TagFilters":[{"TagKey":"owner","TagValue":["net"]}]}
< {"TotalCount":3,...
> vpc.DescribeVpcs {"VpcIds":["vpc-vaxeev3f"]}
< ..."IsDefault":true..."TagSet":[{"Key":"owner","Value":"net"}],...}]}
> vpc.DescribeSecurityGroups {"SecurityGroupIds":["sg-xb138367"]}
< ..."IsDefault":true..."TagSet":[{"Key":"owner","Value":"net"}],...}],...}
> vpc.DescribeSubnets {"Filters":[{"Name":"is-default","Values":["true"]}]}
< {"TotalCount":5,...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1"}
< MissingParameter At least one of the parameters `ReplaceTags` and `DeleteTags` is needed.
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","ReplaceTags":[]}
< MissingParameter ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","ReplaceTags":[{"TagKey":"team","TagValue":"blue"}],"DeleteTags":[{"TagKey":"team"}]}
< InvalidParameterValue.DeleteTagsParamError ...
> ModifyResourceTags {"Resource":"ins-running1","DeleteTags":[{"TagKey":"team"}]}
< InvalidParameterValue.ResourceDescriptionError ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uid/1:instance/ins-running1","DeleteTags":[{"TagKey":"team"}]}
< InvalidParameterValue.ResourceDescriptionError ...
> ModifyResourceTags {"Resource":"qcs::cos:ap-guangzhou:uin/:bucket/x","DeleteTags":[{"TagKey":"team"}]}
< InvalidParameterValue.ServiceTypeInvalid ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:host/x","DeleteTags":[{"TagKey":"team"}]}
< InvalidParameterValue.ResourcePrefixInvalid ...
> ModifyResourceTags {"Resource":"qcs::cvm::uin/:instance/ins-running1","DeleteTags":[{"TagKey":"team"}]}
< InvalidParameterValue.RegionInvalid ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/100000000002:instance/ins-foreign1","DeleteTags":[{"TagKey":"team"}]}
< InvalidParameterValue.UinInvalid The account `100000000002` of the resource is not the one that asks.
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-foreign1","DeleteTags":[{"TagKey":"team"}]}
< InvalidParameterValue.ResourceIdInvalid The resource `ins-foreign1` does not exist.
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-shanghai","DeleteTags":[{"TagKey":"team"}]}
< InvalidParameterValue.ResourceIdInvalid ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","DeleteTags":[{"TagKey":""}]}
< InvalidParameterValue.TagKeyEmpty ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","ReplaceTags":[{"TagKey":"a,b","TagValue":"c"}]}
< InvalidParameterValue.TagKeyCharacterIllegal ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","ReplaceTags":[{"TagKey":"project-x","TagValue":"c"}]}
< InvalidParameterValue.ReservedTagKey ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","ReplaceTags":[{"TagKey":"kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk","TagValue":"c"}]}
< InvalidParameterValue.TagKeyLengthExceeded ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","ReplaceTags":[{"TagKey":"a","TagValue":"vvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvvv"}]}
< InvalidParameterValue.TagValueLengthExceeded ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","ReplaceTags":[{"TagKey":"a","TagValue":"b;c"}]}
< InvalidParameterValue.TagValueCharacterIllegal ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","ReplaceTags":[{"TagKey":"a","TagValue":""}]}
< InvalidParameterValue.TagValueEmpty ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","ReplaceTags":[{"TagKey":"a","TagValue":"b"},{"TagKey":"a","TagValue":"c"}]}
< InvalidParameterValue.TagKeyDuplicate ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","ReplaceTags":[{"TagKey":"cvmd:guest","TagValue":"boot-ms=50 dances"}]}
< InvalidParameterValue The tag `cvmd:guest` does not take the word `dances`: ...
> cvm.DescribeInstances {"Filters":[{"Name":"tag:team","Values":["red"]}]}
< {"TotalCount":1,...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-running1","ReplaceTags":[{"TagKey":"a","TagValue":"x"},{"TagKey":"b","TagValue":"x"},{"TagKey":"c","TagValue":"x"},{"TagKey":"d","TagValue":"x"},{"TagKey":"e","TagValue":"x"},{"TagKey":"f","TagValue":"x"},{"TagKey":"g","TagValue":"x"},{"TagKey":"h","TagValue":"x"},{"TagKey":"i","TagValue":"x"},{"TagKey":"j","TagValue":"x"},{"TagKey":"k","TagValue":"x"}]}
< LimitExceeded.TagNumPerRequest `ReplaceTags` has 11 tags; at most 10 are allowed.
ins-stopped1 carries 50 tags
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-stopped1","ReplaceTags":[{"TagKey":"one-more","TagValue":"x"}]}
< LimitExceeded.ResourceAttachedTags ...
> ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:instance/ins-stopped1","ReplaceTags":[{"TagKey":"one-more","TagValue":"x"}],"DeleteTags":[{"TagKey":"t1"}]}
< {}
"#;
