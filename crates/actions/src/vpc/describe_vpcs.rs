//! DescribeVpcs: the account's VPCs in the region, newest first; the default one always exists and comes last.
//!
//! <https://cloud.tencent.com/document/api/215/15778>. Well-formed ids that do not exist are no error.

use super::declared;
use crate::{Action, Body, Context, Parameters, Product, Reason, network::Wanted, vpc::network_reply};
use cvmd_model::{Vpc, VpcId};
use cvmd_state::View;

pub(crate) const ACTION: Action = Action::query(Product::Vpc, "DescribeVpcs", answer).errors_of(&[declared::SELECTION]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let wanted: Wanted<VpcId> = Wanted::read(parameters, "VpcIds", "`VpcIds` and `Filters`", FILTERS)?;
    let all = view.vpcs_of(context.account, context.region);
    let (total_count, vpcs) = wanted.select(all, |vpc| vpc.id, |filter, vpc| passes(filter, vpc));
    Ok(Body::of(object! {
        TotalCount: total_count,
        VpcSet: vpcs.iter().map(|vpc| network_reply::vpc(vpc)).collect::<Vec<_>>(),
    }))
}

filters! {
    fn passes(filter, vpc: &Vpc) {
        "vpc-id" => filter.has(&vpc.id.to_string()),
        "vpc-name" => filter.has_part_of(&vpc.name),
        "is-default" => filter.has_flag(vpc.is_default()),
        "cidr-block" => filter.has(&vpc.cidr.to_string()) || filter.has(&vpc.cidr.first().to_string()),
        // No VPC here has IPv6.
        "ipv6-cidr-block" | "isp-type" | "address-type" => false,
        ["tag-key"] => &vpc.tags,
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
# The default VPC is there before anybody has made one: it is the data directory's block.
> DescribeVpcs {"Filters":[{"Name":"is-default","Values":["TRUE"]}]}
< {"TotalCount":1,"VpcSet":[{"VpcId":"vpc-vaxeev3f","VpcName":"Default-VPC","CidrBlock":"127.64.0.0/10","Ipv6CidrBlock":"","Ipv6CidrBlockSet":[],"AssistantCidrSet":[],"IsDefault":true,"EnableMulticast":false,..."TagSet":[],...}]}
> DescribeVpcs {}
< {"TotalCount":3,"VpcSet":[{"VpcId":"vpc-twin0001",...},{"VpcId":"vpc-mine0001",...},{"VpcId":"vpc-vaxeev3f",...}]}
> DescribeVpcs {"Limit":"1","Offset":"1"}
< {"TotalCount":3,"VpcSet":[{"VpcId":"vpc-mine0001",...}]}
> DescribeVpcs {"VpcIds":["vpc-nowhere0","vpc-foreign1","vpc-mine0001"]}
< {"TotalCount":1,"VpcSet":[{"VpcId":"vpc-mine0001",...}]}
> DescribeVpcs {"Filters":[{"Name":"cidr-block","Values":["10.0.0.0"]},{"Name":"vpc-name","Values":["mi"]},{"Name":"vpc-id","Values":["vpc-mine0001"]}]}
< {"TotalCount":1,"VpcSet":[{"VpcId":"vpc-mine0001",...}]}
> DescribeVpcs {"VpcIds":["vpc-mine0001"],"Filters":[{"Name":"vpc-id","Values":["vpc-mine0001"]}]}
< InvalidParameter.Coexist The parameters `VpcIds` and `Filters` exclude one another.
> DescribeVpcs {"VpcIds":["vpc-1"]}
< InvalidParameterValue.Malformed The value `vpc-1` of the parameter `VpcIds` is malformed.
> DescribeVpcs {"VpcIds":[101*"vpc-mine0001"]}
< InvalidParameterValue.LimitExceeded ...
> DescribeVpcs {"Filters":[{"Name":"isp-type","Values":["BGP"]}]}
< {"TotalCount":0,"VpcSet":[]}
> DescribeVpcs {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidParameter.FilterInvalidKey The filter `colour` is not supported by this action.
> DescribeVpcs {"Filters":[{"Name":"vpc-id","Values":["1","2","3","4","5","6"]}]}
< LimitExceeded.NumberOfFilters ...
> DescribeVpcs {"Limit":"0"}
< InvalidParameterValue The value `0` specified in the parameter `Limit` is not valid: 1 to 100.
> DescribeVpcs {"Limit":"101"}
< InvalidParameterValue The value `101` specified in the parameter `Limit` is not valid: 1 to 100.
> DescribeVpcs {"Offset":"-1"}
< InvalidParameterValue The value `-1` specified in the parameter `Offset` is not valid: 0 or more.
> DescribeVpcs {"Limit":20}
< InvalidParameter The value type of parameter `Limit` is not valid: ...
"#;
