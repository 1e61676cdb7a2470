//! Refuses control characters in texts, whatever displays the text later: a terminal, a log or a list. Texts that
//! consist of lines may contain line breaks.

use crate::Reason;
use cvmd_wire::{Map, Value};

/// Texts whose own rule limits their characters, with a code of its own, when an action writes them.
const RULED: &[&str] = &["HostName", "KeyName", "Password", "TagKey", "TagValue"];
/// Texts of several lines, beside all descriptions and everything in `Metadata`.
const LINES: &[&str] = &["PublicKey", "UserData"];

/// Refuses the first text with a control character. The texts' own rules apply only to actions that write them.
pub(crate) fn refuse(parameters: &Map, is_query: bool) -> Result<(), Reason> {
    match in_map(parameters, false, if is_query { &[] } else { RULED }) {
        Some((name, character)) => Err(Reason::ControlCharacter { name: name.into(), code: u32::from(character) }),
        None => Ok(()),
    }
}

/// The same for one text.
pub(crate) fn refuse_in(name: &str, text: &str, has_lines: bool) -> Result<(), Reason> {
    match in_text(text, has_lines) {
        Some(character) => Err(Reason::ControlCharacter { name: name.into(), code: u32::from(character) }),
        None => Ok(()),
    }
}

/// The name and the character, if there is one.
fn in_map(map: &Map, has_lines: bool, ruled: &[&str]) -> Option<(String, char)> {
    map.iter().filter(|(name, _)| !ruled.contains(name)).find_map(|(name, value)| {
        let has_lines = has_lines || name == "Metadata" || name.ends_with("Description") || LINES.contains(&name);
        let (rest, character) = in_value(value, has_lines, ruled)?;
        Some((format!("{name}{rest}"), character))
    })
}

fn in_value(value: &Value, has_lines: bool, ruled: &[&str]) -> Option<(String, char)> {
    match value {
        Value::Text(text) => in_text(text, has_lines).map(|character| (String::new(), character)),
        Value::List(list) => list.iter().enumerate().find_map(|(index, value)| {
            let (rest, character) = in_value(value, has_lines, ruled)?;
            Some((format!(".{index}{rest}"), character))
        }),
        Value::Map(map) => in_map(map, has_lines, ruled).map(|(rest, character)| (format!(".{rest}"), character)),
        Value::Null | Value::Bool(_) | Value::Integer(_) | Value::Unsigned(_) | Value::Float(_) => None,
    }
}

fn in_text(text: &str, has_lines: bool) -> Option<char> {
    // Nearly every text is only printable ASCII.
    if text.bytes().all(|byte| (b' '..=b'~').contains(&byte)) {
        return None;
    }
    let is_line = |character| has_lines && matches!(character, '\n' | '\r' | '\t');
    text.chars().find(|character| character.is_control() && !is_line(*character))
}

#[cfg(test)]
mod test {
    use crate::{ACTIONS, testing::world::World};
    use cvmd_wire::{Dialect, Params};
    use serde_json::{Value as Tree, json};

    async fn answer(name: &str, body: &Tree) -> String {
        let action = ACTIONS.iter().find(|action| action.name == name).unwrap();
        let params = Params::from_json(body.to_string().as_bytes()).unwrap();
        match World::new().await.call(action, params, Dialect::Api3).await {
            Ok(_) => "OK".into(),
            Err(error) => format!("{} {}", error.code, error.message),
        }
    }

    fn instance(more: &Tree) -> Tree {
        let mut body = json!({"Placement": {"Zone": "ap-guangzhou-3"}, "ImageId": "img-487zeit5"});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    }

    #[tokio::test]
    async fn no_action_takes_a_control_character_in_a_name() {
        for bad in ["\u{0}", "\u{1b}[2J", "\n", "\t", "\u{7f}", "\u{9b}"] {
            let name = format!("a{bad}b");
            let template = instance(&json!({"LaunchTemplateName": name}));
            let tag = json!([{"ResourceType": "instance", "Tags": [{"Key": "k", "Value": name}]}]);
            for (action, body, path) in [
                ("RunInstances", instance(&json!({"InstanceName": name})), "InstanceName"),
                ("RunInstances", instance(&json!({"TagSpecification": tag})), "TagSpecification.0.Tags.0.Value"),
                ("RunInstances", instance(&json!({"LoginSettings": {"KeyIds": [name]}})), "LoginSettings.KeyIds.0"),
                ("CreateLaunchTemplate", template, "LaunchTemplateName"),
                ("CreateSecurityGroup", json!({"GroupName": name, "GroupDescription": ""}), "GroupName"),
                ("CreateVpc", json!({"VpcName": name, "CidrBlock": "10.0.0.0/16"}), "VpcName"),
                ("CreateDisasterRecoverGroup", json!({"Name": name, "Type": "HOST"}), "Name"),
                ("CreateImage", json!({"ImageName": name, "InstanceId": "ins-1e4r6y8i"}), "ImageName"),
                // A name that is only searched for is not refused by the rule for names.
                ("DescribeTags", json!({"TagKey": name}), "TagKey"),
                ("InquiryPriceRunInstances", instance(&json!({"HostName": name})), "HostName"),
                (
                    "ModifyInstancesAttribute",
                    json!({"InstanceIds": ["ins-1e4r6y8i"], "InstanceName": name}),
                    "InstanceName",
                ),
            ] {
                let code = u32::from(bad.chars().next().unwrap());
                let outcome = answer(action, &body).await;
                let wanted =
                    format!("InvalidParameterValue The parameter `{path}` holds the control character `U+{code:04X}`");
                assert!(outcome.starts_with(&wanted), "{action} {bad:?}: {outcome}");
            }
            let outcome = answer("CreateKeyPair", &json!({"KeyName": name, "ProjectId": 0})).await;
            assert!(outcome.starts_with("InvalidKeyPairName"), "the vendor has a code for this one: {outcome}");
        }
    }

    #[tokio::test]
    async fn what_has_lines_may_have_them_and_names_may_have_any_letter() {
        let lines = "first\r\n\tsecond\n";
        let group = json!({"GroupName": "名前 é 🙂", "GroupDescription": lines});
        assert_eq!(answer("CreateSecurityGroup", &group).await, "OK");
        let metadata = json!({"Metadata": {"Items": [{"Key": "k", "Value": lines}]}});
        assert_eq!(answer("RunInstances", &instance(&metadata)).await, "OK");
        let outcome = answer("CreateSecurityGroup", &json!({"GroupName": "a", "GroupDescription": "a\u{1b}b"})).await;
        assert!(outcome.contains("`GroupDescription` holds"), "{outcome}");
    }
}
