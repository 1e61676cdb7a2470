//! Launch templates: what CreateLaunchTemplate keeps, and what is answered of it.

use crate::{
    Context, Parameters, Product, Reason,
    batch::{Batch, BatchId},
    facts::{self, Member},
    login,
};
use cvmd_model::{LaunchTemplate, LaunchTemplateId, Refusal, TemplateRefusal, TemplateVersion};
use cvmd_state::View;
use cvmd_wire::{Map, Params};
use serde_json::{Map as Json, Value, json};
use std::sync::Arc;

/// The vendor's limit.
const DESCRIPTION_MAX: usize = 256;

/// Of the parameters of RunInstances, those that belong to one request.
const OF_THE_REQUEST: &[&str] = &["ClientToken", "DryRun", "LaunchTemplate"];

impl BatchId for LaunchTemplateId {
    fn malformed(value: Box<str>) -> Reason {
        Reason::MalformedTemplateId { value }
    }
}

/// Takes a version out of a request that makes one. Whether images, key pairs and networks exist is looked at when
/// instances are run. Hashes a password: milliseconds.
pub(crate) fn version(parameters: &mut Parameters, context: &Context) -> Result<TemplateVersion, Reason> {
    let description =
        parameters.text_or("LaunchTemplateVersionDescription", Reason::TemplateDescription)?.unwrap_or_default();
    if description.chars().count() > DESCRIPTION_MAX {
        return Err(Reason::TemplateDescription);
    }
    let run = facts::inputs(Product::Cvm, "RunInstances");
    let kept = |name: &str| run.iter().any(|member| member.name == name) && !OF_THE_REQUEST.contains(&name);
    let mut json = parameters.json(&kept)?;
    let password = json
        .get_mut("LoginSettings")
        .and_then(Value::as_object_mut)
        .and_then(|login| login.remove("Password"))
        .and_then(|password| password.as_str().map(String::from));
    let password_hash = password.map(|password| {
        login::password(&password, false)?;
        login::hash(&password, context)
    });
    Ok(TemplateVersion {
        number: 1,
        description,
        parameters: Value::from(json).to_string().into(),
        password_hash: password_hash.transpose()?,
        created_seconds: context.now_seconds,
    })
}

/// A version with what `base` has and it does not name.
pub(crate) fn based_on(version: TemplateVersion, base: &TemplateVersion) -> TemplateVersion {
    let mut parameters = read(&base.parameters);
    let own = read(&version.parameters);
    let keeps_login = !own.contains_key("LoginSettings");
    parameters.extend(own);
    TemplateVersion {
        parameters: Value::from(parameters).to_string().into(),
        password_hash: version.password_hash.or_else(|| base.password_hash.clone().filter(|_| keeps_login)),
        ..version
    }
}

fn read(parameters: &str) -> Json<String, Value> {
    // Invariant: written by `version`, as an object.
    serde_json::from_str(parameters).unwrap_or_default()
}

/// The version's parameters, as a request would have them.
pub(crate) fn map(version: &TemplateVersion) -> Map {
    // Invariant: written by `version`, as an object that a request may hold.
    Params::from_json(version.parameters.as_bytes()).map(|params| params.root).unwrap_or_default()
}

/// A launch template, and its version or the default one.
pub(crate) type TemplateWish = (LaunchTemplateId, Option<u32>);

pub(crate) fn wish(parameters: &mut Parameters) -> Result<Option<TemplateWish>, Reason> {
    let Some(mut wish) = parameters.structure("LaunchTemplate")? else { return Ok(None) };
    if !wish.has("LaunchTemplateId") {
        return Err(Reason::Missing { name: wish.path("LaunchTemplateId") });
    }
    let id: Batch<LaunchTemplateId> = Batch::of_one(&mut wish, "LaunchTemplateId")?;
    let version = wish.bounded("LaunchTemplateVersion", 1, u32::MAX)?;
    wish.finish()?;
    Ok(Some((id[0], version)))
}

/// Whether the version says who may enter, other than by its password.
pub(crate) fn names_login(version: &TemplateVersion) -> bool {
    let parameters = read(&version.parameters);
    let login = &parameters.get("LoginSettings");
    let keep = |login: &Value| login["KeepImageLogin"].as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"));
    login.is_some_and(|login| login["KeyIds"].is_array() || keep(login))
}

pub(crate) fn find<'a>(
    view: &'a View,
    context: &Context,
    id: LaunchTemplateId,
) -> Result<&'a Arc<LaunchTemplate>, Refusal> {
    view.launch_templates()
        .of(context.account, context.region, id)
        .ok_or(Refusal::Template(TemplateRefusal::NotFound(id)))
}

/// `LaunchTemplateVersionData`: what was given, with whatever the vendor's description wants to be there.
pub(crate) fn data(version: &TemplateVersion) -> Value {
    let members = facts::members(Product::Cvm, "LaunchTemplateVersionData");
    let mut data = read(&version.parameters);
    data.retain(|name, _| members.iter().any(|member| member.name == *name));
    data.entry("InstanceChargeType").or_insert_with(|| json!("POSTPAID_BY_HOUR"));
    data.entry("InstanceCount").or_insert_with(|| json!(1));
    complete(&mut data, members);
    data.into()
}

fn complete(data: &mut Json<String, Value>, members: &'static [Member]) {
    for member in members {
        let inner = facts::members(Product::Cvm, &member.member);
        if member.output_required && !data.contains_key(&member.name) {
            let empty = match member.kind.as_str() {
                "int" => json!(0),
                "bool" => json!(false),
                "list" => json!([]),
                "object" => json!({}),
                _ => json!(""),
            };
            data.insert(member.name.clone(), empty);
        }
        match data.get_mut(&member.name) {
            Some(Value::Object(object)) => complete(object, inner),
            Some(Value::Array(list)) => {
                list.iter_mut().filter_map(Value::as_object_mut).for_each(|object| complete(object, inner));
            }
            _ => {}
        }
    }
}
