//! Launch templates: what CreateLaunchTemplate stores, and the replies about it.

use crate::{
    Context, Parameters, Product, Reason, batch,
    facts::{self, Member},
    login,
};
use cvmd_model::{LaunchTemplate, LaunchTemplateId, LaunchTemplateVersion, Refusal, TemplateData, TemplateRefusal};
use cvmd_state::View;
use cvmd_wire::{Map, Params};
use serde_json::{Map as Json, Value, json};
use std::sync::Arc;

/// The vendor's limit.
const DESCRIPTION_MAX: usize = 256;

/// Parameters of RunInstances that belong to one request and not to a template.
const OF_THE_REQUEST: &[&str] = &["ClientToken", "DryRun", "LaunchTemplate"];

/// Takes the content of a version from a request. Whether images, key pairs and networks exist is checked when
/// instances are launched. Hashes a password, which takes milliseconds.
pub(crate) fn new_data(parameters: &mut Parameters, context: &Context) -> Result<TemplateData, Reason> {
    let description =
        parameters.text_within("LaunchTemplateVersionDescription", DESCRIPTION_MAX, Reason::TemplateDescription)?;
    let description = description.unwrap_or_default();
    let run = facts::inputs(Product::Cvm, "RunInstances");
    let stored = |name: &str| run.iter().any(|member| member.name == name) && !OF_THE_REQUEST.contains(&name);
    let mut json = parameters.json(&stored)?;
    let password = json
        .get_mut("LoginSettings")
        .and_then(Value::as_object_mut)
        .and_then(|login| login.remove("Password"))
        .and_then(|password| password.as_str().map(String::from));
    if password.is_some() && json.get("LoginSettings").is_some_and(sets_login) {
        return Err(Reason::LoginConflict);
    }
    let password_hash = password.map(|password| {
        login::password(&password, false)?;
        login::hash(&password, context)
    });
    Ok(TemplateData {
        description,
        parameters: Value::from(json).to_string().into(),
        password_hash: password_hash.transpose()?,
        created_seconds: context.now_seconds,
    })
}

/// The given parameters, and those of `base` that are not given.
pub(crate) fn based_on(given: TemplateData, base: &TemplateData) -> TemplateData {
    let mut parameters = read(&base.parameters);
    let own = read(&given.parameters);
    let keeps_login = !own.contains_key("LoginSettings");
    parameters.extend(own);
    TemplateData {
        parameters: Value::from(parameters).to_string().into(),
        password_hash: given.password_hash.or_else(|| base.password_hash.clone().filter(|_| keeps_login)),
        ..given
    }
}

fn read(parameters: &str) -> Json<String, Value> {
    // Invariant: written by `new_data`, as an object.
    serde_json::from_str(parameters).unwrap_or_default()
}

/// The version's parameters, as in a request.
pub(crate) fn map(data: &TemplateData) -> Map {
    // Invariant: written by `new_data`, as an object that a request may hold.
    Params::from_json(data.parameters.as_bytes()).map(|params| params.root).unwrap_or_default()
}

/// A launch template, and its version or the default one.
pub(crate) type TemplateSelection = (LaunchTemplateId, Option<u32>);

pub(crate) fn selection(parameters: &mut Parameters) -> Result<Option<TemplateSelection>, Reason> {
    let Some(mut selection) = parameters.structure("LaunchTemplate")? else { return Ok(None) };
    if !selection.has("LaunchTemplateId") {
        return Err(Reason::Missing { name: selection.path("LaunchTemplateId") });
    }
    let id = batch::one(&mut selection, "LaunchTemplateId")?;
    let version = selection.bounded("LaunchTemplateVersion", 1, u32::MAX)?;
    selection.finish()?;
    Ok(Some((id, version)))
}

/// Whether the version sets a login other than a password.
pub(crate) fn names_login(data: &TemplateData) -> bool {
    read(&data.parameters).get("LoginSettings").is_some_and(sets_login)
}

