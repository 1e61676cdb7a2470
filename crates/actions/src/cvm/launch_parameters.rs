//! Parameters of a launch, a function for each, for RunInstances and for the inquiry about it.

use crate::{Context, Excess, Parameters, Reason, shorten, source::image_id, types};
use cvmd_model::{ImageId, InstanceTypeId, InternetAccessible, ZoneId};
use cvmd_state::View;

const COUNT_MAX: u32 = 500;
const NAME_MAX: usize = 128;

/// The requested number of instances.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Count {
    /// `MinCount`: with fewer the launch is refused. By default all of them are required.
    pub(crate) least: u32,
    pub(crate) most: u32,
}

pub(crate) fn count(parameters: &mut Parameters) -> Result<Count, Reason> {
    let most = parameters.bounded("InstanceCount", 1, COUNT_MAX)?.unwrap_or(1);
    match parameters.bounded("MinCount", 1, COUNT_MAX)? {
        Some(least) if least > most => Err(Reason::MinCount),
        least => Ok(Count { least: least.unwrap_or(most), most }),
    }
}

pub(crate) fn name(parameters: &mut Parameters) -> Result<Option<Box<str>>, Reason> {
    let name = parameters.text_within("InstanceName", NAME_MAX, Reason::InstanceNameTooLong { limit: NAME_MAX })?;
    Ok(name.filter(|name| !name.is_empty()))
}

pub(crate) fn placement(parameters: &mut Parameters, context: &Context) -> Result<(ZoneId, u32), Reason> {
    let missing = || Reason::Missing { name: "Placement".into() };
    let mut placement = parameters.structure("Placement")?.ok_or_else(missing)?;
    let zone = types::is_here(&placement.text("Zone")?.unwrap_or_default(), context)?;
    let project_id = placement.bounded("ProjectId", 0, u32::MAX)?.unwrap_or(0);
    placement.finish()?;
    Ok((zone, project_id))
}

pub(crate) fn image(parameters: &mut Parameters) -> Result<ImageId, Reason> {
    image_id(parameters)?.ok_or_else(|| Reason::Missing { name: "ImageId".into() })
}

pub(crate) fn instance_type(parameters: &mut Parameters) -> Result<InstanceTypeId, Reason> {
    let Some(text) = parameters.text("InstanceType")?.filter(|text| !text.is_empty()) else {
        return Ok(InstanceTypeId::SMALLEST);
    };
    find_instance_type(&text)
}

pub(crate) fn find_instance_type(text: &str) -> Result<InstanceTypeId, Reason> {
    InstanceTypeId::find(text).ok_or_else(|| Reason::InstanceType { value: shorten(text).into() })
}

pub(crate) fn internet(parameters: &mut Parameters) -> Result<InternetAccessible, Reason> {
    let mut internet = InternetAccessible {
        charge_type: "TRAFFIC_POSTPAID_BY_HOUR".into(),
        max_bandwidth_out: 0,
        public_ip_assigned: false,
        public_ip_declined: false,
    };
    if let Some(mut spec) = parameters.structure("InternetAccessible")? {
        let words =
            ["BANDWIDTH_PREPAID", "TRAFFIC_POSTPAID_BY_HOUR", "BANDWIDTH_POSTPAID_BY_HOUR", "BANDWIDTH_PACKAGE"];
        if let Some(word) = spec.word("InternetChargeType", &words.map(|word| (word, word)))? {
            internet.charge_type = word.into();
        }
        internet.max_bandwidth_out = spec.bounded("InternetMaxBandwidthOut", 0, 2000)?.unwrap_or(0);
        let assigned = spec.flag("PublicIpAssigned")?;
        // "When the bandwidth is greater than 0 you are free to choose, and an address is assigned by default; at 0 none may be."
        internet.public_ip_assigned = assigned == Some(true) && internet.max_bandwidth_out > 0;
        internet.public_ip_declined = assigned == Some(false) && internet.max_bandwidth_out > 0;
        spec.finish()?;
    }
    Ok(internet)
}

/// Refuses a zone in which nothing can be launched.
pub(crate) fn is_open(zone: ZoneId) -> Result<(), Reason> {
    if zone.get().is_open { Ok(()) } else { Err(Reason::ZoneSoldOut { zone: zone.name() }) }
}

/// The number of instances that an account has, and its maximum.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Held {
    pub(crate) held: u64,
    pub(crate) limit: u64,
}

impl Held {
    pub(crate) fn by(view: &View, context: &Context) -> Held {
        let limit = context.policy.account.instances_max.saturating_add(view.seeded(context.account).instances);
        Held { held: view.usage(context.account).instances, limit }
    }

    pub(crate) fn left(self) -> u64 {
        self.limit.saturating_sub(self.held)
    }
}

/// How many of the requested instances fit into the account's maximum.
pub(crate) fn has_room(view: &View, context: &Context, count: Count) -> Result<u32, Reason> {
    let of_account = Held::by(view, context);
    match u32::try_from(of_account.left()).unwrap_or(u32::MAX).min(count.most) {
        room if room < count.least => {
            let Held { held, limit } = of_account;
            Err(Excess::Instances { held, limit }.into())
        }
        room => Ok(room),
    }
}
