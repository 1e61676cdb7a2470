//! Real logins: OpenSSH's client at simulated machines, by the way that the module above names as `WAY`.

mod copies;
mod sftp;

use super::WAY;
use crate::support::{Key, Seen, Ssh, Way, card, definition, disk, key, login, own_ports, seen, settings, until};
use cvmd_clock::Clock;
use cvmd_hypervisor::{Boot, Definition, Hypervisor};
use cvmd_hypervisor_simulated::{Settings, SimulatedHypervisor};
use cvmd_model::{InstanceId, Login, Power};
use std::{process::Stdio, sync::Arc};

const ED25519: &[&str] = &["-t", "ed25519"];

struct Harness {
    directory: tempfile::TempDir,
    driver: Arc<SimulatedHypervisor>,
}

impl Harness {
    fn new() -> Harness {
        let directory = tempfile::tempdir().unwrap();
        let driver = SimulatedHypervisor::open(wanted(&directory)).unwrap();
        Harness { directory, driver }
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
        Ssh { driver: &self.driver, id, way: WAY }
    }

    fn key(&self, name: &str) -> Key {
        key(&self.directory, name, ED25519)
    }
}

fn wanted(directory: &tempfile::TempDir) -> Settings {
    let settings = settings(directory, Clock::System);
    if WAY == Way::OwnPort { own_ports(settings) } else { settings }
}

