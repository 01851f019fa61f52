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
mod expand_file;
mod field;
mod keyword;
mod mode;
#[cfg(test)]
mod tests;

/// Makes a directory of sysfs from a struct.
///
/// Each field has one of these attributes, which says what the field is in the directory. The
/// first paragraph of its doc comment is the documentation of the file or directory. The fields
/// keep their types. `#[cfg(...)]` works on fields, and on the struct.
///
/// `#[attr(...)]`, a file that holds a value. The type of the field implements `Attribute`, like
/// `Value<T>`.
///
/// * `rw`, `ro`, `wo`, `admin_rw`, `admin_ro` or `mode = 0o...`: the mode. The words are 0644,
///   0444, 0200, 0600 and 0400, as those of `DEVICE_ATTR_RW()` and so on. One of them is needed.
///   What `VERIFY_OCTAL_PERMISSIONS()` refuses in C is refused here, too.
/// * `default = EXPR`: what the field, a `Value`, holds in a new directory.
/// * `init = EXPR`: what the field is in a new directory. Without both, it is `Default::default()`.
/// * `parse = PATH`: a `fn(&CStr) -> Result<T>` instead of the one of the type, for a `Value<T>`.
/// * `show = PATH`: a `fn(&Dir<Self>, &mut Output<'_>) -> Result` that shows the file.
/// * `store = PATH`: a `fn(&Dir<Self>, &CStr) -> Result` that takes what was written.
/// * `visible = PATH`: a `fn(&Self) -> bool` that tells, when the directory is shown, whether it
///   has the file.
/// * `privileged`: the file is left out of a tree that is delegated to a user.
/// * `notify`: a write that succeeds wakes who polls the file, which has one name then.
/// * `name = "..."`: the name, if it is not that of the field.
/// * `alias("...")`, `alias("...", cfg(...))`: a second name for the same file, which shares its
///   methods; with `cfg`, only if the configuration says so. May be repeated.
///
/// `#[file(...)]`, a file without a value: its methods do everything. The type of the field is
/// `NoValue`. The arguments are those of `attr`, without `default`, `init` and `parse`, and
///
/// * `kind = EXPR`: what the file holds, a `&str`, for the description of the tree.
/// * `detached`: `store` may remove the directory. It is a `fn(&Detached<'_, Dir<Self>>, &CStr) ->
///   Result` then, and has `Detached::remove()`. Who removes the directory does not wait for it,
///   and it is `ENODEV` when the module is being unloaded, or has not finished to be loaded.
///
/// `#[bin(...)]`, a binary file. The type of the field is `NoValue`. `rw` and so on are as above.
///
/// * `size = EXPR`: how many bytes it has, if that is known.
/// * `read = PATH`: a `fn(&Dir<Self>, u64, &mut [u8]) -> Result<usize>` that fills the buffer with
///   what the file has from an offset on, and returns how many bytes these are.
/// * `write = PATH`: a `fn(&Dir<Self>, u64, &[u8]) -> Result` that takes what was written.
/// * `visible` and `name`: as above.
///
/// `#[dir]`, `#[dir(FIELD = EXPR, ...)]`, a subdirectory that is always there. The type of the
/// field is `Subdir<T>`, for a `T` that needs no arguments. `FIELD = EXPR` replaces the default of
/// a `Value` in it. With `privileged`, it is left out of a tree that is delegated to a user.
///
/// `#[children]`, `#[children(nr = "...", ...)]`, numbered subdirectories. The type of the field is
/// `Children<T>`, and the directory has a file that makes N of them when N is written to it.
///
/// * `nr = "..."`: the name of that file. Without it there is none, the type of the field is
///   `Sequence<T>`, and the code makes the directories.
/// * `rw` and so on: the mode of that file, 0644 if there is none.
/// * `alias(...)`: as above, a second name of that file.
/// * `max = EXPR`: the largest number that is accepted.
/// * `limit = PATH`: a `fn(&Dir<Self>, &Held<'_>) -> Result<i32>`, the largest number that is
///   accepted in the tree of the directory, once the lock is held.
/// * `check = PATH`: a `fn(&Self, &Held<'_>) -> Result` that may refuse, once the lock is held and
///   before anything is changed.
/// * `init = PATH`: a `fn(&Self, &T)` that prepares each new directory before it is shown.
///
/// `#[tree]`, a tree of its own in the directory. The type of the field is `Subtree<T>`; the code
/// makes the tree, and gives it a name.
///
/// `#[state]`, data that is not in sysfs. It starts with `Default::default()`.
///
/// * `init = EXPR`: starts with this.
/// * `pin_init = EXPR`: is made in place by this, an `impl PinInit<_, Error>`.
///
/// What makes a field may be written as `|setup| EXPR`. Then `setup` is the `Setup` of the
/// directory: `Locked` wants it, and it has the arguments. `?` works in it.
///
/// The macro itself takes `args = Type`: the type of the arguments without which no directory is
/// made.
///
/// # Examples
///
/// ```ignore
/// #[sysfs_dir]
/// struct Basket {
///     /// How much the basket holds, in kilograms.
///     #[attr(rw, default = 10)]
///     capacity: Value<usize>,
///
///     /// Where it comes from.
///     #[dir]
///     origin: Subdir<Origin>,
///
///     /// Writing N makes the directories 0 to N-1, one for each apple.
///     #[children(nr = "nr_apples", max = 100)]
///     apples: Children<Apple>,
/// }
/// ```
///
/// expands to this, without the description of the tree, and with shorter paths:
///
/// ```ignore
/// #[pin_data]
/// struct Basket {
///     capacity: Value<usize>,
///     origin: Subdir<Origin>,
///     apples: Children<Apple>,
/// }
///
/// impl Basket {
///     const __FILE_0: &'static File<Dir<Self>> = &File::new::<0o644>(
///         c"capacity",
///         FileOps {
///             show: Some(|dir, out| <Value<usize> as Attribute>::show(&dir.capacity, out)),
///             store: Some(|dir, input| <Value<usize> as Attribute>::store(&dir.capacity, input)),
///             ..FileOps::NONE
///         },
///     );
///     const __FILE_1: &'static File<Dir<Self>> = &File::new::<0o644>(
///         c"nr_apples",
///         FileOps {
///             show: Some(|dir, out| dir.apples.show_nr(out)),
///             store: Some(|dir, input| {
///                 dir.apples.store_nr(dir, input, Some(100), |_, _| Ok(()), |_| ())
///             }),
///             ..FileOps::NONE
///         },
///     );
/// }
///
/// impl DirData for Basket {
///     type Args = ();
///
///     const FILES: &'static [Option<&'static File<Dir<Self>>>] =
///         &[Some(Self::__FILE_0), Some(Self::__FILE_1), None];
///
///     fn lock_class() -> Pin<&'static LockClassKey> {
///         static_lock_class!()
///     }
///
///     fn new(setup: &Setup<'_, Self::Args>) -> impl PinInit<Self, Error> {
///         try_pin_init!(Self {
///             capacity: <Value<usize>>::new(10),
///             origin: <Subdir<Origin>>::new(setup, ())?,
///             apples: <Children<Apple>>::new(setup),
///         }? Error)
///     }
///
///     fn add_dirs(dir: &Dir<Self>, held: &mut Held<'_>) -> Result {
///         dir.origin.add(dir, held, c"origin")?;
///         Ok(())
///     }
///
///     fn remove_dirs(&self, held: &mut Held<'_>) -> Result {
///         self.origin.remove(held)?;
///         self.apples.remove(held)?;
///         Ok(())
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn sysfs_dir(args: TokenStream, item: TokenStream) -> TokenStream {
    dir::sysfs_dir(args.into(), item.into())
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}

