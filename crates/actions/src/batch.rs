//! Ids in requests: one, or a batch, whose type guarantees 1 to 100 well-formed ids without duplicates.

use crate::{Apply, Body, Context, Parameters, Reason, shorten};
use cvmd_model::{
    DisasterRecoverGroupId, DiskId, ImageId, Instance, InstanceId, KeyPair, KeyPairId, LaunchTemplateId, MalformedId,
    Refusal, RouteTableId, SecurityGroupId, SnapshotId, SubnetId, VpcId,
};
use cvmd_state::{Transaction, View};
use std::{str::FromStr, sync::Arc};

/// The maximum of ids in one request.
pub(crate) const BATCH_MAX: usize = 100;

/// Well-formed ids in the caller's order, without duplicates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Batch<Id>(Vec<Id>);

impl<Id> std::ops::Deref for Batch<Id> {
    type Target = [Id];
    fn deref(&self) -> &[Id] {
        &self.0
    }
}

/// An id that can be in a batch, with the reason for refusing a malformed one.
pub(crate) trait BatchId: FromStr<Err = MalformedId> + Copy + Ord {
    fn malformed(value: Box<str>) -> Reason;
}

macro_rules! batch_ids {
    ($($id:ident => |$value:ident| $reason:expr;)*) => {
        $(impl BatchId for $id {
            fn malformed($value: Box<str>) -> Reason {
                $reason
            }
        })*
    };
}

batch_ids! {
    DisasterRecoverGroupId => |value| Reason::MalformedGroupId { value };
    DiskId => |value| Reason::BadValue { name: "DiskIds".into(), value };
    ImageId => |value| Reason::MalformedImageId { value };
    InstanceId => |value| Reason::MalformedInstanceId { value };
    KeyPairId => |value| Reason::MalformedKeyPairId { value };
    LaunchTemplateId => |value| Reason::MalformedTemplateId { value };
    RouteTableId => |value| Reason::Malformed { name: "RouteTableIds".into(), value };
    SecurityGroupId => |value| Reason::Malformed { name: "SecurityGroupIds".into(), value };
    SnapshotId => |value| Reason::BadValue { name: "SnapshotIds".into(), value };
    SubnetId => |value| Reason::Malformed { name: "SubnetIds".into(), value };
    VpcId => |value| Reason::Malformed { name: "VpcIds".into(), value };
}

/// The id of a required parameter that is not a list.
pub(crate) fn one<Id: BatchId>(parameters: &mut Parameters, name: &str) -> Result<Id, Reason> {
    let text = parameters.text(name)?.unwrap_or_default();
    text.parse().map_err(|_| Id::malformed(shorten(&text).into()))
}

/// The instance; one of another account or region does not exist.
pub(crate) fn instance<'a>(view: &'a View, context: &Context, id: InstanceId) -> Result<&'a Arc<Instance>, Refusal> {
    view.instance_of(context.account, context.region, id).ok_or(Refusal::InstanceNotFound(id))
}

impl<Id: BatchId> Batch<Id> {
    /// At most 100 ids, counted as given; an empty batch when the parameter is absent.
    pub(crate) fn read(parameters: &mut Parameters, name: &str) -> Result<Batch<Id>, Reason> {
        Batch::read_at_most(parameters, name, BATCH_MAX)
    }

    /// The same, with the vendor's own limit.
    pub(crate) fn read_at_most(parameters: &mut Parameters, name: &str, limit: usize) -> Result<Batch<Id>, Reason> {
        let given: Vec<Id> = parameters.parsed(name, limit, Id::malformed)?;
        let mut ids = Vec::with_capacity(given.len());
        for id in given {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(Batch(ids))
    }

    /// The one id of a parameter that is not a list.
    pub(crate) fn of_one(parameters: &mut Parameters, name: &str) -> Result<Batch<Id>, Reason> {
        Ok(Batch(vec![one(parameters, name)?]))
    }
}

impl Batch<InstanceId> {
    /// All of them, or the refusal for the first that does not exist.
    pub(crate) fn find<'a>(&self, view: &'a View, context: &Context) -> Result<Vec<&'a Arc<Instance>>, Refusal> {
        self.iter().map(|id| instance(view, context, *id)).collect()
    }

    /// The command that changes each of them, or none if the rules forbid it for one.
    pub(crate) fn change(
        self,
        change: impl FnMut(&mut Instance) -> Result<(), Refusal> + Send + 'static,
    ) -> Result<Apply, Reason> {
        Ok(Box::new(move |tx, context| {
            let instances = self.find(tx.view(), context)?;
            change_all(tx, &instances, change)
        }))
    }
}

impl Batch<KeyPairId> {
    pub(crate) fn find<'a>(&self, view: &'a View, context: &Context) -> Result<Vec<&'a Arc<KeyPair>>, Refusal> {
        self.iter().map(|id| view.key_pair_of(context.account, *id).ok_or(Refusal::KeyPairNotFound(*id))).collect()
    }
}

/// Changes copies of all instances and then puts them, or refuses for the first that the rules forbid; nothing is put
/// before all have been changed.
pub(crate) fn change_all(
    tx: &mut Transaction<'_>,
    instances: &[&Arc<Instance>],
    mut change: impl FnMut(&mut Instance) -> Result<(), Refusal>,
) -> Result<Body, Reason> {
    let changed: Result<Vec<Instance>, Refusal> = instances
        .iter()
        .map(|instance| {
            let mut changed = Instance::clone(instance);
            change(&mut changed)?;
            Ok(changed)
        })
        .collect();
    changed?.into_iter().for_each(|instance| tx.put_instance(instance));
    Ok(Body::empty())
}
