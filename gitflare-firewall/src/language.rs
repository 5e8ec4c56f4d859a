//! What a file's path says about its text: whether unquoted words can be values, and whether
//! anything but tokens of a known form can be a secret. It reads no content.

/// The kind of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Language {
    /// Unknown, or prose.
    #[default]
    Unknown,
    /// A programming language: unquoted words are names.
    Code,
    /// Environment, properties, shell: unquoted words are values.
    Config,
    /// The same, with nesting by indentation.
    Yaml,
    /// YAML whose path says that it holds Secrets of Kubernetes.
    Secrets,
    /// Comma-separated values: the first line names the columns.
    Table,
    /// Translations of a user interface: values are labels.
    Labels,
    /// A lock file or a list of checksums; only formats, keys and credentials in URLs count.
    Lock,
}

impl Language {
    /// The language of a file by its path.
    pub(crate) fn of_path(path: &str) -> Self {
        let path = path.to_ascii_lowercase();
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if is_lock(name) {
            return Self::Lock;
        }
        let name = without_wrapping(name);
        let (stem, extension) = name.rsplit_once('.').unwrap_or(("", name));
        if is_labels(folder, stem, extension) {
            Self::Labels
        } else if matches!(extension, "yaml" | "yml") {
            if path.contains("secret") {
                Self::Secrets
            } else {
                Self::Yaml
            }
        } else if matches!(extension, "csv" | "tsv") {
            Self::Table
        } else if name.starts_with(".env")
            || name.starts_with("dockerfile")
            || CONFIG.contains(&extension)
        {
            Self::Config
        } else if CODE.contains(&extension) {
            Self::Code
        } else {
            Self::Unknown
        }
    }

    /// Whether unquoted words are values.
    pub(crate) const fn is_config(self) -> bool {
        matches!(self, Self::Config | Self::Yaml | Self::Secrets)
    }

    /// Whether nothing is known about unquoted words.
    pub(crate) const fn is_unknown(self) -> bool {
        matches!(self, Self::Unknown | Self::Table | Self::Labels)
    }
}

