//! DescribeKeyPairs: the account's key pairs, newest first.
//!
//! <https://cloud.tencent.com/document/api/213/15699>. Well-formed ids that do not exist are no error. The filter
//! `key-name` matches a part of the name.

use crate::{Action, Batch, Body, Context, Parameters, Product, Reason, filters, page, reply};
use cvmd_model::{KeyPair, KeyPairId};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Cvm, "DescribeKeyPairs", answer).errors(&[
    "InvalidFilter",
    "InvalidFilterValue.LimitExceeded",
    "InvalidKeyPairId.Malformed",
    "InvalidParameterValue.LimitExceeded",
    "InvalidParameterValueLimit",
    "InvalidParameterValueOffset",
]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let (ids, filters): (Option<Batch<KeyPairId>>, _) =
        filters::read_or_ids(parameters, "KeyIds", "`KeyIds` and `Filters`", FILTERS)?;
    let cut = filters::page(parameters)?;
    let wanted: Vec<&KeyPair> = view
        .key_pairs_of(context.account)
        .map(|key| &**key)
        .filter(|key| {
            ids.as_ref().is_none_or(|ids| ids.contains(&key.id)) && filters.iter().all(|filter| passes(filter, key))
        })
        .collect();
    Ok(Body::of(object! { TotalCount: wanted.len(), KeyPairSet: page(wanted, cut, |key| reply::key_pair(key, view)) }))
}

filters! {
    fn passes(filter, key: &KeyPair) {
        "project-id" => filter.has(&key.project_id.to_string()),
        // Terraform asks for `web` when it wants `^web`, and selects from the reply.
        "key-name" => filter.has_part_of(&key.name),
        ["tag-key", "tag-value"] => &key.tags,
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeKeyPairs {}
< {"TotalCount":2,"KeyPairSet":[{"KeyId":"skey-spare001",..."AssociatedInstanceIds":[],...},{"KeyId":"skey-bound001",..."AssociatedInstanceIds":["ins-running1","ins-sleeping","ins-stopped1"],...}]}
> DescribeKeyPairs {"Offset":1,"Limit":1}
< {"TotalCount":2,"KeyPairSet":[{"KeyId":"skey-bound001",...}]}
> DescribeKeyPairs {"KeyIds":["skey-nowhere0","skey-foreign1"]}
< {"TotalCount":0,"KeyPairSet":[]}
> DescribeKeyPairs {"Filters":[{"Name":"project-id","Values":["0"]},{"Name":"tag:team","Values":["red"]}]}
< {"TotalCount":1,"KeyPairSet":[{"KeyId":"skey-bound001",...}]}
> DescribeKeyPairs {"Filters":[{"Name":"key-name","Values":["oun","nothing"]}]}
< {"TotalCount":1,"KeyPairSet":[{"KeyId":"skey-bound001",...}]}
> DescribeKeyPairs {"Filters":[{"Name":"key-name","Values":["BOUND","ound ","boundary"]}]}
< {"TotalCount":0,"KeyPairSet":[]}
> DescribeKeyPairs {"KeyIds":["skey-bound001"],"Filters":[{"Name":"key-name","Values":["bound"]}]}
< InvalidParameter The parameters `KeyIds` and `Filters` exclude one another.
> DescribeKeyPairs {"Filters":[{"Name":"key-id","Values":["skey-bound001"]}]}
< InvalidFilter The filter `key-id` is not supported by this action.
> DescribeKeyPairs {"Filters":[{"Name":"key-name","Values":["1","2","3","4","5","6"]}]}
< InvalidFilterValue.LimitExceeded ...
> DescribeKeyPairs {"KeyIds":["skey-1"]}
< InvalidKeyPairId.Malformed ...
> DescribeKeyPairs {"KeyIds":[101*"skey-bound001"]}
< InvalidParameterValue.LimitExceeded ...
> DescribeKeyPairs {"Limit":0}
< InvalidParameterValueLimit ...
> DescribeKeyPairs {"Offset":-1}
< InvalidParameterValueOffset ...
"#;
