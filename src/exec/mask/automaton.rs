//! Finds needles in a stream, byte by byte: the automaton of Aho and Corasick, in one piece of memory.
//!
//! Not the crate of that name: it keeps each needle as it is beside its tables, in memory that is neither locked nor
//! wiped. Here a needle is a path, a node of several numbers for each byte, and stands nowhere as a whole.

use std::collections::VecDeque;

use zeroize::Zeroizing;

/// The finished automaton: for each byte the node that a needle begins with, then the nodes. Secret.
pub(in crate::exec) type Table = Zeroizing<Vec<u32>>;

/// Nodes are numbered from 1; 0 is the root, and none.
const ROOT: u32 = 0;
const STARTS: usize = 256;
const NODE: usize = 6;

/// What a node has.
#[derive(Clone, Copy)]
enum Part {
    Byte,
    Child,
    Sibling,
    /// The node of the longest suffix of its path that is a path, too.
    Fallback,
    /// The length of its path: so much of the text may be the beginning of a needle.
    Depth,
    /// The length of the longest needle that ends here.
    Longest,
}

fn index(node: u32, part: Part) -> usize {
    STARTS + (node as usize - 1) * NODE + part as usize
}

/// A part of a node; 0 for the root, and for a node that there is not.
fn get(table: &[u32], node: u32, part: Part) -> u32 {
    if node == ROOT { 0 } else { table.get(index(node, part)).copied().unwrap_or(0) }
}

fn set(table: &mut Table, node: u32, part: Part, value: u32) {
    if let Some(place) = table.get_mut(index(node, part)) {
        *place = value;
    }
}

fn start(table: &[u32], byte: u8) -> u32 {
    table.get(usize::from(byte)).copied().unwrap_or(ROOT)
}

/// The node after a node, by a byte of a needle.
fn child(table: &[u32], node: u32, byte: u8) -> u32 {
    if node == ROOT {
        return start(table, byte);
    }
    let mut child = get(table, node, Part::Child);
    while child != ROOT && get(table, child, Part::Byte) != u32::from(byte) {
        child = get(table, child, Part::Sibling);
    }
    child
}

/// Builds the automaton. Needles that are shorter than [`SHORTEST`](super::needles::SHORTEST) are left out.
pub(super) fn build<'a>(needles: impl Iterator<Item = &'a [u8]> + Clone) -> Table {
    let needles = needles.filter(|needle| needle.len() >= super::needles::SHORTEST);
    let most: usize = needles.clone().map(<[u8]>::len).sum();
    // All at once: a table that grew would leave parts of itself behind.
    let mut table = Zeroizing::new(Vec::with_capacity(STARTS + most * NODE));
    table.resize(STARTS, ROOT);
    for needle in needles {
        let mut node = ROOT;
        for (depth, byte) in (1..).zip(needle) {
            let next = child(&table, node, *byte);
            node = if next == ROOT { add(&mut table, node, *byte, depth) } else { next };
        }
        let length = get(&table, node, Part::Depth);
        set(&mut table, node, Part::Longest, length);
    }
    link(&mut table);
    table
}

/// A new child of a node.
fn add(table: &mut Table, parent: u32, byte: u8, depth: u32) -> u32 {
    let node = u32::try_from((table.len() - STARTS) / NODE + 1).unwrap_or(ROOT);
    let sibling = get(table, parent, Part::Child);
    table.extend([u32::from(byte), ROOT, sibling, ROOT, depth, 0]);
    if parent == ROOT {
        table[usize::from(byte)] = node;
    } else {
        set(table, parent, Part::Child, node);
    }
    node
}

/// Sets the fallbacks, by rising depth: that of a node is less deep.
fn link(table: &mut Table) {
    let mut queue: VecDeque<u32> = table[..STARTS].iter().copied().filter(|node| *node != ROOT).collect();
    while let Some(node) = queue.pop_front() {
        let fallback = get(table, node, Part::Fallback);
        if get(table, node, Part::Longest) == 0 {
            let longest = get(table, fallback, Part::Longest);
            set(table, node, Part::Longest, longest);
        }
        let mut next = get(table, node, Part::Child);
        while next != ROOT {
            let byte = u8::try_from(get(table, next, Part::Byte)).unwrap_or(0);
            let to = step(table, fallback, byte);
            set(table, next, Part::Fallback, to);
            queue.push_back(next);
            next = get(table, next, Part::Sibling);
        }
    }
}

/// The state after one more byte: the longest end of the text that is the beginning of a needle.
pub(super) fn step(table: &[u32], mut state: u32, byte: u8) -> u32 {
    loop {
        let next = child(table, state, byte);
        if next != ROOT || state == ROOT {
            return next;
        }
        state = get(table, state, Part::Fallback);
    }
}

/// How many bytes before here may be the beginning of a needle.
pub(super) fn depth(table: &[u32], state: u32) -> usize {
    get(table, state, Part::Depth) as usize
}

/// How many bytes before here are a needle: of several that end here, the longest.
pub(super) fn longest(table: &[u32], state: u32) -> usize {
    get(table, state, Part::Longest) as usize
}

/// The longest needle.
pub(super) fn deepest(table: &[u32]) -> usize {
    let nodes = table.get(STARTS..).unwrap_or_default().chunks_exact(NODE);
    nodes.map(|node| node[Part::Depth as usize] as usize).max().unwrap_or(0)
}

/// Whether a needle may begin at a place. Two bytes tell more than one: nearly every letter begins some form of a key, and
/// few pairs do.
pub(super) fn begins(table: &[u32], text: &[u8], at: usize) -> bool {
    let node = text.get(at).map_or(ROOT, |byte| start(table, *byte));
    node != ROOT && text.get(at + 1).is_none_or(|next| child(table, node, *next) != ROOT)
}
