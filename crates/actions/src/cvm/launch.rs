//! A launch, read from its parameters: RunInstances carries it out, a launch template stores it.

use super::{
    charge, client_token,
    extras_spec::ExtrasSpec,
    launch_parameters::{count, has_room, image, instance_type, internet, is_open, name, placement},
    login_settings::LoginSettings,
    security_groups::security_groups,
    template,
};
use crate::{
    Apply, Body, Context, Parameters, Product, Reason, names, network,
    new_instance::{self, DiskSpecs, Plan, Wanted},
    source::Source,
};
use cvmd_model::{InstanceId, Refusal, TemplateData};
use cvmd_wire::Params;

/// The action whose parameters these are.
const NAME: &str = "RunInstances";

/// Refuses a version of a launch template that could never be launched. Whether images, key pairs and networks exist is
/// checked at a launch, and its password was checked before.
pub(super) fn could_launch(data: &TemplateData, context: &Context) -> Result<(), Reason> {
    let params = Params { root: template::map(data), textual: false };
    let mut parameters = Parameters::described(Product::Cvm, NAME, false, params)?;
    #[cfg(test)]
    {
        parameters.only_checked = true;
    }
    let login = match template::names_login(data) {
        true => LoginSettings::read(&mut parameters, context)?,
        false => LoginSettings::Hashed("".into()),
    };
    launch(&mut parameters, context, 0, Some(login)).map(drop)
}

/// Reads the parameters of a launch, and launches.
pub(super) fn launch(
    parameters: &mut Parameters,
    context: &Context,
    digest: u128,
    login: Option<LoginSettings>,
) -> Result<Apply, Reason> {
    let (zone, project_id) = placement(parameters, context)?;
    let image = image(parameters)?;
    let instance_type = instance_type(parameters)?;
    let (charge_type, prepaid) = charge::read(parameters, context)?;
    let disks = DiskSpecs::read(parameters)?;
    let internet = internet(parameters)?;
    let count = count(parameters)?;
    let network = Wanted::read(parameters, count.most)?;
    let name = name(parameters)?;
    let login = login.map_or_else(|| LoginSettings::read(parameters, context), Ok)?;
    let security_groups = security_groups(parameters, "SecurityGroupIds")?;
    let token = client_token::read(parameters)?;
    let host_name = names::given_host_name(parameters)?.filter(|name| !name.is_empty());
    let longest = host_name.as_ref().map(|name| name.replace("{IP}", "0-0"));
    let longest = longest.map(|name| new_instance::numbered(&name, count.most - 1, count.most, true));
    longest.as_ref().map_or(Ok(()), |name| names::host_name(name, false))?;
    let (tags, disks) = disks.tagged(parameters)?;
    let user_data = names::user_data(parameters)?;
    let dry_run = parameters.flag("DryRun")?.unwrap_or(false);
    let protected = parameters.flag("DisableApiTermination")?.unwrap_or(false);
    let extras = ExtrasSpec::read(parameters, prepaid)?;
    let plan = move |image, disks, login, extras| Plan {
        zone,
        project_id,
        image,
        instance_type,
        charge_type,
        disks,
        internet,
        network,
        name,
        host_name,
        login,
        security_groups,
        tags,
        user_data,
        protected,
        extras,
    };
    Ok(Box::new(move |tx, context| {
        if let Some(same) = token.as_ref().and_then(|token| client_token::find(tx, context, token)) {
            let again = same.parameters == digest;
            return if again { Ok(answer(&same.instances)) } else { Err(Refusal::ClientTokenReused.into()) };
        }
        is_open(zone)?;
        let count = has_room(tx.view(), context, count)?;
        let image = Source::find(tx.view(), context, image)?;
        longest.as_ref().map_or(Ok(()), |name| names::host_name(name, image.is_windows()))?;
        let (disks, wanted) = (disks.of(&image, tx.view(), context)?, login.of(&image, tx.view(), context)?);
        let plan = plan(image, disks, wanted, extras.of(tx.view(), context, count)?);
        network::exist(tx.view(), context, &plan.security_groups)?;
        plan.network.find(tx.view(), plan.zone, context.account)?;
        let ids = new_instance::put_all(tx, context, &plan, count, NAME)?;
        login.leave_message(tx, context, &ids);
        if let Some(token) = token {
            client_token::put(tx, context, token, digest, ids.clone());
        }
        Ok(answer(&ids).or_dry(dry_run, tx))
    }))
}

fn answer(ids: &[InstanceId]) -> Body {
    Body::of(object! { InstanceIdSet: ids })
}
