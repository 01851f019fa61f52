// SPDX-License-Identifier: GPL-2.0

//! Initcalls of built-in code that is not a module.
//!
//! C header: [`include/linux/init.h`](srctree/include/linux/init.h)

/// Runs a function once while the kernel boots, at the level of `subsys_initcall()` in C.
///
/// Functions of one level run in the order in which their objects are linked.
///
/// The second argument is a `fn() -> Result`; an error that it returns is handed on to the C side,
/// which reports it with `initcall_debug`. The first argument names the initcall. It has to be
/// unique in the kernel and is also the prefix of messages of the crate, which therefore uses this
/// macro once and does not use `module!`. In a module, whose initcalls nobody calls, it is an error
/// when that is compiled.
///
/// # Examples
///
/// ```ignore
/// fn init() -> Result {
///     pr_info!("ready\n");
///     Ok(())
/// }
///
/// kernel::subsys_initcall!(example, init);
/// ```
#[macro_export]
macro_rules! subsys_initcall {
    ($name:ident, $init:path) => {
        #[cfg(MODULE)]
        ::core::compile_error!("`subsys_initcall!` is for built-in code: use `module!` here");

        /// Prefix to appear before log messages printed from within this crate.
        #[allow(dead_code)]
        const __LOG_PREFIX: &[u8] = concat!(stringify!($name), "\0").as_bytes();

        $crate::macros::paste! {
            // Double nested modules, since then nobody can access the public items inside.
            #[doc(hidden)]
            mod __initcall {
                mod __initcall {
                    // The attributes, and the assembly, say what `subsys_initcall()` does in C.
                    #[cfg(not(CONFIG_HAVE_ARCH_PREL32_RELOCATIONS))]
                    #[link_section = ".initcall4.init"]
                    #[used(compiler)]
                    pub static [<__ $name _initcall>]: extern "C" fn() -> $crate::ffi::c_int =
                        [<__ $name _init>];

                    #[cfg(CONFIG_HAVE_ARCH_PREL32_RELOCATIONS)]
                    ::core::arch::global_asm!(
                        ".section \".initcall4.init\", \"a\"",
                        concat!("__", stringify!($name), "_initcall:"),
                        concat!(".long __", stringify!($name), "_init - ."),
                        ".previous",
                    );

                    #[no_mangle]
                    #[link_section = ".init.text"]
                    pub extern "C" fn [<__ $name _init>]() -> $crate::ffi::c_int {
                        match super::super::$init() {
                            Ok(()) => 0,
                            Err(e) => e.to_errno(),
                        }
                    }
                }
            }
        }
    };
}
