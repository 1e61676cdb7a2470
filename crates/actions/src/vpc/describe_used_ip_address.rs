//! DescribeUsedIpAddress: the used private addresses of a VPC or a subnet, and their users; free ones are not answered.
//!
//! <https://console.cloud.tencent.com/api/explorer?Product=vpc&Version=2017-03-12&Action=DescribeUsedIpAddress>.
//! An address is always used by an instance here, and its id is answered. Unlike upstream, network interfaces have no
//! ids of their own.

use super::declared;
use crate::{Action, Body, Context, Parameters, Product, Reason, filters, network, page};
use cvmd_model::{Instance, SubnetId, VpcId};
use cvmd_state::View;
use serde::Serialize;
use std::{net::Ipv4Addr, sync::Arc};

const ADDRESSES_MAX: usize = 100;

pub(crate) const ACTION: Action = Action::query(Product::Vpc, "DescribeUsedIpAddress", answer)
    .errors_of(&[declared::SELECTION])
    .errors(&["ResourceNotFound"]);

fn answer(parameters: &mut Parameters, view: &View, context: &Context) -> Result<Body, Reason> {
    let by_address = parameters.has("IpAddresses");
    if by_address && parameters.has("Filters") {
        return Err(Reason::Exclusive { names: "`IpAddresses` and `Filters`" });
    }
    let vpc: VpcId = network::required(parameters, "VpcId")?;
    let subnet: Option<SubnetId> =
        parameters.has("SubnetId").then(|| network::required(parameters, "SubnetId")).transpose()?;
    let malformed = |value| Reason::Malformed { name: "IpAddresses".into(), value };
    let addresses = parameters.parsed("IpAddresses", ADDRESSES_MAX, malformed)?;
    let filters = filters::read(parameters, FILTERS)?;
    let cut = filters::page(parameters)?;
    network::found(view.vpc_of(context.account, context.region, vpc), vpc)?;
    if let Some(id) = subnet {
        let found = view.subnet_of(context.account, context.region, id).filter(|subnet| subnet.vpc == vpc);
        network::found(found, id)?;
    }
    let wanted = |instance: &&Arc<Instance>| {
        (instance.account, instance.vpc) == (context.account, vpc)
            && subnet.is_none_or(|subnet| instance.subnet == subnet)
            && filters.iter().all(|filter| passes(filter, instance))
    };
    let used: Vec<&Arc<Instance>> = if by_address {
        let holder = |address: &Ipv4Addr| {
            let holder = view.address_holder(vpc, *address).and_then(|id| view.instance(id));
            // A public address belongs to the instance too, but not to the subnet.
            holder.filter(|instance| instance.private_address == *address)
        };
        addresses.iter().filter_map(holder).filter(wanted).collect()
    } else {
        view.instances_of(context.account, context.region).filter(wanted).collect()
    };
    Ok(Body::of(object! { TotalCount: used.len(), IpAddressStates: page(used, cut, state) }))
}

filters! {
    fn passes(filter, instance: &Instance) {
        "ip-addresses" => filter.has(&instance.private_address.to_string()),
        "resource-id" => filter.has(&instance.id.to_string()),
    }
}

fn state(instance: &Arc<Instance>) -> impl Serialize {
    object! {
        VpcId: instance.vpc.to_string(),
        SubnetId: instance.subnet.to_string(),
        IpAddress: instance.private_address.to_string(),
        ResourceType: "CVM",
        ResourceId: instance.id.to_string(),
    }
}

