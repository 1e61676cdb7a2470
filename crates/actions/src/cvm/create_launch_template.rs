//! CreateLaunchTemplate: stores parameters of RunInstances under a name, as version 1 of a launch template.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=CreateLaunchTemplate>.
//! Of a password only a hash is stored, and it is never answered. Where the vendor is silent: several templates may
//! have the same name; parameters that no launch would accept are refused, as by RunInstances, but whether images, key
//! pairs and networks exist is checked when instances are launched.

use super::declared;
use crate::{
    Action, Apply, Body, Context, Pace, Parameters, Product, Reason,
    cvm::{launch::could_launch, template},
    names,
};
use cvmd_model::{LaunchTemplate, LaunchTemplateId, Refusal, TemplateRefusal};

/// The maximum of templates of an account in a region: the vendor's limit.
const QUOTA: usize = 200;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "CreateLaunchTemplate", prepare)
    .paced(Pace::Slow)
    .errors_of(&[declared::LAUNCH])
    .errors(&[
        "InvalidParameterValue.InvalidLaunchTemplateName",
        "InvalidParameterValue.InvalidLaunchTemplateVersionDescription",
        "LimitExceeded.LaunchTemplateQuota",
    ])
    .without_effect(&["ClientToken", "TemplateDataModifyAction"]);

