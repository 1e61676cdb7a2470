//! Whether the rows of a state add up: what each refers to is there, nothing is there twice, and the indexes say what the
//! rows say.

use crate::{
    View,
    store::{StoreError, Table, decode, encode},
};
use cvmd_model::{
    AccountNumber, CustomImage, Goal, ImageState, Instance, InstanceState, KeyPair, KeyPairId, LatestState,
    LaunchTemplate, LaunchTemplateVersion, RegionId, SubnetId,
};
use std::{collections::HashSet, fmt::Display, path::Path};

/// What was found.
#[derive(Debug)]
pub struct Checked {
    /// The rows that can be read.
    pub view: View,
    /// Whether these are all.
    pub is_complete: bool,
    /// One line a fault.
    pub faults: Vec<String>,
}

/// Checks `state/` of a data directory, whether a program has it open or not, and writes nothing. Checksums are
/// `cvmd_rows::check`'s.
///
/// # Errors
/// When the rows cannot be read at all.
pub fn check(data: &Path) -> Result<Checked, StoreError> {
    let mut faults = Faults::default();
    let (mut view, mut ids, mut is_complete) = (View::default(), HashSet::new(), true);
    cvmd_rows::read_rows(&data.join("state"), &mut |chunk| {
        let Some(table) = Table::named(&chunk.table) else {
            is_complete = false;
            faults.say(&chunk.table, "it is no table of this version");
            return Ok(());
        };
        for (sequence, body) in chunk.rows() {
            match decode(table, sequence, body) {
                Ok(put) => {
                    let (id, own) = (put.id(), encode(&put).sequence);
                    if own != sequence {
                        faults.say(&id, format!("it is row {own} of {}, and stored as {sequence}", table.name()));
                    }
                    if !ids.insert((table, id.clone())) {
                        faults.say(&id, format!("it is twice in {}", table.name()));
                    }
                    view.apply(&put);
                }
                Err(error) => {
                    is_complete = false;
                    faults.0.push(error.to_string());
                }
            }
        }
        Ok(())
    })?;
    view.loaded();
    if is_complete {
        references(&view, &mut faults);
        faults.0.extend(view.index_faults());
    }
    Ok(Checked { view, is_complete, faults: faults.0 })
}

#[derive(Debug, Default)]
struct Faults(Vec<String>);

impl Faults {
    fn say(&mut self, id: impl Display, what: impl Display) {
        self.0.push(format!("state: {id}: {what}"));
    }

    fn expect(&mut self, holds: bool, id: impl Display, what: impl FnOnce() -> String) {
        if !holds {
            self.say(id, what());
        }
    }
}

fn references(view: &View, faults: &mut Faults) {
    let mut owned = |account: AccountNumber, id: &dyn Display| {
        let is_there = view.account(account).is_some();
        faults.expect(is_there, id, || format!("its account {} is not there", account.0));
    };
    view.credentials().for_each(|row| owned(row.account, &row.secret_id));
    view.all_instances().for_each(|row| owned(row.account, &row.id));
    view.all_key_pairs().for_each(|row| owned(row.account, &row.id));
    view.oldest_client_tokens().for_each(|row| owned(row.account, &format!("the client token {}", row.token)));
    view.messages().for_each(|row| owned(row.account, &format!("the message about {}", row.instance)));
    view.resources.all().for_each(|row| owned(row.account(), &row.id()));
    faults.expect([64, 128, 192].contains(&view.settings().block), "the settings", || {
        format!("127.{}.0.0/10 is no block of addresses", view.settings().block)
    });
    view.all_instances().for_each(|row| instance(view, row, faults));
    view.all_key_pairs().for_each(|row| key_pair(view, row, faults));
    view.custom_images().all().for_each(|row| image(view, row, faults));
    view.launch_templates().all().for_each(|row| template(view, row, faults));
    view.launch_template_versions().all().for_each(|row| version(view, row, faults));
    for subnet in view.subnets().all() {
        let vpc = view.vpc_of(subnet.account, subnet.zone.region(), subnet.vpc);
        faults.expect(vpc.is_some(), subnet.id, || format!("its VPC {} is not there", subnet.vpc));
    }
}

fn instance(view: &View, row: &Instance, faults: &mut Faults) {
    let (id, account, region) = (row.id, row.account, row.zone.region());
    for key in row.login.keys.iter().chain(leaving(row)) {
        let is_there = view.key_pair_of(account, *key).is_some();
        faults.expect(is_there, id, || format!("its key pair {key} is not there"));
    }
    faults.expect(view.vpc_of(account, region, row.vpc).is_some(), id, || format!("its VPC {} is not there", row.vpc));
    subnet(view, row, faults);
    for group in &row.security_groups {
        let is_there = view.security_group_of(account, region, *group).is_some();
        faults.expect(is_there, id, || format!("its security group {group} is not there"));
    }
    if let Some(group) = row.extras().group {
        let is_there = view.disaster_recover_groups().of(account, region, group).is_some();
        faults.expect(is_there, id, || format!("its placement group {group} is not there"));
    }
    for address in row.addresses().chain(row.leaving_address()) {
        let holder = view.address_holder(row.vpc, address);
        faults.expect(holder == Some(id), id, || format!("another instance has its address {address} too"));
    }
    for disk in row.disk_ids() {
        let is_holder = view.disk_holder(disk).is_some_and(|holder| holder.id == id);
        faults.expect(is_holder, id, || format!("another instance has its disk {disk} too"));
    }
    operation(view, row, faults);
}