#[cfg(test)]
pub(crate) const TRANSCRIPT: &str = r#"
> DescribeUsedIpAddress {"VpcId":"vpc-vaxeev3f","SubnetId":"subnet-q454yc3b","IpAddresses":["127.64.0.2","127.99.0.2"]}
< {"TotalCount":1,"IpAddressStates":[{"VpcId":"vpc-vaxeev3f","SubnetId":"subnet-q454yc3b","IpAddress":"127.64.0.2","ResourceType":"CVM","ResourceId":"ins-running1"}]}
# The block is shared, but what is another account's is not answered.
> DescribeUsedIpAddress {"VpcId":"vpc-vaxeev3f","IpAddresses":["127.64.0.13"]}
< {"TotalCount":0,"IpAddressStates":[]}
> DescribeUsedIpAddress {"VpcId":"vpc-vaxeev3f","Limit":1,"Offset":9}
< {"TotalCount":10,"IpAddressStates":[{..."ResourceId":"ins-running1"}]}
> DescribeUsedIpAddress {"VpcId":"vpc-vaxeev3f","Filters":[{"Name":"resource-id","Values":["ins-running1","ins-stopped1"]},{"Name":"ip-addresses","Values":["127.64.0.3"]}]}
< {"TotalCount":1,"IpAddressStates":[{..."ResourceId":"ins-stopped1"}]}
> DescribeUsedIpAddress {"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001"}
< {"TotalCount":0,"IpAddressStates":[]}

# The same address in two VPCs.
> cvm.RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","InternetAccessible":{"InternetMaxBandwidthOut":5},"VirtualPrivateCloud":{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","PrivateIpAddresses":["10.0.1.5"]}}
< {"InstanceIdSet":["ins-..."]}
> DescribeUsedIpAddress {"VpcId":"vpc-twin0001","IpAddresses":["10.0.1.5"]}
< {"TotalCount":0,"IpAddressStates":[]}
> cvm.RunInstances {"Placement":{"Zone":"ap-guangzhou-3"},"ImageId":"img-487zeit5","VirtualPrivateCloud":{"VpcId":"vpc-twin0001","SubnetId":"subnet-twin0001","PrivateIpAddresses":["10.0.1.5"]}}
< {"InstanceIdSet":["ins-..."]}
> DescribeUsedIpAddress {"VpcId":"vpc-twin0001","IpAddresses":["10.0.1.5"]}
< {"TotalCount":1,"IpAddressStates":[{"VpcId":"vpc-twin0001","SubnetId":"subnet-twin0001","IpAddress":"10.0.1.5",...}]}
# The public address is no address of the subnet.
> DescribeUsedIpAddress {"VpcId":"vpc-mine0001","IpAddresses":["127.64.0.14","10.0.1.5"]}
< {"TotalCount":1,"IpAddressStates":[{"VpcId":"vpc-mine0001","SubnetId":"subnet-mine0001","IpAddress":"10.0.1.5",...}]}

> DescribeUsedIpAddress {"VpcId":"vpc-foreign1"}
< ResourceNotFound The resource `vpc-foreign1` does not exist.
> DescribeUsedIpAddress {"VpcId":"vpc-mine0001","SubnetId":"subnet-twin0001"}
< ResourceNotFound The resource `subnet-twin0001` does not exist.
> DescribeUsedIpAddress {"VpcId":"vpc-mine0001","IpAddresses":["10.0.1"]}
< InvalidParameterValue.Malformed ...
> DescribeUsedIpAddress {"VpcId":"vpc-mine0001","IpAddresses":[101*"10.0.1.5"]}
< InvalidParameterValue.LimitExceeded ...
> DescribeUsedIpAddress {"VpcId":"vpc-mine0001","IpAddresses":["10.0.1.5"],"Filters":[{"Name":"resource-id","Values":["ins-running1"]}]}
< InvalidParameter.Coexist ...
> DescribeUsedIpAddress {"VpcId":"vpc-mine0001","Filters":[{"Name":"colour","Values":["red"]}]}
< InvalidParameter.FilterInvalidKey ...
> DescribeUsedIpAddress {"VpcId":"vpc-mine0001","Filters":[{"Name":"resource-id","Values":["1","2","3","4","5","6"]}]}
< LimitExceeded.NumberOfFilters ...
"#;
