//! The custom images of the small world, and the words that change them.

use crate::snapshots;
use cvmd_model::{
    AccountNumber, By, CreatedTag, CustomImage, Goal, IMAGES, ImageLogin, ImageState, Instance, RegionId, RequestId,
    Snapshot, SnapshotId, ZoneId,
};
use cvmd_state::{State, Transaction};
use std::convert::Infallible;

fn image(id: &str, name: &str, account: AccountNumber, sequence: u64, state: ImageState) -> CustomImage {
    CustomImage {
        id: id.parse().unwrap(),
        sequence,
        account,
        region: RegionId::find("ap-guangzhou").unwrap(),
        name: name.into(),
        description: "".into(),
        family: "".into(),
        deprecated: false,
        base: IMAGES[0].id(),
        source: "ins-stopped1".parse().unwrap(),
        size_gib: 60,
        login: ImageLogin { keys: vec!["skey-bound001".parse().unwrap()], password: true, password_login: false },
        state,
        created_seconds: 1_795_478_400,
        tags: [].into(),
        snapshots: [].into(),
    }
}

fn snapshot(id: SnapshotId, image: &str, sequence: u64) -> Snapshot {
    Snapshot {
        id,
        sequence,
        account: AccountNumber(1),
        zone: ZoneId::find("ap-guangzhou-3").unwrap(),
        project_id: 0,
        name: "kept".into(),
        disk: "disk-system01".parse().unwrap(),
        system: true,
        size_gib: 60,
        encrypted: false,
        image: image.parse().unwrap(),
        created_seconds: 1_795_478_400,
        tags: [].into(),
    }
}

/// One that is ready, one whose capture was superseded, and one of another account.
pub(crate) fn fill(tx: &mut Transaction<'_>, us: AccountNumber, others: AccountNumber) {
    for (id, name, account, state) in [
        ("img-golden01", "golden", us, ImageState::Normal),
        ("img-failed01", "failed", us, ImageState::Creating),
        ("img-foreign1", "foreign", others, ImageState::Normal),
    ] {
        let sequence = tx.next_sequence();
        tx.put(image(id, name, account, sequence, state));
    }
}

/// Changes the world as the words describe; returns whether the words are known.
pub(crate) async fn change(state: &State, words: &str) -> bool {
    let words = words.to_owned();
    let changed = state.change(move |tx| {
        match words.as_str() {
            "as many images as there may be" => {
                for number in 3..=500 {
                    let sequence = tx.next_sequence();
                    let (id, name) = (format!("img-f{number:07}"), format!("f{number}"));
                    tx.put(image(&id, &name, AccountNumber(1), sequence, ImageState::Normal));
                }
            }
            "as many tags as one may make" => {
                for number in 0..1000 {
                    let (sequence, key) = (tx.next_sequence(), format!("k{number}").into());
                    tx.put(CreatedTag { sequence, account: AccountNumber(1), key, value: "v".into() });
                }
            }
            "as many snapshots as there may be" => {
                for number in 0..snapshots::QUOTA {
                    let sequence = tx.next_sequence();
                    tx.put(snapshot(SnapshotId::from_random(number as u64), "img-gone0001", sequence));
                }
            }
            words if words.contains(" has the snapshot ") => {
                let (image, id) = words.split_once(" has the snapshot ").unwrap();
                let (sequence, id) = (tx.next_sequence(), id.parse().unwrap());
                let row = CustomImage::clone(tx.view().custom_images().get(image.parse().unwrap()).unwrap());
                tx.put(CustomImage { snapshots: [id].into(), ..row });
                tx.put(snapshot(id, image, sequence));
            }
            words if words.contains(" has the data snapshot ") => {
                let (image, id) = words.split_once(" has the data snapshot ").unwrap();
                let (sequence, id) = (tx.next_sequence(), id.parse().unwrap());
                let row = CustomImage::clone(tx.view().custom_images().get(image.parse().unwrap()).unwrap());
                tx.put(CustomImage { snapshots: [id].into(), ..row });
                tx.put(Snapshot { system: false, size_gib: 30, ..snapshot(id, image, sequence) });
            }
            "ins-stopped1 is being captured as img-failed01" => {
                let image = "img-failed01".parse().unwrap();
                let mut source = Instance::clone(tx.view().instance("ins-stopped1".parse().unwrap()).unwrap());
                let by = By { action: "CreateImage", request: RequestId(uuid::Uuid::nil()) };
                source.begin(Goal::CaptureImage { image, shut_down: false }, by);
                tx.put_instance(source);
            }
            "ins-stopped1 has the system disk disk-system01" => {
                let mut instance = Instance::clone(tx.view().instance("ins-stopped1".parse().unwrap()).unwrap());
                instance.system_disk.id = "disk-system01".parse().unwrap();
                tx.put_instance(instance);
            }
            "a local system disk for ins-running1" => {
                let mut instance = Instance::clone(tx.view().instance("ins-running1".parse().unwrap()).unwrap());
                instance.system_disk.kind = "LOCAL_BASIC".into();
                tx.put_instance(instance);
            }
            _ => return Ok::<_, Infallible>(false),
        }
        Ok(true)
    });
    changed.await.unwrap().unwrap()
}
