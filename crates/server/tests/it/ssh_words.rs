//! What a plain `ssh` with our include prints about a machine that cannot be entered.

use crate::support::{Home, machines, ssh::Key, text};
use serde_json::json;
use std::process::{Command, Stdio};

#[test]
fn ssh_says_why_a_machine_is_not_up_by_every_include() {
    let home = Home::new();
    let server = home.start();
    let key = Key::new(&home, "mine");
    let import = json!({"KeyName": "mine", "ProjectId": 0, "PublicKey": key.public});
    let bound = server.client.call("ImportKeyPair", import)["KeyId"].clone();
    let instance = machines::run(&server.client, "boot-ms=1,shutdown-ms=1", json!({"KeyIds": [bound]}));
    let id = instance["InstanceId"].as_str().unwrap();
    let includes = [vec![], vec!["--relay"]].map(|more| {
        let file = home.beside(&format!("include{}", more.len()));
        std::fs::write(&file, text(&home.ask(&[&["ssh-config"], &more[..]].concat()))).unwrap();
        file
    });
    let enter = |include| {
        let mut ssh = Command::new("ssh");
        ssh.arg("-F").arg(include).arg("-i").arg(&key.file).args([
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            "IdentityAgent=none",
        ]);
        let done = ssh.args(["-o", "BatchMode=yes", "-T", id, "true"]).stdin(Stdio::null()).output().unwrap();
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    };
    includes.iter().for_each(|include| assert_eq!(enter(include), (Some(0), String::new())));
    server.client.call("StopInstances", json!({"InstanceIds": [id]}));
    machines::settled(&server.client, id);
    for include in &includes {
        let (status, message) = enter(include);
        assert!(
            status == Some(255) && message.contains(&format!("{id} is STOPPED: StartInstances starts it")),
            "{message}"
        );
    }
    server.client.call("StartInstances", json!({"InstanceIds": [id]}));
    machines::running(&server.client, id);
    includes.iter().for_each(|include| assert_eq!(enter(include), (Some(0), String::new())));
    server.stop();
}
