// SPDX-License-Identifier: GPL-2.0

//! Why a command was refused: which file it is about, and what is wrong with that.

use core::fmt::Write;
use kernel::{
    alloc::AllocError,
    kobject::Output,
    prelude::*,
    task::Pid, //
};

/// What is wrong.
pub(crate) enum Reason {
    /// This, in words.
    Words(&'static str),
    /// A value is less than another one may be: names and values of both.
    Below(&'static str, usize, &'static str, usize),
    /// There is no process of this number.
    NoProcess(Pid),
    /// There is no memory cgroup of this path.
    NoCgroup(KVec<u8>),
    /// What the error number says.
    Errno,
}

/// A part of the path of a file.
#[derive(Clone, Copy)]
enum Part {
    Name(&'static str),
    Number(usize),
}

/// Why a command was refused.
///
/// This is made where it is found out, and each directory above adds its name. It allocates
/// nothing, so that what it tells is not lost when there is no memory.
pub(crate) struct Refusal {
    errno: Error,
    reason: Reason,
    /// The path of the file in the directory of the kdamond, from its last part on.
    parts: [Option<Part>; Self::DEPTH],
}

/// What a step of a command returns.
pub(crate) type Outcome<T = ()> = Result<T, Refusal>;

impl Refusal {
    /// The most parts of a path: `contexts/0/schemes/1/quotas/goals/0/path` has as many.
    const DEPTH: usize = 8;

    /// How much of the path of a memory cgroup is shown, in bytes.
    const PATH_LEN: usize = 1024;

    /// Returns a refusal with an error number, the reason, and the file that has it.
    pub(crate) fn new(errno: Error, reason: Reason) -> Self {
        Self {
            errno,
            reason,
            parts: [None; Self::DEPTH],
        }
    }

    /// Returns a refusal of an argument, in words.
    pub(crate) fn invalid(words: &'static str) -> Self {
        Self::new(EINVAL, Reason::Words(words))
    }

    /// Returns the error number.
    pub(crate) fn errno(&self) -> Error {
        self.errno
    }

    /// Replaces the error number.
    pub(crate) fn with_errno(self, errno: Error) -> Self {
        Self { errno, ..self }
    }

    fn below(mut self, part: Part) -> Self {
        if let Some(free) = self.parts.iter_mut().find(|part| part.is_none()) {
            *free = Some(part);
        }
        self
    }

    /// Adds the name of the file, or of the directory that has what was found so far.
    pub(crate) fn at(self, name: &'static str) -> Self {
        self.below(Part::Name(name))
    }

    /// Adds the numbered directory that has what was found so far.
    pub(crate) fn at_number(self, number: usize) -> Self {
        self.below(Part::Number(number))
    }

