//! InquiryPriceRunInstances: what the instances would cost that RunInstances would make with the same parameters.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=InquiryPriceRunInstances>.
//!
//! Parameters that a price depends on, or that have codes of this action, are read as by RunInstances; the others are
//! checked only for their type.

use super::declared;
use crate::{
    Action, Body, Context, Parameters, Product, Reason,
    cvm::{inquiry, launch_parameters as run, term::Term},
    names,
    new_instance::DiskSpecs,
    prices::Charge,
    source::Source,
};
use cvmd_model::ChargeType;
use cvmd_state::View;

/// The vendor's own limit of this action.
const COUNT_MAX: u32 = 100;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "InquiryPriceRunInstances", answer)
    .errors(&[
        "FailedOperation.SnapshotSizeLargerThanDataSize",
        "InvalidClientToken.TooLong",
        "InvalidImageId.Malformed",
        "InvalidImageId.NotFound",
        "InvalidInstanceName.TooLong",
        "InvalidParameter.SnapshotNotFound",
        "InvalidParameterValue.DuplicateTags",
        "InvalidParameterValue.InstanceTypeNotFound",
        "InvalidParameterValue.InvalidImageState",
        "InvalidParameterValue.LimitExceeded",
        "InvalidParameterValue.SnapshotIdMalformed",
        "InvalidParameterValue.ZoneNotSupported",
        "InvalidPeriod",
        "InvalidZone.MismatchRegion",
    ])
    .without_effect_of(&[declared::BANDWIDTH, declared::HARDWARE])
    .without_effect(&[
        "CpuTopology",
        "HostName",
        "LaunchTemplate",
        "LoginSettings",
        "Metadata",
        "SecurityGroupIds",
        "VirtualPrivateCloud",
    ]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    run::placement(parameters, context)?;
    let image = Source::find(view, context, run::image(parameters)?)?;
    let kind = run::instance_type(parameters)?.get();
    // The vendor lists no code of this action for a charge type that is not available here.
    let words = [ChargeType::Prepaid, ChargeType::PostpaidByHour, ChargeType::Spotpaid];
    let words = words.map(|charge_type| (charge_type.name(), charge_type));
    let charge_type = parameters.word("InstanceChargeType", &words)?.unwrap_or(ChargeType::PostpaidByHour);
    let term = Term::if_prepaid(parameters, charge_type == ChargeType::Prepaid)?;
    let disks = DiskSpecs::read(parameters)?.of(&image, view, context)?;
    let internet = run::internet(parameters)?;
    let count = parameters.bounded("InstanceCount", 1, COUNT_MAX)?.unwrap_or(1);
    run::name(parameters)?;
    crate::cvm::client_token::read(parameters)?;
    names::instance_tags(parameters)?;
    let months = term.map_or(1, Term::months);
    let prices = &context.policy.prices;
    let instances = prices.instances(kind, disks.hour(prices), Charge::of(charge_type, months), count);
    Ok(inquiry::answer(instances, prices.bandwidth(&internet, months, count)))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# By the hour: 2 CPUs, 4 GiB, 50 GiB of disk and 100 more, three times; traffic by the GB.
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceType":"S5.MEDIUM4","InstanceCount":3,"DataDisks":[{"DiskSize":100,"DiskType":"CLOUD_SSD"}],"InternetAccessible":{"InternetMaxBandwidthOut":5}}
< {"Price":{"InstancePrice":{"UnitPrice":1.455,"ChargeUnit":"HOUR","UnitPriceDiscount":1.455,..."Discount":100,...},"BandwidthPrice":{"UnitPrice":0.8,"ChargeUnit":"GB","UnitPriceDiscount":0.8,..."Discount":100,...}}}
# In advance: a month is 400 hours.
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceType":"S5.MEDIUM4","InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":2},"InternetAccessible":{"InternetChargeType":"BANDWIDTH_PREPAID","InternetMaxBandwidthOut":5},"InstanceName":"web","ClientToken":"t"}
< {"Price":{"InstancePrice":{..."OriginalPrice":276.0,"DiscountPrice":276.0,"Discount":100,...},"BandwidthPrice":{..."OriginalPrice":240.0,...}}}
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceChargeType":"SPOTPAID","InternetAccessible":{"InternetChargeType":"BANDWIDTH_POSTPAID_BY_HOUR","InternetMaxBandwidthOut":5}}
< {"Price":{"InstancePrice":{"UnitPrice":0.155,"ChargeUnit":"HOUR","UnitPriceDiscount":0.051,..."Discount":20,...},"BandwidthPrice":{"UnitPrice":0.3,"ChargeUnit":"HOUR",...}}}
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InternetAccessible":{"InternetChargeType":"BANDWIDTH_PACKAGE","InternetMaxBandwidthOut":5}}
< ..."BandwidthPrice":{"UnitPrice":0.0,...

# A disk is no smaller than its snapshot, and an image's disks cost too.
img-golden01 has the data snapshot snap-data0001
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-golden01"}
< {"Price":{"InstancePrice":{"UnitPrice":0.175,...
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DataDisks":[{"SnapshotId":"snap-data0001","DiskSize":10}]}
< FailedOperation.SnapshotSizeLargerThanDataSize ...
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DataDisks":[{"DiskSize":30,"SnapshotId":"snap-nowhere0"}]}
< InvalidParameter.SnapshotNotFound ...
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DataDisks":[{"DiskSize":30,"SnapshotId":"snap-1"}]}
< InvalidParameterValue.SnapshotIdMalformed ...

> InquiryPriceRunInstances {"ImageId":"img-487zeit5"}
< MissingParameter The request is missing a required parameter `Placement`.
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-atlantis-1"},"ImageId":"img-487zeit5"}
< InvalidParameterValue.ZoneNotSupported ...
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-shanghai-2"},"ImageId":"img-487zeit5"}
< InvalidZone.MismatchRegion ...
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-1"}
< InvalidImageId.Malformed ...
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-nowhere0"}
< InvalidImageId.NotFound ...
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-golden01","SystemDisk":{"DiskSize":50}}
< InvalidParameterValue The value `50` specified in the parameter `SystemDisk.DiskSize` is not valid: 60 to 32000.
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-failed01"}
< InvalidParameterValue.InvalidImageState ...
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceType":"S99.HUGE"}
< InvalidParameterValue.InstanceTypeNotFound ...
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceChargeType":"CDHPAID"}
< InvalidParameterValue The value `CDHPAID` specified in the parameter `InstanceChargeType` is not valid: it is one of `PREPAID`, `POSTPAID_BY_HOUR`, `SPOTPAID`.
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceChargeType":"PREPAID"}
< MissingParameter The request is missing a required parameter `InstanceChargePrepaid`.
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceChargeType":"PREPAID","InstanceChargePrepaid":{"Period":13}}
< InvalidPeriod ...
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","SystemDisk":{"DiskSize":5}}
< InvalidParameterValue The value `5` specified in the parameter `SystemDisk.DiskSize` is not valid: 20 to 32000.
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceCount":101}
< InvalidParameterValue ...
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceName":"nnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnnn"}
< InvalidInstanceName.TooLong ...
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","ClientToken":"12345678901234567890123456789012345678901234567890123456789012345"}
< InvalidClientToken.TooLong ...
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","TagSpecification":[{"ResourceType":"instance","Tags":[{"Key":"a","Value":"b"},{"Key":"a","Value":"c"}]}]}
< InvalidParameterValue.DuplicateTags ...
> InquiryPriceRunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","DataDisks":[{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10},{"DiskSize":10}]}
< InvalidParameterValue.LimitExceeded The parameter `DataDisks` has 21 values; at most 20 are allowed.
"#;
