//! DescribeImageFromFamily: the newest image of a family that machines can be made from.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=cvm&Version=2017-03-12&Action=DescribeImageFromFamily>.
//! Where the vendor is silent: an image that is deprecated or not NORMAL is not answered; if there is none, `Image` is
//! null.

use super::images::Listed;
use crate::{Action, Body, Context, Parameters, Product, Reason};
use cvmd_model::ImageState;
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeImageFromFamily", answer);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let family = parameters.text("ImageFamily")?.filter(|family| !family.is_empty());
    let family = family.ok_or_else(|| Reason::Missing { name: "ImageFamily".into() })?;
    let mut images = view.images_of(context.account, context.region);
    let image = images
        .find(|image| image.family == family && !image.deprecated && view.image_state(image) == ImageState::Normal);
    Ok(Body::of(object! { Image: image.map(|image| Listed::of(image).reply(view)) }))
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