/// The key pairs that its guest may still admit.
fn leaving(row: &Instance) -> &[KeyPairId] {
    match row.operation.as_ref().map(|operation| &operation.goal) {
        Some(Goal::ChangeLogin { gone, .. }) => gone,
        Some(Goal::Reset { before, .. }) => &before.login.keys,
        _ => &[],
    }
}

fn subnet(view: &View, row: &Instance, faults: &mut Faults) {
    match view.subnet_of(row.account, row.zone.region(), row.subnet) {
        Some(subnet) => {
            faults.expect(subnet.vpc == row.vpc, row.id, || {
                format!("its subnet {} is in {}, and not in its VPC {}", subnet.id, subnet.vpc, row.vpc)
            });
            faults.expect(subnet.cidr.has(row.private_address), row.id, || {
                format!("its address {} is outside of its subnet {}", row.private_address, subnet.id)
            });
        }
        // A zone that was closed since has no default subnet any more.
        None => faults.expect(row.subnet == SubnetId::of_default(row.account, row.zone), row.id, || {
            format!("its subnet {} is not there", row.subnet)
        }),
    }
}

/// What is shown of the latest operation goes with the one that is under way.
fn operation(view: &View, row: &Instance, faults: &mut Faults) {
    let shown = row.latest.as_ref().map(|latest| (latest.state == LatestState::Operating, latest.request));
    match (&row.operation, shown) {
        // A seed's operations were asked for by no request.
        (Some(_), None) | (None, None | Some((false, _))) => {}
        (Some(operation), Some((true, request))) if request == operation.request => {}
        (Some(_), Some(_)) => faults.say(row.id, "its latest operation is another one than the one under way"),
        (None, Some((true, _))) => faults.say(row.id, "it is OPERATING, and no operation is under way"),
    }
    let is_coming_or_going = matches!(row.state, InstanceState::Pending | InstanceState::Terminating);
    faults.expect(row.operation.is_some() || !is_coming_or_going, row.id, || {
        format!("it is {}, and no operation is under way", row.state.name())
    });
    if let Some(Goal::CaptureImage { image, .. }) = row.operation.as_ref().map(|operation| &operation.goal) {
        let captured = view.custom_images().of(row.account, row.zone.region(), *image);
        faults.expect(captured.is_some_and(|captured| captured.source == row.id), row.id, || {
            format!("the image {image} that is made of it is not there")
        });
    }
}

fn key_pair(view: &View, row: &KeyPair, faults: &mut Faults) {
    faults.expect(view.key_pair_named(row.account, &row.name) == Some(row.id), row.id, || {
        format!("another key pair of its account has its name {} too", row.name)
    });
    faults.expect(view.key_pair_with_blob(row.account, row.public_key.blob()) == Some(row.id), row.id, || {
        "another key pair of its account has its public key too".to_owned()
    });
}

fn image(view: &View, row: &CustomImage, faults: &mut Faults) {
    if !matches!(view.image_state(row), ImageState::Creating | ImageState::Normal) {
        return;
    }
    for key in &row.login.keys {
        let is_there = view.key_pair_of(row.account, *key).is_some();
        faults.expect(is_there, row.id, || format!("its disk has a line of the key pair {key}, which is not there"));
    }
    for snapshot in &row.snapshots {
        let is_there = view.snapshots().of(row.account, row.region, *snapshot).is_some();
        faults.expect(is_there, row.id, || format!("its snapshot {snapshot} is not there"));
    }
}

fn template(view: &View, row: &LaunchTemplate, faults: &mut Faults) {
    for version in row.version_ids() {
        let is_there = view.launch_template_versions().of(row.account, row.region, version).is_some();
        faults.expect(is_there, row.id, || format!("its version {} is not there", version.number));
    }
    faults.expect(row.version(None).is_ok(), row.id, || {
        format!("its default version {} is none of its versions", row.default_version)
    });
    let newest = row.versions.iter().max().copied().unwrap_or_default();
    faults.expect(newest <= row.latest_version, row.id, || {
        format!("its version {newest} is newer than its latest one, {}", row.latest_version)
    });
}

fn version(view: &View, row: &LaunchTemplateVersion, faults: &mut Faults) {
    let region: RegionId = row.region;
    let template = view.launch_templates().of(row.account, region, row.template);
    faults.expect(template.is_some_and(|template| template.versions.contains(&row.number)), row.template, || {
        format!("its version {} is of no template", row.number)
    });
}
