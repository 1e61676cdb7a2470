//! Control characters in texts: none is taken, whoever shows the text later, on a terminal, in a log or in a list. What has
//! lines by its nature may have lines.

use crate::Reason;
use cvmd_wire::{Map, Value};

/// Texts whose own rule says which characters they may have, with a code of its own, where an action writes them.
const RULED: &[&str] = &["HostName", "KeyName", "Password", "TagKey", "TagValue"];
/// Texts of several lines, beside all descriptions and what is in `Metadata`.
const LINES: &[&str] = &["PublicKey", "UserData"];

/// Refuses the first text with a control character in it. Of what an action only reads no text has a rule of its own.
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

/// Where there is one, and which.
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
    // Nearly every text is nothing but printable ASCII.
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
                // What is only looked for is no name that could be refused as one.
                ("DescribeTags", json!({"TagKey": name}), "TagKey"),
                ("InquiryPriceRunInstances", instance(&json!({"HostName": name})), "HostName"),
                (
                    "ModifyInstancesAttribute",
                    json!({"InstanceIds": ["ins-1e4r6y8i"], "InstanceName": name}),
                    "InstanceName",
                ),
            ] {
                let code = u32::from(bad.chars().next().unwrap());
                let told = answer(action, &body).await;
                let wanted =
                    format!("InvalidParameterValue The parameter `{path}` holds the control character `U+{code:04X}`");
                assert!(told.starts_with(&wanted), "{action} {bad:?}: {told}");
            }
            let told = answer("CreateKeyPair", &json!({"KeyName": name, "ProjectId": 0})).await;
            assert!(told.starts_with("InvalidKeyPairName"), "the vendor has a code for this one: {told}");
        }
    }

    #[tokio::test]
    async fn what_has_lines_may_have_them_and_names_may_have_any_letter() {
        let lines = "first\r\n\tsecond\n";
        let group = json!({"GroupName": "名前 é 🙂", "GroupDescription": lines});
        assert_eq!(answer("CreateSecurityGroup", &group).await, "OK");
        let metadata = json!({"Metadata": {"Items": [{"Key": "k", "Value": lines}]}});
        assert_eq!(answer("RunInstances", &instance(&metadata)).await, "OK");
        let told = answer("CreateSecurityGroup", &json!({"GroupName": "a", "GroupDescription": "a\u{1b}b"})).await;
        assert!(told.contains("`GroupDescription` holds"), "{told}");
    }
}
