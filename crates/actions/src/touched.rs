//! What a command touches, as the journal shows it: read from those of its parameters that name instances, and those that
//! name what else it touches, by their ids or by resources with ids at their ends.

use crate::{
    Action,
    action::Effect,
    facts::{self, Member},
};
use cvmd_model::{InstanceId, is_id_of_other};
use cvmd_state::OTHERS_NAMED_MAX;
use cvmd_wire::{Map, Value};

/// Instances that one line of the journal names, at most.
const INSTANCES_NAMED_MAX: usize = 100;
/// The ends of the names of such parameters.
const ENDS: [&str; 4] = ["Id", "Ids", "Resource", "ResourceList"];
/// Ids of things that there are not here.
const OF_NOTHING: [&str; 3] = ["CdcId", "HpcClusterId", "ProjectId"];

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
        let mut instances = Vec::new();
        let mut ids: Vec<&str> = Vec::new();
        for (name, value) in request.iter().filter(|(name, _)| self.touches(name)) {
            if matches!(name, "InstanceId" | "InstanceIds") {
                instances.extend(texts(value, INSTANCES_NAMED_MAX).filter_map(|text| text.parse::<InstanceId>().ok()));
                continue;
            }
            for text in texts(value, OTHERS_NAMED_MAX) {
                let id = text.rsplit('/').next().unwrap_or_default();
                if ids.len() < OTHERS_NAMED_MAX && is_id_of_other(id) && !ids.contains(&id) {
                    ids.push(id);
                }
            }
        }
        Touched { instances, others: (!ids.is_empty()).then(|| ids.join(" ").into()) }
    }

    /// Whether it has a parameter of that name, which names what it touches.
    fn touches(&self, name: &str) -> bool {
        let is_text = |member: &Member| member.kind == "string" || member.kind == "list" && member.member == "string";
        matches!(self.effect, Effect::Command(..))
            && ENDS.iter().any(|end| name.ends_with(end))
            && !OF_NOTHING.contains(&name)
            && !self.without_effect.has(name)
            && facts::inputs(self.product, self.name).iter().any(|member| member.name == name && is_text(member))
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
    use crate::ACTIONS;
    use cvmd_wire::Params;
    use std::collections::BTreeSet;

    #[test]
    fn commands_touch_what_their_parameters_name() {
        let names = ACTIONS.iter().flat_map(|action| {
            let names = facts::inputs(action.product, action.name).iter().map(|member| &*member.name);
            names.filter(|name| action.touches(name))
        });
        let expected = [
            "DataDiskIds",
            "DisasterRecoverGroupId",
            "DisasterRecoverGroupIds",
            "ImageId",
            "ImageIds",
            "InstanceId",
            "InstanceIds",
            "KeyId",
            "KeyIds",
            "LaunchTemplateId",
            "Resource",
            "ResourceIds",
            "ResourceList",
            "SecurityGroupId",
            "SecurityGroupIds",
            "SnapshotIds",
            "SubnetId",
            "VpcId",
        ];
        assert_eq!(names.collect::<BTreeSet<_>>(), BTreeSet::from(expected));
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
