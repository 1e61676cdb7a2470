//! DescribeImages: the account's custom images in the region, newest first, then the public ones.
//!
//! <https://cloud.tencent.com/document/api/213/15715>.

use super::{images::Listed, launch_parameters::find_instance_type};
use crate::{Action, Batch, Body, Context, Filter, Parameters, Product, Reason, filters, page};
use cvmd_model::{Catalogue, ImageId};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeImages", answer).errors(&[
    "InvalidFilter",
    "InvalidFilterValue.LimitExceeded",
    "InvalidImageId.Malformed",
    "InvalidParameter.InvalidParameterCoexistImageIdsFilters",
    "InvalidParameterValue.InstanceTypeNotFound",
    "InvalidParameterValue.LimitExceeded",
]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let by_id = parameters.has("ImageIds");
    if by_id && parameters.has("Filters") {
        return Err(Reason::ImageIdsWithFilters);
    }
    let ids: Batch<ImageId> = Batch::read(parameters, "ImageIds")?;
    let filters = filters::read(parameters, FILTERS)?;
    let cut = filters::page(parameters)?;
    parameters.text("InstanceType")?.map(|kind| find_instance_type(&kind)).transpose()?;
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    let custom = view.images_of(context.account, context.region).map(|image| Listed::of(image));
    let public = Catalogue::get().images.iter().map(|system| Listed { system, own: None });
    let wanted: Vec<Listed<'_>> = custom
        .chain(public)
        .filter(|image| (!by_id || ids.contains(&image.id())) && filters.iter().all(|filter| passes(filter, *image)))
        .collect();
    let images = page(&wanted, cut, |image| image.reply(view));
    Ok(Body::of(object! { ImageSet: images, TotalCount: wanted.len() }))
}

filters! {
    fn passes(filter, image: Listed<'_>) {
        "image-id" => filter.has(&image.id()),
        "image-type" => filter.has(image.kind()),
        "image-name" => has_like(filter, image.name()),
        "platform" => has_like(filter, image.system.distribution),
        // Caches of dedicated clusters do not exist here.
        "dedicated-cluster-id" | "cdc-cache-status" => false,
        ["tag-key", "tag-value"] => image.tags(),
    }
}

/// Whether the text contains one of its values, in any case.
fn has_like(filter: &Filter, text: &str) -> bool {
    filter.values.iter().any(|value| text.to_lowercase().contains(&value.to_lowercase()))
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
