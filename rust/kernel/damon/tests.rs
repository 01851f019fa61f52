// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of more than one module.

mod context;
mod kdamond;
mod killable;
mod scheme;
pub(super) mod util;
