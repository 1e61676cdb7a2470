//! The Merkle tree of RFC 6962 section 2.1: appending, the root at any size, proofs of inclusion and consistency, and
//! checking them.
//!
//! A *node* here is the root over a full block of 2^level leaves, the block's number is its index: such a hash never
//! changes again. Roots and proofs are made of O(log n) of them.

use crate::Hash;
use std::convert::Infallible;

/// Where the nodes of a tree are read: its memory, or a file.
pub trait Nodes {
    type Error;

    /// The hash over the leaves `index * 2^level` to `(index + 1) * 2^level - 1`.
    ///
    /// # Errors
    /// When it cannot be read.
    fn node(&self, level: u32, index: u64) -> Result<Hash, Self::Error>;
}

/// What appending needs of a tree: the roots over the blocks that the size is the sum of, the largest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Frontier {
    size: u64,
    peaks: Vec<Hash>,
}

impl Frontier {
    /// A frontier that was kept; `None` if no tree of this size has so many peaks.
    #[must_use]
    pub fn restore(size: u64, peaks: Vec<Hash>) -> Option<Frontier> {
        (size.count_ones() as usize == peaks.len()).then_some(Frontier { size, peaks })
    }

    #[must_use]
    pub fn size(&self) -> u64 {
        self.size
    }

    #[must_use]
    pub fn peaks(&self) -> &[Hash] {
        &self.peaks
    }

    /// Appends a leaf, and tells each node that is complete with it: level, index and hash, the leaf itself first.
    pub fn append(&mut self, leaf: Hash, mut complete: impl FnMut(u32, u64, Hash)) {
        let mut hash = leaf;
        complete(0, self.size, hash);
        for level in 0..self.size.trailing_ones() {
            // Invariant: a one in the size is a peak.
            let left = self.peaks.pop().expect("a peak for each one in the size");
            hash = Hash::of_node(&left, &hash);
            complete(level + 1, self.size >> (level + 1), hash);
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    #[must_use]
    pub fn root(&self) -> Hash {
        let mut peaks = self.peaks.iter().rev().copied();
        let Some(last) = peaks.next() else { return Hash::of_empty_tree() };
        peaks.fold(last, |right, left| Hash::of_node(&left, &right))
    }
}

/// A whole tree in memory: 64 bytes a leaf.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    frontier: Frontier,
    levels: Vec<Vec<Hash>>,
}

impl Tree {
    pub fn append(&mut self, leaf: Hash) {
        let levels = &mut self.levels;
        self.frontier.append(leaf, |level, _, hash| {
            let level = level as usize;
            if levels.len() == level {
                levels.push(Vec::new());
            }
            levels[level].push(hash);
        });
    }

    #[must_use]
    pub fn size(&self) -> u64 {
        self.frontier.size()
    }

    #[must_use]
    pub fn root(&self) -> Hash {
        self.frontier.root()
    }
}

impl FromIterator<Hash> for Tree {
    fn from_iter<I: IntoIterator<Item = Hash>>(leaves: I) -> Tree {
        let mut tree = Tree::default();
        leaves.into_iter().for_each(|leaf| tree.append(leaf));
        tree
    }
}

impl Nodes for Tree {
    type Error = Infallible;

