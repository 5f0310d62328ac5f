//! A list that shrinks: first fewer items, then simpler ones.

/// Tries to leave items out, half of them at once, then a quarter, down to one; then to make those
/// that are left simpler, one at a time. It ends: each step that is kept makes the list smaller, or
/// an item simpler.
#[derive(Clone, Debug)]
pub(super) struct Fewer<T> {
    items: Vec<T>,
    /// The list before the step that is being tried.
    before: Option<Vec<T>>,
    /// How many items to leave out next, and from where; 0: no more are left out.
    width: usize,
    from: usize,
    /// One was left out since the last time round.
    fewer: bool,
    /// Which item to make simpler next, and by which of its candidates.
    place: usize,
    candidate: usize,
    simpler: fn(&T) -> Vec<T>,
}

impl<T: Clone> Fewer<T> {
    /// `simpler`: an item's simpler forms, the simplest first; none of them leads back to it.
    pub(super) fn new(items: Vec<T>, simpler: fn(&T) -> Vec<T>) -> Self {
        Self {
            width: items.len(),
            items,
            before: None,
            from: 0,
            fewer: false,
            place: 0,
            candidate: 0,
            simpler,
        }
    }

    pub(super) fn items(&self) -> &[T] {
        &self.items
    }

    /// The next step; whether there is one.
    pub(super) fn simplify(&mut self) -> bool {
        if self.before.take().is_some() {
            // The last step was kept, and the next begins at the same place.
            self.fewer = true;
            self.candidate = 0;
        }
        self.leave_out() || self.replace()
    }

    /// Takes the last step back and tries the next in its place; whether there was one to take back.
    pub(super) fn complicate(&mut self) -> bool {
        let Some(before) = self.before.take() else {
            return false;
        };
        self.items = before;
        match self.width {
            0 => self.candidate += 1,
            width => self.from += width,
        }
        // Where there is no next step, the value is what it was.
        let _ = self.leave_out() || self.replace();
        true
    }

    fn leave_out(&mut self) -> bool {
        while self.width > 0 {
            if self.from < self.items.len() {
                let to = (self.from + self.width).min(self.items.len());
                self.before = Some(self.items.clone());
                self.items.drain(self.from..to);
                return true;
            }
            // What could not be left out before may be now.
            let again = self.width == 1 && self.fewer && !self.items.is_empty();
            self.width = if again { 1 } else { self.width / 2 };
            self.from = 0;
            self.fewer = false;
        }
        false
    }

    fn replace(&mut self) -> bool {
        while let Some(item) = self.items.get(self.place) {
            let simpler = (self.simpler)(item).into_iter().nth(self.candidate);
            if let Some(simpler) = simpler {
                self.before = Some(self.items.clone());
                if let Some(item) = self.items.get_mut(self.place) {
                    *item = simpler;
                }
                return true;
            }
            self.place += 1;
            self.candidate = 0;
        }
        false
    }
}
