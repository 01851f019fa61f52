// SPDX-License-Identifier: GPL-2.0

//! KUnit tests of the files of directories.

use super::{
    node::Node,
    own,
    publish,
    shows,
    store,
    Branch,
    Colour,
    Conditional,
    Leaf,
    Made, //
};
use crate::{
    kobject::{
        mm_kobj,
        AttrValue,
        DirData,
        Owner,
        Root, //
    },
    prelude::*, //
};

#[macros::kunit_tests(rust_kobject_files)]
mod cases {
    use super::*;

    #[test]
    fn files_show_and_store() -> Result {
        let leaf = publish::<Leaf>(c"rust_kunit")?;

        shows(&leaf, c"ulong", b"5\n")?;
        store(&leaf, c"ulong", c"0x20\n")?;
        shows(&leaf, c"ulong", b"32\n")?;
        assert_eq!(store(&leaf, c"ulong", c"-1"), Err(EINVAL));
        shows(&leaf, c"ulong", b"32\n")?;

        shows(&leaf, c"flag", b"N\n")?;
        store(&leaf, c"flag", c"y")?;
        shows(&leaf, c"boolean", b"Y\n")?;

        shows(&leaf, c"colour", b"off-white\n")?;
        store(&leaf, c"colour", c"red")?;
        shows(&leaf, c"colour", b"red\n")?;
        assert_eq!(leaf.colour.get(), Colour::Red);

        let shared = leaf.shared.clone();
        shows(&leaf, c"shared", b"3\n")?;
        store(&leaf, c"shared", c"4")?;
        assert_eq!(shared.get(), 4);
        assert_eq!(store(&leaf, c"shared", c"-1"), Err(EINVAL));
        shared.set(5);
        shows(&leaf, c"shared", b"5\n")?;

        shows(&leaf, c"int", b"-7\n")?;
        assert_eq!(store(&leaf, c"int", c"3"), Err(EIO));

        store(&leaf, c"trigger", c"1")?;
        assert!(leaf.trigger.get());
        assert_eq!(shows(&leaf, c"trigger", b""), Err(EIO));

        assert_eq!(shows(&leaf, c"broken", b""), Err(EAGAIN));
        assert_eq!(store(&leaf, c"broken", c"3"), Err(ENOTTY));
        Ok(())
    }

    #[test]
    fn description_names_every_file() {
        let info = Leaf::INFO;
        let expected = [
            (c"ulong", 0o644, "ulong"),
            (c"boolean", 0o644, "bool"),
            (c"flag", 0o644, "bool"),
            (c"colour", 0o640, Colour::KIND),
            (c"broken", 0o644, "custom"),
            (c"int", 0o444, "int"),
            (c"trigger", 0o200, "bool"),
            (c"shared", 0o644, "uint"),
        ];

        assert_eq!(info.doc, "A directory with a file of each kind.");
        assert_eq!(info.files.len(), expected.len());
        for (file, (name, mode, kind)) in info.files.iter().zip(expected) {
            assert_eq!(file.name, name);
            assert_eq!(file.mode, mode);
            assert_eq!(file.kind, kind);
            assert_eq!(file.alias_of, (name == c"flag").then_some(c"boolean"));
        }
        assert_eq!(Branch::INFO.files.len(), 3);
        assert_eq!(Branch::INFO.dirs.len(), 2);
        assert_eq!(Branch::INFO.dirs[0].name, None);
        assert_eq!(Branch::INFO.dirs[1].name, Some(c"leaf"));
        assert_eq!(Branch::INFO.dirs[1].overrides.len(), 2);
    }

    #[test]
    fn names_of_the_expansion_are_its_own() -> Result {
        let own = Root::<own::Own>::new(())?;

        shows(&own, c"file", b"yes\n")?;
        shows(&own, c"setup", b"3\n")?;
        assert_eq!(store(&own, c"file", c"1"), Err(ENOTTY));
        Ok(())
    }

    #[test]
    fn directories_are_made_of_arguments() -> Result {
        let owner = Owner { uid: 7, gid: 8 };
        let made = Root::<Made>::new_owned((42, true), owner)?;

        made.add(mm_kobj().ok_or(ENODEV)?, c"rust_kunit")?;
        shows(&made, c"number", b"42\n")?;
        assert_eq!(*made.mutex.lock(), 42);
        assert_eq!(made.tree().owner, owner);
        Ok(())
    }

    #[test]
    fn conditions_count_for_each_kind_of_field() -> Result {
        let conditional = publish::<Conditional>(c"rust_kunit")?;

        for name in [c"value", c"second", c"file", c"bin", c"dir", c"nr"] {
            Node::of(&conditional, name)?;
        }
        for name in [c"no_value", c"no_file", c"no_bin", c"no_dir", c"no_nr"] {
            assert_eq!(Node::of(&conditional, name).err(), Some(ENOENT));
        }
        assert_eq!(Conditional::INFO.files.len(), 4);
        assert_eq!(Conditional::INFO.dirs.len(), 3);
        assert_eq!(*conditional.mutex.lock(), 3);
        shows(&conditional, c"file", b"file\n")
    }

    #[test]
    fn binary_files_are_read_and_written_in_parts() -> Result {
        let made = Root::<Made>::new((0x0102_0304, false))?;
        made.add(mm_kobj().ok_or(ENODEV)?, c"rust_kunit")?;
        let raw = Node::of(&made, c"raw")?;
        let mut buf = [0xff; 8];
        let bytes = 0x0102_0304u32.to_ne_bytes();

        assert_eq!(raw.read_at(0, &mut buf), Ok(4));
        assert_eq!(buf.get(..4), Some(&bytes[..]));
        // What the method does not fill is not what was there before.
        assert_eq!(buf.get(4..), Some(&[0; 4][..]));
        assert_eq!(raw.read_at(3, &mut buf), Ok(1));
        assert_eq!(buf.first(), bytes.last());
        // One that claims to have filled more than there is has not.
        assert_eq!(raw.read_at(0, &mut buf[..2]), Ok(2));
        assert_eq!(raw.read_at(5, &mut buf), Ok(EINVAL.to_errno() as isize));
        assert_eq!(raw.read_at(-1, &mut buf), Ok(EINVAL.to_errno() as isize));

        assert_eq!(raw.write_at(0, &mut 7u32.to_ne_bytes()), Ok(4));
        assert_eq!(made.number.get(), 7);
        assert_eq!(raw.write_at(1, &mut [1]), Ok(EFBIG.to_errno() as isize));
        assert_eq!(made.number.get(), 7);
        Ok(())
    }
}