    /// # Panics
    /// When the tree is not yet as large.
    fn node(&self, level: u32, index: u64) -> Result<Hash, Infallible> {
        Ok(self.levels[level as usize][usize::try_from(index).expect("a tree in memory")])
    }
}

/// The root of the tree when it had this size.
///
/// # Errors
/// When a node cannot be read.
pub fn root<N: Nodes>(nodes: &N, size: u64) -> Result<Hash, N::Error> {
    if size == 0 { Ok(Hash::of_empty_tree()) } else { range(nodes, 0, size) }
}

/// Proof that the leaf at this index (from 0 on) is in the tree of this size; RFC 6962 section 2.1.1.
///
/// # Errors
/// When a node cannot be read.
///
/// # Panics
/// When the index is not below the size.
pub fn inclusion<N: Nodes>(nodes: &N, index: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    assert!(index < size, "no leaf {index} in a tree of {size}");
    let (mut start, mut end) = (0, size);
    let mut proof = Vec::new();
    while end - start > 1 {
        let middle = start + split(end - start);
        if index < middle {
            proof.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            proof.push(range(nodes, start, middle)?);
            start = middle;
        }
    }
    proof.reverse();
    Ok(proof)
}

/// Proof that the tree of the size `from` is the beginning of that of this size; RFC 6962 section 2.1.2.
///
/// # Errors
/// When a node cannot be read.
///
/// # Panics
/// When `from` is larger than the size.
pub fn consistency<N: Nodes>(nodes: &N, from: u64, size: u64) -> Result<Vec<Hash>, N::Error> {
    assert!(from <= size, "a tree of {from} is no beginning of one of {size}");
    let (mut start, mut end) = (0, size);
    let mut proof = Vec::new();
    if from == 0 {
        return Ok(proof);
    }
    while end != from {
        let middle = start + split(end - start);
        if from <= middle {
            proof.push(range(nodes, middle, end)?);
            end = middle;
        } else {
            proof.push(range(nodes, start, middle)?);
            start = middle;
        }
    }
    // Who checks knows the earlier root, if that is what is left.
    if start > 0 {
        proof.push(range(nodes, start, end)?);
    }
    proof.reverse();
    Ok(proof)
}

/// Whether the proof leads from the leaf at this index to the root of the tree of this size; RFC 9162 section 2.1.3.2.
#[must_use]
pub fn is_included(leaf: Hash, index: u64, size: u64, proof: &[Hash], root: Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for other in proof {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = Hash::of_node(other, &hash);
            skip(&mut at, &mut last);
        } else {
            hash = Hash::of_node(&hash, other);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && hash == root
}

/// Whether the proof shows that the tree with the earlier size and root is the beginning of the other one; RFC 9162
/// section 2.1.4.2. Every tree begins with the empty one.
#[must_use]
pub fn is_consistent(from: u64, from_root: Hash, size: u64, root: Hash, proof: &[Hash]) -> bool {
    if from == 0 || from >= size {
        let is_beginning =
            if from == 0 { from_root == Hash::of_empty_tree() } else { from == size && from_root == root };
        return is_beginning && proof.is_empty();
    }
    // A full block is known already.
    let known = from.is_power_of_two().then_some(from_root);
    let mut hashes = known.iter().chain(proof);
    let Some(first) = hashes.next() else { return false };
    let ones = (from - 1).trailing_ones();
    let (mut at, mut last) = ((from - 1) >> ones, (size - 1) >> ones);
    let (mut earlier, mut later) = (*first, *first);
    for other in hashes {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            earlier = Hash::of_node(other, &earlier);
            later = Hash::of_node(other, &later);
            skip(&mut at, &mut last);
        } else {
            later = Hash::of_node(&later, other);
        }
        (at, last) = (at >> 1, last >> 1);
    }
    last == 0 && earlier == from_root && later == root
}

/// Goes up from a right edge to where a hash on its left is due.
fn skip(at: &mut u64, last: &mut u64) {
    let levels = at.trailing_zeros();
    if *at != 0 {
        (*at, *last) = (*at >> levels, *last >> levels);
    }
}

/// The hash over the leaves from `start` to `end`, which is not counted.
///
/// Invariant: ranges come from splitting at the largest power of two, so they start at a multiple of their largest block.
fn range<N: Nodes>(nodes: &N, start: u64, end: u64) -> Result<Hash, N::Error> {
    let length = end - start;
    if length.is_power_of_two() {
        let level = length.trailing_zeros();
        return nodes.node(level, start >> level);
    }
    let middle = start + split(length);
    Ok(Hash::of_node(&range(nodes, start, middle)?, &range(nodes, middle, end)?))
}

/// The largest power of two below a length of two or more.
fn split(length: u64) -> u64 {
    1 << (length - 1).ilog2()
}

#[cfg(test)]
mod test {
    use super::*;
    use proptest::prelude::*;