    /// Shows this in one line.
    pub(crate) fn emit(&self, out: &mut Output<'_>) -> Result {
        let path = self.parts.iter().rev().flatten();

        for (i, part) in path.enumerate() {
            if i > 0 {
                out.bytes(b"/");
            }
            match part {
                Part::Name(name) => out.bytes(name.as_bytes()),
                Part::Number(number) => write!(out, "{number}")?,
            }
        }
        if self.parts.iter().any(Option::is_some) {
            out.bytes(b": ");
        }
        match &self.reason {
            Reason::Words(words) => out.bytes(words.as_bytes()),
            Reason::Below(name, value, bound_name, bound) => {
                write!(out, "{name} {value} is below {bound_name} {bound}")?;
            }
            Reason::NoProcess(pid) => write!(out, "there is no process {pid}")?,
            Reason::NoCgroup(path) => {
                out.bytes(b"there is no memory cgroup ");
                for byte in path.iter().take(Self::PATH_LEN) {
                    match byte {
                        b'\n' => break,
                        0..b' ' => out.bytes(b"?"),
                        _ => out.bytes(&[*byte]),
                    }
                }
            }
            Reason::Errno => out.bytes(words_of(self.errno).as_bytes()),
        }
        out.bytes(b"\n");
        Ok(())
    }
}

/// What an error number says by itself. What can be told better than that has a [`Reason`].
fn words_of(errno: Error) -> &'static str {
    match errno {
        e if e == ENOMEM => "there is no memory",
        e if e == EBUSY => "somebody else makes or removes directories, or executes a command",
        e if e == EINTR => "the writer was killed while it waited for the kdamond",
        e if e == ECANCELED => "the kdamond has ended",
        e if e == ENODEV => "DAMON is not initialized",
        _ => "the kernel refuses it",
    }
}

impl From<Error> for Refusal {
    fn from(errno: Error) -> Self {
        Self::new(errno, Reason::Errno)
    }
}

impl From<AllocError> for Refusal {
    fn from(error: AllocError) -> Self {
        Error::from(error).into()
    }
}

/// Tests mostly look at the error number.
#[cfg(CONFIG_DAMON_SYSFS_RUST_KUNIT_TEST)]
impl From<Refusal> for Error {
    fn from(refusal: Refusal) -> Self {
        refusal.errno
    }
}

/// Says what an error is about.
pub(crate) trait Refuse<T> {
    /// Says so in words, whatever the error number.
    fn because(self, words: &'static str) -> Outcome<T>;

    /// Adds the name of a file or directory.
    fn at(self, name: &'static str) -> Outcome<T>;

    /// Adds a numbered directory.
    fn at_number(self, number: usize) -> Outcome<T>;
}

impl<T> Refuse<T> for Result<T> {
    fn because(self, words: &'static str) -> Outcome<T> {
        self.map_err(|errno| match errno {
            e if e == ENOMEM => e.into(),
            e => Refusal::new(e, Reason::Words(words)),
        })
    }

    fn at(self, name: &'static str) -> Outcome<T> {
        self.map_err(|errno| Refusal::from(errno).at(name))
    }

    fn at_number(self, number: usize) -> Outcome<T> {
        self.map_err(|errno| Refusal::from(errno).at_number(number))
    }
}

impl<T> Refuse<T> for Outcome<T> {
    fn because(self, words: &'static str) -> Outcome<T> {
        self.map_err(|refusal| Refusal {
            reason: Reason::Words(words),
            ..refusal
        })
    }

    fn at(self, name: &'static str) -> Outcome<T> {
        self.map_err(|refusal| refusal.at(name))
    }

    fn at_number(self, number: usize) -> Outcome<T> {
        self.map_err(|refusal| refusal.at_number(number))
    }
}

#[cfg(CONFIG_DAMON_SYSFS_RUST_KUNIT_TEST)]
#[kunit_tests(rust_damon_sysfs_refusal)]
mod tests {
    use super::*;
    use kernel::page::PAGE_SIZE;

    /// Whether a refusal is shown like this.
    fn shows(refusal: &Refusal, expected: &[u8]) -> Result<bool> {
        let mut page = KBox::new([0u8; PAGE_SIZE], GFP_KERNEL)?;
        let mut out = Output::new(&mut page);

        refusal.emit(&mut out)?;
        Ok(out.as_bytes() == expected)
    }

    #[test]
    fn names_are_added_from_below() -> Result {
        let refusal = Refusal::new(EINVAL, Reason::Below("max", 5, "min", 10))
            .at("nr_regions")
            .at("monitoring_attrs")
            .at_number(0)
            .at("contexts");

        assert!(shows(
            &refusal,
            b"contexts/0/monitoring_attrs/nr_regions: max 5 is below min 10\n"
        )?);
        assert_eq!(refusal.with_errno(ENOMEM).errno(), ENOMEM);
        assert!(shows(
            &Refusal::new(EINVAL, Reason::NoProcess(-1)),
            b"there is no process -1\n"
        )?);
        assert!(shows(&Refusal::from(ENOMEM), b"there is no memory\n")?);
        Ok(())
    }

    #[test]
    fn the_deepest_path_fits() -> Result {
        let mut refusal = Refusal::invalid("no");

        for _ in 0..4 {
            refusal = refusal.at_number(usize::MAX).at("a");
        }
        // What is above is left out.
        refusal = refusal.at("b");
        let mut expected = KVec::new();
        for i in 0..4 {
            let bytes: &[u8] = if i == 0 { b"a/" } else { b"/a/" };
            expected.extend_from_slice(bytes, GFP_KERNEL)?;
            let number = kernel::str::CString::try_from_fmt(fmt!("{}", usize::MAX))?;
            expected.extend_from_slice(number.to_bytes(), GFP_KERNEL)?;
        }
        expected.extend_from_slice(b": no\n", GFP_KERNEL)?;
        assert!(shows(&refusal, &expected)?);
        Ok(())
    }

    #[test]
    fn paths_of_cgroups_are_one_line() -> Result {
        for (path, expected) in [
            (&b"/a/b\n"[..], &b"there is no memory cgroup /a/b\n"[..]),
            (b"/a\tb", b"there is no memory cgroup /a?b\n"),
            (b"", b"there is no memory cgroup \n"),
        ] {
            let mut bytes = KVec::new();
            bytes.extend_from_slice(path, GFP_KERNEL)?;
            assert!(shows(
                &Refusal::new(EINVAL, Reason::NoCgroup(bytes)),
                expected
            )?);
        }
        // A path can be longer than a page.
        let path = KVec::from_elem(b'a', 2 * PAGE_SIZE, GFP_KERNEL)?;
        let mut page = KBox::new([0u8; PAGE_SIZE], GFP_KERNEL)?;
        let mut out = Output::new(&mut page);
        Refusal::new(EINVAL, Reason::NoCgroup(path)).emit(&mut out)?;
        assert_eq!(out.as_bytes().last(), Some(&b'\n'));
        Ok(())
    }

    #[test]
    fn a_better_reason_is_told_but_for_memory() {
        let refused: Result = Err(EINVAL);
        assert!(refused
            .because("why")
            .is_err_and(|r| matches!(r.reason, Reason::Words("why"))));
        let refused: Result = Err(ENOMEM);
        assert!(refused
            .because("why")
            .is_err_and(|r| matches!(r.reason, Reason::Errno)));
    }
}
