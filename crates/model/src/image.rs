//! The public images that machines are made of.

use crate::ImageId;

/// The system of an image's guest: determines its default user and whether it takes keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    Linux,
    Windows,
}

/// One public image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// As the API shows it; [`Image::id`] parses it.
    pub id_text: &'static str,
    pub os_name: &'static str,
    /// The vendor's `Platform`: the distribution, or `Windows`.
    pub distribution: &'static str,
    pub platform: Platform,
    /// The login user: `root`, `ubuntu` or `Administrator`.
    pub user: &'static str,
    pub size_gib: u32,
    pub created: &'static str,
}

const fn linux(id_text: &'static str, os_name: &'static str, distribution: &'static str, user: &'static str) -> Image {
    Image {
        id_text,
        os_name,
        distribution,
        platform: Platform::Linux,
        user,
        size_gib: 20,
        created: "2024-05-20T02:31:00Z",
    }
}

const fn windows(id_text: &'static str, os_name: &'static str) -> Image {
    Image {
        id_text,
        os_name,
        distribution: "Windows",
        platform: Platform::Windows,
        user: "Administrator",
        size_gib: 50,
        created: "2024-05-20T02:31:00Z",
    }
}

/// The vendor's public images that its examples name. A seed's instance without `ImageId` gets the first one. Unlike
/// upstream, where that id has become an Ubuntu: here it is what the vendor's documents show, and machines were made of
/// it.
pub const IMAGES: &[Image] = &[
    linux("img-487zeit5", "TencentOS Server 3.1 (TK4)", "TencentOS", "root"),
    linux("img-eb30mz89", "TencentOS Server 3.1 (TK4)", "TencentOS", "root"),
    linux("img-9qrfy1xt", "TencentOS Server 4 for x86_64", "TencentOS", "root"),
    linux("img-pi0ii46r", "Ubuntu Server 18.04.1 LTS 64bit", "Ubuntu", "ubuntu"),
    linux("img-22trbn9x", "Ubuntu Server 20.04 LTS 64bit", "Ubuntu", "ubuntu"),
    linux("img-487zeit6", "Ubuntu Server 22.04 LTS 64bit", "Ubuntu", "ubuntu"),
    linux("img-mmytdhbn", "Ubuntu Server 24.04 LTS 64bit", "Ubuntu", "ubuntu"),
    linux("img-btdvhgc9", "Debian 11.4 64bit", "Debian", "root"),
    linux("img-db4trptd", "Debian 12.0 64bit", "Debian", "root"),
    linux("img-l8og963d", "CentOS 7.9 64bit", "CentOS", "root"),
    linux("img-3la7wgnt", "CentOS 7.8 64bit", "CentOS", "root"),
    linux("img-no575grb", "Rocky Linux 9.4 64bit", "Rocky Linux", "root"),
    linux("img-ge59fq2b", "AlmaLinux 9.4 64bit", "AlmaLinux", "root"),
    linux("img-lkxqa4kj", "openSUSE Leap 15.5 64bit", "openSUSE", "root"),
    windows("img-bhvhr6pr", "Windows Server 2019 Datacenter 64bit English"),
    linux("img-6n21msk1", "TencentOS Server 4 for x86_64", "TencentOS", "root"),
    linux("img-7rqxtnh9", "TencentOS Server 3.3 (TK4)", "TencentOS", "root"),
    linux("img-hdt9xxkt", "TencentOS Server 2.4", "TencentOS", "root"),
    linux("img-9axl1k53", "TencentOS Server 2.4 (TK4)", "TencentOS", "root"),
    linux("img-4wpaazux", "Ubuntu Server 16.04.1 LTS 64bit", "Ubuntu", "ubuntu"),
    linux("img-iws3975f", "Debian 13.2 64bit", "Debian", "root"),
    linux("img-541bm08j", "Debian 12.8 64bit", "Debian", "root"),
    linux("img-mn4o8ymp", "Debian 11.11 64bit", "Debian", "root"),
    linux("img-l5eqiljn", "CentOS 8.4 64bit", "CentOS", "root"),
    linux("img-25szkc8t", "CentOS 8.0 64bit", "CentOS", "root"),
    linux("img-9qabwvbn", "CentOS 7.6 64bit", "CentOS", "root"),
    linux("img-oikl1tzv", "CentOS 7.5 64bit", "CentOS", "root"),
    linux("img-8toqc6s3", "CentOS 7.4 64bit", "CentOS", "root"),
    linux("img-dkwyg6sr", "CentOS 7.3 64bit", "CentOS", "root"),
    linux("img-31tjrtph", "CentOS 7.2 64bit", "CentOS", "root"),
    linux("img-rkiynh11", "CentOS 7.2 64bit", "CentOS", "root"),
    linux("img-i5u2lkoz", "CentOS 6.9 64bit", "CentOS", "root"),
    linux("img-kp3mv36j", "Red Hat Enterprise Linux 8 64bit", "Red Hat Enterprise Linux", "root"),
    linux("img-02j8jprl", "Red Hat Enterprise Linux 9 64bit", "Red Hat Enterprise Linux", "root"),
    linux("img-29guuzjp", "Red Hat Enterprise Linux 10 64bit", "Red Hat Enterprise Linux", "root"),
    windows("img-1eckhm4t", "Windows Server 2016 Datacenter 64bit English"),
    windows("img-9id7emv7", "Windows Server 2016 Datacenter 64bit Chinese"),
    windows("img-mmy6qctz", "Windows Server 2019 Datacenter 64bit Chinese"),
    windows("img-9tzezztj", "Windows Server 2022 Datacenter 64bit English"),
    windows("img-m07ny34j", "Windows Server 2022 Datacenter 64bit Chinese"),
    windows("img-eb87lxi3", "Windows Server 2025 Datacenter 64bit English"),
    windows("img-6jb5wacd", "Windows Server 2025 Datacenter 64bit Chinese"),
];

impl Image {
    /// # Panics
    /// When the table holds a text that is no image id; a test checks them all.
    #[must_use]
    pub fn id(&self) -> ImageId {
        self.id_text.parse().expect("the table of images holds ids")
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn images_are_found_by_their_id_and_fewer_than_a_page() {
        let mut ids: Vec<&str> = IMAGES.iter().map(|image| image.id_text).collect();
        for image in IMAGES {
            assert_eq!(Image::find(image.id()), Some(image));
        }
        assert!(IMAGES.len() < 100);
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), IMAGES.len());
        assert_eq!(IMAGES[0].user, "root");
    }
}
