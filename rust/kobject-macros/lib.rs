// SPDX-License-Identifier: GPL-2.0

//! Procedural macros that turn declarations into sysfs directories.
//!
//! Use them through `kernel::kobject`, which has the types that the expansions are made of.

// When fixdep scans this, it will find this string `CONFIG_RUSTC_VERSION_TEXT`
// and thus add a dependency on `include/config/RUSTC_VERSION_TEXT`, which is
// touched by Kconfig when the version string from the compiler changes.

use proc_macro::TokenStream;

mod args;
mod dir;
mod expand;
mod keyword;
#[cfg(test)]
mod tests;

/// Makes a directory of sysfs from a struct.
///
/// Each field has one of these attributes, which says what the field is in the directory. The
/// first paragraph of its doc comment is the documentation of the file or directory.
///
/// `#[attr(...)]`, a file that holds a value. The field becomes a `Value` of its type, which has to
/// implement `AttrValue`; a field of type `()` holds nothing, and its methods do everything.
///
/// * `rw` or `ro`: the mode, 0600 or 0400. One of them is needed.
/// * `cell`: the field keeps its type, which implements `AttrCell`: it keeps the value in its own
///   way, and shows and takes it itself.
/// * `kind = EXPR`: what a file holds whose field has type `()`, for the description of the tree.
/// * `default = EXPR`: the value in a new directory; `Default::default()` if not given.
/// * `parse = PATH`: a `fn(Input<'_>) -> Result<Type>` instead of the one of the type.
/// * `show = PATH`: a `fn(&Self, &mut Emitter<'_>) -> Result` that shows the file.
/// * `store = PATH`: a `fn(&Self, Input<'_>) -> Result` that takes what was written.
/// * `name = "..."`: the name, if it is not that of the field.
/// * `alias("...")`, `alias("...", cfg(...))`: a second name for the same file, which shares its
///   methods; with `cfg`, only if the configuration says so. May be repeated.
///
/// `#[dir]`, `#[dir(FIELD = EXPR, ...)]`, a subdirectory that is always there. The field becomes a
/// `Dir` of its type. `FIELD = EXPR` replaces the default of a value in it.
///
/// `#[children(nr = "...", ...)]`, numbered subdirectories. The type of the field is written as
/// `[Type]` and becomes `Children<Type, Lock>`, and the directory gets a file that makes N of them
/// when N is written to it.
///
/// * `nr = "..."`: the name of that file. Without it there is none, the field becomes a
///   `Sequence<Type, Lock>`, and the code makes the directories.
/// * `alias(...)`: as above, a second name of that file.
/// * `max = EXPR`: the largest number that is accepted.
/// * `check = PATH`: a `fn(&Self, &TreeGuard<Lock>) -> Result` that may refuse, once the lock is
///   held and before anything is changed.
/// * `init = PATH`: a `fn(&Self, &Type)` that prepares each new directory before it is shown.
/// * `lock = Type`: another lock than that of the tree.
///
/// `#[state]`, `#[state(init = EXPR)]`, data that is not in sysfs. The field keeps its type; it
/// starts with `EXPR`, or else with `Default::default()`.
///
/// The macro itself takes `lock = Type`, the `TreeLock` that numbered subdirectories need.
///
/// # Examples
///
/// ```ignore
/// #[sysfs_dir(lock = FruitLock)]
/// struct Basket {
///     /// How much the basket holds, in kilograms.
///     #[attr(rw, default = 10)]
///     capacity: usize,
///
///     /// Writing N makes the directories 0 to N-1, one for each apple.
///     #[children(nr = "nr_apples", max = 100)]
///     apples: [Apple],
/// }
/// ```
///
/// expands to this, without the description of the tree:
///
/// ```ignore
/// struct Basket {
///     capacity: Value<usize>,
///     apples: Children<Apple, FruitLock>,
/// }
///
/// impl Basket {
///     const __FILE_CAPACITY: &'static File<Self> = &File::new(
///         c"capacity",
///         0o600,
///         Some(|this, out| AttrValue::emit(this.capacity.get(), out)),
///         Some(|this, input| {
///             Stored::with(input, || {
///                 this.capacity.set(<usize as AttrValue>::parse(input)?);
///                 Ok(())
///             })
///         }),
///     );
///     const __FILE_NR_APPLES: &'static File<Self> = &File::new(
///         c"nr_apples",
///         0o600,
///         Some(|this, out| this.apples.show_nr(out)),
///         Some(|this, input| {
///             Stored::with(input, || {
///                 this.apples
///                     .store_nr(this.kobject(), input, Some(100), |_guard| Ok(()), |_child| ())
///             })
///         }),
///     );
/// }
///
/// impl Directory for Basket {
///     const FILES: FileList<Self> = FileList::new(&[
///         Some(Self::__FILE_CAPACITY),
///         Some(Self::__FILE_NR_APPLES),
///         None,
///     ]);
///
///     fn new() -> Result<Self> {
///         Ok(Self {
///             capacity: Value::new(10),
///             apples: Default::default(),
///         })
///     }
///
///     fn add_dirs(&self, parent: &Kobject) -> Result {
///         Ok(())
///     }
///
///     fn remove_dirs(&mut self) {
///         self.apples.clear();
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn sysfs_dir(args: TokenStream, item: TokenStream) -> TokenStream {
    dir::sysfs_dir(args.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes an enum of keywords a value that a file can hold.
///
/// Each variant stands for one word: its name in snake case, or what `#[keyword("...")]` says. A
/// word is accepted with or without a newline at the end, anything else is refused with `EINVAL`.
///
/// # Examples
///
/// ```ignore
/// #[derive(Clone, Copy, Keyword)]
/// enum Colour {
///     Red,
///     #[keyword("off-white")]
///     OffWhite,
/// }
/// ```
///
/// expands to
///
/// ```ignore
/// impl Colour {
///     pub(crate) const WORDS: &'static [&'static CStr] = &[c"red", c"off-white"];
/// }
///
/// impl AttrValue for Colour {
///     type Repr = u32;
///
///     const KIND: Kind = Kind::Keyword(Self::WORDS);
///
///     fn into_repr(self) -> u32 {
///         match self {
///             Self::Red => 0,
///             Self::OffWhite => 1,
///         }
///     }
///
///     fn from_repr(repr: u32) -> Self {
///         if repr == 0 {
///             return Self::Red;
///         }
///         if repr == 1 {
///             return Self::OffWhite;
///         }
///         Self::Red
///     }
///
///     fn parse(input: Input<'_>) -> Result<Self> {
///         match parse::word(input) {
///             b"red" => Ok(Self::Red),
///             b"off-white" => Ok(Self::OffWhite),
///             _ => Err(EINVAL),
///         }
///     }
///
///     fn emit(self, out: &mut Emitter<'_>) -> Result {
///         match self {
///             Self::Red => out.bytes(b"red\n"),
///             Self::OffWhite => out.bytes(b"off-white\n"),
///         }
///         Ok(())
///     }
/// }
/// ```
#[proc_macro_derive(Keyword, attributes(keyword))]
pub fn keyword(item: TokenStream) -> TokenStream {
    keyword::keyword(item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
