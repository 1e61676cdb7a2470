//! CreateLaunchTemplateVersion: adds a version to a launch template, from the given parameters and, for the others,
//! those of the version that it is based on.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=CreateLaunchTemplateVersion>.
//! That is the default version unless another is named.

use super::declared;
use crate::{
    Action, Apply, Body, Context, Pace, Parameters, Product, Reason, batch,
    cvm::{launch::could_launch, template},
};
use cvmd_model::{LaunchTemplate, LaunchTemplateId};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::command_from(Product::Cvm, "CreateLaunchTemplateVersion", prepare)
    .paced(Pace::Slow)
    .errors_of(&[declared::TEMPLATE, declared::LAUNCH])
    .errors(&[
        "InvalidParameterValue.InvalidLaunchTemplateVersionDescription",
        "InvalidParameterValue.LaunchTemplateIdVerNotExisted",
        "LimitExceeded.LaunchTemplateVersionQuota",
    ])
    .without_effect(&["ClientToken", "TemplateDataModifyAction"]);

fn prepare(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Apply, Reason> {
    let id: LaunchTemplateId = batch::one(parameters, "LaunchTemplateId")?;
    let base = parameters.bounded("LaunchTemplateVersion", 1, u32::MAX)?;
    let dry_run = parameters.flag("DryRun")?.unwrap_or(false);
    let data = template::new_data(parameters, context)?;
    // A version never changes, and the new one holds all that it takes from it: whether its base is deleted before or after
    // it was made comes to the same.
    let base = template::version(view, template::find(view, context, id)?, base)?;
    let data = template::based_on(data, &base.data);
    could_launch(&data, context)?;
    Ok(Box::new(move |tx, context| {
        let mut template = LaunchTemplate::clone(template::find(tx.view(), context, id)?);
        let version = template.add(data, tx.next_sequence())?;
        let launch_template_version_number = version.number;
        tx.put(version);
        tx.put(template);
        Ok(Body::of(object! { LaunchTemplateVersionNumber: launch_template_version_number }).or_dry(dry_run, tx))
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"InstanceName":"new","LaunchTemplateVersionDescription":"the third"}
< {"LaunchTemplateVersionNumber":3}
> DescribeLaunchTemplateVersions {"LaunchTemplateId":"lt-template","LaunchTemplateVersions":[3]}
< {"TotalCount":1,"LaunchTemplateVersionSet":[{"LaunchTemplateVersion":3,..."ImageId":"img-487zeit5"..."InstanceName":"new"..."InstanceType":"S5.LARGE8"..."IsDefaultVersion":false,"LaunchTemplateVersionDescription":"the third"...}]}
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","LaunchTemplateVersion":2,"Placement":{"Zone":"ap-guangzhou-3"},"DryRun":true}
< {}
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","LaunchTemplateVersion":9,"Placement":{"Zone":"ap-guangzhou-3"}}
< InvalidParameterValue.LaunchTemplateIdVerNotExisted The launch template `lt-template` has no version 9.
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-full0001","Placement":{"Zone":"ap-guangzhou-3"}}
< LimitExceeded.LaunchTemplateVersionQuota ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-1","Placement":{"Zone":"ap-guangzhou-3"}}
< InvalidParameterValue.LaunchTemplateIdMalformed ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-nowhere0","Placement":{"Zone":"ap-guangzhou-3"}}
< InvalidParameterValue.LaunchTemplateIdNotExisted ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"LoginSettings":{"Password":"short"}}
< InvalidParameterValue.InvalidPassword ...
>> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"LoginSettings":{"Password":"short"}}
< InvalidPassword ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"LaunchTemplateVersionDescription":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}
< InvalidParameterValue.InvalidLaunchTemplateVersionDescription ...

# What no launch would accept is refused; whether what it names exists is checked when instances are run.
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"SecurityGroupIds":["sg-nowhere0"],"LoginSettings":{"KeyIds":["skey-nowhere0"]},"ImageId":"img-nowhere0"}
< {...}
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"UserData":"!!!"}
< InvalidParameterValue.InvalidUserDataFormat ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-atlantis-1"}}
< InvalidParameterValue.ZoneNotSupported ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-shanghai-2"}}
< InvalidZone.MismatchRegion ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-1"}
< InvalidImageId.Malformed ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"InstanceType":"S99.HUGE"}
< InvalidParameterValue.InstanceTypeNotFound ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"InstanceName":"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"}
< InvalidInstanceName.TooLong ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"HostName":"a..b"}
< InvalidParameterValue.IllegalHostName ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":13}}
< InvalidPeriod ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"InstanceChargeType":"CDHPAID"}
< UnsupportedOperation ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"LoginSettings":{"KeyIds":["skey-1"]}}
< InvalidKeyPairId.Malformed ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"LoginSettings":{"KeyIds":["skey-spare001"],"Password":"Abcdefg1"}}
< InvalidParameter.ParameterConflict ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"TagSpecification":[{"ResourceType":"instance","Tags":[{"Key":"a","Value":"b"},{"Key":"a","Value":"c"}]}]}
< InvalidParameterValue.DuplicateTags ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"DataDisks":[{"DiskSize":20,"SnapshotId":"snap-1"}]}
< InvalidParameterValue.SnapshotIdMalformed ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"VirtualPrivateCloud":{"VpcId":"vpc-1","SubnetId":"subnet-mine0001"}}
< InvalidParameterValue.VpcIdMalformed ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-1"}}
< InvalidParameterValue.SubnetIdMalformed ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","PrivateIpAddresses":["10.0.1"]}}
< InvalidParameterValue.IPAddressMalformed ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","Ipv6AddressCount":1}}
< InvalidParameterValue.VpcNotSupportIpv6Address ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"LoginSettings":{"KeyIds":[101*"skey-spare001"]}}
< InvalidParameterValue.LimitExceeded ...
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"SystemDisk":{"DiskSize":0}}
< InvalidParameterValue The value `0` specified in the parameter `SystemDisk.DiskSize` is not valid: 1 to 32000.
> CreateLaunchTemplateVersion {"LaunchTemplateId":"lt-template","Placement":{"Zone":"ap-guangzhou-3"},"InstanceCount":0}
< InvalidParameterValue The value `0` specified in the parameter `InstanceCount` is not valid: 1 to 500.
"#;
