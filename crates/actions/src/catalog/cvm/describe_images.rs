//! DescribeImages: the account's custom images of the region, newest first, and then the public ones.
//!
//! <https://cloud.tencent.com/document/api/213/15715>.

use crate::{
    Action, Body, Context, Effect, Parameters, Product, Reason,
    action::page,
    batch::Batch,
    filters,
    filters::Filter,
    parameters::shorten,
    reply::{Unset, time},
};
use cvmd_model::{Catalogue, CustomImage, Image, ImageId, InstanceTypeId, SnapshotId, Tag};
use cvmd_state::View;
use serde::Serialize;
use std::borrow::Cow;

pub(crate) const ACTION: Action = Action {
    product: Product::Cvm,
    name: "DescribeImages",
    errors: &[
        "InvalidFilter",
        "InvalidFilterValue.LimitExceeded",
        "InvalidImageId.Malformed",
        "InvalidParameter.InvalidParameterCoexistImageIdsFilters",
        "InvalidParameterValue.InstanceTypeNotFound",
        "InvalidParameterValue.LimitExceeded",
    ],
    without_effect: &[],
    regionless: false,
    effect: Effect::Query(answer),
};

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply<'a> {
    image_set: Vec<ImageReply<'a>>,
    total_count: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct ImageReply<'a> {
    image_id: String,
    os_name: &'static str,
    image_type: &'static str,
    created_time: Cow<'static, str>,
    image_name: &'a str,
    image_description: &'a str,
    image_size: u32,
    architecture: &'static str,
    image_state: &'static str,
    platform: &'static str,
    image_creator: String,
    image_source: &'static str,
    sync_percent: Option<u32>,
    is_support_cloudinit: bool,
    snapshot_set: Vec<SnapshotOf>,
    tags: &'a [Tag],
    license_type: &'static str,
    image_family: &'a str,
    image_deprecated: bool,
    cdc_cache_status: Unset,
    create_percent: Unset,
    #[serde(rename = "GPUDriverList")]
    gpu_driver_list: [(); 0],
    image_format: &'static str,
    #[serde(rename = "IsSupportAutoInstallGPUDriver")]
    is_support_auto_install_gpu_driver: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct SnapshotOf {
    snapshot_id: SnapshotId,
    disk_usage: &'static str,
    disk_size: u32,
}

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let by_id = parameters.has("ImageIds");
    if by_id && parameters.has("Filters") {
        return Err(Reason::ImageIdsWithFilters);
    }
    let ids: Batch<ImageId> = Batch::read(parameters, "ImageIds")?;
    // The last two are about the caches of dedicated clusters, of which there are none.
    let known = [
        "image-id",
        "image-type",
        "image-name",
        "platform",
        "tag-key",
        "tag-value",
        "dedicated-cluster-id",
        "cdc-cache-status",
    ];
    let filters = filters::read(parameters, &known)?;
    let cut = filters::page(parameters)?;
    if let Some(kind) = parameters.text("InstanceType")?
        && InstanceTypeId::find(&kind).is_none()
    {
        return Err(Reason::InstanceType { value: shorten(&kind).into() });
    }
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let creator = creator(view, context);
    let custom = view.images_of(context.account, context.region).map(|image| of_custom(view, image, &creator));
    let wanted: Vec<ImageReply> = custom
        .chain(Catalogue::get().images.iter().map(of_public))
        .filter(|image| (!by_id || ids.contains(&image.image_id)) && filters.iter().all(|filter| passes(filter, image)))
        .collect();
    let total_count = wanted.len();
    Ok(Body::of(&Reply { image_set: page(wanted.into_iter(), cut).collect(), total_count }))
}

fn passes(filter: &Filter, image: &ImageReply) -> bool {
    let fuzzy = |text: &str| filter.values.iter().any(|value| text.to_lowercase().contains(&value.to_lowercase()));
    match &*filter.name {
        "image-id" => filter.has(&image.image_id),
        "image-type" => filter.has(image.image_type),
        "image-name" => fuzzy(image.image_name),
        "platform" => fuzzy(image.platform),
        _ => filter.has_tag(image.tags),
    }
}

fn of_public<'a>(image: &'static Image) -> ImageReply<'a> {
    ImageReply {
        image_id: image.id_text.into(),
        os_name: image.os_name,
        image_type: "PUBLIC_IMAGE",
        created_time: image.created.into(),
        image_name: image.os_name,
        image_description: "",
        image_size: image.size_gib,
        architecture: "x86_64",
        image_state: "NORMAL",
        platform: image.distribution,
        image_creator: String::new(),
        image_source: "OFFICIAL",
        sync_percent: None,
        is_support_cloudinit: true,
        snapshot_set: Vec::new(),
        tags: &[],
        license_type: "TencentCloud",
        image_family: "",
        image_deprecated: false,
        cdc_cache_status: (),
        create_percent: (),
        gpu_driver_list: [],
        image_format: "QCOW2",
        is_support_auto_install_gpu_driver: false,
    }
}

