//! DescribeImages: the public images.
//!
//! <https://cloud.tencent.com/document/api/213/15715>.

use crate::{
    Action, Body, Context, Effect, Parameters, Product, Reason, action::page, batch::Batch, filters, filters::Filter,
    parameters::shorten,
};
use cvmd_model::{IMAGES, Image, ImageId, InstanceTypeId};
use cvmd_state::View;
use serde::Serialize;

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
struct Reply {
    image_set: Vec<ImageReply>,
    total_count: usize,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct ImageReply {
    image_id: &'static str,
    os_name: &'static str,
    image_type: &'static str,
    created_time: &'static str,
    image_name: &'static str,
    image_description: &'static str,
    image_size: u32,
    architecture: &'static str,
    image_state: &'static str,
    platform: &'static str,
    image_creator: &'static str,
    image_source: &'static str,
    sync_percent: Option<u32>,
    is_support_cloudinit: bool,
    snapshot_set: [(); 0],
    tags: [(); 0],
    license_type: &'static str,
}

fn answer(parameters: &mut Parameters, _view: &View, _context: &Context) -> Result<Body, Reason> {
    let by_id = parameters.has("ImageIds");
    if by_id && parameters.has("Filters") {
        return Err(Reason::ImageIdsWithFilters);
    }
    let ids: Batch<ImageId> = Batch::read(parameters, "ImageIds")?;
    let known = ["image-id", "image-type", "image-name", "platform", "tag-key", "tag-value"];
    let filters = filters::read(parameters, &known)?;
    let cut = filters::page(parameters)?;
    if let Some(kind) = parameters.text("InstanceType")?
        && InstanceTypeId::find(&kind).is_none()
    {
        return Err(Reason::InstanceType { value: shorten(&kind).into() });
    }
    let wanted: Vec<&Image> = IMAGES
        .iter()
        .filter(|image| (!by_id || ids.contains(&image.id())) && filters.iter().all(|filter| passes(filter, image)))
        .collect();
    let total_count = wanted.len();
    Ok(Body::of(&Reply { image_set: page(wanted.into_iter(), cut).map(reply).collect(), total_count }))
}

fn passes(filter: &Filter, image: &Image) -> bool {
    let fuzzy = |text: &str| filter.values.iter().any(|value| text.to_lowercase().contains(&value.to_lowercase()));
    match &*filter.name {
        "image-id" => filter.has(image.id_text),
        "image-type" => filter.has("PUBLIC_IMAGE"),
        "image-name" => fuzzy(image.os_name),
        "platform" => fuzzy(image.distribution),
        _ => filter.has_tag(&[]),
    }
}

fn reply(image: &Image) -> ImageReply {
    ImageReply {
        image_id: image.id_text,
        os_name: image.os_name,
        image_type: "PUBLIC_IMAGE",
        created_time: image.created,
        image_name: image.os_name,
        image_description: "",
        image_size: image.size_gib,
        architecture: "x86_64",
        image_state: "NORMAL",
        platform: image.distribution,
        image_creator: "",
        image_source: "OFFICIAL",
        sync_percent: None,
        is_support_cloudinit: true,
        snapshot_set: [],
        tags: [],
        license_type: "TencentCloud",
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeImages {"ImageIds":["img-487zeit5"]}
< {"ImageSet":[{"ImageId":"img-487zeit5","OsName":"TencentOS Server 3.1 (TK4)","ImageType":"PUBLIC_IMAGE",..."SnapshotSet":[],"Tags":[],"LicenseType":"TencentCloud"}],"TotalCount":1}
> DescribeImages {"Filters":[{"Name":"platform","Values":["windows"]},{"Name":"image-type","Values":["PUBLIC_IMAGE"]}],"InstanceType":"S5.SMALL1"}
< {"ImageSet":[{"ImageId":"img-bhvhr6pr",...}],"TotalCount":1}
> DescribeImages {"Filters":[{"Name":"image-type","Values":["PRIVATE_IMAGE"]}]}
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