fn sets_login(login: &Value) -> bool {
    let keep = || login["KeepImageLogin"].as_str().is_some_and(|text| text.eq_ignore_ascii_case("true"));
    login["KeyIds"].is_array() || keep()
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

/// The version with that number, or the default one.
pub(crate) fn version<'a>(
    view: &'a View,
    template: &LaunchTemplate,
    number: Option<u32>,
) -> Result<&'a Arc<LaunchTemplateVersion>, Refusal> {
    let id = template.version(number)?;
    let missing = TemplateRefusal::VersionNotFound { template: id.template, version: id.number };
    view.launch_template_versions().get(id).ok_or(Refusal::Template(missing))
}

/// `LaunchTemplateVersionData`: what was given, with all members that the vendor's description requires.
pub(crate) fn answered(data: &TemplateData) -> Value {
    let members = facts::members(Product::Cvm, "LaunchTemplateVersionData");
    let mut answer = read(&data.parameters);
    answer.retain(|name, _| members.iter().any(|member| member.name == *name));
    answer.entry("InstanceChargeType").or_insert_with(|| json!("POSTPAID_BY_HOUR"));
    answer.entry("InstanceCount").or_insert_with(|| json!(1));
    complete(&mut answer, members);
    answer.into()
}

fn complete(data: &mut Json<String, Value>, members: &'static [Member]) {
    for member in members {
        let inner = facts::members(Product::Cvm, &member.member);
        if !data.contains_key(&member.name) {
            let empty = match member.kind.as_str() {
                _ if !member.output_required => Value::Null,
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

#[cfg(test)]
mod test {
    use crate::{ACTIONS, testing::world::World};
    use cvmd_wire::{Dialect, Params};
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    async fn call(world: &mut World, name: &str, parameters: Value) -> Value {
        let action = ACTIONS.iter().find(|action| action.name == name).unwrap();
        let parameters = Params::from_json(parameters.to_string().as_bytes()).unwrap();
        let body = world.call(action, parameters, Dialect::Api3).await.unwrap();
        serde_json::from_slice(&body.0).unwrap()
    }

    /// The tables and lengths of rows written since `before`.
    fn written(world: &World, before: &BTreeSet<(&'static str, u64, Vec<u8>)>) -> Vec<(&'static str, usize)> {
        world.rows().difference(before).map(|(table, _, body)| (*table, body.len())).collect()
    }

    #[tokio::test]
    async fn the_thirtieth_version_writes_one_version_and_a_small_row_of_its_template() {
        let mut world = World::new().await;
        let item = |number: usize| json!({"Key": format!("k{number}"), "Value": "v".repeat(1024)});
        let large = json!({
            "LaunchTemplateName": "large",
            "Placement": {"Zone": "ap-guangzhou-3"},
            "ImageId": "img-487zeit5",
            "Metadata": {"Items": (0..50).map(item).collect::<Vec<_>>()},
        });
        let before = world.rows();
        let template = call(&mut world, "CreateLaunchTemplate", large).await["LaunchTemplateId"].clone();
        let next = json!({"LaunchTemplateId": template, "Placement": {"Zone": "ap-guangzhou-3"}});
        for number in 2..30 {
            let answer = call(&mut world, "CreateLaunchTemplateVersion", next.clone()).await;
            assert_eq!(answer["LaunchTemplateVersionNumber"], number);
        }
        let twenty_nine = world.rows();
        let answer = call(&mut world, "CreateLaunchTemplateVersion", next).await;
        assert_eq!(answer["LaunchTemplateVersionNumber"], 30);
        let [("launch_template_versions", version), ("launch_templates", small)] = written(&world, &twenty_nine)[..]
        else {
            panic!("{:?}", written(&world, &twenty_nine));
        };
        assert!(version > 50 * 1024 && small < 1024, "{version} and {small} bytes");
        let versions = json!({"LaunchTemplateId": template, "LaunchTemplateVersions": [2, 30]});
        call(&mut world, "DeleteLaunchTemplateVersions", versions).await;
        assert_eq!(written(&world, &before).len(), 1 + 28);
        call(&mut world, "DeleteLaunchTemplate", json!({"LaunchTemplateId": template})).await;
        assert_eq!(world.rows(), before, "its versions go with it");
    }
}
