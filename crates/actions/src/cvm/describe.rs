//! Selects instances for a Describe action: by id, or by filters, page by page, newest first.

use crate::{Batch, Context, Filter, page};
use cvmd_model::{Instance, InstanceId};
use cvmd_state::View;
use std::{cmp::Reverse, sync::Arc};

/// The total number, and the instances of the page. By id, the work does not grow with the number of instances.
pub(crate) fn select<'a>(
    view: &'a View,
    context: &Context,
    ids: Option<&Batch<InstanceId>>,
    filters: &[Filter],
    cut: (usize, usize),
) -> (usize, Vec<&'a Instance>) {
    let of_context = |id: &InstanceId| view.instance_of(context.account, context.region, *id);
    if let Some(ids) = ids {
        let mut found: Vec<&Instance> = ids.iter().filter_map(of_context).map(Arc::as_ref).collect();
        found.sort_by_key(|instance| Reverse(instance.sequence));
        return (found.len(), page(found, cut, |instance| instance));
    }
    let all = view.instances_of(context.account, context.region).map(Arc::as_ref);
    if filters.is_empty() {
        return (view.instance_count(context.account, context.region), page(all, cut, |instance| instance));
    }
    let passing: Vec<&Instance> =
        all.filter(|instance| filters.iter().all(|filter| passes(filter, instance))).collect();
    (passing.len(), page(passing, cut, |instance| instance))
}

filters! {
    pub(crate) fn passes(filter, instance: &Instance) {
        "zone" => filter.has(instance.zone.name()),
        "project-id" => filter.has(&instance.project_id.to_string()),
        "vpc-id" => filter.has(&instance.vpc.to_string()),
        "subnet-id" => filter.has(&instance.subnet.to_string()),
        "instance-id" => filter.has(&instance.id.to_string()),
        "uuid" => filter.has(&instance.uuid.to_string()),
        "security-group-id" => instance.security_groups.iter().any(|group| filter.has(&group.to_string())),
        "instance-name" => filter.has(&instance.name),
        "instance-charge-type" => filter.has(instance.charge_type.name()),
        "instance-state" => filter.has(instance.state.name()),
        "private-ip-address" => filter.has(&instance.private_address.to_string()),
        "public-ip-address" => instance.public_address.is_some_and(|address| filter.has(&address.to_string())),
        // Invariant: DescribeInstances has checked that these are times.
        "creation-start-time" => times(filter).any(|start| instance.created_seconds >= start),
        "creation-end-time" => times(filter).any(|end| instance.created_seconds <= end),
        // No instance here has a dedicated host, a cluster or an IPv6 address.
        "host-id" | "dedicated-cluster-id" | "ipv6-address" => false,
        ["tag-key", "tag-value"] => &instance.tags,
    }
}

fn times(filter: &Filter) -> impl Iterator<Item = u64> {
    filter.values.iter().filter_map(|value| filter_time(value))
}

/// `2023-06-01 00:00:00`, in UTC, as unix seconds.
pub(crate) fn filter_time(text: &str) -> Option<u64> {
    let time = jiff::civil::DateTime::strptime("%Y-%m-%d %H:%M:%S", text).ok()?;
    let time = jiff::tz::Offset::UTC.to_timestamp(time).ok()?;
    u64::try_from(time.as_second()).ok()
}
