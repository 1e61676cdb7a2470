//! DescribeImageFromFamily: the newest image of a family that machines can be made from.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeImageFromFamily>.
//! Where the vendor is silent: an image that is deprecated or not NORMAL is not answered; if there is none, `Image` is
//! null.

use super::images::{ImageReply, creator, of_custom};
use crate::{Action, Body, Context, Parameters, Product, Reason};
use cvmd_model::ImageState;
use cvmd_state::View;
use serde::Serialize;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeImageFromFamily", answer);

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Reply<'a> {
    image: Option<ImageReply<'a>>,
}

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let family = parameters.text("ImageFamily")?.filter(|family| !family.is_empty());
    let family = family.ok_or_else(|| Reason::Missing { name: "ImageFamily".into() })?;
    let mut images = view.images_of(context.account, context.region);
    let image = images
        .find(|image| image.family == family && !image.deprecated && view.image_state(image) == ImageState::Normal);
    let image = image.map(|image| of_custom(view, image, &creator(view, context)));
    Ok(Body::of(&Reply { image }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeImageFromFamily {"ImageFamily":"metals"}
< {"Image":null}
> ModifyImageAttribute {"ImageId":"img-golden01","ImageFamily":"metals"}
< {}
> ModifyImageAttribute {"ImageId":"img-failed01","ImageFamily":"metals"}
< {}
> DescribeImageFromFamily {"ImageFamily":"metals"}
< {"Image":{"ImageId":"img-golden01",..."ImageFamily":"metals",...}}
> ModifyImageAttribute {"ImageId":"img-golden01","ImageDeprecated":true}
< {}
> DescribeImageFromFamily {"ImageFamily":"metals"}
< {"Image":null}
> DescribeImageFromFamily {}
< MissingParameter ...
"#;