fn good(out: &str) -> Seen {
    Seen { status: Some(0), out: out.into(), err: String::new() }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wanted_key_enters_and_any_other_is_refused() {
    let harness = Harness::new();
    let (mine, other) = (harness.key("mine"), harness.key("other"));
    let id = harness.machine("", &login(&[&mine], None)).await;
    assert_eq!(harness.ssh(id).with_key(&mine, &["whoami"]).await, good("root\n"));
    assert_eq!(harness.ssh(id).with_key(&mine, &["true"]).await, good(""));
    let refused = harness.ssh(id).with_key(&other, &["true"]).await;
    assert!(refused.refused(), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_taken_off_is_refused_and_the_old_password_enters() {
    let harness = Harness::new();
    let (mine, stays) = (harness.key("mine"), harness.key("kept"));
    let id = harness.machine("", &login(&[&mine, &stays], None)).await;
    harness.stop(id).await;
    let after = login(&[&stays], Some("Old-password-1"));
    harness.driver.write_login(id, &after, &[mine.public.blob().clone()]).await.unwrap();
    harness.start(id).await;
    assert!(harness.ssh(id).with_key(&mine, &["true"]).await.refused());
    assert_eq!(harness.ssh(id).with_key(&stays, &["true"]).await, good(""));
    assert_eq!(harness.ssh(id).with_password(&harness.directory, "Old-password-1", &["whoami"]).await, good("root\n"));
    assert!(harness.ssh(id).with_password(&harness.directory, "Old-password-2", &["true"]).await.refused());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_password_method_is_offered_only_where_it_can_admit() {
    let harness = Harness::new();
    let none = ["-o", "PreferredAuthentications=none"];
    let nobody = harness.machine("", &login(&[], None)).await;
    let seen = harness.ssh(nobody).run(&none, &["true"]).await;
    assert!(seen.refused() && seen.err.contains("(publickey)"), "{seen:?}");
    let somebody = harness.machine("", &login(&[], Some("Some-password-1"))).await;
    let seen = harness.ssh(somebody).run(&none, &["true"]).await;
    assert!(seen.refused() && seen.err.contains("(publickey,password,keyboard-interactive)"), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_rsa_key_enters() {
    let harness = Harness::new();
    let rsa = key(&harness.directory, "rsa", &["-t", "rsa", "-b", "2048", "-m", "PEM"]);
    let id = harness.machine("", &login(&[&rsa], None)).await;
    assert_eq!(harness.ssh(id).with_key(&rsa, &["true"]).await, good(""));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_user_is_refused_in_the_same_words() {
    let harness = Harness::new();
    let mine = harness.key("mine");
    let id = harness.machine("", &login(&[&mine], Some("Some-password-1"))).await;
    let nobody = ["-l", "nobody", "-o", "BatchMode=yes", "-i", mine.file.to_str().unwrap()];
    let seen = harness.ssh(id).run(&nobody, &["true"]).await;
    assert!(seen.refused() && seen.err.contains("(publickey,password,keyboard-interactive)"), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_for_another_user_enters_as_that_user() {
    let harness = Harness::new();
    let mine = harness.key("mine");
    let id = harness.machine("", &Login { user: "ubuntu".into(), ..login(&[&mine], None) }).await;
    let seen = harness.ssh(id).with_key(&mine, &["whoami; pwd; sudo whoami; id -u; poweroff"]).await;
    assert_eq!((seen.status, &*seen.out), (Some(1), "ubuntu\n/home/ubuntu\nroot\n1000\n"));
    assert_eq!(harness.driver.observe(id).await.unwrap().power, Power::Running);
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_end_with_their_status() {
    let harness = Harness::new();
    let mine = harness.key("mine");
    let id = harness.machine("", &login(&[&mine], None)).await;
    let status = async |text: &str| harness.ssh(id).with_key(&mine, &[text]).await.status;
    assert_eq!(status("false").await, Some(1));
    assert_eq!(status("true && exit 3; true").await, Some(3));
    assert_eq!(status("false || true").await, Some(0));
    assert_eq!(status("true | false").await, Some(1));
    assert_eq!(status("true < /dev/null").await, Some(0));
    assert_eq!(status("true <> f").await, Some(2));
    let unknown = harness.ssh(id).with_key(&mine, &["foo"]).await;
    assert_eq!(unknown.status, Some(127));
    assert_eq!(unknown.err, "sh: 1: foo: not found\n(a simulated guest: `help` says which commands it knows)\n");
    let twice = harness.ssh(id).with_key(&mine, &["foo; bar; help"]).await;
    assert_eq!((twice.err.matches("not found").count(), twice.err.matches("help").count()), (2, 1), "{twice:?}");
    assert!(twice.out.contains("grep, halt, head, help"), "{twice:?}");
    let seen = harness.ssh(id).with_key(&mine, &["hostname && echo 'a  b' \"c\""]).await;
    assert_eq!(seen, good("VM-1-2\na  b c\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_searched_and_a_file_has_the_time_of_its_change() {
    let harness = Harness::new();
    let mine = harness.key("mine");
    let id = harness.machine("", &login(&[&mine], None)).await;
    let text = "echo one > f; echo two >> f; echo three 2 >> f; touch g f; ";
    for (command, out, status) in [
        ("head -n 1 f", "one\n", 0),
        ("head -1 f g", "==> f <==\none\n\n==> g <==\n", 0),
        ("tail -n 2 f", "two\nthree 2\n", 0),
        ("grep ^t f", "two\nthree 2\n", 0),
        ("grep -ci ONE f g", "f:1\ng:0\n", 0),
        ("grep -v t f", "one\n", 0),
        ("grep -q nothing f", "", 1),
        ("grep 'o$' f", "two\n", 0),
        ("grep 't.o' f", "two\n", 0),
        ("grep t none", "", 2),
        ("wc f", "3 4 16 f\n", 0),
        ("wc -l f g", "3 f\n0 g\n3 total\n", 0),
        ("head none", "", 1),
        ("wc", "0 0 0\n", 0),
        ("touch /etc/x", "", 1),
    ] {
        let seen = harness.ssh(id).with_key(&mine, &[&format!("{text}{command}")]).await;
        assert_eq!((&*seen.out, seen.status), (out, Some(status)), "{command}: {seen:?}");
        assert_eq!(seen.err.is_empty(), status == 0 || command.contains("-q"), "{command}: {seen:?}");
    }
    let listed = harness
        .ssh(id)
        .with_key(&mine, &["rm f g; echo > a; sleep 1; echo > b; ls; ls -t; ls -lt b /etc/hostname"])
        .await;
    let lines: Vec<&str> = listed.out.lines().collect();
    assert_eq!(lines[..4], ["a", "b", "b", "a"], "{listed:?}");
    assert!(lines[4].ends_with(" b") && lines[5].ends_with(" /etc/hostname"), "{listed:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_machine_knows_how_large_it_is_and_learns_its_name_with_its_next_boot() {
    let harness = Harness::new();
    let mine = harness.key("mine");
    let id = harness.machine("", &login(&[&mine], None)).await;
    let asked = async |text: &str| harness.ssh(id).with_key(&mine, &[text]).await;
    assert_eq!(asked("nproc && lsblk").await, good("1\nNAME SIZE TYPE\nvda 50G disk\n"));
    let address = harness.driver.machine(id).unwrap().addresses[0];
    let disks = vec![disk(60), disk(10)];
    let network_cards = vec![card(address)];
    let mut definition = Definition { id, host_name: "renamed".into(), disks, network_cards, ..definition("") };
    harness.driver.reshape(&definition).await.unwrap();
    assert_eq!(asked("lsblk && hostname").await, good("NAME SIZE TYPE\nvda 60G disk\nvdb 10G disk\nVM-1-2\n"));
    harness.driver.power_off(id).await.unwrap();
    (definition.cpu, definition.memory_gib) = (4, 8);
    harness.driver.reshape(&definition).await.unwrap();
    harness.driver.start(id).await.unwrap();
    until(&harness.driver, id, |observed| observed.ready).await;
    assert_eq!(asked("nproc && hostname && cat /proc/meminfo").await, good("4\nrenamed\nMemTotal: 8388608 kB\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shell_reads_lines_until_its_input_ends() {
    let harness = Harness::new();
    let mine = harness.key("mine");
    let id = harness.machine("", &login(&[&mine], None)).await;
    let typed = async |options: &[&str], text: &str| {
        let file = harness.directory.path().join("typed");
        std::fs::write(&file, text).unwrap();
        let mut command = harness.ssh(id).command(&[&["-i", mine.file.to_str().unwrap()], options].concat()).await;
        command.stdin(Stdio::from(std::fs::File::open(file).unwrap()));
        seen(command).await
    };
    assert_eq!(typed(&["-T"], "whoami\nfalse\nhostname").await, good("root\nVM-1-2\n"));
    assert_eq!(typed(&["-T"], "exit 4\nwhoami\n").await.status, Some(4));
    let terminal = typed(&["-tt"], "whoamj\x7fi\nexit 5\n").await;
    assert_eq!(terminal.status, Some(5));
    assert_eq!(terminal.out, "root@VM-1-2:~# whoamj\x08 \x08i\r\nroot\r\nroot@VM-1-2:~# exit 5\r\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_a_person_adds_in_the_guest_enters_and_goes_like_any_other() {
    let harness = Harness::new();
    let (mine, added) = (harness.key("mine"), harness.key("added"));
    let id = harness.machine("", &login(&[&mine], None)).await;
    assert!(harness.ssh(id).with_key(&added, &["true"]).await.refused());
    let add = format!("echo '{}' >> ~/.ssh/authorized_keys", added.public);
    assert_eq!(harness.ssh(id).with_key(&mine, &[&add]).await, good(""));
    let seen = harness.ssh(id).with_key(&added, &["cat ~/.ssh/authorized_keys"]).await;
    assert_eq!(seen, good(&format!("{}\n{}\n", mine.public, added.public)));
    harness.stop(id).await;
    harness.driver.write_login(id, &login(&[&mine], None), &[added.public.blob().clone()]).await.unwrap();
    harness.start(id).await;
    assert!(harness.ssh(id).with_key(&added, &["true"]).await.refused());
    assert_eq!(harness.ssh(id).with_key(&mine, &["true"]).await, good(""));
}

#[tokio::test(flavor = "multi_thread")]
async fn cat_takes_a_key_from_the_clients_input() {
    let harness = Harness::new();
    let (mine, added) = (harness.key("mine"), harness.key("added"));
    let id = harness.machine("", &login(&[&mine], None)).await;
    let mut command = harness.ssh(id).command(&["-i", mine.file.to_str().unwrap()]).await;
    let public = std::fs::File::open(added.file.with_extension("pub")).unwrap();
    command.arg("cat >> ~/.ssh/authorized_keys").stdin(Stdio::from(public));
    assert_eq!(seen(command).await, good(""));
    assert_eq!(harness.ssh(id).with_key(&added, &["true"]).await, good(""));
}

#[tokio::test(flavor = "multi_thread")]
async fn options_of_a_line_are_honoured_or_refuse() {
    let harness = Harness::new();
    let (forced, elsewhere) = (harness.key("forced"), harness.key("elsewhere"));
    let id = harness.machine("", &login(&[], None)).await;
    let text = format!("command=\"echo forced\",no-pty {}\nfrom=\"10.0.0.1\" {}\n", forced.public, elsewhere.public);
    harness.driver.edit_keys(id, move |_| text).await.unwrap();
    assert_eq!(harness.ssh(id).with_key(&forced, &["whoami"]).await, good("forced\n"));
    assert!(harness.ssh(id).with_key(&elsewhere, &["true"]).await.refused());
}

#[tokio::test(flavor = "multi_thread")]
async fn poweroff_inside_the_guest_leads_to_off_and_ends_its_sessions() {
    let harness = Harness::new();
    let mine = harness.key("mine");
    let id = harness.machine("", &login(&[&mine], None)).await;
    let mut watch = harness.driver.watch();
    let open = Open::at(&harness, id, &mine).await;
    let asked = harness.ssh(id).with_key(&mine, &["poweroff"]).await;
    // As with a real machine, the sessions may end before the command's status has reached the client.
    assert!(matches!(asked.status, Some(0 | 255)), "{asked:?}");
    until(&harness.driver, id, |observed| observed.power == Power::Off).await;
    assert_eq!(watch.try_recv(), Ok(id));
    let (status, err) = open.end();
    assert!(status == Some(255) && err.contains("closed"), "{status:?} {err}");
    let off = harness.ssh(id).with_key(&mine, &["true"]).await;
    assert!(off.status == Some(255) && off.err.contains("closed") || off.err.contains("reset"), "{off:?}");
    assert_eq!(harness.driver.boot_count(id), Some(1));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_power_cut_and_erasing_end_the_open_sessions() {
    let harness = Harness::new();
    let mine = harness.key("mine");
    let (cut, erased) =
        (harness.machine("", &login(&[&mine], None)).await, harness.machine("", &login(&[&mine], None)).await);
    let (first, second) = (Open::at(&harness, cut, &mine).await, Open::at(&harness, erased, &mine).await);
    harness.driver.power_off(cut).await.unwrap();
    assert_eq!(first.end().0, Some(255));
    harness.driver.erase(erased).await.unwrap();
    assert_eq!(second.end().0, Some(255));
}

#[tokio::test(flavor = "multi_thread")]
async fn reboot_inside_the_guest_is_another_boot() {
    let harness = Harness::new();
    let mine = harness.key("mine");
    let id = harness.machine("", &login(&[&mine], None)).await;
    let before = harness.driver.observe(id).await.unwrap();
    let mut watch = harness.driver.watch();
    assert_eq!(harness.ssh(id).with_key(&mine, &["reboot"]).await.status, Some(255));
    assert_eq!(watch.try_recv(), Ok(id));
    let after = until(&harness.driver, id, |observed| observed.ready && observed.boot != before.boot).await;
    assert_eq!(harness.driver.boot_count(id), Some(2));
    let seen = harness.ssh(id).with_key(&mine, &["cat /proc/sys/kernel/random/boot_id"]).await;
    assert_eq!(seen, good(&format!("{}\n", after.boot.0)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_of_the_process_is_not_seen_inside() {
    let mut harness = Harness::new();
    let mine = harness.key("mine");
    let id = harness.machine("", &login(&[&mine], None)).await;
    let asked = ["uptime -s; cat /proc/sys/kernel/random/boot_id"];
    let before = harness.ssh(id).with_key(&mine, &asked).await;
    assert_eq!(before.status, Some(0));
    let host_key = harness.driver.endpoint(id).await.unwrap().host_key;
    harness.driver.close().await;
    harness.driver = SimulatedHypervisor::open(wanted(&harness.directory)).unwrap();
    assert_eq!(harness.ssh(id).with_key(&mine, &asked).await, before);
    assert_eq!(harness.driver.endpoint(id).await.unwrap().host_key, host_key);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subsystem_that_is_not_sftp_is_refused_with_a_message() {
    let harness = Harness::new();
    let mine = harness.key("mine");
    let id = harness.machine("", &login(&[&mine], None)).await;
    let seen = harness.ssh(id).run(&["-s", "-i", mine.file.to_str().unwrap()], &["netconf"]).await;
    assert!(seen.status == Some(255) && seen.err.contains("subsystem request failed"), "{seen:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_sixth_key_may_be_the_right_one_and_an_eighth_is_not_heard() {
    let harness = Harness::new();
    let keys: Vec<Key> = (0..8).map(|number| harness.key(&format!("key{number}"))).collect();
    let id = harness.machine("", &login(&[&keys[5]], None)).await;
    let mut options = vec!["-o", "BatchMode=yes"];
    for key in &keys[..6] {
        options.extend(["-i", key.file.to_str().unwrap()]);
    }
    assert_eq!(harness.ssh(id).run(&options, &["true"]).await, good(""));
    harness.stop(id).await;
    let gone = [keys[5].public.blob().clone()];
    harness.driver.write_login(id, &login(&[&keys[7]], None), &gone).await.unwrap();
    harness.start(id).await;
    for key in &keys[6..] {
        options.extend(["-i", key.file.to_str().unwrap()]);
    }
    let seen = harness.ssh(id).run(&options, &["true"]).await;
    assert!(seen.status == Some(255) && seen.err.contains("Too many authentication attempts"), "{seen:?}");
}

/// A session that stays open at a terminal, until the machine ends it.
struct Open {
    client: std::process::Child,
}

impl Open {
    async fn at(harness: &Harness, id: InstanceId, key: &Key) -> Open {
        use std::io::Read;
        let mut command = harness.ssh(id).command(&["-tt", "-i", key.file.to_str().unwrap()]).await;
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // Its prompt shows that it is open.
        tokio::task::spawn_blocking(move || {
            let mut client = command.spawn().unwrap();
            let mut prompt = [0; 15];
            client.stdout.as_mut().unwrap().read_exact(&mut prompt).unwrap();
            assert_eq!(&prompt, b"root@VM-1-2:~# ");
            Open { client }
        })
        .await
        .unwrap()
    }

    /// How it ended, without input.
    fn end(mut self) -> (Option<i32>, String) {
        let stdin = self.client.stdin.take();
        let output = self.client.wait_with_output().unwrap();
        drop(stdin);
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_rescue_system_admits_its_password_alone_and_mends_the_disk() {
    let harness = Harness::new();
    let (mine, lost) = (harness.key("mine"), harness.key("lost"));
    let id = harness
        .machine("ignores-shutdown", &Login { user: "ubuntu".into(), ..login(&[&lost], Some("Disk-pass-1")) })
        .await;
    harness.driver.power_off(id).await.unwrap();
    harness.driver.set_boot(id, &Boot::Rescue(login(&[], Some("Rescue-pass-1")))).await.unwrap();
    harness.start(id).await;
    let ssh = harness.ssh(id);
    assert!(ssh.with_key(&lost, &["true"]).await.refused());
    assert!(ssh.with_password(&harness.directory, "Disk-pass-1", &["true"]).await.refused());
    let inside = async |words: &[&str]| ssh.with_password(&harness.directory, "Rescue-pass-1", words).await;
    assert_eq!(
        inside(&["whoami; hostname; mkdir -p /mnt/vm1 && mount /dev/vda1 /mnt/vm1"]).await,
        good("root\nrescue\n")
    );
    let keys = "/mnt/vm1/home/ubuntu/.ssh/authorized_keys";
    assert_eq!(inside(&["cat", keys]).await, good(&format!("{}\n", lost.public)));
    // A line in the rescue system's own home would look like a key for it.
    let refused = inside(&["echo mine >> ~/.ssh/authorized_keys"]).await;
    assert!(refused.status == Some(1) && refused.err.contains(keys), "{refused:?}");
    let refused = inside(&["mkdir d; echo mine > d/authorized_keys; mv d ~/.ssh"]).await;
    assert!(refused.status == Some(1) && refused.err.contains("may be called as the keys"), "{refused:?}");
    assert_eq!(inside(&[&format!("echo '{}' > {keys}", mine.public)]).await, good(""));
    assert!(ssh.with_key(&mine, &["true"]).await.refused(), "no key enters the rescue system");
    harness.stop(id).await;
    harness.driver.set_boot(id, &Boot::Disk).await.unwrap();
    harness.start(id).await;
    assert_eq!(ssh.with_key(&mine, &["whoami"]).await, good("ubuntu\n"));
    assert!(ssh.with_key(&lost, &["true"]).await.refused());
    assert!(ssh.with_password(&harness.directory, "Rescue-pass-1", &["true"]).await.refused());
    assert_eq!(ssh.with_password(&harness.directory, "Disk-pass-1", &["true"]).await, good(""));
    let elsewhere = ssh.with_key(&mine, &[&format!("cat {keys}")]).await;
    assert_eq!(elsewhere.status, Some(1), "nothing is mounted there: {elsewhere:?}");
}

#[tokio::test]
async fn a_system_made_anew_admits_by_its_new_disk_alone() {
    let harness = Harness::new();
    let (old, new) = (harness.key("old"), harness.key("new"));
    let definition = Definition { guest: "boot-ms=1,shutdown-ms=1".into(), ..definition("") };
    let id = definition.id;
    harness.driver.define(&definition).await.unwrap();
    harness.driver.write_login(id, &login(&[&old], Some("Old4password")), &[]).await.unwrap();
    harness.start(id).await;
    assert_eq!(harness.ssh(id).with_key(&old, &["whoami"]).await.out, "root\n");
    harness.stop(id).await;
    harness.driver.reset(&definition).await.unwrap();
    harness.driver.write_login(id, &login(&[&new], None), &[]).await.unwrap();
    harness.start(id).await;
    assert!(harness.ssh(id).with_key(&old, &["whoami"]).await.refused());
    assert!(harness.ssh(id).with_password(&harness.directory, "Old4password", &["whoami"]).await.refused());
    assert_eq!(harness.ssh(id).with_key(&new, &["whoami"]).await.out, "root\n");
}

#[tokio::test]
async fn a_machine_without_an_sshd_gets_one_with_its_new_system() {
    let harness = Harness::new();
    let key = harness.key("first");
    let windows = Definition { has_sshd: false, guest: "boot-ms=1,shutdown-ms=1".into(), ..definition("") };
    let id = windows.id;
    harness.driver.define(&windows).await.unwrap();
    harness.start(id).await;
    harness.stop(id).await;
    let linux = Definition { has_sshd: true, ..windows };
    // Twice: the second finds a port already, if machines have ports of their own.
    for _ in 0..2 {
        harness.driver.reset(&linux).await.unwrap();
        harness.driver.write_login(id, &login(&[&key], None), &[]).await.unwrap();
    }
    harness.start(id).await;
    assert!(harness.driver.observe(id).await.unwrap().ready);
    assert_eq!(harness.ssh(id).with_key(&key, &["whoami"]).await.out, "root\n");
}
