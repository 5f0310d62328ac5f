//! Blocks by the number that the provider gives them.

use alloc::collections::BTreeMap;

use crate::ErrorKind;
use crate::event::{Block, Kind};

/// Open and ended blocks of one answer. `K` is the provider's number, or what it stands for.
#[derive(Clone, Debug)]
pub(super) struct Blocks<K> {
    slots: BTreeMap<K, Slot>,
    opened: u32,
    max: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Slot {
    pub(super) block: Block,
    pub(super) kind: Kind,
    pub(super) open: bool,
}

impl<K: Ord + Copy> Blocks<K> {
    pub(super) fn new(max: usize) -> Self {
        Self {
            slots: BTreeMap::new(),
            opened: 0,
            max,
        }
    }

    /// How many were opened.
    pub(super) fn opened(&self) -> u32 {
        self.opened
    }

    pub(super) fn get(&self, key: K) -> Option<Slot> {
        self.slots.get(&key).copied()
    }

    /// A block that no number leads to.
    pub(super) fn add(&mut self) -> Result<Block, ErrorKind> {
        let index = self.opened;
        if index as usize >= self.max {
            return Err(ErrorKind::TooManyBlocks { limit: self.max });
        }
        self.opened += 1;
        Ok(Block { choice: 0, index })
    }

    /// A new block under this number.
    pub(super) fn open(&mut self, key: K, kind: Kind) -> Result<Block, ErrorKind> {
        let block = self.add()?;
        let open = true;
        self.slots.insert(key, Slot { block, kind, open });
        Ok(block)
    }

    /// Ends the block of this number, if it is open.
    pub(super) fn close(&mut self, key: K) -> Option<Block> {
        let slot = self.slots.get_mut(&key).filter(|slot| slot.open)?;
        slot.open = false;
        Some(slot.block)
    }
}
