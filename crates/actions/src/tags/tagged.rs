//! Resources with tags: their descriptions in the tag product, where they are found, and changes of their tags.
//!
//! A new kind of resource is a variant of [`Resource`], which the compiler then requires everywhere, and a line in
//! [`KINDS`].

use crate::{Body, Context, Declared, Parameters, Reason, TagRefusal, network, shorten, tag_words};
use cvmd_model::{
    AccountNumber, CreatedTag, CustomImage, DiskId, Instance, InstanceId, KeyPair, RegionId, SecurityGroup, Snapshot,
    Subnet, Tag, Vpc,
};
use cvmd_state::{Transaction, View};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// One resource, at one moment.
#[derive(Debug, Clone)]
pub(crate) enum Resource {
    Image(Arc<CustomImage>),
    Instance(Arc<Instance>),
    KeyPair(Arc<KeyPair>),
    SecurityGroup(Arc<SecurityGroup>),
    Snapshot(Arc<Snapshot>),
    Subnet(Arc<Subnet>),
    /// A disk of the instance.
    Volume(Arc<Instance>, DiskId),
    Vpc(Arc<Vpc>),
}

type Resources<'a> = Box<dyn Iterator<Item = Resource> + 'a>;

/// A kind of resource.
pub(crate) struct Kind {
    /// The third and the sixth part of a description.
    pub service: &'static str,
    pub prefix: &'static str,
    /// If false, it belongs to the account alone, and any region is accepted.
    pub regional: bool,
    find: fn(&View, AccountNumber, RegionId, &str) -> Option<Resource>,
    list: for<'a> fn(&'a View, AccountNumber, RegionId) -> Resources<'a>,
}

/// A kind of one region, with the methods of a view that find one of its rows, and list them.
macro_rules! of_region {
    ($service:literal, $prefix:literal, $resource:ident, $find:ident, $($list:tt)+) => {
        Kind {
            service: $service,
            prefix: $prefix,
            regional: true,
            find: |view, account, region, id| {
                view.$find(account, region, id.parse().ok()?).map(|row| Resource::$resource(row.clone()))
            },
            list: |view, account, region| {
                Box::new(view.$($list)+(account, region).cloned().map(Resource::$resource))
            },
        }
    };
}

/// All kinds, by service and prefix.
pub(crate) static KINDS: &[Kind] = &[
    of_region!("cvm", "image", Image, image_of, images_of),
    of_region!("cvm", "instance", Instance, instance_of, instances_of),
    Kind {
        service: "cvm",
        prefix: "keypair",
        regional: false,
        find: |view, account, _, id| view.key_pair_of(account, id.parse().ok()?).cloned().map(Resource::KeyPair),
        list: |view, account, _| Box::new(view.key_pairs_of(account).cloned().map(Resource::KeyPair)),
    },
    of_region!("cvm", "sg", SecurityGroup, security_group_of, security_groups().list),
    of_region!("cvm", "snap", Snapshot, snapshot_of, snapshots_of),
    Kind {
        service: "cvm",
        prefix: "volume",
        regional: true,
        // Clients use one name for disks and snapshots; their ids distinguish them.
        find: |view, account, region, id| match id.parse() {
            Ok(id) => view.disk_holder_of(account, region, id).map(|holder| Resource::Volume(Arc::clone(holder), id)),
            Err(_) => view.snapshot_of(account, region, id.parse().ok()?).cloned().map(Resource::Snapshot),
        },
        list: |view, account, region| {
            let disks = |holder: &'_ Arc<Instance>| {
                let volume = |id| Resource::Volume(Arc::clone(holder), id);
                holder.disk_ids().map(volume).collect::<Vec<_>>()
            };
            Box::new(view.instances_of(account, region).flat_map(disks))
        },
    },
    of_region!("vpc", "subnet", Subnet, subnet_of, subnets().list),
    of_region!("vpc", "vpc", Vpc, vpc_of, vpcs().list),
];

/// Other names of a kind, which cloud-custodian uses.
const ALIASES: &[([&str; 2], [&str; 2])] =
    &[(["cbs", "instance"], ["cvm", "volume"]), (["cbs", "volume"], ["cvm", "volume"]), (["vpc", "sg"], ["cvm", "sg"])];

