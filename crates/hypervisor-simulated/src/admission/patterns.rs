//! The list of `from="..."`: addresses, networks and names with `*` and `?`, each of which `!` negates.
//!
//! sshd looks up no names (`UseDNS no`): a client's name is its address.

use cvmd_hypervisor::authorized_keys::is_space;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The maximum bytes of an address.
const ADDRESS_BYTES_MAX: usize = 63;
/// The maximum bytes of a pattern of a name; after a longer one nothing in the list matches.
const NAME_BYTES_MAX: usize = 1022;

/// Whether the list admits an address.
pub(super) fn admits(list: &str, address: IpAddr) -> bool {
    let address = address.to_canonical();
    let Some(by_address) = by_address(list, address) else { return false };
    match by_name(list, &address.to_string()) {
        Some(by_name) => by_address || by_name,
        None => false,
    }
}

/// `None` when it is excluded, or the list is malformed.
fn by_address(list: &str, address: IpAddr) -> Option<bool> {
    let text = address.to_string();
    let mut admits = false;
    for pattern in list.split(',') {
        let (negated, pattern) = pattern.strip_prefix('!').map_or((false, pattern), |pattern| (true, pattern));
        if pattern.is_empty() {
            return None;
        }
        let fits = match network(pattern) {
            Network::Is(network, scope, length) => scope == 0 && holds(network, length, address),
            Network::Inconsistent => return None,
            Network::None => matches(pattern.as_bytes(), text.as_bytes()),
        };
        if fits && negated {
            return None;
        }
        admits |= fits;
    }
    Some(admits)
}

/// `None` when it is excluded.
fn by_name(list: &str, name: &str) -> Option<bool> {
    let mut admits = false;
    let mut rest = list;
    while !rest.is_empty() {
        let (pattern, behind) = rest.split_once(',').unwrap_or((rest, ""));
        rest = behind;
        let (negated, pattern) = pattern.strip_prefix('!').map_or((false, pattern), |pattern| (true, pattern));
        if pattern.len() > NAME_BYTES_MAX {
            return Some(false);
        }
        if matches(pattern.to_ascii_lowercase().as_bytes(), name.as_bytes()) {
            if negated {
                return None;
            }
            admits = true;
        }
    }
    Some(admits)
}

enum Network {
    /// The address, its scope, and the length of its prefix.
    Is(IpAddr, u32, u32),
    /// The mask is too long, or bits after the prefix are set.
    Inconsistent,
    None,
}

fn network(text: &str) -> Network {
    if text.len() > ADDRESS_BYTES_MAX {
        return Network::None;
    }
    let (text, mask) = text.split_once('/').map_or((text, None), |(address, mask)| (address, Some(mask)));
    let length = match mask.map(mask_length) {
        Some(None) => return Network::None,
        Some(length) => length,
        None => None,
    };
    let Some((address, scope)) = parse(text) else { return Network::None };
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let length = length.unwrap_or(bits);
    if length > bits || host_bits(address, length) != 0 {
        return Network::Inconsistent;
    }
    Network::Is(address, scope, length)
}

/// C's `strtoul`, up to 128.
fn mask_length(text: &str) -> Option<u32> {
    let text = text.trim_start_matches(|character| u8::try_from(character).is_ok_and(is_space));
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let length: u32 = digits.parse().ok().filter(|_| digits.starts_with(|first: char| first.is_ascii_digit()))?;
    (length <= 128 && (length == 0 || !text.starts_with('-'))).then_some(length)
}

/// A numeric address as the C library reads it: `127.1` and `0x7f000001` are addresses too.
fn parse(text: &str) -> Option<(IpAddr, u32)> {
    if let Some(address) = of_four_parts_or_fewer(text) {
        return Some((address.into(), 0));
    }
    let (address, scope) = text.split_once('%').map_or((text, None), |(address, scope)| (address, Some(scope)));
    let address: Ipv6Addr = address.parse().ok()?;
    let scope = scope.map_or(Some(0), |scope| scope.parse().ok())?;
    Some((address.into(), scope))
}

/// `inet_aton`: decimal, octal or hexadecimal parts, the last of which fills the remaining bytes.
fn of_four_parts_or_fewer(text: &str) -> Option<Ipv4Addr> {
    let parts: Vec<&str> = text.split('.').collect();
    let (last, first) = parts.split_last().filter(|(_, first)| first.len() < 4)?;
    let mut address = 0;
    for (part, shift) in first.iter().zip([24, 16, 8]) {
        address |= part_of_address(part).filter(|part| *part < 256)? << shift;
    }
    let room = 32 - 8 * first.len();
    let last = part_of_address(last).filter(|last| u64::from(*last) < 1 << room)?;
    Some(Ipv4Addr::from_bits(address | last))
}

fn part_of_address(text: &str) -> Option<u32> {
    let of = |digits: &str, radix| {
        let sign = digits.starts_with('+');
        u32::from_str_radix(digits, radix).ok().filter(|_| !sign)
    };
    if let Some(digits) = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        return of(digits, 16);
    }
    of(text, if text.len() > 1 && text.starts_with('0') { 8 } else { 10 })
}

fn host_bits(address: IpAddr, length: u32) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits() & u32::MAX.checked_shr(length).unwrap_or(0)),
        IpAddr::V6(address) => address.to_bits() & u128::MAX.checked_shr(length).unwrap_or(0),
    }
}

fn holds(network: IpAddr, length: u32, address: IpAddr) -> bool {
    match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => {
            (network.to_bits() ^ address.to_bits()).checked_shr(32 - length.min(32)).unwrap_or(0) == 0
        }
        (IpAddr::V6(network), IpAddr::V6(address)) => {
            (network.to_bits() ^ address.to_bits()).checked_shr(128 - length.min(128)).unwrap_or(0) == 0
        }
        _ => false,
    }
}

/// Whether a text matches a pattern with `*` and `?`. Takes at most a step per byte of text and pattern.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    let (mut at, mut behind) = (0, 0);
    // The latest star, and the end of the text that it matches.
    let mut star = None;
    while behind < text.len() {
        match pattern.get(at) {
            Some(b'*') => {
                star = Some((at, behind));
                at += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[behind] => {
                at += 1;
                behind += 1;
            }
            _ => {
                let Some((star_at, reach)) = &mut star else { return false };
                *reach += 1;
                (at, behind) = (*star_at + 1, *reach);
            }
        }
    }
    pattern[at..].iter().all(|byte| *byte == b'*')
}
