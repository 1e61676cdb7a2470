//! The vendor's products that cvmd has, each with one version.

/// A product: what the vendor calls a service, and clients name in the host and the signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Product {
    Api,
    Cbs,
    Cvm,
    Region,
    Sts,
    Tag,
    Vpc,
}

impl Product {
    pub const ALL: [Product; 7] =
        [Product::Api, Product::Cbs, Product::Cvm, Product::Region, Product::Sts, Product::Tag, Product::Vpc];

    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Product::Api => "api",
            Product::Cbs => "cbs",
            Product::Cvm => "cvm",
            Product::Region => "region",
            Product::Sts => "sts",
            Product::Tag => "tag",
            Product::Vpc => "vpc",
        }
    }

    #[must_use]
    pub const fn version(self) -> &'static str {
        match self {
            Product::Api => "2020-11-06",
            Product::Cbs | Product::Cvm | Product::Vpc => "2017-03-12",
            Product::Region => "2022-06-27",
            Product::Sts | Product::Tag => "2018-08-13",
        }
    }

    #[must_use]
    pub fn find(name: &str) -> Option<Product> {
        Product::ALL.into_iter().find(|product| product.name() == name)
    }
}

/// Whether the vendor has a product of that name, as its own tccli knows it.
pub(crate) fn is_vendors(name: &str) -> bool {
    include_str!("../facts/products.txt").lines().any(|product| product == name)
}

/// The domains of the vendor's hosts: API 3.0 with its regional and international forms, and the legacy API.
pub const VENDOR_DOMAINS: [&str; 2] = ["tencentcloudapi.com", "api.qcloud.com"];

/// Whether a lower-case host is under one of the vendor's domains: at least one character and a dot before it.
#[must_use]
pub fn is_vendor_host(host: &str) -> bool {
    let is_under =
        |domain| host.strip_suffix(domain).is_some_and(|front: &str| front.len() > 1 && front.ends_with('.'));
    VENDOR_DOMAINS.into_iter().any(is_under)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_product_is_found_by_its_name() {
        for product in Product::ALL {
            assert_eq!(Product::find(product.name()), Some(product));
            let more = crate::reasons::reason::of_the_vendors(is_vendors(product.name()));
            assert!([more.english, more.chinese].iter().all(|text| text.contains(&format!("`{}`", product.name()))));
        }
    }
}
