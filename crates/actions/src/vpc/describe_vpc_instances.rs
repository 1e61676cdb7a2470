//! DescribeVpcInstances: the account's instances by their VPC.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=DescribeVpcInstances>.
//! An instance has one interface here, with one private address.

use crate::{Action, Body, Context, Parameters, Product, Reason, filters, page, reply::civil_time};
use cvmd_model::Instance;
use cvmd_state::View;
use serde::Serialize;
use std::sync::Arc;

pub(crate) const ACTION: Action = Action::query(Product::Vpc, "DescribeVpcInstances", answer).errors(&[
    "InvalidParameter.FilterInvalidKey",
    "InvalidParameterValue.LimitExceeded",
    "LimitExceeded.NumberOfFilters",
]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let filters = filters::read(parameters, FILTERS)?;
    let cut = filters::page(parameters)?;
    let passes = |instance: &&Arc<Instance>| filters.iter().all(|filter| passes(filter, instance));
    let found: Vec<&Arc<Instance>> = view.instances_of(context.account, context.region).filter(passes).collect();
    let instances = page(&found, cut, |instance| cvm_instance(instance));
    Ok(Body::of(object! { InstanceSet: instances, TotalCount: found.len() }))
}

filters! {
    fn passes(filter, instance: &Instance) {
        "vpc-id" => filter.has(&instance.vpc.to_string()),
        "instance-id" => filter.has(&instance.id.to_string()),
        "instance-name" => filter.has(&instance.name),
    }
}

fn cvm_instance(instance: &Instance) -> impl Serialize {
    let kind = instance.instance_type.get();
    object! {
        VpcId: instance.vpc.to_string(),
        SubnetId: instance.subnet.to_string(),
        InstanceId: instance.id,
        InstanceName: &instance.name,
        InstanceState: instance.state.name(),
        CPU: kind.cpu,
        Memory: kind.memory_gib,
        CreatedTime: civil_time(instance.created_seconds),
        InstanceType: kind.name,
        EniLimit: 1,
        EniIpLimit: 1,
        InstanceEniCount: 1,
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> cvm.RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InstanceName":"own","VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001"}}
< {"InstanceIdSet":["ins-..."]}
> DescribeVpcInstances {"Filters":[{"Name":"vpc-id","Values":["vpc-mine0001"]}]}
< {"InstanceSet":[{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","InstanceId":"ins-...","InstanceName":"own","InstanceState":"PENDING","CPU":1,"Memory":1,"CreatedTime":"2026-11-24 00:00:00","InstanceType":"S5.SMALL1","EniLimit":1,"EniIpLimit":1,"InstanceEniCount":1}],"TotalCount":1}
> DescribeVpcInstances {"Filters":[{"Name":"vpc-id","Values":["vpc-mine0001"]},{"Name":"instance-name","Values":["own"]}],"Limit":1,"Offset":1}
< {"InstanceSet":[],"TotalCount":1}
> DescribeVpcInstances {"Filters":[{"Name":"instance-id","Values":["ins-running1","ins-foreign1","ins-shanghai"]}]}
< {"InstanceSet":[{..."InstanceId":"ins-running1",...}],"TotalCount":1}
> DescribeVpcInstances {"Filters":[{"Name":"vpc-id","Values":["vpc-nowhere0"]}]}
< {"InstanceSet":[],"TotalCount":0}
> DescribeVpcInstances {}
< MissingParameter The request is missing a required parameter `Filters`.
> DescribeVpcInstances {"Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidParameter.FilterInvalidKey ...
> DescribeVpcInstances {"Filters":[{"Name":"vpc-id","Values":["1","2","3","4","5","6"]}]}
< LimitExceeded.NumberOfFilters ...
> DescribeVpcInstances {"Filters":[{"Name":"vpc-id","Values":["vpc-mine0001"]}],"Limit":101}
< InvalidParameterValue.LimitExceeded ...
"#;
