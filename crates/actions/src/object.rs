//! JSON objects of replies, written as they are answered: each member once, in the vendor's order and spelling.

/// The type of a member that is never set here: `null`.
pub(crate) type Unset = ();

/// A member that is never set here.
pub(crate) const NULL: Unset = ();

/// A list that is always empty here.
pub(crate) const EMPTY: [(); 0] = [];

/// A JSON object of these members, whatever their types: `object! { TotalCount: found.len(), HostSet: found }`. The
/// macro declares a struct of them, which serializes.
macro_rules! object {
    ($($member:ident: $value:expr),* $(,)?) => {{
        // A type for each member, under the member's own name.
        #[derive(serde::Serialize)]
        #[expect(non_snake_case, reason = "the vendor's spelling")]
        struct Object<$($member),*> {
            $($member: $member),*
        }
        Object { $($member: $value),* }
    }};
}
