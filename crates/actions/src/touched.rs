//! What a command touches, as the journal shows it: read from the parameters that its action declares.

use crate::Action;
use cvmd_model::{InstanceId, is_id_of_other};
use cvmd_state::OTHERS_NAMED_MAX;
use cvmd_wire::{Map, Value};

/// Instances that one line of the journal names, at most.
const INSTANCES_NAMED_MAX: usize = 100;

/// What a request names, well-formed or not there: what is no id is left out.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Touched {
    pub instances: Vec<InstanceId>,
    /// Key pairs, images and so on, with a blank between them, each once.
    pub others: Option<Box<str>>,
}

impl Action {
    /// What a request for it names, before anything is known of whether it may.
    #[must_use]
    pub fn touched(&self, request: &Map) -> Touched {
        let [instances, others] = self.touches;
        let named = |names: &'static [&'static str], most| {
            let named = request.iter().filter(|(name, _)| names.contains(&&**name));
            named.flat_map(move |(_, value)| texts(value, most))
        };
        let mut ids: Vec<&str> = Vec::new();
        for text in named(others, OTHERS_NAMED_MAX) {
            let id = text.rsplit('/').next().unwrap_or_default();
            if ids.len() < OTHERS_NAMED_MAX && is_id_of_other(id) && !ids.contains(&id) {
                ids.push(id);
            }
        }
        Touched {
            instances: named(instances, INSTANCES_NAMED_MAX).filter_map(|text| text.parse().ok()).collect(),
            others: (!ids.is_empty()).then(|| ids.join(" ").into()),
        }
    }
}

/// The first texts of a list, or the one that is given instead.
fn texts(value: &Value, most: usize) -> impl Iterator<Item = &str> {
    let values = match value {
        Value::List(list) => &list[..list.len().min(most)],
        one => std::slice::from_ref(one),
    };
    values.iter().filter_map(|value| match value {
        Value::Text(text) => Some(&**text),
        _ => None,
    })
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::{ACTIONS, action::Effect, facts};
    use cvmd_wire::Params;

    /// Ids of things that there are not here.
    const OF_NOTHING: &[&str] = &["CdcId", "HpcClusterId", "ProjectId"];

    #[test]
    fn a_command_declares_whatever_its_parameters_name() {
        for action in ACTIONS.iter().filter(|action| !matches!(action.effect, Effect::Query(_))) {
            let described = facts::inputs(action.product, action.name).iter().filter(|member| {
                let is_text = member.kind == "string" || (member.kind == "list" && member.member == "string");
                is_text && ["Id", "Ids", "Resource", "ResourceList"].iter().any(|end| member.name.ends_with(end))
            });
            let named = described.map(|member| member.name.as_str());
            let mut named: Vec<&str> =
                named.filter(|name| !OF_NOTHING.contains(name) && !action.without_effect.has(name)).collect();
            let mut declared = action.touches.concat();
            named.sort_unstable();
            declared.sort_unstable();
            assert_eq!(declared, named, "{}", action.name);
            let instances = |name: &&str| ["InstanceId", "InstanceIds"].contains(name);
            assert!(action.touches[0].iter().all(instances) && !action.touches[1].iter().any(instances));
        }
    }

    #[test]
    fn what_is_named_is_listed_once_and_what_is_no_id_is_left_out() {
        let touched = |action: &str, json: &str| {
            let action = ACTIONS.iter().find(|known| known.name == action).unwrap();
            action.touched(&Params::from_json(json.as_bytes()).unwrap().root)
        };
        let found = touched(
            "AssociateInstancesKeyPairs",
            r#"{"InstanceIds":["ins-1e4r6y8i","x",5],"KeyIds":["skey-4e5ty7i8","skey-4e5ty7i8","ins-1e4r6y8i"],"ImageId":"img-487zeit5"}"#,
        );
        assert_eq!(found.instances, ["ins-1e4r6y8i".parse().unwrap()]);
        assert_eq!(found.others.as_deref(), Some("skey-4e5ty7i8"), "and nothing that is no parameter of it");
        let found = touched("AddResourceTag", r#"{"Resource":"qcs::cvm:ap-guangzhou:uin/1:image/img-487zeit5"}"#);
        assert_eq!((found.instances.len(), found.others.as_deref()), (0, Some("img-487zeit5")));
        assert_eq!(touched("DescribeInstances", r#"{"InstanceIds":["ins-1e4r6y8i"]}"#), Touched::default());
    }
}
