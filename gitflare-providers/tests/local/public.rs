//! Public repositories beside `git`, field by field: grown histories with merges, renames and files of every
//! kind. They come as the test data of a Git library, which Debian packs; nothing is fetched.

use std::{path::Path, process::Command};

use crate::local::{
    api::Api,
    compare::{self, Extent, Totals},
    git::{self, Git},
};

/// What the package `golang-github-go-git-go-git-fixtures-dev` installs.
const PACKED: &str = "/usr/share/gocode/src/github.com/go-git/go-git-fixtures/data.go";

/// A repository as it stood on the day that it was packed.
struct Public {
    name: &'static str,
    pack: &'static str,
    tips: &'static [&'static str],
    /// Of how many commits one has its diff compared.
    every: usize,
}

const PUBLIC: [Public; 9] = [
    Public {
        name: "spinnaker",
        pack: "f2e0a8889a746f7600e07d2246a2e29a72f696be",
        tips: &[
            "06ce06d0fc49646c4de733c45b7788aabad98a6f",
            "586631c75c2d9fb678e516a2141fe0d68bd56b40",
            "426cd84d1741d0ff68bad646bc8499b1f163a893",
        ],
        every: 3,
    },
    Public {
        name: "rumprun-xen",
        pack: "7861f2632868833a35fe5e4ab94f99638ec5129b",
        tips: &[
            "cb76259edb1309ea45ac601edd9db3721e7cb5a0",
            "3b91e44996ea6ae1276bce1cc44f38701c53ee6f",
        ],
        every: 3,
    },
    Public {
        name: "go-git",
        pack: "3559b3b47e695b33b0913237a4df3357e739831c",
        tips: &[
            "e8788ad9165781196e917292d6055cba1d78664e",
            "507df354c22b58382e4684c6a3c694611e1dce05",
        ],
        every: 2,
    },
    Public {
        name: "desk",
        pack: "4ec6344877f494690fc800aceaf2ca0e86786acb",
        tips: &[
            "d2313db6e7ca7bac79b819d767b2a1449abb0a5d",
            "f67e77e1f37c21472d99732b2e5a332fc3498f80",
        ],
        every: 1,
    },
    Public {
        name: "storable",
        pack: "0d3d824fb5c930e7e7e1f0f399f2976847d31fd3",
        tips: &["426503ae00f7d6ea45dd6b9d1a6a067767d3491d"],
        every: 1,
    },
    Public {
        name: "ts3",
        pack: "21b33a26eb7ffbd35261149fe5d886b9debab7cb",
        tips: &["e930f32164baf7a86a9ea62e36bea0c1af223f68"],
        every: 1,
    },
    Public {
        name: "skeetr",
        pack: "36ef7a2296bfd526020340d27c5e1faa805d8d38",
        tips: &["851a6ce34e58e950eea604161fb052951e8db771"],
        every: 1,
    },
    Public {
        name: "gem-builder",
        pack: "1ea0b3971fd64fdcdf3282bfb58e8cf10095e4e6",
        tips: &["cca5dedb0cdf9297768735b653d7b239cabf348d"],
        every: 1,
    },
    Public {
        name: "litemock",
        pack: "0d9b6cfc261785837939aaede5986d7a7c212518",
        tips: &["68052f114af0ac9412ed76537e1a3173d8294054"],
        every: 1,
    },
];

#[test]
fn public_repositories_read_as_git_reads_them() {
    if !git::is_available() {
        return;
    }
    if !Path::new(PACKED).exists() {
        assert!(!git::is_ci(), "{PACKED} is needed");
        println!("skipped: there is no {PACKED}");
        return;
    }
    let root = tempfile::tempdir().unwrap();
    unpack(root.path());
    let mut all = Totals::default();
    for public in &PUBLIC {
        let git = repository(root.path(), public);
        add_files_of_every_kind(&git);
        let api = Api::new(root.path(), public.name);
        let extent = Extent {
            limits: vec![100],
            every: public.every,
        };
        let totals = compare::whole(&git, &api, &extent);
        println!("{}: {totals:?}", public.name);
        assert_eq!(totals.other_patches, 0, "{}", public.name);
        all.commits += totals.commits;
        all.ranges += totals.ranges;
        all.contents += totals.contents;
        all.patches += totals.patches;
    }
    assert!(all.commits > 2_000 && all.ranges > 200, "{all:?}");
    assert!(all.contents > 500 && all.patches > 2_000, "{all:?}");
}

