//! The vendor's products that cvmd has, and cvmd's own, each with one version.

/// Each product with its name, which its facts have too, its version, and whether API 3.0 answers it without a region too.
macro_rules! products {
    ($($product:ident $name:literal $version:literal $is_regionless:literal,)+) => {
        /// A product: what the vendor calls a service, and clients name in the host and the signature.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Product {
            $($product,)+
        }

        impl Product {
            pub const ALL: [Product; [$($name),+].len()] = [$(Product::$product),+];

            #[must_use]
            pub const fn name(self) -> &'static str {
                [$($name),+][self as usize]
            }

            #[must_use]
            pub const fn version(self) -> &'static str {
                [$($version),+][self as usize]
            }

            /// API 3.0 answers its actions without a region, too.
            pub(crate) const fn is_regionless(self) -> bool {
                [$($is_regionless),+][self as usize]
            }

            /// The vendor's description, as JSON.
            pub(crate) const fn facts(self) -> &'static str {
                [$(include_str!(concat!("../facts/", $name, ".json"))),+][self as usize]
            }
        }
    };
}

products! {
    Api "api" "2020-11-06" true,
    Cbs "cbs" "2017-03-12" false,
    Cvm "cvm" "2017-03-12" false,
    Cvmd "cvmd" "2026-11-24" false,
    Region "region" "2022-06-27" true,
    Sts "sts" "2018-08-13" false,
    Tag "tag" "2018-08-13" true,
    Vpc "vpc" "2017-03-12" false,
}

impl Product {
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
            if product == Product::Cvmd {
                assert!(!is_vendors(product.name()), "our own");
                continue;
            }
            let more = crate::reasons::reason::of_the_vendors(is_vendors(product.name()));
            assert!([more.english, more.chinese].iter().all(|text| text.contains(&format!("`{}`", product.name()))));
        }
    }
}
