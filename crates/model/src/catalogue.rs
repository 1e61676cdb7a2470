//! All regions, zones, instance types and public images: the vendor's and those the operator adds.
//!
//! It is made once, before the first row is read, and entries are never removed: rows name them.

use crate::{
    AccountNumber, ImageId, Platform,
    geography::{REGION_ROWS, Region, RegionId, Zone},
    image::{IMAGES, Image},
    instance_type::{InstanceType, family_of, vendors},
    lasting_number,
};
use foldhash::HashMap;
use serde::Deserialize;
use std::sync::OnceLock;

/// The operator may add at most this many of each kind.
const OWN_MAX: usize = 100;
const NAME_MAX: usize = 60;
const CPU_MAX: u32 = 1024;
const MEMORY_GIB_MAX: u32 = 16_384;
const IMAGE_GIB_MAX: u32 = 1024;
/// The creation date that the operator's own images show, that of the vendor's.
const CREATED: &str = "2024-05-20T02:31:00Z";

#[derive(Debug)]
pub struct Catalogue {
    pub regions: Vec<Region>,
    pub zones: Vec<Zone>,
    /// The smallest first; see [`InstanceType::is_listed`].
    pub types: Vec<InstanceType>,
    pub images: Vec<Image>,
    type_names: HashMap<&'static str, usize>,
    image_ids: HashMap<ImageId, usize>,
}

static CATALOGUE: OnceLock<Catalogue> = OnceLock::new();

