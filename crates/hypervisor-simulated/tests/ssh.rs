//! Real logins: OpenSSH's client at simulated machines.

mod ground;

use cvmd_hypervisor::{Clock, Hypervisor, Trouble};
use cvmd_hypervisor_simulated::SimulatedHypervisor;
use cvmd_model::{InstanceId, Login, Power};
use ground::{Key, LIMIT, Seen, Ssh, definition, key, login, seen, settings, until};
use std::{process::Stdio, sync::Arc};

const ED25519: &[&str] = &["-t", "ed25519"];

struct House {
    directory: tempfile::TempDir,
    driver: Arc<SimulatedHypervisor>,
}

impl House {
    fn new() -> House {
        let directory = tempfile::tempdir().unwrap();
        let driver = SimulatedHypervisor::open(settings(&directory, Clock::System)).unwrap();
        House { directory, driver }
    }

    async fn machine(&self, guest: &str, login: &Login) -> InstanceId {
        let definition = definition(&format!("boot-ms=1,shutdown-ms=1,{guest}"));
        self.driver.define(&definition).await.unwrap();
        self.driver.write_login(definition.id, login, &[]).await.unwrap();
        self.start(definition.id).await;
        definition.id
    }

    async fn start(&self, id: InstanceId) {
        self.driver.start(id).await.unwrap();
        until(&self.driver, id, |observed| observed.power == Power::Running).await;
    }

    async fn stop(&self, id: InstanceId) {
        self.driver.shut_down(id).await.unwrap();
        until(&self.driver, id, |observed| observed.power == Power::Off).await;
    }

    fn ssh(&self, id: InstanceId) -> Ssh<'_> {
        Ssh { driver: &self.driver, id }
    }

    fn key(&self, name: &str) -> Key {
        key(&self.directory, name, ED25519)
    }
}

fn good(out: &str) -> Seen {
    Seen { status: Some(0), out: out.into(), err: String::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wanted_key_enters_and_any_other_is_refused() {
    let house = House::new();
    let (mine, other) = (house.key("mine"), house.key("other"));
    let id = house.machine("", &login(&[&mine], None)).await;
    assert_eq!(house.ssh(id).with_key(&mine, &["whoami"]).await, good("root\n"));
    assert_eq!(house.ssh(id).with_key(&mine, &["true"]).await, good(""));
    let refused = house.ssh(id).with_key(&other, &["true"]).await;
    assert!(refused.refused(), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_taken_off_is_refused_and_the_old_password_enters() {
    let house = House::new();
    let (mine, kept) = (house.key("mine"), house.key("kept"));
    let id = house.machine("", &login(&[&mine, &kept], None)).await;
    house.stop(id).await;
    let after = login(&[&kept], Some("Old-password-1"));
    house.driver.write_login(id, &after, &[mine.public.blob().clone()]).await.unwrap();
    house.start(id).await;
    assert!(house.ssh(id).with_key(&mine, &["true"]).await.refused());
    assert_eq!(house.ssh(id).with_key(&kept, &["true"]).await, good(""));
    assert_eq!(house.ssh(id).with_password(&house.directory, "Old-password-1", &["whoami"]).await, good("root\n"));
    assert!(house.ssh(id).with_password(&house.directory, "Old-password-2", &["true"]).await.refused());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_method_is_offered_only_where_it_can_admit() {
    let house = House::new();
    let none = ["-o", "PreferredAuthentications=none"];
    let nobody = house.machine("", &login(&[], None)).await;
    let seen = house.ssh(nobody).run(&none, &["true"]).await;
    assert!(seen.refused() && seen.err.contains("(publickey)"), "{seen:?}");
    let somebody = house.machine("", &login(&[], Some("Some-password-1"))).await;
    let seen = house.ssh(somebody).run(&none, &["true"]).await;
    assert!(seen.refused() && seen.err.contains("(publickey,password)"), "{seen:?}");
}
