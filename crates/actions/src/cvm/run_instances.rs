//! RunInstances: makes instances and starts them.
//!
//! <https://cloud.tencent.com/document/api/213/15730>. Where the vendor is silent, or cvmd differs: without
//! InstanceType the smallest is taken; without LoginSettings a random password is set, stored encrypted and shown by
//! `cvmd messages`: all instances of one request have the same password, with a message for each. Given parameters
//! override those of a launch template. The term of a PREPAID instance is stored and answered; nothing is charged, and
//! nothing expires by itself. A public address comes with bandwidth, unless PublicIpAssigned declines it; without
//! bandwidth there is none, whatever PublicIpAssigned is.

use super::declared;
use crate::{
    Action, Apply, Context, Pace, Parameters, Product, Reason,
    cvm::{launch::launch, login_settings::LoginSettings, template},
};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::command_from(Product::Cvm, "RunInstances", prepare)
    .paced(Pace::Slow)
    .errors_of(&[declared::TEMPLATE, declared::LAUNCH])
    .errors(&[
        "FailedOperation.DisasterRecoverGroupNotFound",
        "FailedOperation.NoAvailableIpAddressCountInSubnet",
        "FailedOperation.SnapshotSizeLargerThanDataSize",
        "InvalidClientToken.TooLong",
        "InvalidImageId.NotFound",
        "InvalidInstance.NotSupported",
        "InvalidParameter.LackCoreCountOrThreadPerCore",
        "InvalidParameter.SnapshotNotFound",
        "InvalidParameterValue.Duplicate",
        "InvalidParameterValue.InvalidImageState",
        "InvalidParameterValue.InvalidParameterMinCount",
        "InvalidParameterValue.KeyPairNotFound",
        "InvalidParameterValue.LaunchTemplateVersion",
        "InvalidParameterValue.SubnetIdZoneIdNotMatch",
        "InvalidParameterValue.SubnetNotExist",
        "InvalidParameterValue.VpcIdNotExist",
        "InvalidParameterValue.VpcIdSubnetIdNotMatch",
        "InvalidSecurityGroupId.NotFound",
        "LimitExceeded.InstanceQuota",
        "ResourceInsufficient.AvailabilityZoneSoldOut",
        "ResourceInsufficient.DisasterRecoverGroupCvmQuota",
        "UnsupportedOperation.KeyPairUnsupportedWindows",
        "VpcAddrNotInSubNet",
        "VpcIpIsUsed",
    ])
    .without_effect_of(&[declared::BANDWIDTH, declared::HARDWARE])
    .without_effect(&["ActionTimer", "ChcIds", "DedicatedClusterId", "VirtualPrivateCloud.AsVpcGateway"]);