fn unpack(folder: &Path) {
    let mut python = Command::new("python3");
    python
        .args(["-c", include_str!("public.py"), PACKED])
        .arg(folder)
        .args(PUBLIC.iter().map(|public| public.pack));
    assert!(python.status().unwrap().success());
}

fn repository(root: &Path, public: &Public) -> Git {
    let git = Git::init(&root.join(format!("{}.git", public.name)), &["--bare"]);
    let pack = std::fs::read(root.join(format!("{}.pack", public.pack))).unwrap();
    git.feed(["index-pack", "--stdin"], &pack);
    for (at, tip) in public.tips.iter().enumerate() {
        let name = match at {
            0 => "main".to_owned(),
            _ => format!("other/{at}"),
        };
        git.run(["update-ref", &format!("refs/heads/{name}"), tip]);
    }
    git
}

/// A commit on the default branch with what few repositories hold.
fn add_files_of_every_kind(git: &Git) {
    let text = "caf\u{e9} \u{1F600}\r\nline\n";
    let wide = |mark: &[u8], unit: fn(u16) -> [u8; 2]| {
        let units = text.encode_utf16().flat_map(unit);
        [mark.to_vec(), units.collect()].concat()
    };
    let wider = |mark: &[u8], unit: fn(u32) -> [u8; 4]| {
        let units = text.chars().map(u32::from).flat_map(unit);
        [mark.to_vec(), units.collect()].concat()
    };
    let late = [&b"x".repeat(8_000)[..], b"\0 behind\n"].concat();
    let files: [(&str, &str, Vec<u8>); 14] = [
        (
            "100644",
            "odd/utf-16le",
            wide(b"\xff\xfe", u16::to_le_bytes),
        ),
        (
            "100644",
            "odd/utf-16be",
            wide(b"\xfe\xff", u16::to_be_bytes),
        ),
        (
            "100644",
            "odd/utf-32le",
            wider(b"\xff\xfe\0\0", u32::to_le_bytes),
        ),
        (
            "100644",
            "odd/utf-32be",
            wider(b"\0\0\xfe\xff", u32::to_be_bytes),
        ),
        (
            "100644",
            "odd/marked",
            [b"\xef\xbb\xbf", text.as_bytes()].concat(),
        ),
        ("100644", "odd/late", late),
        ("100644", "odd/latin", b"caf\xe9\n".to_vec()),
        ("100644", "odd/empty", Vec::new()),
        ("100755", "odd/program", b"#!/bin/sh\n".to_vec()),
        ("120000", "odd/link", b"../README.md".to_vec()),
        (
            "100644",
            "\"odd/caf\\351\"",
            b"a name that is no text\n".to_vec(),
        ),
        (
            "100644",
            "\"odd/a\\tb\\nc\"",
            b"a name with signs\n".to_vec(),
        ),
        ("100644", "odd/big.bin", b"\0\x01\x02".repeat(100_000)),
        (
            "100644",
            ".gitmodules",
            b"[submodule \"dep\"]\n\tpath = odd/dep\n\turl = https://git.example/dep.git\n"
                .to_vec(),
        ),
    ];
    let head = git.line(["rev-parse", "HEAD"]);
    let mut script = format!(
        "commit refs/heads/main\ncommitter C <c@d> 1700000000 +0100\ndata 4\nodd\n\nfrom {head}\n\
         M 160000 {head} odd/dep\n"
    )
    .into_bytes();
    for (mode, path, data) in files {
        script.extend(format!("M {mode} inline {path}\ndata {}\n", data.len()).bytes());
        script.extend(data);
        script.push(b'\n');
    }
    git.feed(["fast-import", "--quiet"], &script);
}
