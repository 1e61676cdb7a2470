//! DescribeRouteTables: each VPC's default route table, with its associated subnets.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=DescribeRouteTables>.
//! There are no other tables here, and no custom routes.

use super::declared;
use crate::{Action, Body, Context, EMPTY, Parameters, Product, Reason, network::Wanted, reply::civil_time};
use cvmd_model::{RouteTableId, Vpc};
use cvmd_state::View;
use serde::Serialize;

const NAME: &str = "default";

pub(crate) const ACTION: Action = Action::query(Product::Vpc, "DescribeRouteTables", answer)
    .errors_of(&[declared::SELECTION])
    .without_effect(&["NeedRouterInfo"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let wanted: Wanted<RouteTableId> =
        Wanted::read(parameters, "RouteTableIds", "`RouteTableIds` and `Filters`", FILTERS)?;
    let all = view.vpcs_of(context.account, context.region);
    let (total_count, vpcs) = wanted.select(all, |vpc| vpc.route_table, |filter, vpc| passes(filter, vpc));
    let tables: Vec<_> = vpcs.iter().map(|vpc| route_table(vpc, view, context)).collect();
    Ok(Body::of(object! { TotalCount: total_count, RouteTableSet: tables }))
}

filters! {
    fn passes(filter, vpc: &Vpc) {
        "route-table-id" => filter.has(&vpc.route_table.to_string()),
        "route-table-name" => filter.has(NAME),
        "visible" => filter.has_flag(true),
        "vpc-id" => filter.has(&vpc.id.to_string()),
        "association.main" => filter.has_flag(true),
        // No table has a custom route, so none has a next hop.
        "next-hop-type" => false,
        ["tag-key"] => &[],
    }
}

fn route_table(vpc: &Vpc, view: &View, context: &Context) -> impl Serialize {
    let subnets = view.subnets_of(context.account, context.region).filter(|subnet| subnet.vpc == vpc.id);
    let subnets = subnets.map(|subnet| object! { SubnetId: subnet.id, RouteTableId: vpc.route_table });
    object! {
        VpcId: vpc.id.to_string(),
        RouteTableId: vpc.route_table,
        RouteTableName: NAME,
        AssociationSet: subnets.collect::<Vec<_>>(),
        RouteSet: EMPTY,
        Main: true,
        CreatedTime: civil_time(vpc.created_seconds),
        TagSet: EMPTY,
        LocalCidrForCcn: [object! { Cidr: vpc.cidr.to_string(), PublishedToVbc: true }],
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeRouteTables {"Filters":[{"Name":"vpc-id","Values":["vpc-mine0001"]},{"Name":"association.main","Values":["true"]},{"Name":"route-table-name","Values":["default"]},{"Name":"route-table-id","Values":["rtb-mine0001"]}]}
< {"TotalCount":1,"RouteTableSet":[{"VpcId":"vpc-mine0001","RouteTableId":"rtb-mine0001","RouteTableName":"default","AssociationSet":[{"SubnetId":"subnet-mine0002","RouteTableId":"rtb-mine0001"},{"SubnetId":"subnet-mine0001","RouteTableId":"rtb-mine0001"}],"RouteSet":[],"Main":true,"CreatedTime":"2026-11-24 00:00:00","TagSet":[],"LocalCidrForCcn":[{"Cidr":"10.0.0.0/16","PublishedToVbc":true}]}]}
> DescribeRouteTables {"Filters":[{"Name":"visible","Values":["true"]},{"Name":"next-hop-type","Values":["NAT"]}]}
< {"TotalCount":0,"RouteTableSet":[]}
> DescribeRouteTables {"RouteTableIds":["rtb-88n8ubyg","rtb-nowhere0"]}
< {"TotalCount":1,"RouteTableSet":[{"VpcId":"vpc-vaxeev3f",..."AssociationSet":[{"SubnetId":"subnet-q454yc3b",...
> DescribeRouteTables {"Limit":"1"}
< {"TotalCount":3,...
> DescribeRouteTables {"Filters":[{"Name":"tag:team","Values":["red"]}]}
< {"TotalCount":0,"RouteTableSet":[]}
> DescribeRouteTables {"RouteTableIds":["rtb-mine0001"],"Filters":[{"Name":"vpc-id","Values":["vpc-mine0001"]}]}
< InvalidParameter.Coexist ...
> DescribeRouteTables {"RouteTableIds":["rtb"]}
< InvalidParameterValue.Malformed ...
> DescribeRouteTables {"RouteTableIds":[101*"rtb-mine0001"]}
< InvalidParameterValue.LimitExceeded ...
> DescribeRouteTables {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidParameter.FilterInvalidKey ...
> DescribeRouteTables {"Filters":[{"Name":"vpc-id","Values":["1","2","3","4","5","6"]}]}
< LimitExceeded.NumberOfFilters ...
"#;