/// The account's number, as `ImageCreator` prints it.
pub(super) fn creator(view: &View, context: &Context) -> String {
    view.account(context.account).map_or(String::new(), |account| account.uin.to_string())
}

pub(super) fn of_custom<'a>(view: &View, image: &'a CustomImage, creator: &str) -> ImageReply<'a> {
    let system = image.system();
    let snapshots = image.snapshots.iter().filter_map(|id| view.snapshots().get(*id));
    let snapshots = snapshots.map(|snapshot| SnapshotOf {
        snapshot_id: snapshot.id,
        disk_usage: snapshot.usage(),
        disk_size: snapshot.size_gib,
    });
    ImageReply {
        image_id: image.id.to_string(),
        image_type: "PRIVATE_IMAGE",
        created_time: time(image.created_seconds).into(),
        image_name: &image.name,
        image_description: &image.description,
        image_size: image.size_gib,
        image_state: view.image_state(image).name(),
        image_creator: creator.into(),
        image_source: "CREATE_IMAGE",
        snapshot_set: snapshots.collect(),
        tags: &image.tags,
        image_family: &image.family,
        image_deprecated: image.deprecated,
        ..of_public(system)
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeImages {"Filters":[{"Name":"dedicated-cluster-id","Values":["cluster-12345678"]},{"Name":"cdc-cache-status","Values":["CACHED_ALL"]}]}
< {"ImageSet":[],"TotalCount":0}
> DescribeImages {"ImageIds":["img-487zeit5"]}
< {"ImageSet":[{"ImageId":"img-487zeit5","OsName":"TencentOS Server 3.1 (TK4)","ImageType":"PUBLIC_IMAGE",..."SnapshotSet":[],"Tags":[],"LicenseType":"TencentCloud"...}],"TotalCount":1}
> DescribeImages {"Filters":[{"Name":"platform","Values":["windows"]},{"Name":"image-type","Values":["PUBLIC_IMAGE"]}],"InstanceType":"S5.SMALL1"}
< {"ImageSet":[{"ImageId":"img-bhvhr6pr",...}],"TotalCount":8}
> DescribeImages {"Filters":[{"Name":"image-type","Values":["PRIVATE_IMAGE"]}]}
< {"ImageSet":[{"ImageId":"img-failed01",..."ImageState":"CREATEFAILED"...},{"ImageId":"img-golden01","OsName":"TencentOS Server 3.1 (TK4)","ImageType":"PRIVATE_IMAGE",..."ImageName":"golden",..."ImageSize":60,..."ImageState":"NORMAL"...}],"TotalCount":2}
> tag.ModifyResourceTags {"Resource":"qcs::cvm:ap-guangzhou:uin/:image/img-golden01","ReplaceTags":[{"TagKey":"team","TagValue":"red"}]}
< {}
> DescribeImages {"Filters":[{"Name":"tag:team","Values":["red"]},{"Name":"image-name","Values":["GOLD"]},{"Name":"platform","Values":["tencentos"]}]}
< {"ImageSet":[{"ImageId":"img-golden01",...}],"TotalCount":1}
> DescribeImages {"Limit":1}
< {"ImageSet":[{"ImageId":"img-failed01",...}],"TotalCount":44}
> DescribeImages {"ImageIds":["img-foreign1"]}
< {"ImageSet":[],"TotalCount":0}
> DescribeImages {"ImageIds":["img-487zeit5"],"Filters":[{"Name":"image-id","Values":["img-487zeit5"]}]}
< InvalidParameter.InvalidParameterCoexistImageIdsFilters ...
> DescribeImages {"ImageIds":["img-1"]}
< InvalidImageId.Malformed ...
> DescribeImages {"Limit":101}
< InvalidParameterValue.LimitExceeded The value `101` of `Limit` is not valid: 1 to 100.
> DescribeImages {"InstanceType":"S99.HUGE"}
< InvalidParameterValue.InstanceTypeNotFound ...
> DescribeImages {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidFilter ...
> DescribeImages {"Filters":[{"Name":"image-id","Values":["1","2","3","4","5","6"]}]}
< InvalidFilterValue.LimitExceeded ...
"#;