/// What the operator adds, as the configuration's `[catalogue]` has it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Own {
    pub regions: Vec<OwnRegion>,
    pub zones: Vec<OwnZone>,
    pub types: Vec<OwnType>,
    pub images: Vec<OwnImage>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnRegion {
    pub name: String,
    /// The name that people read; by default, `name`.
    pub description: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnZone {
    /// The region's name, `-` and a last part: `lab-east-1`.
    pub name: String,
    pub description: Option<String>,
    /// False: it is shown as UNAVAILABLE, and launching there is refused as sold out.
    pub open: Option<bool>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnType {
    /// A family, a dot and a size: `LAB1.TINY`.
    pub name: String,
    pub cpu: u32,
    pub memory_gib: u32,
    pub gpu: Option<u32>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OwnImage {
    pub id: String,
    pub os_name: String,
    /// The distribution, or `Windows`.
    pub platform: String,
    /// The login user; by default `root`, with Windows `Administrator`.
    pub user: Option<String>,
    pub size_gib: Option<u32>,
}

/// Why it cannot be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("[catalogue]: {0}")]
pub struct Unfit(String);

fn unfit<T>(why: impl Into<String>) -> Result<T, Unfit> {
    Err(Unfit(why.into()))
}

impl Catalogue {
    /// The process's catalogue; the vendor's alone, unless `open` was called before.
    pub fn get() -> &'static Catalogue {
        CATALOGUE.get_or_init(Catalogue::vendors)
    }

    /// Adds the operator's own entries, for the rest of the process. It must be called before the first `get`.
    ///
    /// # Errors
    /// When an entry does not fit; names it. Then nothing is added.
    pub fn open(own: &Own) -> Result<(), Unfit> {
        if *own == Own::default() {
            return Ok(());
        }
        match CATALOGUE.set(Catalogue::vendors().with(own)?) {
            Ok(()) => Ok(()),
            Err(_) => unfit("the catalogue is in use already"),
        }
    }

    fn vendors() -> Catalogue {
        let mut catalogue = Catalogue {
            regions: Vec::new(),
            zones: Vec::new(),
            types: vendors(),
            images: IMAGES.to_vec(),
            type_names: HashMap::default(),
            image_ids: HashMap::default(),
        };
        for row in REGION_ROWS {
            let zones = row.zones(catalogue.next_region());
            let is_open = !row.open.is_empty();
            catalogue.regions.push(Region { name: row.name, chinese: row.chinese, english: row.english, is_open });
            catalogue.zones.extend(zones);
        }
        catalogue.type_names = catalogue.types.iter().enumerate().map(|(index, kind)| (kind.name, index)).collect();
        catalogue.image_ids = catalogue.images.iter().enumerate().map(|(index, image)| (image.id(), index)).collect();
        catalogue
    }

    pub(crate) fn type_named(&self, name: &str) -> Option<usize> {
        self.type_names.get(name).copied()
    }

    pub(crate) fn image(&self, id: ImageId) -> Option<&Image> {
        self.image_ids.get(&id).map(|index| &self.images[*index])
    }

    fn next_region(&self) -> RegionId {
        // Invariant: a few dozen of the vendor's, and at most `OWN_MAX`.
        RegionId(u16::try_from(self.regions.len()).unwrap_or(u16::MAX))
    }

    fn with(mut self, own: &Own) -> Result<Catalogue, Unfit> {
        for (what, given) in [
            ("regions", own.regions.len()),
            ("zones", own.zones.len()),
            ("types", own.types.len()),
            ("images", own.images.len()),
        ] {
            if given > OWN_MAX {
                return unfit(format!("{given} {what}, of at most {OWN_MAX}"));
            }
        }
        own.regions.iter().try_for_each(|region| self.add_region(region))?;
        own.zones.iter().try_for_each(|zone| self.add_zone(zone))?;
        own.types.iter().try_for_each(|kind| self.add_type(kind))?;
        own.images.iter().try_for_each(|image| self.add_image(image))?;
        let has_zone = |index: usize| self.zones.iter().any(|zone| usize::from(zone.region.0) == index);
        match self.regions.iter().enumerate().find(|(index, _)| !has_zone(*index)) {
            Some((_, region)) => unfit(format!("the region {} has no zone", region.name)),
            None => Ok(self),
        }
    }

    fn add_region(&mut self, own: &OwnRegion) -> Result<(), Unfit> {
        place_name("region", &own.name)?;
        if self.regions.iter().any(|region| region.name == own.name) {
            return unfit(format!("there is a region {} already", own.name));
        }
        let name: &str = own.name.clone().leak();
        let description = description(own.description.as_deref(), name)?;
        self.regions.push(Region { name, chinese: description, english: description, is_open: false });
        Ok(())
    }

    fn add_zone(&mut self, own: &OwnZone) -> Result<(), Unfit> {
        place_name("zone", &own.name)?;
        if self.zones.iter().any(|zone| zone.name == own.name) {
            return unfit(format!("there is a zone {} already", own.name));
        }
        let region = own.name.rsplit_once('-').map_or("", |(region, _)| region);
        let Some(index) = self.regions.iter().position(|known| known.name == region) else {
            return unfit(format!(
                "the zone {} is in no region: its name is a region's, `-` and a last part, as `ap-guangzhou-9`",
                own.name
            ));
        };
        let number = zone_number(&own.name);
        if let Some(other) = self.zones.iter().find(|zone| zone.number == number) {
            return unfit(format!("the zones {} and {} would have one number: rename one", other.name, own.name));
        }
        let name: &str = own.name.clone().leak();
        let description = description(own.description.as_deref(), name)?;
        let is_open = own.open.unwrap_or(true);
        self.regions[index].is_open |= is_open;
        self.zones.push(Zone {
            name,
            number: number.leak(),
            chinese: description,
            english: description,
            region: RegionId(u16::try_from(index).unwrap_or(u16::MAX)),
            is_open,
        });
        Ok(())
    }

    fn add_type(&mut self, own: &OwnType) -> Result<(), Unfit> {
        let word = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let parts = own.name.split_once('.');
        if own.name.len() > NAME_MAX || !parts.is_some_and(|(family, size)| word(family) && word(size)) {
            return unfit(format!("the type {:?} is not named as `LAB1.TINY`", own.name));
        }
        if self.type_names.contains_key(&*own.name) {
            return unfit(format!("there is a type {} already", own.name));
        }
        if !(1..=CPU_MAX).contains(&own.cpu) || !(1..=MEMORY_GIB_MAX).contains(&own.memory_gib) {
            return unfit(format!("the type {} has 1 to {CPU_MAX} CPUs and 1 to {MEMORY_GIB_MAX} GiB", own.name));
        }
        let name: &str = own.name.clone().leak();
        self.type_names.insert(name, self.types.len());
        self.types.push(InstanceType {
            name,
            family: family_of(name),
            cpu: own.cpu,
            memory_gib: own.memory_gib,
            gpu: own.gpu.unwrap_or(0).min(CPU_MAX),
            is_listed: true,
        });
        Ok(())
    }

    fn add_image(&mut self, own: &OwnImage) -> Result<(), Unfit> {
        let Ok(id) = own.id.parse::<ImageId>() else {
            return unfit(format!("the image id {:?} is not `img-` and eight characters of 0-9 and a-z", own.id));
        };
        if self.image_ids.contains_key(&id) {
            return unfit(format!("there is an image {id} already"));
        }
        let size_gib = own.size_gib.unwrap_or(20);
        if !(1..=IMAGE_GIB_MAX).contains(&size_gib) {
            return unfit(format!("the image {id} has 1 to {IMAGE_GIB_MAX} GiB"));
        }
        let is_windows = own.platform == "Windows";
        let user = own.user.as_deref().unwrap_or(if is_windows { "Administrator" } else { "root" });
        let is_name = |user: &str| {
            user.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
                && user.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte))
        };
        if user.len() > 32 || !is_name(user) {
            return unfit(format!("{user:?} is no user that the image {id} could have"));
        }
        self.image_ids.insert(id, self.images.len());
        self.images.push(Image {
            id_text: id.to_string().leak(),
            os_name: description(Some(&own.os_name), "")?,
            distribution: description(Some(&own.platform), "")?,
            platform: if is_windows { Platform::Windows } else { Platform::Linux },
            user: user.to_string().leak(),
            size_gib,
            created: CREATED,
        });
        Ok(())
    }
}

/// The number of an operator's zone. It depends on the zone's name only. None of the vendor's numbers has seven digits.
fn zone_number(name: &str) -> String {
    (9_000_000 + lasting_number(AccountNumber(0), name, 5) % 1_000_000).to_string()
}