/// Makes a group of files of a struct, for a kobject that somebody else has made.
///
/// The fields are those of [`macro@sysfs_dir`], of which `attr`, `file`, `bin` and `state` can be
/// used, without `detached`. The methods of files are given `&Self`, and what makes a field is
/// written as `|args| EXPR` if it needs the arguments.
///
/// The macro itself takes `args = Type`, as `sysfs_dir` does, and `name = "..."`: the files are in
/// a directory of that name then.
///
/// # Examples
///
/// ```ignore
/// #[sysfs_group(name = "lamp", args = u32)]
/// struct Lamp {
///     /// How bright it is, in percent.
///     #[attr(rw, init = |args| Value::new(*args))]
///     brightness: Value<u32>,
/// }
/// ```
///
/// expands to what `sysfs_dir` makes of such a struct, but with this instead of `DirData`:
///
/// ```ignore
/// impl GroupData for Lamp {
///     const NAME: Option<&'static CStr> = Some(c"lamp");
///
///     type Args = u32;
///
///     const FILES: &'static [Option<&'static File<Self>>] = &[Some(Self::__FILE_0), None];
///
///     fn new(setup: &Self::Args) -> impl PinInit<Self, Error> {
///         try_pin_init!(Self {
///             brightness: {
///                 let args = setup;
///                 Value::new(*args)
///             },
///         }? Error)
///     }
/// }
/// ```
#[proc_macro_attribute]
pub fn sysfs_group(args: TokenStream, item: TokenStream) -> TokenStream {
    dir::sysfs_group(args.into(), item.into())
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
/// impl AttrValue for Colour {
///     type Repr = u32;
///
///     const KIND: &'static str = "keyword:red|off-white";
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
///     fn parse(input: &CStr) -> Result<Self> {
///         match parse::word(input) {
///             b"red" => Ok(Self::Red),
///             b"off-white" => Ok(Self::OffWhite),
///             _ => Err(EINVAL),
///         }
///     }
///
///     fn emit(self, out: &mut Output<'_>) -> Result {
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
