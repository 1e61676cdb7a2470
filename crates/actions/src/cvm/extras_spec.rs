//! Parameters of RunInstances that few requests have: a term, a placement group, a role, metadata, the layout of
//! processors.

use crate::{Context, Parameters, Reason, cvm::groups};
use cvmd_model::{CpuTopology, DisasterRecoverGroupId, InstanceExtras, Prepaid, Tag};
use cvmd_state::View;

/// The maximum of items of an instance's metadata: our own bound, because the vendor documents none.
const METADATA_MAX: usize = 50;

/// As requested, before it is known whether the group exists.
#[derive(Debug)]
pub(crate) struct ExtrasSpec {
    group: Option<DisasterRecoverGroupId>,
    partition: Option<u8>,
    rest: InstanceExtras,
}

impl ExtrasSpec {
    pub(crate) fn read(parameters: &mut Parameters, prepaid: Option<Prepaid>) -> Result<ExtrasSpec, Reason> {
        let group = group(parameters)?;
        let partition = parameters.bounded("PartitionNumber", 1, 30)?;
        let rest = InstanceExtras {
            prepaid,
            role: parameters.text("CamRoleName")?.filter(|role| !role.is_empty()),
            cpu_topology: cpu_topology(parameters)?,
            jumbo_frame: parameters.flag("EnableJumboFrame")?,
            metadata: metadata(parameters)?,
            ..InstanceExtras::default()
        };
        Ok(ExtrasSpec { group, partition, rest })
    }

    /// The values for `count` new instances.
    pub(crate) fn of(self, view: &View, context: &Context, count: u32) -> Result<InstanceExtras, Reason> {
        let Some(id) = self.group else {
            return match self.partition {
                None => Ok(self.rest),
                Some(number) => {
                    Err(Reason::BadValue { name: "PartitionNumber".into(), value: number.to_string().into() })
                }
            };
        };
        let group = groups::find(view, context, id)?;
        group.takes(view.members(id).count(), count as usize)?;
        Ok(InstanceExtras { group: Some(id), partition: groups::partition(group, self.partition)?, ..self.rest })
    }
}

/// At most one: the vendor's limit.
fn group(parameters: &mut Parameters) -> Result<Option<DisasterRecoverGroupId>, Reason> {
    let name = parameters.path("DisasterRecoverGroupIds");
    // RunInstances has no code for a malformed one.
    let bad = |value| Reason::BadValue { name: name.clone(), value };
    Ok(parameters.parsed("DisasterRecoverGroupIds", 1, bad)?.pop())
}

fn cpu_topology(parameters: &mut Parameters) -> Result<Option<CpuTopology>, Reason> {
    let Some(mut topology) = parameters.structure("CpuTopology")? else { return Ok(None) };
    let cores = topology.bounded("CoreCount", 1, 1024)?;
    let threads_per_core = topology.bounded("ThreadPerCore", 1, 2)?;
    topology.finish()?;
    match (cores, threads_per_core) {
        (Some(cores), Some(threads_per_core)) => Ok(Some(CpuTopology { cores, threads_per_core })),
        (None, None) => Ok(None),
        _ => Err(Reason::HalfATopology),
    }
}

fn metadata(parameters: &mut Parameters) -> Result<Option<Box<[Tag]>>, Reason> {
    let Some(mut metadata) = parameters.structure("Metadata")? else { return Ok(None) };
    let given = metadata.structures("Items")?;
    if given.len() > METADATA_MAX {
        return Err(metadata.list_too_long("Items", given.len(), METADATA_MAX));
    }
    let mut items = Vec::with_capacity(given.len());
    for mut item in given {
        let (key, value) = (item.text("Key")?.unwrap_or_default(), item.text("Value")?.unwrap_or_default());
        items.push(Tag { key, value });
    }
    Ok(Some(items.into()))
}
