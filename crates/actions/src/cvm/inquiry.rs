//! The reply to an inquiry: the change is made on a copy of the instance, by the rules of the action that would make
//! it, and the copy's price is answered. Nothing is written.

use crate::{
    Batch, Body, Context, Reason, Yuan,
    prices::{Charge, ItemPrice},
};
use cvmd_model::{Instance, InstanceId, Refusal};
use cvmd_state::View;

/// The rest of a term is priced by the second; a month has thirty days.
const MONTH_SECONDS: u64 = 30 * 24 * 60 * 60;

pub(crate) fn answer(
    instance_price: impl Into<Option<ItemPrice>>,
    bandwidth_price: impl Into<Option<ItemPrice>>,
) -> Body {
    let [instance, bandwidth] = [instance_price.into(), bandwidth_price.into()];
    Body::of(object! { Price: object! { InstancePrice: instance, BandwidthPrice: bandwidth } })
}

/// Each instance, and it as the change would leave it; or the refusal.
pub(crate) fn changed<'a>(
    ids: &Batch<InstanceId>,
    view: &'a View,
    context: &Context,
    change: impl Fn(&mut Instance) -> Result<(), Refusal>,
) -> Result<Vec<(&'a Instance, Instance)>, Refusal> {
    let changed = ids.find(view, context)?.into_iter().map(|instance| {
        let mut copy = Instance::clone(instance);
        change(&mut copy)?;
        Ok((&**instance, copy))
    });
    changed.collect()
}

/// The price of the one instance after the change.
pub(crate) fn of_change(
    id: &Batch<InstanceId>,
    view: &View,
    context: &Context,
    change: impl Fn(&mut Instance) -> Result<(), Refusal>,
) -> Result<Body, Reason> {
    let changed = changed(id, view, context, change)?;
    Ok(answer(changed.first().map(|(before, changed)| after(before, changed, context)), None))
}

/// The price of all disks of the instance per hour.
fn disks_hour(instance: &Instance, context: &Context) -> Yuan {
    let prices = &context.policy.prices;
    let data = instance.data_disks.iter().map(|disk| prices.disk_hour(&disk.kind, disk.size_gib));
    prices.disk_hour(&instance.system_disk.kind, instance.system_disk.size_gib) + data.sum()
}

/// The price of CPUs, memory and disks per hour.
pub(crate) fn hour(instance: &Instance, context: &Context) -> Yuan {
    context.policy.prices.type_hour(instance.instance_type.get()) + disks_hour(instance, context)
}

/// The price for the rest of the instance's term at that price per hour; zero without a term.
pub(crate) fn rest_of_term(hour: Yuan, instance: &Instance, context: &Context) -> Yuan {
    let rest = instance.prepaid().map_or(0, |prepaid| prepaid.expires_seconds.saturating_sub(context.now_seconds));
    context.policy.prices.in_advance(hour, 1).part(rest, MONTH_SECONDS)
}

/// The price of a change: from now on by the hour, or, for an instance paid in advance, at once for the rest of the
/// term. Nothing is paid back.
fn after(before: &Instance, after: &Instance, context: &Context) -> ItemPrice {
    if after.prepaid().is_some() {
        let more = hour(after, context).minus(hour(before, context));
        return ItemPrice::in_advance(rest_of_term(more, after, context));
    }
    let charge = Charge::of(after.charge_type, 1);
    context.policy.prices.instances(after.instance_type.get(), disks_hour(after, context), charge, 1)
}
