//! The public images that machines are made of.

use crate::ImageId;

/// What an image's guest is: decides its default user and whether it takes keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Platform {
    Linux,
    Windows,
}

/// One public image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Image {
    /// As the API prints it; [`Image::id`] parses it.
    pub id_text: &'static str,
    pub os_name: &'static str,
    /// The vendor's `Platform`: the distribution, or `Windows`.
    pub distribution: &'static str,
    pub platform: Platform,
    /// Who logs in: `root`, `ubuntu` or `Administrator`.
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

/// All public images. The first one is what an instance without `ImageId` in a seed gets.
pub const IMAGES: &[Image] = &[
    linux("img-487zeit5", "TencentOS Server 3.1 (TK4)", "TencentOS", "root"),
    linux("img-eb30mz89", "TencentOS Server 3.2 (Final)", "TencentOS", "root"),
    linux("img-9qrfy1xt", "TencentOS Server 4 for x86_64", "TencentOS", "root"),
    linux("img-pi0ii46r", "Ubuntu Server 18.04.1 LTS 64bit", "Ubuntu", "ubuntu"),
    linux("img-22trbn9x", "Ubuntu Server 20.04 LTS 64bit", "Ubuntu", "ubuntu"),
    linux("img-487zeit6", "Ubuntu Server 22.04 LTS 64bit", "Ubuntu", "ubuntu"),
    linux("img-mmytdhbn", "Ubuntu Server 24.04 LTS 64bit", "Ubuntu", "ubuntu"),
    linux("img-btdvhgc9", "Debian 11.4 64bit", "Debian", "root"),
    linux("img-db4trptd", "Debian 12.0 64bit", "Debian", "root"),
    linux("img-l8og963d", "CentOS 7.9 64bit", "CentOS", "root"),
    linux("img-3la7wgnt", "CentOS 8.4 64bit", "CentOS", "root"),
    linux("img-no575grb", "Rocky Linux 9.4 64bit", "Rocky Linux", "root"),
    linux("img-ge59fq2b", "AlmaLinux 9.4 64bit", "AlmaLinux", "root"),
    linux("img-lkxqa4kj", "openSUSE Leap 15.5 64bit", "openSUSE", "root"),
    Image {
        id_text: "img-bhvhr6pr",
        os_name: "Windows Server 2022 Datacenter 64bit English",
        distribution: "Windows",
        platform: Platform::Windows,
        user: "Administrator",
        size_gib: 50,
        created: "2024-05-20T02:31:00Z",
    },
];

impl Image {
    /// # Panics
    /// When the table holds a text that is no image id; a test walks it.
    #[must_use]
    pub fn id(&self) -> ImageId {
        self.id_text.parse().expect("the table of images holds ids")
    }

    #[must_use]
    pub fn find(id: ImageId) -> Option<&'static Image> {
        IMAGES.iter().find(|image| image.id() == id)
    }
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn images_are_found_by_their_id_and_fewer_than_a_page() {
        for image in IMAGES {
            assert_eq!(Image::find(image.id()), Some(image));
        }
        assert!(IMAGES.len() < 100);
        assert_eq!(IMAGES[0].user, "root");
    }
}