/// Files that package managers and compilers write, and lists of checksums.
fn is_lock(name: &str) -> bool {
    const NAMES: &[&str] = &[
        "go.sum",
        "go.work.sum",
        "package-lock.json",
        "npm-shrinkwrap.json",
        "pnpm-lock.yaml",
        "packages.lock.json",
        "package.resolved",
        "cartfile.resolved",
        "gradle.lockfile",
        "buildscript-gradle.lockfile",
        "cabal.project.freeze",
        ".terraform.lock.hcl",
        "renv.lock",
        "cargo.lock",
        "yarn.lock",
        "poetry.lock",
        "gemfile.lock",
        "gems.locked",
        "composer.lock",
        "pipfile.lock",
        "uv.lock",
        "pdm.lock",
        "pixi.lock",
        "pylock.toml",
        "bun.lock",
        "bun.lockb",
        "deno.lock",
        "flake.lock",
        "mix.lock",
        "rebar.lock",
        "pubspec.lock",
        "podfile.lock",
        "chart.lock",
        "requirements.lock",
        "buf.lock",
        "conan.lock",
        "paket.lock",
        "gopkg.lock",
        "glide.lock",
        "stack.yaml.lock",
        "module.bazel.lock",
        "brewfile.lock.json",
        "conda-lock.yml",
        "project.lock.json",
        "shard.lock",
        "package.lock",
        "checksums.txt",
        "checksums",
        "sha1sums",
        "sha256sums",
        "sha256sums.txt",
        "sha512sums",
        "sha512sums.txt",
        "md5sums",
        "verification-metadata.xml",
    ];
    const ENDINGS: &[&str] = &[".tsbuildinfo", ".sha1", ".sha256", ".sha512", ".md5"];
    NAMES.contains(&name) || ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The name under which a template or a copy would be used: `a.conf` of `a.conf.j2`.
fn without_wrapping(name: &str) -> &str {
    const WRAPPING: &[&str] = &[
        ".j2",
        ".jinja",
        ".jinja2",
        ".erb",
        ".tpl",
        ".tmpl",
        ".bak",
        ".orig",
        ".old",
        ".snap",
        ".in",
        ".gotmpl",
        ".mustache",
    ];
    let stem = WRAPPING.iter().find_map(|ending| name.strip_suffix(ending));
    stem.filter(|stem| stem.contains('.')).unwrap_or(name)
}

/// `locales/x.json`, `messages_de.properties`, `pt-BR.json`.
fn is_labels(folder: &str, stem: &str, extension: &str) -> bool {
    const EXTENSIONS: &[&str] = &[
        "json",
        "yml",
        "yaml",
        "po",
        "pot",
        "strings",
        "arb",
        "properties",
        "xlf",
        "xliff",
        "resx",
        "ftl",
        "lang",
        "ts",
        "js",
        "php",
    ];
    const FOLDERS: &[&str] = &[
        "locale",
        "locales",
        "i18n",
        "l10n",
        "lang",
        "langs",
        "languages",
        "translations",
    ];
    const SETTINGS: &[&str] = &[
        "deploy",
        "deployment",
        "deployments",
        "prod",
        "production",
        "staging",
        "dev",
        "env",
        "envs",
        "environments",
        "config",
        "configs",
        "conf",
        "settings",
        "values",
        "region",
        "regions",
        "clusters",
        "infra",
        "helm",
    ];
    const CODES: &[&str] = &[
        "ar", "bg", "ca", "cs", "da", "de", "el", "en", "es", "et", "eu", "fa", "fi", "fr", "gl",
        "he", "hi", "hr", "hu", "hy", "id", "is", "it", "ja", "ka", "kk", "ko", "lt", "lv", "mk",
        "ms", "nb", "nl", "nn", "pl", "pt", "ro", "ru", "sk", "sl", "sq", "sr", "sv", "ta", "th",
        "tr", "uk", "ur", "uz", "vi", "zh",
    ];
    let is_code = |text: &str| {
        let (language, region) = text.split_once(['-', '_']).unwrap_or((text, ""));
        CODES.contains(&language)
            && region.len() <= 4
            && region.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    let tail = stem.rsplit_once(['_', '.']).map_or("", |(_, tail)| tail);
    // Two letters are a region as well as a language: settings of one are no translation.
    let is_settings = matches!(extension, "yml" | "yaml" | "ts" | "js" | "php")
        || folder.split('/').any(|part| SETTINGS.contains(&part));
    EXTENSIONS.contains(&extension)
        && (folder.split('/').any(|part| FOLDERS.contains(&part))
            || is_code(stem) && !is_settings
            || extension == "properties" && is_code(tail))
}

const CONFIG: &[&str] = &[
    "env",
    "ini",
    "ldif",
    "properties",
    "props",
    "toml",
    "conf",
    "config",
    "cfg",
    "cnf",
    "sh",
    "bash",
    "zsh",
    "fish",
    "ksh",
    "ps1",
    "bat",
    "cmd",
    "service",
    "npmrc",
    "netrc",
    "pypirc",
    "pgpass",
    "tfvars",
    "dockerfile",
    "envrc",
    "credentials",
    "reg",
    "rc",
    "desktop",
    "txt",
    "example",
    "sample",
    "template",
    "dist",
    "local",
    "prod",
    "makefile",
    "mk",
];

const CODE: &[&str] = &[
    "rs",
    "c",
    "h",
    "cc",
    "cpp",
    "cxx",
    "hpp",
    "hh",
    "m",
    "mm",
    "js",
    "jsx",
    "mjs",
    "cjs",
    "ts",
    "tsx",
    "py",
    "pyi",
    "pyx",
    "rb",
    "go",
    "java",
    "kt",
    "kts",
    "swift",
    "php",
    "cs",
    "fs",
    "vb",
    "scala",
    "clj",
    "cljs",
    "ex",
    "exs",
    "erl",
    "hs",
    "ml",
    "mli",
    "dart",
    "lua",
    "pl",
    "pm",
    "r",
    "jl",
    "sql",
    "sol",
    "vue",
    "svelte",
    "groovy",
    "gradle",
    "nim",
    "zig",
    "v",
    "proto",
    "graphql",
    "tf",
    "hcl",
    "css",
    "scss",
    "less",
    "json",
    "map",
    "el",
    "lisp",
    "jsonnet",
    "libsonnet",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_say_how_unquoted_words_are_read() {
        for (path, language) in [
            ("a/b.rs", Language::Code),
            ("deploy/values.yaml", Language::Yaml),
            ("deploy/db-secret.yaml", Language::Secrets),
            (".env.production", Language::Config),
            ("Dockerfile.dev", Language::Config),
            ("nginx.conf.j2", Language::Config),
            ("app.py.orig", Language::Code),
            ("x.j2", Language::Unknown),
            ("vendor/go.sum", Language::Lock),
            ("Cargo.lock", Language::Lock),
            ("web/locales/app.json", Language::Labels),
            ("pt-BR.json", Language::Labels),
            ("messages_de.properties", Language::Labels),
            ("db.json", Language::Code),
            ("users.csv", Language::Table),
            ("README", Language::Unknown),
            ("index.html", Language::Unknown),
        ] {
            assert_eq!(Language::of_path(path), language, "{path}");
        }
    }
}
