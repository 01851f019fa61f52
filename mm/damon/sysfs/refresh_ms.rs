// SPDX-License-Identifier: GPL-2.0

//! `refresh_ms`: when the running kdamond writes its results to their files by itself.

use kernel::{
    kobject::{
        AttrValue,
        Attribute,
        Output,
        Value, //
    },
    prelude::*,
    str::CStr,
    sync::atomic::{
        Atomic,
        Relaxed, //
    },
    time::{
        Delta,
        Instant,
        Monotonic, //
    },
};

/// How often the running kdamond refreshes the files, in milliseconds; 0 means never.
///
/// The kdamond looks at the value after each sampling. Values that were written since it has last
/// looked leave no trace but for one: whether there was none before.
pub(crate) struct RefreshMs {
    ms: Value<u32>,
    /// Whether a value was written after 0, which the kdamond has not looked at yet.
    is_first: Atomic<bool>,
}

impl Default for RefreshMs {
    fn default() -> Self {
        Self {
            ms: Value::new(0),
            is_first: Atomic::new(false),
        }
    }
}

impl RefreshMs {
    /// Replaces the value.
    pub(crate) fn set(&self, ms: u32) {
        let had_none = self.ms.get() == 0;

        self.ms.set(ms);
        if had_none && ms != 0 {
            self.is_first.store(true, Relaxed);
        }
    }
}

impl Attribute for RefreshMs {
    const KIND: &'static str = u32::KIND;

    fn show(&self, out: &mut Output<'_>) -> Result {
        self.ms.show(out)
    }

    fn store(&self, input: &CStr) -> Result {
        self.set(u32::parse(input)?);
        Ok(())
    }
}

/// Tells when it is time to refresh.
///
/// A new interval begins when it is first seen, whether it is shorter or longer than the old one.
/// With the first interval after none, it is time at once.
pub(crate) struct RefreshTimer {
    /// The interval that was seen last, in milliseconds. Zero means none.
    ms: u32,
    /// When the current interval ends.
    end: Instant<Monotonic>,
}

impl RefreshTimer {
    /// Returns a timer with the interval of `refresh`, which begins now.
    pub(crate) fn new(refresh: &RefreshMs, now: Instant<Monotonic>) -> Self {
        // What was written before the kdamond was turned on is no change of it.
        refresh.is_first.store(false, Relaxed);
        Self::with_interval(refresh.ms.get(), now)
    }

    fn with_interval(ms: u32, now: Instant<Monotonic>) -> Self {
        Self {
            ms,
            end: now + Delta::from_millis(ms.into()),
        }
    }

    /// Returns whether the interval is over now, and if so begins the next one.
    pub(crate) fn is_due(&mut self, refresh: &RefreshMs, now: Instant<Monotonic>) -> bool {
        let is_first = refresh.is_first.xchg(false, Relaxed);
        let ms = refresh.ms.get();

        if ms != self.ms {
            *self = Self::with_interval(ms, now);
        }
        if is_first {
            self.end = now;
        }
        if ms == 0 || now - self.end < Delta::from_millis(0) {
            return false;
        }
        *self = Self::with_interval(ms, now);
        true
    }
}
