//! The configuration's `[catalogue]`: regions, zones, instance types and images of the operator's own, which rows name.

use crate::support::{
    Home,
    http::{Answer, Client, Tc3},
    refused, text, until,
};
use serde_json::{Value, json};

const OWN: &str = r#"
[catalogue]
regions = [{ name = "lab-east", description = "Lab (East)" }]
zones = [{ name = "lab-east-1" }, { name = "lab-east-2", open = false }]
types = [{ name = "LAB1.TINY", cpu = 3, memory_gib = 5 }]
images = [{ id = "img-arch0001", os_name = "Arch Linux 64bit", platform = "Arch", user = "arch" }]
"#;

fn configure(home: &Home, text: &str) {
    std::fs::write(home.beside("cvmd.toml"), text).unwrap();
}

fn configured(text: &str) -> Home {
    let home = Home::new();
    configure(&home, text);
    let path = home.beside("cvmd.toml");
    home.flag("--config", path.to_str().unwrap())
}

fn in_lab(client: &Client, action: &str, parameters: &Value) -> Answer {
    let with = Tc3 { region: Some("lab-east"), ..Tc3::default() };
    client.send(&client.tc3(action, &parameters.to_string(), &with)).unwrap().answer()
}

fn launch(client: &Client, zone: &str) -> Answer {
    let request = json!({
        "Placement": {"Zone": zone},
        "InstanceType": "LAB1.TINY",
        "ImageId": "img-arch0001",
        "LoginSettings": {"Password": "Catalogue+Password7"},
    });
    in_lab(client, "RunInstances", &request)
}

#[test]
fn instances_are_launched_of_the_operators_own_and_a_start_without_them_names_what_is_missing() {
    let home = configured(OWN);
    let server = home.start();
    let client = &server.client;
    let zones = in_lab(client, "DescribeZones", &json!({})).unwrap();
    let shown = |index: usize| (zones["ZoneSet"][index]["Zone"].clone(), zones["ZoneSet"][index]["ZoneState"].clone());
    assert_eq!(shown(0), (json!("lab-east-1"), json!("AVAILABLE")));
    assert_eq!(shown(1), (json!("lab-east-2"), json!("UNAVAILABLE")));
    launch(client, "lab-east-1").unwrap();
    assert_eq!(launch(client, "lab-east-2").unwrap_err().code, "ResourceInsufficient.AvailabilityZoneSoldOut");
    server.stop();

    let server = home.start();
    let seen = in_lab(&server.client, "DescribeInstances", &json!({})).unwrap();
    let instance = &seen["InstanceSet"][0];
    assert_eq!((&instance["CPU"], &instance["Memory"]), (&json!(3), &json!(5)), "{seen}");
    assert_eq!((&instance["OsName"], &instance["DefaultLoginUser"]), (&json!("Arch Linux 64bit"), &json!("arch")));
    server.stop();

    // A missing entry is reported with the resource that uses it and the section it belongs to; an image too, which no
    // row needs for decoding.
    let id = instance["InstanceId"].as_str().unwrap();
    for (cut, missing) in [
        ("images = ", "the image `img-arch0001`"),
        ("types = ", "the instance type `LAB1.TINY`"),
        ("zones = ", "the zone `lab-east-1`"),
    ] {
        let zone_elsewhere = OWN.replace("{ name = \"lab-east-1\" }, ", "");
        let without = |line: &&str| cut == "zones = " || !line.starts_with(cut);
        let from = if cut == "zones = " { &zone_elsewhere } else { OWN };
        configure(&home, &from.lines().filter(without).collect::<Vec<_>>().join("\n"));
        let message = home.refuses_to_serve(&mut home.serve());
        assert!(message.contains(missing) && message.contains("put it back into the section [catalogue]"), "{message}");
        assert!(message.contains(id), "{message}");
    }
    configure(&home, "");
    let message = home.refuses_to_serve(&mut home.serve());
    assert!(message.contains("`lab-east") && message.contains("put it back into the section [catalogue]"), "{message}");
    assert!(refused(&home.ask(&["state", "check"])).contains("1 fault"));
    configure(&home, OWN);
    text(&home.ask(&["state", "check", "--config", home.beside("cvmd.toml").to_str().unwrap()]));
    home.start().stop();
}

#[test]
fn a_start_that_finds_another_platform_of_an_image_says_so() {
    const SAID: &str = "gave it another platform";
    let home = configured(OWN).expecting(SAID);
    let server = home.start();
    launch(&server.client, "lab-east-1").unwrap();
    until("it runs", || {
        let seen = in_lab(&server.client, "DescribeInstances", &json!({})).unwrap();
        seen["InstanceSet"][0]["InstanceState"] == "RUNNING"
    });
    assert!(!server.stop().contains(SAID));
    assert!(!home.start().stop().contains(SAID));
    configure(&home, &OWN.replace("platform = \"Arch\"", "platform = \"Windows\""));
    let log = home.start().stop();
    let said = log.lines().find(|line| line.contains(SAID)).unwrap();
    assert!(said.contains("img-arch0001") && said.contains("machines=1") && said.contains("ins-"), "{said}");
}

#[test]
fn what_cannot_be_added_refuses_the_start_in_words() {
    for (text, expected) in [
        ("[catalogue]\nzones = [{ name = \"nowhere-1\" }]", "the zone nowhere-1 is in no region"),
        ("[catalogue]\ntypes = [{ name = \"S5.SMALL1\", cpu = 1, memory_gib = 1 }]", "a type S5.SMALL1 already"),
        ("[catalogue]\ncolours = []", "colours"),
        (
            "[catalogue]\nimage = []",
            "`image`, expected one of `regions`, `zones`, `types`, `images` (did you mean `images`?)",
        ),
        (
            "[catalogue]\ntypes = [{ name = \"LAB1.A\", cpu = 1, memory_gib = 1 }, { name = \"LAB1.B\", cpus = 1, memory_gib = 1 }]",
            "`types` of `LAB1.B`: unknown field `cpus`, expected one of `name`, `cpu`, `memory_gib`, `gpu` (did you mean `cpu`?)",
        ),
        (
            "[catalogue]\ntypes = [{ name = \"LAB1.A\", cpu = \"two\", memory_gib = 1 }]",
            "`types` of `LAB1.A`: string \"two\", expected a whole number",
        ),
    ] {
        let home = configured(text);
        let message = home.refuses_to_serve(&mut home.serve());
        assert!(message.contains(expected), "{expected}: {message}");
    }
}
