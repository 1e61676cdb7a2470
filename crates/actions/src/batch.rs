//! Batches of ids: the type guarantees 1 to 100 well-formed ids without duplicates.

use crate::{Body, Context, Parameters, Reason, parameters::shorten};
use cvmd_model::{DiskId, ImageId, Instance, InstanceId, KeyPair, KeyPairId, MalformedId, Refusal};
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

impl BatchId for InstanceId {
    fn malformed(value: Box<str>) -> Reason {
        Reason::MalformedInstanceId { value }
    }
}

impl BatchId for KeyPairId {
    fn malformed(value: Box<str>) -> Reason {
        Reason::MalformedKeyPairId { value }
    }
}

impl BatchId for ImageId {
    fn malformed(value: Box<str>) -> Reason {
        Reason::MalformedImageId { value }
    }
}

impl BatchId for DiskId {
    fn malformed(value: Box<str>) -> Reason {
        Reason::BadValue { name: "DiskIds".into(), value }
    }
}

impl<Id: BatchId> Batch<Id> {
    /// At most 100 ids, counted as given; an empty batch when the parameter is absent.
    pub(crate) fn read(parameters: &mut Parameters, name: &str) -> Result<Batch<Id>, Reason> {
        Batch::read_at_most(parameters, name, BATCH_MAX)
    }

    /// The same, with the vendor's own limit.
    pub(crate) fn read_at_most(parameters: &mut Parameters, name: &str, limit: usize) -> Result<Batch<Id>, Reason> {
        let texts = parameters.texts(name)?;
        if texts.len() > limit {
            return Err(Reason::TooMany { name: parameters.path(name), given: texts.len(), limit });
        }
        let mut ids: Vec<Id> = Vec::with_capacity(texts.len());
        for text in texts {
            let id = text.parse().map_err(|_| Id::malformed(shorten(&text).into()))?;
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        Ok(Batch(ids))
    }
}

impl<Id: BatchId> Batch<Id> {
    /// The one id of a parameter that is not a list.
    pub(crate) fn of_one(parameters: &mut Parameters, name: &str) -> Result<Batch<Id>, Reason> {
        let text = parameters.text(name)?.unwrap_or_default();
        Ok(Batch(vec![text.parse().map_err(|_| Id::malformed(shorten(&text).into()))?]))
    }
}

impl Batch<InstanceId> {
    /// All of them, or the refusal for the first that does not exist; one of another account or region does not exist.
    pub(crate) fn find<'a>(&self, view: &'a View, context: &Context) -> Result<Vec<&'a Arc<Instance>>, Refusal> {
        self.iter()
            .map(|id| view.instance_of(context.account, context.region, *id).ok_or(Refusal::InstanceNotFound(*id)))
            .collect()
    }
}

impl Batch<KeyPairId> {
    pub(crate) fn find<'a>(&self, view: &'a View, context: &Context) -> Result<Vec<&'a Arc<KeyPair>>, Refusal> {
        self.iter().map(|id| view.key_pair_of(context.account, *id).ok_or(Refusal::KeyPairNotFound(*id))).collect()
    }
}

/// One id from a required parameter.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Single<Id>(Id);

impl<Id: BatchId> Single<Id> {
    pub(crate) fn read(parameters: &mut Parameters, name: &str) -> Result<Single<Id>, Reason> {
        let text = parameters.text(name)?.unwrap_or_default();
        text.parse().map(Single).map_err(|_| Id::malformed(shorten(&text).into()))
    }
}

impl Single<InstanceId> {
    /// The instance; one of another account or region does not exist.
    pub(crate) fn find<'a>(&self, view: &'a View, context: &Context) -> Result<&'a Arc<Instance>, Refusal> {
        view.instance_of(context.account, context.region, self.0).ok_or(Refusal::InstanceNotFound(self.0))
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