fn prepare(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Apply, Reason> {
    let digest = parameters.digest();
    match template::selection(parameters)? {
        None => launch(parameters, context, digest, None),
        Some(selection) => launch_from(selection, parameters, (view, context), digest),
    }
}

/// What is given beats what the template has, parameter by parameter.
fn launch_from(
    (id, version): template::TemplateSelection,
    parameters: &mut Parameters,
    (view, context): (&View, &Context),
    digest: u128,
) -> Result<Apply, Reason> {
    let given = parameters.has("LoginSettings").then(|| LoginSettings::read(parameters, context)).transpose()?;
    let template = template::find(view, context, id)?;
    let number = version.unwrap_or(template.default_version);
    let data = &template::version(view, template, Some(number))?.data;
    let login = given.or_else(|| data.password_hash.clone().map(LoginSettings::Hashed));
    let mut parameters = parameters.take_all();
    parameters.fill(template::map(data));
    let apply = launch(&mut parameters, context, digest, login)?;
    parameters.finish()?;
    Ok(Box::new(move |tx, context| {
        // A version never changes, so that what was read of it is true still. One that was deleted meanwhile is refused as if
        // the request had come afterwards: nothing is launched of what has been answered to be gone. The default version is
        // the one that it was when it was read.
        template::version(tx.view(), template::find(tx.view(), context, id)?, Some(number))?;
        apply(tx, context)
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# Visible at once, PENDING, with an address and all that clients dereference.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LoginSettings":{"KeyIds":["skey-spare001"]},"InstanceName":"web","TagSpecification":[{"ResourceType":"instance","Tags":[{"Key":"team","Value":"blue"}]}]}
< {"InstanceIdSet":["ins-..."]}
> DescribeInstances {"Filters":[{"Name":"tag:team","Values":["blue"]}]}
< {"TotalCount":1,"InstanceSet":[{..."InstanceType":"S5.SMALL1"..."InstanceName":"web"..."PrivateIpAddresses":["127.64.0.14"],"PublicIpAddresses":null...,"LoginSettings":{"KeyIds":["skey-spare001"],...},"InstanceState":"PENDING"..."LatestOperation":"RunInstances","LatestOperationState":"OPERATING"...}]}
> DescribeKeyPairs {"KeyIds":["skey-spare001"]}
< ..."AssociatedInstanceIds":["ins-..."]...

# Paid in advance: the term is answered; for others both fields are absent.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceName":"kept","InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":12}}
< {"InstanceIdSet":["ins-..."]}
> DescribeInstances {"Filters":[{"Name":"instance-name","Values":["kept"]}]}
< ..."InstanceChargeType":"PREPAID"..."RenewFlag":"NOTIFY_AND_MANUAL_RENEW","CreatedTime":"2026-11-24T00:00:00Z","ExpiredTime":"2027-11-24T00:00:00Z"...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceName":"hourly","InstanceChargePrepaid":{"Period":12}}
< {"InstanceIdSet":["ins-..."]}
> DescribeInstances {"Filters":[{"Name":"instance-name","Values":["hourly"]}]}
< ..."InstanceChargeType":"POSTPAID_BY_HOUR"..."ImageId":"img-487zeit5","RenewFlag":null,"CreatedTime":"2026-11-24T00:00:00Z","ExpiredTime":null,"OsName"...

# The same client token answers the same instances; with other parameters it is refused.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","ClientToken":"t","LoginSettings":{"Password":"Abcdefg1"},"InstanceCount":2,"InstanceName":"two"}
< {"InstanceIdSet":["ins-...","ins-..."]}
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","ClientToken":"t","LoginSettings":{"Password":"Abcdefg1"},"InstanceCount":2,"InstanceName":"two"}
< {"InstanceIdSet":["ins-...","ins-..."]}
> DescribeInstances {"Filters":[{"Name":"instance-name","Values":["two1","two2"]}]}
< {"TotalCount":2,...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","ClientToken":"t","LoginSettings":{"Password":"Abcdefg1"},"InstanceCount":3,"InstanceName":"two"}
< InvalidParameterValue.Duplicate The client token was used within 24 hours with other parameters.

# Names by pattern, a public address when asked for.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceCount":2,"InstanceName":"node-{R:7,F:3}","HostName":"node{R:7}","InternetAccessible":{"InternetMaxBandwidthOut":5,"PublicIpAssigned":true},"DataDisks":[{"DiskSize":100}],"VirtualPrivateCloud":{"VpcId":"DEFAULT","SubnetId":"DEFAULT"}}
< {"InstanceIdSet":["ins-...","ins-..."]}
> DescribeInstances {"Filters":[{"Name":"instance-name","Values":["node-008"]}]}
< {"TotalCount":1,"InstanceSet":[{..."DataDisks":[{"DiskSize":100,...}],"PrivateIpAddresses":["127.64.0.16"],"PublicIpAddresses":["127.64.0.17"]..."HostName":"node8"...}]}

# It comes with bandwidth by default, can be declined, and never comes without; the answer agrees.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceName":"wide","InternetAccessible":{"InternetMaxBandwidthOut":5}}
< {"InstanceIdSet":["ins-..."]}
> DescribeInstances {"Filters":[{"Name":"instance-name","Values":["wide"]}]}
< ..."PublicIpAddresses":["127.64.0.15"],"InternetAccessible":{..."InternetMaxBandwidthOut":5,"PublicIpAssigned":true...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceName":"inward","InternetAccessible":{"InternetMaxBandwidthOut":5,"PublicIpAssigned":false}}
< {"InstanceIdSet":["ins-..."]}
> DescribeInstances {"Filters":[{"Name":"instance-name","Values":["inward"]}]}
< ..."PublicIpAddresses":null,"InternetAccessible":{..."InternetMaxBandwidthOut":5,"PublicIpAssigned":false...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceName":"narrow","InternetAccessible":{"PublicIpAssigned":true}}
< {"InstanceIdSet":["ins-..."]}
> DescribeInstances {"Filters":[{"Name":"instance-name","Values":["narrow"]}]}
< ..."PublicIpAddresses":null,"InternetAccessible":{..."InternetMaxBandwidthOut":0,"PublicIpAssigned":false...

# Disks of snapshots are no smaller than these; those of an image come too, once.
img-golden01 has the data snapshot snap-data0001
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceName":"copied","DataDisks":[{"DiskSize":10},{"DiskSize":30,"SnapshotId":"snap-data0001"},{"SnapshotId":"snap-data0001","DiskSize":40}]}
< {"InstanceIdSet":["ins-..."]}
> DescribeInstances {"Filters":[{"Name":"instance-name","Values":["copied"]}]}
< ..."DataDisks":[{"DiskSize":10,..."SnapshotId":null,...},{"DiskSize":30,..."SnapshotId":"snap-data0001",...},{"DiskSize":40,..."SnapshotId":"snap-data0001",...}]...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-golden01","InstanceName":"whole","DataDisks":[{"DiskSize":10}]}
< {"InstanceIdSet":["ins-..."]}
> DescribeInstances {"Filters":[{"Name":"instance-name","Values":["whole"]}]}
< ..."DataDisks":[{"DiskSize":10,..."SnapshotId":null,...},{"DiskSize":30,..."SnapshotId":"snap-data0001",...}]...
> cbs.DescribeDisks {"Filters":[{"Name":"instance-name","Values":["whole"]},{"Name":"disk-usage","Values":["DATA_DISK"]}]}
< {"TotalCount":2,...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-golden01","InstanceName":"larger","DataDisks":[{"SnapshotId":"snap-data0001","DiskSize":40}]}
< {"InstanceIdSet":["ins-..."]}
> cbs.DescribeDisks {"Filters":[{"Name":"instance-name","Values":["larger"]},{"Name":"disk-usage","Values":["DATA_DISK"]}]}
< {"TotalCount":1,"DiskSet":[{..."DiskSize":40,...}]}
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DataDisks":[{"SnapshotId":"snap-data0001","DiskSize":20}]}
< FailedOperation.SnapshotSizeLargerThanDataSize A data disk of 20 GiB is smaller than its snapshot `snap-data0001`, which has 30 GiB.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DataDisks":[{"DiskSize":30,"SnapshotId":"snap-nowhere0"}]}
< InvalidParameter.SnapshotNotFound The snapshot `snap-nowhere0` is not there, ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DataDisks":[{"DiskSize":30,"SnapshotId":"snap-1"}]}
< InvalidParameterValue.SnapshotIdMalformed ...
img-golden01 has the snapshot snap-golden01
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DataDisks":[{"DiskSize":60,"SnapshotId":"snap-golden01"}]}
< InvalidParameter.SnapshotNotFound ...

# A dry run that would succeed answers only the RequestId, and nothing has changed.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DryRun":true}
< {}
> DescribeInstances {"Limit":1}
< {"TotalCount":10,...

# An account has no more than it may; other accounts have bounds of their own.
an account may have 11 instances
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceCount":2,"DryRun":true}
< LimitExceeded.InstanceQuota The account has 11 instances, and at most 11 are allowed: terminate some, or ask the operator for more.
an account may have 12 instances
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5"}
< {"InstanceIdSet":["ins-..."]}

# In a VPC of one's own: the first free address of the subnet, and the public one of the block.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceCount":2,"InternetAccessible":{"InternetMaxBandwidthOut":5},"SecurityGroupIds":["sg-mine0001"],"VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001"},"InstanceName":"own"}
< {"InstanceIdSet":["ins-...","ins-..."]}
> DescribeInstances {"Filters":[{"Name":"subnet-id","Values":["subnet-mine0001"]},{"Name":"instance-name","Values":["own2"]}]}
< {"TotalCount":1,"InstanceSet":[{..."PrivateIpAddresses":["10.0.1.3"],"PublicIpAddresses":["127.64.0.15"]..."VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","AsVpcGateway":false,...},..."SecurityGroupIds":["sg-mine0001"]...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceCount":2,"VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","PrivateIpAddresses":["10.0.1.9","10.0.1.5"]},"InstanceName":"chosen"}
< {"InstanceIdSet":["ins-...","ins-..."]}
> DescribeInstances {"Filters":[{"Name":"vpc-id","Values":["vpc-mine0001"]},{"Name":"private-ip-address","Values":["10.0.1.5"]}]}
< {"TotalCount":1,"InstanceSet":[{..."InstanceName":"chosen2"..."PublicIpAddresses":null...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","PrivateIpAddresses":["10.0.1.5"]}}
< VpcIpIsUsed The address `10.0.1.5` is used already.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceCount":2,"VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","PrivateIpAddresses":["10.0.1.6","10.0.1.6"]}}
< VpcIpIsUsed The address `10.0.1.6` is used already.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","PrivateIpAddresses":["10.0.1.15"]}}
< VpcAddrNotInSubNet The subnet `subnet-mine0001` has no address `10.0.1.15` that an instance may get.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-vaxeev3f","SubnetId":"subnet-q454yc3b","PrivateIpAddresses":["127.99.0.7"]}}
< {"InstanceIdSet":["ins-..."]}
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"DEFAULT","SubnetId":"DEFAULT","PrivateIpAddresses":["127.99.0.7"]}}
< VpcIpIsUsed ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceCount":2,"VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","PrivateIpAddresses":["10.0.1.6"]}}
< InvalidParameterValue `VirtualPrivateCloud.PrivateIpAddresses` takes one address for each instance: 2, not 1.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","PrivateIpAddresses":["10.0.1"]}}
< InvalidParameterValue.IPAddressMalformed ...
# Four of its thirteen addresses are used.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceCount":10,"VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001"}}
< FailedOperation.NoAvailableIpAddressCountInSubnet No address is left in the subnet `subnet-mine0001`.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceCount":9,"VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001"}}
< {"InstanceIdSet":[...]}

> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0002"}}
< InvalidParameterValue.SubnetIdZoneIdNotMatch The subnet `subnet-mine0002` is in the zone `ap-guangzhou-4`, not in the instance's.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-twin0001"}}
< InvalidParameterValue.VpcIdSubnetIdNotMatch The subnet `subnet-twin0001` is not in the VPC `vpc-mine0001`.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-foreign1","SubnetId":"subnet-foreign1"}}
< InvalidParameterValue.VpcIdNotExist The VPC `vpc-foreign1` does not exist.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-foreign1"},"DryRun":true}
< InvalidParameterValue.SubnetNotExist The subnet `subnet-foreign1` does not exist.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-1","SubnetId":"subnet-mine0001"}}
< InvalidParameterValue.VpcIdMalformed ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-1"}}
< InvalidParameterValue.SubnetIdMalformed ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","Ipv6AddressCount":1}}
< InvalidParameterValue.VpcNotSupportIpv6Address ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","SecurityGroupIds":["sg-mine0001","sg-foreign1"]}
< InvalidSecurityGroupId.NotFound The security group `sg-foreign1` does not exist.

# From a custom image: with its login, or with the requested one.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-golden01","LoginSettings":{"KeepImageLogin":"TRUE"},"InstanceName":"kept","SystemDisk":{"DiskSize":60}}
< {"InstanceIdSet":["ins-..."]}
> DescribeInstances {"Filters":[{"Name":"instance-name","Values":["kept"]}]}
< ..."SystemDisk":{..."DiskSize":60,..."ImageId":"img-golden01"..."OsName":"TencentOS Server 3.1 (TK4)"..."LoginSettings":{"KeyIds":["skey-bound001"],...}..."DefaultLoginUser":"root"...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-golden01","InstanceName":"fresh"}
< {"InstanceIdSet":["ins-..."]}
> DescribeInstances {"Filters":[{"Name":"instance-name","Values":["fresh"]}]}
< ..."ImageId":"img-golden01"..."LoginSettings":{"KeyIds":null,...}...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-golden01","SystemDisk":{"DiskSize":50}}
< InvalidParameterValue The value `50` specified in the parameter `SystemDisk.DiskSize` is not valid: 60 to 32000.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-failed01"}
< InvalidParameterValue.InvalidImageState The image `img-failed01` is CREATEFAILED, not NORMAL: nothing can be made of it.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-foreign1"}
< InvalidImageId.NotFound ...

> RunInstances {"ImageId":"img-487zeit5"}
< MissingParameter The request is missing a required parameter `Placement`.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"}}
< MissingParameter The request is missing a required parameter `ImageId`.
> RunInstances {"Placement":{"Zone":"ap-atlantis-1"},"ImageId":"img-487zeit5"}
< InvalidParameterValue.ZoneNotSupported The zone `ap-atlantis-1` does not exist.
> RunInstances {"Placement":{"Zone":"ap-shanghai-2"},"ImageId":"img-487zeit5"}
< InvalidZone.MismatchRegion The zone `ap-shanghai-2` is not in the region `ap-guangzhou`.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3","Rack":"x"},"ImageId":"img-487zeit5"}
< UnknownParameter The parameter `Placement.Rack` is not recognized.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-1"}
< InvalidImageId.Malformed ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-nowhere0"}
< InvalidImageId.NotFound ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceType":"S99.HUGE"}
< InvalidParameterValue.InstanceTypeNotFound ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceChargeType":"CDHPAID"}
< UnsupportedOperation ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceChargeType":"PREPAID"}
< MissingParameter The request is missing a required parameter `InstanceChargePrepaid`.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"RenewFlag":"NOTIFY_AND_AUTO_RENEW"}}
< MissingParameter The request is missing a required parameter `InstanceChargePrepaid.Period`.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":13}}
< InvalidPeriod The period `13` is not valid: 1 to 12, 24, 36, 48 or 60 months.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":1,"RenewFlag":"MAYBE"}}
< InvalidParameterValue The value `MAYBE` specified in the parameter `InstanceChargePrepaid.RenewFlag` is not valid: it is one of `NOTIFY_AND_AUTO_RENEW`, `NOTIFY_AND_MANUAL_RENEW`, `DISABLE_NOTIFY_AND_MANUAL_RENEW`.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","SystemDisk":{"DiskType":"CLOUD_FOO"}}
< InvalidParameterValue The value `CLOUD_FOO` specified in the parameter `SystemDisk.DiskType` is not valid: it is one of `CLOUD_BASIC`, ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DataDisks":[{"DiskType":"cloud_ssd","DiskSize":50}]}
< InvalidParameterValue The value `cloud_ssd` specified in the parameter `DataDisks.0.DiskType` is not valid: it is one of ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","SystemDisk":{"DiskSize":5}}
< InvalidParameterValue The value `5` specified in the parameter `SystemDisk.DiskSize` is not valid: 20 to 32000.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DataDisks":[{"DiskSize":10,"DiskName":"1234567890123456789012345678901234567890123456789012345678901"}]}
< InvalidParameterValue ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceCount":2,"MinCount":3}
< InvalidParameterValue.InvalidParameterMinCount ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceName":"12345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890"}
< InvalidInstanceName.TooLong ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LoginSettings":{"Password":"Abcdefg1","KeyIds":["skey-spare001"]}}
< InvalidParameter.ParameterConflict ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LoginSettings":{"KeepImageLogin":"TRUE"}}
< UnsupportedOperation This is not supported here: LoginSettings.KeepImageLogin with a public image.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LoginSettings":{"Password":"short"}}
< InvalidParameterValue.InvalidPassword ...
>> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LoginSettings":{"Password":"short"}}
< InvalidPassword ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LoginSettings":{"KeyIds":["skey-nowhere0"]}}
< InvalidParameterValue.KeyPairNotFound ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LoginSettings":{"KeyIds":["skey-1"]}}
< InvalidKeyPairId.Malformed ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LoginSettings":{"KeyIds":[101*"skey-spare001"]}}
< InvalidParameterValue.LimitExceeded The parameter `LoginSettings.KeyIds` has 101 values; at most 100 are allowed.
# Old types launch, closed zones do not.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-4"},"ImageId":"img-9qabwvbn","InstanceType":"S3.SMALL1"}
< {"InstanceIdSet":["ins-..."]}
> RunInstances {"Placement":{"Zone":"ap-guangzhou-4"},"ImageId":"img-oikl1tzv","InstanceType":"IT5.4XLARGE64"}
< {"InstanceIdSet":["ins-..."]}
> RunInstances {"Placement":{"Zone":"ap-guangzhou-2"},"ImageId":"img-9qabwvbn","InstanceType":"S3.SMALL1"}
< ResourceInsufficient.AvailabilityZoneSoldOut The zone `ap-guangzhou-2` is sold out: DescribeZones says which are AVAILABLE.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-bhvhr6pr","LoginSettings":{"KeyIds":["skey-spare001"]}}
< UnsupportedOperation.KeyPairUnsupportedWindows ...
>> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-bhvhr6pr","LoginSettings":{"KeyIds":["skey-spare001"]}}
< InvalidInstance.NotSupported ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","ClientToken":"12345678901234567890123456789012345678901234567890123456789012345"}
< InvalidClientToken.TooLong ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","HostName":"a..b"}
< InvalidParameterValue.IllegalHostName ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","UserData":"!!!"}
< InvalidParameterValue.InvalidUserDataFormat ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","TagSpecification":[{"ResourceType":"instance","Tags":[{"Key":"a","Value":"b"},{"Key":"a","Value":"c"}]}]}
< InvalidParameterValue.DuplicateTags ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","TagSpecification":[{"ResourceType":"instance","Tags":[{"Key":"cvmd:guest","Value":"boot-ms=50,write-ms=600000"}]}]}
< InvalidParameterValue The tag `cvmd:guest` does not take the word `write-ms=600000`: it knows ignores-shutdown, fails-to-boot, keeps-keys, keeps-keys-after=launch, restores-keys, mute-sshd, unreachable, and boot-ms=N, shutdown-ms=N and write-ms=N with N from 0 to 60000, with commas or blanks between them.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-nowhere0","SubnetId":"subnet-nowhere0"}}
< InvalidParameterValue.VpcIdNotExist ...
> RunInstances {"LaunchTemplate":{"LaunchTemplateId":"lt-nowhere0"}}
< InvalidParameterValue.LaunchTemplateIdNotExisted ...
> RunInstances {"LaunchTemplate":{"LaunchTemplateId":"lt-1"}}
< InvalidParameterValue.LaunchTemplateIdMalformed ...
> RunInstances {"LaunchTemplate":{"LaunchTemplateVersion":1}}
< MissingParameter The request is missing a required parameter `LaunchTemplate.LaunchTemplateId`.
> RunInstances {"LaunchTemplate":{"LaunchTemplateId":"lt-template","LaunchTemplateVersion":9}}
< InvalidParameterValue.LaunchTemplateVersion The launch template `lt-template` has no version 9.

# What is given beats the launch template, whose first version has a password.
> RunInstances {"LaunchTemplate":{"LaunchTemplateId":"lt-template"},"InstanceName":"made"}
< {"InstanceIdSet":["ins-..."]}
> DescribeInstances {"Filters":[{"Name":"instance-name","Values":["made"]}]}
< {"TotalCount":1,"InstanceSet":[{"Placement":{"Zone":"ap-guangzhou-3"..."InstanceType":"S5.LARGE8"..."ImageId":"img-487zeit5"..."LoginSettings":{"KeyIds":null,...}...}]}
>> RunInstances {"LaunchTemplate":{"LaunchTemplateId":"lt-template","LaunchTemplateVersion":2},"InstanceName":"other","InstanceType":"S5.SMALL2","LoginSettings":{"KeyIds":["skey-spare001"]},"InstanceCount":2,"ClientToken":"t"}
< {"InstanceIdSet":["ins-...","ins-..."]}
> DescribeInstances {"Filters":[{"Name":"instance-name","Values":["other1"]}]}
< {"TotalCount":1,"InstanceSet":[{..."InstanceType":"S5.SMALL2"..."LoginSettings":{"KeyIds":["skey-spare001"],...}...}]}
> RunInstances {"LaunchTemplate":{"LaunchTemplateId":"lt-template"},"InstanceType":5}
< InvalidParameter The value type of parameter `InstanceType` is not valid: a text is expected, and a whole number was given.
> CreateLaunchTemplate {"LaunchTemplateName":"keys","Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","LoginSettings":{"KeyIds":["skey-spare001"]}}
< {"LaunchTemplateId":"lt-..."}

# Parameters that few requests have are stored and answered.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceName":"rare","DisasterRecoverGroupIds":["ps-parted01"],"PartitionNumber":3,"CamRoleName":"reader","CpuTopology":{"CoreCount":1,"ThreadPerCore":1},"EnableJumboFrame":false,"Metadata":{"Items":[{"Key":"k","Value":"v"}]}}
< {"InstanceIdSet":["ins-..."]}
> DescribeInstances {"Filters":[{"Name":"instance-name","Values":["rare"]}]}
< ..."DisasterRecoverGroupId":"ps-parted01"..."CamRoleName":"reader"..."DisasterRecoverGroupIds":["ps-parted01"]..."EnableJumboFrame":false,"Metadata":{"Items":[{"Key":"k","Value":"v"}]},"CpuTopology":{"CoreCount":1,"ThreadPerCore":1},"PartitionNumber":3,...}]}
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DisasterRecoverGroupIds":["ps-grouped1"],"InstanceCount":20}
< ResourceInsufficient.DisasterRecoverGroupCvmQuota ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DisasterRecoverGroupIds":["ps-nowhere0"]}
< FailedOperation.DisasterRecoverGroupNotFound ...
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DisasterRecoverGroupIds":["ps-1"]}
< InvalidParameterValue The value `ps-1` specified in the parameter `DisasterRecoverGroupIds` is not valid.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","PartitionNumber":3}
< InvalidParameterValue The value `3` specified in the parameter `PartitionNumber` is not valid.
> RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","CpuTopology":{"CoreCount":1}}
< InvalidParameter.LackCoreCountOrThreadPerCore ...
"#;

#[cfg(test)]
mod test {
    use super::*;
    use crate::{ACTIONS, testing::world::World};
    use cvmd_wire::{Dialect, Language, Params};
    use std::convert::Infallible;

    #[tokio::test]
    async fn a_version_that_is_deleted_after_it_was_read_launches_nothing() {
        let mut world = World::new().await;
        let params = |json: &str| Params::from_json(json.as_bytes()).unwrap();
        let context = world.context(Dialect::Api3);
        let from_second = r#"{"LaunchTemplate":{"LaunchTemplateId":"lt-template","LaunchTemplateVersion":2}}"#;
        let mut parameters = ACTION.parameters(params(from_second)).unwrap();
        let apply = prepare(&mut parameters, &world.state.view(), &context).unwrap();
        let before = world.state.view().instance_total();
        let delete = ACTIONS.iter().find(|action| action.name == "DeleteLaunchTemplateVersions").unwrap();
        let second = params(r#"{"LaunchTemplateId":"lt-template","LaunchTemplateVersions":[2]}"#);
        world.call(delete, second, Dialect::Api3).await.unwrap();
        let applied = world.state.change(move |tx| Ok::<_, Infallible>(apply(tx, &context)));
        let refused = applied.await.unwrap().unwrap().unwrap_err();
        let reply = refused.to_api_error(Dialect::Api3, Language::English, ACTION.errors);
        assert_eq!(reply.code, "InvalidParameterValue.LaunchTemplateVersion");
        assert_eq!(world.state.view().instance_total(), before);
    }
}