impl Kind {
    /// The kind, if such resources have tags here; for queries, which find nothing of any other kind.
    pub(crate) fn known(service: &str, prefix: &str) -> Option<&'static Kind> {
        let alias = ALIASES.iter().find(|(other, _)| *other == [service, prefix]);
        let name = alias.map_or([service, prefix], |(_, name)| *name);
        KINDS.iter().find(|kind| [kind.service, kind.prefix] == name)
    }

    /// The same for changes, which refuse any other kind.
    fn find(service: &str, prefix: &str) -> Result<&'static Kind, TagRefusal> {
        if let Some(kind) = Kind::known(service, prefix) {
            return Ok(kind);
        }
        let names = KINDS.iter().map(|kind| [kind.service, kind.prefix]).chain(ALIASES.iter().map(|(other, _)| *other));
        let (mut services, mut prefixes) = (BTreeSet::new(), BTreeSet::new());
        for [other, prefix] in names {
            services.insert(other);
            prefixes.extend((other == service).then_some(prefix));
        }
        if prefixes.is_empty() {
            return Err(TagRefusal::Service { value: shorten(service).into(), known: listed(services) });
        }
        Err(TagRefusal::Prefix { service: service.into(), value: shorten(prefix).into(), known: listed(prefixes) })
    }

    /// The region that a request names for this kind; any for a kind without regions.
    pub(crate) fn region(&self, name: &str, context: &Context) -> Result<RegionId, TagRefusal> {
        match RegionId::find(name) {
            Some(region) => Ok(region),
            None if name.is_empty() && !self.regional => Ok(context.region),
            None => Err(TagRefusal::Region { value: shorten(name).into() }),
        }
    }

    pub(crate) fn resource(&self, view: &View, context: &Context, region: RegionId, id: &str) -> Option<Resource> {
        (self.find)(view, context.account, region, id)
    }
}

fn listed(names: BTreeSet<&str>) -> Box<str> {
    names.into_iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ").into()
}

impl Resource {
    pub(crate) fn tags(&self) -> &[Tag] {
        match self {
            Resource::Image(image) => &image.tags,
            Resource::Instance(instance) => &instance.tags,
            Resource::KeyPair(key) => &key.tags,
            Resource::SecurityGroup(group) => &group.tags,
            Resource::Snapshot(snapshot) => &snapshot.tags,
            Resource::Subnet(subnet) => &subnet.tags,
            Resource::Volume(holder, disk) => holder.disk_tags(*disk),
            Resource::Vpc(vpc) => &vpc.tags,
        }
    }

    pub(crate) fn id(&self) -> String {
        match self {
            Resource::Image(image) => image.id.to_string(),
            Resource::Instance(instance) => instance.id.to_string(),
            Resource::KeyPair(key) => key.id.to_string(),
            Resource::SecurityGroup(group) => group.id.to_string(),
            Resource::Snapshot(snapshot) => snapshot.id.to_string(),
            Resource::Subnet(subnet) => subnet.id.to_string(),
            Resource::Volume(_, disk) => disk.to_string(),
            Resource::Vpc(vpc) => vpc.id.to_string(),
        }
    }
}

/// Puts each resource with other tags; nothing else of it changes, whatever operation is under way.
///
/// An instance and its disks are one row, which is put once, with all its changes.
fn put_all(tx: &mut Transaction<'_>, changed: Vec<(Resource, Box<[Tag]>)>) {
    let mut instances: BTreeMap<InstanceId, Instance> = BTreeMap::new();
    for (resource, tags) in changed {
        let mut row = |instance: &Arc<Instance>, change: &mut dyn FnMut(&mut Instance)| {
            change(instances.entry(instance.id).or_insert_with(|| Instance::clone(instance)));
        };
        match resource {
            Resource::Image(image) => tx.put(CustomImage { tags, ..CustomImage::clone(&image) }),
            Resource::Instance(instance) => row(&instance, &mut |row| row.tags.clone_from(&tags)),
            Resource::KeyPair(key) => tx.put_key_pair(KeyPair { tags, ..KeyPair::clone(&key) }),
            Resource::SecurityGroup(group) => {
                let sequence = network::place(tx, group.sequence);
                tx.put(SecurityGroup { tags, sequence, ..SecurityGroup::clone(&group) });
            }
            Resource::Snapshot(snapshot) => tx.put(Snapshot { tags, ..Snapshot::clone(&snapshot) }),
            Resource::Subnet(subnet) => {
                let sequence = network::place(tx, subnet.sequence);
                tx.put(Subnet { tags, sequence, ..Subnet::clone(&subnet) });
            }
            Resource::Volume(holder, disk) => row(&holder, &mut |row| row.tag_disk(disk, tags.clone())),
            Resource::Vpc(vpc) => {
                let sequence = network::place(tx, vpc.sequence);
                tx.put(Vpc { tags, sequence, ..Vpc::clone(&vpc) });
            }
        }
    }
    instances.into_values().for_each(|instance| tx.put_instance(instance));
}

/// The resources that a query is about: all of the account, unless it names some. Names that do not exist are no error:
/// nothing is found.
#[derive(Debug, Default)]
pub(crate) struct Selection {
    pub service: Box<str>,
    pub prefix: Box<str>,
    /// The name of a region.
    pub region: Box<str>,
    pub id: Box<str>,
}