fn prepare(parameters: &mut Parameters, context: &Context) -> Result<Apply, Reason> {
    let name = parameters.text_within("LaunchTemplateName", 128, Reason::TemplateName)?.unwrap_or_default();
    if name.chars().count() < 2 {
        return Err(Reason::TemplateName);
    }
    let tags = names::tags_in(parameters, "LaunchTemplateTagSpecification", "launch-template")?;
    let dry_run = parameters.flag("DryRun")?.unwrap_or(false);
    let data = template::new_data(parameters, context)?;
    could_launch(&data, context)?;
    Ok(Box::new(move |tx, context| {
        if tx.view().launch_templates().count(context.account, context.region) >= QUOTA {
            return Err(Refusal::Template(TemplateRefusal::Quota { limit: QUOTA }).into());
        }
        let mut random = context.random(b't');
        let id = Context::new_id(&mut random, LaunchTemplateId::from_random, |id| {
            tx.view().launch_templates().get(*id).is_none()
        });
        let sequence = tx.next_sequence();
        let mut template = LaunchTemplate {
            id,
            sequence,
            account: context.account,
            region: context.region,
            name,
            default_version: 1,
            latest_version: 0,
            versions: Vec::new(),
            created_seconds: context.now_seconds,
            tags,
        };
        let version = template.add(data, tx.next_sequence())?;
        tx.put(version);
        tx.put(template);
        Ok(Body::of(object! { LaunchTemplateId: id }).or_dry(dry_run, tx))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceType":"S5.LARGE8","LoginSettings":{"Password":"Abcdefg1"},"LaunchTemplateTagSpecification":[{"ResourceType":"launch-template","Tags":[{"Key":"team","Value":"blue"}]}]}
< {"LaunchTemplateId":"lt-..."}
> DescribeLaunchTemplates {"Filters":[{"Name":"tag:team","Values":["blue"]}]}
< {"TotalCount":1,"LaunchTemplateSet":[{"LatestVersionNumber":1,"LaunchTemplateId":"lt-...","LaunchTemplateName":"web","DefaultVersionNumber":1,"LaunchTemplateVersionCount":1,"CreatedBy":"100000000001","CreationTime":"2026-11-24T00:00:00Z"}]}
# In the legacy dialect everything is text; it is stored with its own type.
>> CreateLaunchTemplate {"LaunchTemplateName":"old","Placement":{"Zone":"ap-guangzhou-3","ProjectId":7},"ImageId":"img-487zeit5","InstanceCount":2,"DisableApiTermination":true}
< {"LaunchTemplateId":"lt-..."}
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DryRun":true}
< {}
> DescribeLaunchTemplates {"Filters":[{"Name":"LaunchTemplateName","Values":["web"]}]}
< {"TotalCount":1,...
> CreateLaunchTemplate {"LaunchTemplateName":"w","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5"}
< InvalidParameterValue.InvalidLaunchTemplateName ...
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LaunchTemplateVersionDescription":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}
< InvalidParameterValue.InvalidLaunchTemplateVersionDescription ...
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LoginSettings":{"Password":"short"}}
< InvalidParameterValue.InvalidPassword ...
>> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LoginSettings":{"Password":"short"}}
< InvalidPassword ...
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceCount":"two"}
< InvalidParameter The value type of parameter `InstanceCount` is not valid: ...
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{},"ImageId":"img-487zeit5"}
< MissingParameter The request is missing a required parameter `Placement.Zone`.
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LaunchTemplateTagSpecification":[{"ResourceType":"launch-template","Tags":[{"Key":"a","Value":"b"},{"Key":"a","Value":"c"}]}]}
< InvalidParameterValue.DuplicateTags ...

# What no launch would accept is refused; whether what it names exists is checked when instances are run.
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"SecurityGroupIds":["sg-nowhere0"],"LoginSettings":{"KeyIds":["skey-nowhere0"]},"ImageId":"img-nowhere0"}
< {...}
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"UserData":"!!!","ImageId":"img-487zeit5"}
< InvalidParameterValue.InvalidUserDataFormat ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-atlantis-1"},"ImageId":"img-487zeit5"}
< InvalidParameterValue.ZoneNotSupported ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-shanghai-2"},"ImageId":"img-487zeit5"}
< InvalidZone.MismatchRegion ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-1"}
< InvalidImageId.Malformed ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"InstanceType":"S99.HUGE","ImageId":"img-487zeit5"}
< InvalidParameterValue.InstanceTypeNotFound ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"InstanceName":"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn","ImageId":"img-487zeit5"}
< InvalidInstanceName.TooLong ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"HostName":"a..b","ImageId":"img-487zeit5"}
< InvalidParameterValue.IllegalHostName ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":13},"ImageId":"img-487zeit5"}
< InvalidPeriod ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"InstanceChargeType":"CDHPAID","ImageId":"img-487zeit5"}
< UnsupportedOperation ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"LoginSettings":{"KeyIds":["skey-1"]},"ImageId":"img-487zeit5"}
< InvalidKeyPairId.Malformed ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"LoginSettings":{"KeyIds":["skey-spare001"],"Password":"Abcdefg1"},"ImageId":"img-487zeit5"}
< InvalidParameter.ParameterConflict ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"TagSpecification":[{"ResourceType":"instance","Tags":[{"Key":"a","Value":"b"},{"Key":"a","Value":"c"}]}],"ImageId":"img-487zeit5"}
< InvalidParameterValue.DuplicateTags ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"DataDisks":[{"DiskSize":20,"SnapshotId":"snap-1"}],"ImageId":"img-487zeit5"}
< InvalidParameterValue.SnapshotIdMalformed ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"VirtualPrivateCloud":{"VpcId":"vpc-1","SubnetId":"subnet-mine0001"},"ImageId":"img-487zeit5"}
< InvalidParameterValue.VpcIdMalformed ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-1"},"ImageId":"img-487zeit5"}
< InvalidParameterValue.SubnetIdMalformed ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","PrivateIpAddresses":["10.0.1"]},"ImageId":"img-487zeit5"}
< InvalidParameterValue.IPAddressMalformed ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","Ipv6AddressCount":1},"ImageId":"img-487zeit5"}
< InvalidParameterValue.VpcNotSupportIpv6Address ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"LoginSettings":{"KeyIds":[101*"skey-spare001"]},"ImageId":"img-487zeit5"}
< InvalidParameterValue.LimitExceeded ...
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"SystemDisk":{"DiskSize":0},"ImageId":"img-487zeit5"}
< InvalidParameterValue The value `0` specified in the parameter `SystemDisk.DiskSize` is not valid: 1 to 32000.
> CreateLaunchTemplate {"LaunchTemplateName":"never","Placement":{"Zone":"ap-guangzhou-3"},"InstanceCount":0,"ImageId":"img-487zeit5"}
< InvalidParameterValue The value `0` specified in the parameter `InstanceCount` is not valid: 1 to 500.

200 launch templates
> CreateLaunchTemplate {"LaunchTemplateName":"web","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5"}
< LimitExceeded.LaunchTemplateQuota ...
"#;