fn place_name(what: &str, name: &str) -> Result<(), Unfit> {
    let legal = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(legal) || name.split('-').any(str::is_empty) {
        return unfit(format!("the {what} {name:?} is not named as `lab-east`: small letters, digits and `-` between"));
    }
    Ok(())
}

/// A description that people read.
fn description(given: Option<&str>, otherwise: &'static str) -> Result<&'static str, Unfit> {
    match given {
        None => Ok(otherwise),
        Some(text) if text.is_empty() || text.chars().count() > NAME_MAX || text.chars().any(char::is_control) => {
            unfit(format!("{text:?} is no description: 1 to {NAME_MAX} characters"))
        }
        Some(text) => Ok(text.to_string().leak()),
    }
}

#[cfg(test)]
mod test {
    use super::*;

    fn with(own: &Own) -> Result<Catalogue, Unfit> {
        Catalogue::vendors().with(own)
    }

    fn region(name: &str) -> OwnRegion {
        OwnRegion { name: name.into(), description: None }
    }

    fn zone(name: &str) -> OwnZone {
        OwnZone { name: name.into(), description: None, open: None }
    }

    fn image(id: &str, user: Option<&str>) -> OwnImage {
        let (os_name, platform) = ("Arch".into(), "Arch".into());
        OwnImage { id: id.into(), os_name, platform, user: user.map(str::to_string), size_gib: None }
    }

    #[test]
    fn the_operators_own_stand_behind_the_vendors() {
        let own = Own {
            regions: vec![region("lab-east")],
            zones: vec![zone("lab-east-1"), OwnZone { open: Some(false), ..zone("ap-guangzhou-9") }],
            types: vec![OwnType { name: "LAB1.TINY".into(), cpu: 3, memory_gib: 5, gpu: None }],
            images: vec![image("img-arch0001", None)],
        };
        let vendors = Catalogue::vendors();
        let catalogue = with(&own).unwrap();
        assert_eq!(catalogue.regions[..vendors.regions.len()], vendors.regions);
        let zone = |name: &str| catalogue.zones.iter().find(|zone| zone.name == name).unwrap();
        let region = |name: &str| &catalogue.regions[usize::from(zone(name).region.0)];
        assert_eq!((region("lab-east-1").name, region("lab-east-1").is_open), ("lab-east", true));
        assert_eq!((region("ap-guangzhou-9").name, zone("ap-guangzhou-9").is_open), ("ap-guangzhou", false));
        let kind = catalogue.types[catalogue.type_named("LAB1.TINY").unwrap()];
        assert_eq!((kind.family, kind.cpu, kind.memory_gib, kind.is_listed), ("LAB1", 3, 5, true));
        assert_eq!(catalogue.image("img-arch0001".parse().unwrap()).unwrap().user, "root");
    }

    #[test]
    fn a_zone_keeps_its_number_whatever_stands_beside_it() {
        let number = |names: &[&str]| {
            let zones = names.iter().map(|name| zone(name)).collect();
            let catalogue = with(&Own { zones, ..Own::default() }).unwrap();
            catalogue.zones.iter().find(|zone| zone.name == "ap-guangzhou-9").unwrap().number
        };
        let alone = number(&["ap-guangzhou-9"]);
        assert!(alone.len() == 7 && alone.starts_with('9'), "{alone}");
        assert_eq!(number(&["ap-guangzhou-8", "ap-guangzhou-9"]), alone);
    }

    #[test]
    fn what_cannot_be_added_is_named() {
        let types = |name: &str, cpu| vec![OwnType { name: name.into(), cpu, memory_gib: 1, gpu: None }];
        for (own, message) in [
            (Own { regions: vec![region("ap-guangzhou")], ..Own::default() }, "a region ap-guangzhou already"),
            (Own { regions: vec![region("Lab")], ..Own::default() }, "is not named as"),
            (Own { regions: vec![region("lab--east")], ..Own::default() }, "is not named as"),
            (Own { regions: vec![region("lab")], ..Own::default() }, "the region lab has no zone"),
            (Own { zones: vec![zone("lab-1")], ..Own::default() }, "the zone lab-1 is in no region"),
            (Own { zones: vec![zone("ap-guangzhou-3")], ..Own::default() }, "a zone ap-guangzhou-3 already"),
            (Own { types: types("S5.SMALL1", 1), ..Own::default() }, "a type S5.SMALL1 already"),
            (Own { types: types("TINY", 1), ..Own::default() }, "is not named as"),
            (Own { types: types("LAB1.TINY", 0), ..Own::default() }, "1 to 1024 CPUs"),
            (Own { images: vec![image("img-487zeit5", None)], ..Own::default() }, "an image img-487zeit5 already"),
            (Own { images: vec![image("arch", None)], ..Own::default() }, "is not `img-`"),
            (Own { images: vec![image("img-arch0001", Some("-x"))], ..Own::default() }, "is no user"),
            (Own { regions: vec![region("lab"); 101], ..Own::default() }, "101 regions, of at most 100"),
        ] {
            let unfit = with(&own).unwrap_err().to_string();
            assert!(unfit.contains(message), "{message}: {unfit}");
        }
    }
}