/// A resource, and what its description needs beside the account.
pub(crate) struct Found {
    pub kind: &'static Kind,
    pub region: Option<RegionId>,
    pub resource: Resource,
}

impl Selection {
    /// Reads the parameters that name a service, a prefix, a region and an id, all of them optional.
    pub(crate) fn read(parameters: &mut Parameters) -> Result<Selection, Reason> {
        let service = parameters.text("ServiceType")?.unwrap_or_default();
        let prefix = parameters.text("ResourcePrefix")?.unwrap_or_default();
        let region = parameters.text("ResourceRegion")?.unwrap_or_default();
        let id = parameters.text("ResourceId")?.unwrap_or_default();
        Ok(Selection { service, prefix, region, id })
    }

    /// By kind, by region, newest first. With an id, the work does not grow with the number of resources.
    pub(crate) fn resources<'a>(&'a self, view: &'a View, context: &'a Context) -> impl Iterator<Item = Found> + 'a {
        let named = |wanted: &str, name: &str| wanted.is_empty() || wanted == name;
        let kinds =
            KINDS.iter().filter(move |kind| named(&self.service, kind.service) && named(&self.prefix, kind.prefix));
        let places = kinds.flat_map(move |kind| {
            let wanted = RegionId::all().filter(move |region| named(&self.region, region.name()));
            // For a kind without regions any one is enough.
            let most = if kind.regional { usize::MAX } else { 1 };
            wanted.take(most).map(move |region| (kind, region))
        });
        places.flat_map(move |(kind, region)| {
            let resources: Resources<'a> = if self.id.is_empty() {
                (kind.list)(view, context.account, region)
            } else {
                Box::new(kind.resource(view, context, region, &self.id).into_iter())
            };
            resources.map(move |resource| Found { kind, region: kind.regional.then_some(region), resource })
        })
    }
}

impl Found {
    /// The description in six parts.
    pub(crate) fn description(&self, view: &View, context: &Context) -> String {
        let Found { kind: Kind { service, prefix, .. }, region, resource } = self;
        let region = region.map_or("", RegionId::name);
        let uin = view.account(context.account).map_or(0, |account| account.uin);
        format!("qcs::{service}:{region}:uin/{uin}:{prefix}/{}", resource.id())
    }
}

/// The tag with that key and value that the account has made by CreateTag.
pub(crate) fn created<'a>(view: &'a View, context: &Context, tag: &Tag) -> Option<&'a Arc<CreatedTag>> {
    let mut created = view.created_tags().list(context.account, None::<RegionId>);
    created.find(|created| (&created.key, &created.value) == (&tag.key, &tag.value))
}

/// Every tag that a resource has or that CreateTag has made, sorted, without duplicates.
pub(crate) fn all_tags(view: &View, context: &Context) -> BTreeSet<(Box<str>, Box<str>)> {
    let created = view.created_tags().list(context.account, None::<RegionId>);
    let mut tags: BTreeSet<_> = created.map(|tag| (tag.key.clone(), tag.value.clone())).collect();
    tags.extend(view.carried_tags(context.account).map(|(key, value)| (key.into(), value.into())));
    tags
}

/// The state's count of tags is that of all resources together.
#[cfg(test)]
pub(crate) fn assert_in_step(view: &View, context: &Context) {
    let mut uses = BTreeMap::new();
    for found in Selection::default().resources(view, context) {
        for tag in found.resource.tags() {
            *uses.entry((tag.key.clone(), tag.value.clone())).or_insert(0) += 1;
        }
    }
    let carried = view.carried_tags(context.account).map(|(key, value)| {
        let tag = Tag { key: key.into(), value: value.into() };
        let uses = view.tag_uses(context.account, &tag);
        ((tag.key, tag.value), uses)
    });
    assert_eq!(carried.collect::<BTreeMap<_, _>>(), uses);
}

/// `ResourceIds` of one kind.
pub(crate) struct Named {
    kind: &'static Kind,
    region: RegionId,
    ids: Vec<Box<str>>,
}

impl Named {
    pub(crate) fn read(parameters: &mut Parameters, context: &Context) -> Result<Named, Reason> {
        let service = parameters.text("ServiceType")?.unwrap_or_default();
        let prefix = parameters.text("ResourcePrefix")?.unwrap_or_default();
        let kind = Kind::find(&service, &prefix)?;
        let ids = tag_words::resource_ids(parameters)?;
        let region = kind.region(&parameters.text("ResourceRegion")?.unwrap_or_default(), context)?;
        Ok(Named { kind, region, ids })
    }

