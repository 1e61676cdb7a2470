//! Random numbers for request ids and seeds, from one generator per thread.

use cvmd_model::RequestId;
use std::cell::RefCell;

/// How many random bytes are taken from the system at a time.
const BUFFER_BYTES: usize = 4096;

thread_local! {
    static BUFFER: RefCell<(Vec<u8>, usize)> = RefCell::new((vec![0; BUFFER_BYTES], BUFFER_BYTES));
}

/// Random bytes from the system, each used once.
pub(crate) fn bytes<const N: usize>() -> [u8; N] {
    BUFFER.with_borrow_mut(|(buffer, used)| {
        if *used + N > BUFFER_BYTES {
            getrandom::fill(buffer).expect("the system gives random bytes");
            *used = 0;
        }
        let mut bytes = [0; N];
        let taken = &mut buffer[*used..*used + N];
        bytes.copy_from_slice(taken);
        taken.fill(0);
        *used += N;
        bytes
    })
}

/// A new RequestId: a UUID of version 4.
pub(crate) fn request_id() -> RequestId {
    RequestId(uuid::Builder::from_random_bytes(bytes()).into_uuid())
}

/// `length` characters of `[A-Za-z0-9]`.
pub(crate) fn letters(length: usize) -> String {
    const ALPHABET: &[u8; 62] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    let mut text = String::with_capacity(length);
    while text.len() < length {
        let [byte] = bytes::<1>();
        // 248 is the largest multiple of 62 that a byte holds: no character is more likely than another.
        if byte < 248 {
            text.push(ALPHABET[usize::from(byte) % 62] as char);
        }
    }
    text
}
