//! Rows and steps that the tests of several files share.

use crate::{State, Transaction};
use cvmd_model::{AccountNumber, RegionId, RouteTableId, Vpc, VpcId};
use std::convert::Infallible;

pub(crate) fn vpc(sequence: u64, account: AccountNumber, region: RegionId, name: &str) -> Vpc {
    Vpc {
        id: VpcId::from_random(sequence),
        sequence,
        account,
        region,
        name: name.into(),
        cidr: "10.0.0.0/16".parse().unwrap(),
        route_table: RouteTableId::from_random(1),
        dns_servers: [].into(),
        domain_name: "".into(),
        multicast: false,
        created_seconds: 0,
        tags: [].into(),
    }
}

pub(crate) async fn change(state: &State, apply: impl FnOnce(&mut Transaction<'_>) + Send + 'static) {
    let done = state.change(move |tx| {
        apply(tx);
        Ok::<_, Infallible>(())
    });
    done.await.unwrap().unwrap();
}