    // From the tests of the implementations of Certificate Transparency: leaves, and the roots of the trees of 1, 2, ... of them.
    const LEAVES: [&str; 8] =
        ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"];
    const ROOTS: [&str; 8] = [
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
        "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
        "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
        "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    ];

    fn hash(hex: &str) -> Hash {
        hex.parse().unwrap()
    }

    fn known() -> Tree {
        LEAVES.iter().map(|leaf| Hash::of_leaf(&hex::decode(leaf).unwrap())).collect()
    }

    #[test]
    fn roots_are_the_known_ones() {
        assert_eq!(Tree::default().root(), Hash::of_empty_tree());
        for size in 1..=8 {
            let Ok(root) = root(&known(), size as u64);
            assert_eq!(root, hash(ROOTS[size - 1]), "{size}");
        }
        assert_eq!(known().root(), hash(ROOTS[7]));
    }

    #[test]
    fn proofs_are_the_known_ones() {
        let hashes = |proof: &[&str]| proof.iter().map(|text| hash(text)).collect::<Vec<_>>();
        let leaf_1 = "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7";
        let leaves_2_3 = "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e";
        let leaf_4 = "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b";
        let leaves_4_5 = "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a";
        let leaves_6_7 = "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0";
        let leaves_4_to_7 = "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4";
        let leaves_0_to_3 = ROOTS[3];
        for (index, size, proof) in [
            (0, 1, hashes(&[])),
            (0, 8, hashes(&[leaf_1, leaves_2_3, leaves_4_to_7])),
            (5, 8, hashes(&[leaf_4, leaves_6_7, leaves_0_to_3])),
            (2, 3, hashes(&[ROOTS[1]])),
        ] {
            assert_eq!(inclusion(&known(), index, size), Ok(proof), "{index} in {size}");
        }
        for (from, size, proof) in [
            (1, 1, hashes(&[])),
            (1, 8, hashes(&[leaf_1, leaves_2_3, leaves_4_to_7])),
            (6, 8, hashes(&[leaves_4_5, leaves_6_7, leaves_0_to_3])),
            (2, 5, hashes(&[leaves_2_3, leaf_4])),
        ] {
            assert_eq!(consistency(&known(), from, size), Ok(proof), "{from} to {size}");
        }
    }

    /// RFC 6962 section 2.1, word by word.
    fn naive(leaves: &[Hash]) -> Hash {
        match leaves {
            [] => Hash::of_empty_tree(),
            [leaf] => *leaf,
            _ => {
                let (left, right) = leaves.split_at(naive_split(leaves.len()));
                Hash::of_node(&naive(left), &naive(right))
            }
        }
    }

    fn naive_split(length: usize) -> usize {
        (0..).map(|power| 1 << power).take_while(|power| *power < length).last().unwrap()
    }

    /// Section 2.1.1.
    fn naive_path(index: usize, leaves: &[Hash]) -> Vec<Hash> {
        if leaves.len() == 1 {
            return Vec::new();
        }
        let middle = naive_split(leaves.len());
        let (left, right) = leaves.split_at(middle);
        if index < middle {
            [naive_path(index, left), vec![naive(right)]].concat()
        } else {
            [naive_path(index - middle, right), vec![naive(left)]].concat()
        }
    }

    /// Section 2.1.2.
    fn naive_subproof(from: usize, leaves: &[Hash], is_known: bool) -> Vec<Hash> {
        if from == leaves.len() {
            return if is_known { Vec::new() } else { vec![naive(leaves)] };
        }
        let middle = naive_split(leaves.len());
        let (left, right) = leaves.split_at(middle);
        if from <= middle {
            [naive_subproof(from, left, is_known), vec![naive(right)]].concat()
        } else {
            [naive_subproof(from - middle, right, false), vec![naive(left)]].concat()
        }
    }

    fn leaves(size: usize) -> Vec<Hash> {
        (0..size).map(|number| Hash::of_leaf(&number.to_be_bytes())).collect()
    }

    /// Proofs that are none: one hash changed, left out, added or at another place.
    fn spoilt(proof: &[Hash], place: usize) -> Vec<Vec<Hash>> {
        let mut all = vec![[proof, &[Hash([9; 32])]].concat(), [&[Hash([9; 32])], proof].concat()];
        if !proof.is_empty() {
            let place = place % proof.len();
            let mut changed = proof.to_vec();
            changed[place].0[place] ^= 1;
            let mut without = proof.to_vec();
            without.remove(place);
            let mut turned = proof.to_vec();
            turned.rotate_left(1);
            all.extend([changed, without]);
            all.extend((proof.len() > 1).then_some(turned));
        }
        all
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn roots_and_proofs_are_those_of_the_definition(size in 1..130_usize, a in any::<usize>(), b in any::<usize>()) {
            let leaves = leaves(size);
            let tree: Tree = leaves.iter().copied().collect();
            let at = a % size + 1;
            let Ok(root_at) = root(&tree, at as u64);
            prop_assert_eq!(root_at, naive(&leaves[..at]));
            prop_assert_eq!(tree.root(), naive(&leaves));

            let index = b % at;
            let Ok(proof) = inclusion(&tree, index as u64, at as u64);
            prop_assert_eq!(&proof, &naive_path(index, &leaves[..at]));
            let included = |leaf: Hash, index: usize, size: usize, proof: &[Hash]| {
                is_included(leaf, index as u64, size as u64, proof, root_at)
            };
            prop_assert!(included(leaves[index], index, at, &proof));
            prop_assert!(!included(Hash([9; 32]), index, at, &proof));
            prop_assert!(!included(leaves[index], at, at, &proof));
            prop_assert!((0..at).all(|other| other == index || !included(leaves[index], other, at, &proof)));
            for proof in spoilt(&proof, a) {
                prop_assert!(!included(leaves[index], index, at, &proof));
            }

            let Ok(proof) = consistency(&tree, at as u64, size as u64);
            prop_assert_eq!(&proof, &naive_subproof(at, &leaves, true));
            let consistent = |from: usize, from_root: Hash, size: usize, root: Hash, proof: &[Hash]| {
                is_consistent(from as u64, from_root, size as u64, root, proof)
            };
            prop_assert!(consistent(at, root_at, size, tree.root(), &proof));
            prop_assert!(!consistent(at, Hash([9; 32]), size, tree.root(), &proof));
            prop_assert!(!consistent(at, root_at, size, Hash([9; 32]), &proof));
            prop_assert!(!consistent(size + 1, root_at, size, tree.root(), &proof));
            for proof in spoilt(&proof, b) {
                prop_assert!(!consistent(at, root_at, size, tree.root(), &proof));
            }
        }

        #[test]
        fn a_frontier_that_was_kept_goes_on(size in 0..130_usize, more in 0..50_usize) {
            let all = leaves(size + more);
            let mut frontier = Frontier::default();
            all[..size].iter().for_each(|leaf| frontier.append(*leaf, |_, _, _| ()));
            let mut restored = Frontier::restore(frontier.size(), frontier.peaks().to_vec()).unwrap();
            let tree: Tree = all.iter().copied().collect();
            all[size..].iter().for_each(|leaf| restored.append(*leaf, |level, index, hash| {
                assert_eq!(tree.node(level, index), Ok(hash));
            }));
            prop_assert_eq!(restored.root(), naive(&all));
            prop_assert_eq!(Frontier::restore(size as u64 + 1, [frontier.peaks(), &[Hash([9; 32]); 2]].concat()), None);
        }
    }

    #[test]
    fn every_tree_begins_with_the_empty_one() {
        let tree = known();
        assert_eq!(consistency(&tree, 0, 8), Ok(Vec::new()));
        assert!(is_consistent(0, Hash::of_empty_tree(), 8, tree.root(), &[]));
        assert!(!is_consistent(0, Hash([9; 32]), 8, tree.root(), &[]));
        assert!(!is_consistent(0, Hash::of_empty_tree(), 8, tree.root(), &[tree.root()]));
    }
}
