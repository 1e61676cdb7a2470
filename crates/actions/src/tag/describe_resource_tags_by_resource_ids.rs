//! DescribeResourceTagsByResourceIds: the tags of some resources of one kind.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=tag&Version=2018-08-13&Action=DescribeResourceTagsByResourceIds>.
//!
//! A resource that does not exist has no tags, whatever its service, its prefix or its region is.

use crate::{Action, Body, Context, Parameters, Product, Reason, page, reply, tag_words, tagged::Kind};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Tag, "DescribeResourceTagsByResourceIds", answer)
    .errors(&["InvalidParameterValue.OffsetInvalid", "LimitExceeded.ResourceNumPerRequest"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let service = parameters.text("ServiceType")?.unwrap_or_default();
    let prefix = parameters.text("ResourcePrefix")?.unwrap_or_default();
    let kind = Kind::known(&service, &prefix);
    let ids = tag_words::resource_ids(parameters)?;
    let region = parameters.text("ResourceRegion")?.unwrap_or_default();
    let found = kind.and_then(|kind| Some((kind, kind.region(&region, context).ok()?)));
    let custom = tag_words::is_custom(parameters)?;
    let (offset, limit) = tag_words::page(parameters)?;
    let mut tags = Vec::new();
    if let Some((kind, region)) = found.filter(|_| custom) {
        for id in &ids {
            let Some(resource) = kind.resource(view, context, region, id) else { continue };
            tags.extend(resource.tags().iter().map(|tag| reply::resource_tag(tag, id, kind.service)));
        }
    }
    Ok(Body::of(object! {
        TotalCount: tags.len(),
        Offset: offset,
        Limit: limit,
        Tags: page(tags, (offset, limit), |tag| tag),
    }))
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceIds":["ins-running1","ins-stopped1"],"ResourceRegion":"ap-guangzhou","Offset":0,"Limit":20}
< {"TotalCount":1,"Offset":0,"Limit":20,"Tags":[{"TagKey":"team","TagValue":"red","ResourceId":"ins-running1","TagKeyMd5":"f894427cc1c571f79da49605ef8b112f","TagValueMd5":"bda9643ac6601722a28f238714274da4","ServiceType":"cvm","Category":"Custom"}]}
# A key pair belongs to no region: any will do, and none.
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-bound001"],"ResourceRegion":"ap-guangzhou"}
< {"TotalCount":1,"Offset":0,"Limit":15,"Tags":[{"TagKey":"team",...
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-bound001"],"ResourceRegion":""}
< {"TotalCount":1,...
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-bound001"],"ResourceRegion":"","Offset":15}
< {"TotalCount":1,"Offset":15,"Limit":15,"Tags":[]}
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-bound001"],"ResourceRegion":"","Category":"System"}
< {"TotalCount":0,...
# What is not there, another account's or another region's has none.
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceIds":["ins-nowhere0","ins-foreign1","nonsense"],"ResourceRegion":"ap-guangzhou"}
< {"TotalCount":0,"Offset":0,"Limit":15,"Tags":[]}
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceIds":["ins-running1"],"ResourceRegion":"ap-shanghai"}
< {"TotalCount":0,"Offset":0,"Limit":15,"Tags":[]}
# So has what is not known here at all: Terraform asks for the tags of whatever it has made.
> DescribeResourceTagsByResourceIds {"ServiceType":"cos","ResourcePrefix":"bucket","ResourceIds":["x"],"ResourceRegion":""}
< {"TotalCount":0,"Offset":0,"Limit":15,"Tags":[]}
> DescribeResourceTagsByResourceIds {"ServiceType":"vpc","ResourcePrefix":"rtb","ResourceIds":["rtb-11112222"],"ResourceRegion":"ap-guangzhou","Offset":0,"Limit":20}
< {"TotalCount":0,"Offset":0,"Limit":20,"Tags":[]}
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"snap","ResourceIds":["snap-11112222"],"ResourceRegion":"ap-guangzhou"}
< {"TotalCount":0,...
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"volume","ResourceIds":["disk-data0001"],"ResourceRegion":"ap-guangzhou"}
< {"TotalCount":0,...
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceIds":["ins-running1"],"ResourceRegion":""}
< {"TotalCount":0,...
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"keypair","ResourceIds":["skey-bound001"],"ResourceRegion":"ap-atlantis"}
< {"TotalCount":0,...

> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceIds":["ins-running1"],"ResourceRegion":"ap-guangzhou","Offset":5,"Limit":10}
< InvalidParameterValue.OffsetInvalid ...
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceIds":[51*"ins-running1"],"ResourceRegion":"ap-guangzhou"}
< LimitExceeded.ResourceNumPerRequest ...
> DescribeResourceTagsByResourceIds {"ServiceType":"cvm","ResourcePrefix":"instance","ResourceIds":["ins-running1"],"ResourceRegion":"ap-guangzhou","Limit":0}
< InvalidParameterValue The value `0` specified in the parameter `Limit` is not valid: 1 to 1000.
"#;
