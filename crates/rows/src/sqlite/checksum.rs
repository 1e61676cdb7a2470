//! Checksums (CRC32C): what is stored is checked together with the place where it is stored.

use crc32c::crc32c_append;

/// Of a group.
pub(super) fn of_group(revision: u64, touched: &[u8], body: &[u8]) -> u32 {
    let crc = crc32c_append(0, &revision.to_le_bytes());
    crc32c_append(of_bytes(crc, touched), body)
}

/// Of a stream's entry.
pub(super) fn of_entry(stream: &str, numbers: [u64; 4], key: &[u8], body: &[u8]) -> u32 {
    let crc =
        numbers.iter().fold(of_bytes(0, stream.as_bytes()), |crc, number| crc32c_append(crc, &number.to_le_bytes()));
    crc32c_append(of_bytes(crc, key), body)
}

/// Of a row in a snapshot.
pub(super) fn of_row(table: &str, sequence: u64, body: &[u8]) -> u32 {
    let crc = of_bytes(0, table.as_bytes());
    crc32c_append(crc32c_append(crc, &sequence.to_le_bytes()), body)
}

/// Of all rows of a snapshot: each row's checksum is added, in their order.
pub(super) fn of_rows(crc: u32, row: u32) -> u32 {
    crc32c_append(crc, &row.to_le_bytes())
}

/// With their length, so that no byte can move from one part to the next.
fn of_bytes(crc: u32, bytes: &[u8]) -> u32 {
    crc32c_append(crc32c_append(crc, &(bytes.len() as u64).to_le_bytes()), bytes)
}
