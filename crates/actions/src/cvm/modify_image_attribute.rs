//! ModifyImageAttribute: changes a custom image's name, description, family, or whether it is deprecated.
//!
//! <https://www.tencentcloud.com/document/api/213/33269>. Families and deprecation are stored and answered, and have no
//! other effect here.

use super::images::{Texts, name_is_free, own};
use crate::{Action, Apply, Body, Context, Parameters, Product, Reason, source::image_id};
use cvmd_model::CustomImage;

pub(crate) const ACTION: Action = Action::command(Product::Cvm, "ModifyImageAttribute", prepare).errors(&[
    "InvalidImageId.Malformed",
    "InvalidImageId.NotFound",
    "InvalidImageName.Duplicate",
    "InvalidParameter.ValueTooLarge",
    "InvalidParameterValue.InvalidImageId",
]);

fn prepare(parameters: &mut Parameters, _context: &Context) -> Result<Apply, Reason> {
    let id = image_id(parameters)?.ok_or_else(|| Reason::Missing { name: "ImageId".into() })?;
    let texts = Texts::read(parameters)?;
    let deprecated = parameters.flag("ImageDeprecated")?;
    if texts.name.is_none() && texts.description.is_none() && texts.family.is_none() && deprecated.is_none() {
        let names = "`ImageName`, `ImageDescription`, `ImageFamily` and `ImageDeprecated`";
        return Err(Reason::NothingToDo { names });
    }
    Ok(Box::new(move |tx, context| {
        let mut image = CustomImage::clone(own(tx.view(), context, id)?);
        if let Some(name) = texts.name {
            name_is_free(tx.view(), context, &name, Some(id))?;
            image.name = name;
        }
        image.description = texts.description.unwrap_or(image.description);
        image.family = texts.family.unwrap_or(image.family);
        image.deprecated = deprecated.unwrap_or(image.deprecated);
        tx.put(image);
        Ok(Body::empty())
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> ModifyImageAttribute {"ImageId":"img-golden01","ImageName":"silver","ImageDescription":"","ImageFamily":"metals","ImageDeprecated":true}
< {}
> DescribeImages {"ImageIds":["img-golden01"]}
< ..."ImageName":"silver","ImageDescription":"",..."ImageFamily":"metals","ImageDeprecated":true...
> ModifyImageAttribute {"ImageId":"img-golden01","ImageName":"silver"}
< {}
> ModifyImageAttribute {"ImageId":"img-golden01","ImageName":"failed"}
< InvalidImageName.Duplicate ...
> ModifyImageAttribute {"ImageId":"img-golden01"}
< MissingParameter At least one of the parameters `ImageName`, `ImageDescription`, `ImageFamily` and `ImageDeprecated` is needed.
> ModifyImageAttribute {"ImageId":"img-487zeit5","ImageName":"mine"}
< InvalidParameterValue.InvalidImageId ...
> ModifyImageAttribute {"ImageId":"img-foreign1","ImageName":"mine"}
< InvalidImageId.NotFound ...
> ModifyImageAttribute {"ImageId":"img-1","ImageName":"mine"}
< InvalidImageId.Malformed ...
> ModifyImageAttribute {"ImageId":"img-golden01","ImageName":"0123456789012345678901234567890123456789012345678901234567890"}
< InvalidParameter.ValueTooLarge ...
"#;