    /// All of them, or the refusal for the first that does not exist.
    pub(crate) fn find(&self, view: &View, context: &Context) -> Result<Vec<Resource>, TagRefusal> {
        let find = |id: &str| {
            let missing = || TagRefusal::Resource { value: shorten(id).into() };
            self.kind.resource(view, context, self.region, id).ok_or_else(missing)
        };
        self.ids.iter().map(|id| find(id)).collect()
    }
}

/// Sets the tags that `change` returns for the id and tags of each resource; or none, when it refuses one.
pub(crate) fn change_all(
    tx: &mut Transaction<'_>,
    resources: Vec<Resource>,
    change: impl Fn(&str, &[Tag]) -> Result<Box<[Tag]>, TagRefusal>,
) -> Result<Body, Reason> {
    let changed = resources.into_iter().map(|resource| {
        let tags = change(&resource.id(), resource.tags())?;
        Ok((resource, tags))
    });
    let changed: Vec<_> = changed.collect::<Result<_, TagRefusal>>()?;
    put_all(tx, changed);
    Ok(Body::empty())
}

/// The same for each resource by itself: failures are answered.
pub(crate) fn change_each(
    tx: &mut Transaction<'_>,
    context: &Context,
    descriptions: &[Description],
    change: impl Fn(&str, &[Tag]) -> Result<Box<[Tag]>, TagRefusal>,
) -> Result<Body, Reason> {
    let (mut changes, mut failed_resources) = (Vec::new(), Vec::new());
    for description in descriptions {
        let found = description.find(tx.view(), context);
        let changed =
            found.and_then(|found| Ok((change(&found.resource.id(), found.resource.tags())?, found.resource)));
        match changed {
            Ok((tags, resource)) => changes.push((resource, tags)),
            Err(refusal) => {
                let error = Reason::Tag(refusal).to_api_error(context.dialect, context.language, Declared::NONE);
                failed_resources.push(object! {
                    Resource: &description.text,
                    Code: error.code,
                    Message: error.message,
                });
            }
        }
    }
    put_all(tx, changes);
    Ok(Body::of(object! { FailedResources: failed_resources }))
}

/// One resource in six parts, `qcs::cvm:ap-guangzhou:uin/100000000001:instance/ins-1e4r6y8i`. The account's number may
/// be left out.
#[derive(Clone)]
pub(crate) struct Description {
    pub text: Box<str>,
    service: Box<str>,
    prefix: Box<str>,
    region: Box<str>,
    uin: Box<str>,
    id: Box<str>,
}

impl Description {
    /// Parses the description of a resource to be changed: of a kind with tags here.
    pub(crate) fn parse(text: &str) -> Result<Description, TagRefusal> {
        let description = Description::split(text)?;
        Kind::find(&description.service, &description.prefix)?;
        Ok(description)
    }

    fn split(text: &str) -> Result<Description, TagRefusal> {
        let malformed = || TagRefusal::Description { value: shorten(text).into() };
        let parts: Vec<&str> = text.split(':').collect();
        let ["qcs", _, service, region, account, resource] = parts[..] else { return Err(malformed()) };
        let (prefix, id) = resource.split_once('/').ok_or_else(malformed)?;
        let uin = match account.strip_prefix("uin/") {
            Some(uin) => uin,
            None if account.is_empty() => "",
            None => return Err(malformed()),
        };
        let [text, service, prefix, region, uin, id] = [text, service, prefix, region, uin, id].map(Box::from);
        Ok(Description { text, service, prefix, region, uin, id })
    }

    /// `ResourceList` with any resources, and a maximum of them.
    pub(crate) fn list(parameters: &mut Parameters, most: usize) -> Result<Vec<Description>, Reason> {
        let texts = parameters.texts("ResourceList")?;
        if texts.len() > most {
            let name = "ResourceList".into();
            return Err(TagRefusal::TooManyResources { name, given: texts.len(), limit: most }.into());
        }
        Ok(texts.iter().map(|text| Description::split(text)).collect::<Result<_, _>>()?)
    }

    /// The resource it describes, if it belongs to the calling account.
    pub(crate) fn find(&self, view: &View, context: &Context) -> Result<Found, TagRefusal> {
        let ours = view.account(context.account).map(|account| account.uin.to_string());
        if !self.uin.is_empty() && ours.as_deref() != Some(&*self.uin) {
            return Err(TagRefusal::Uin { value: shorten(&self.uin).into() });
        }
        let kind = Kind::find(&self.service, &self.prefix)?;
        let region = kind.region(&self.region, context)?;
        let missing = || TagRefusal::Resource { value: shorten(&self.id).into() };
        let resource = kind.resource(view, context, region, &self.id).ok_or_else(missing)?;
        Ok(Found { kind, region: kind.regional.then_some(region), resource })
    }
}
