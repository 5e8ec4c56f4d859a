//! The words by which names are judged: which words make a name secret, and which take that back.

use std::sync::LazyLock;

use super::{
    lexicon::{Prefixes, Words},
    strength::Strength,
};

/// A word that makes a name secret; any case.
pub(super) struct Keyword {
    pub(super) text: &'static str,
    /// What must follow a word too short or too common to stand alone.
    pub(super) tail: &'static str,
    pub(super) strength: Strength,
}

const fn word(text: &'static str, strength: Strength) -> Keyword {
    Keyword {
        text,
        tail: "",
        strength,
    }
}

const fn short(text: &'static str, tail: &'static str, strength: Strength) -> Keyword {
    Keyword {
        text,
        tail,
        strength,
    }
}

/// What ends a name or goes on with its next word.
const ENDS: &str = "=: \t\r\n[\"'`\\\\]})>,._0-9s|(*&<-";
/// The same, and the capital of a next word.
const GOES_ON: &str = "=: \t\r\n[\"'`\\\\]})>,._0-9sA-Z|(*&<-";
/// What follows a name that is its own last word.
const ALONE: &str = "=: \t\r\n[\"'`\\\\]})>,(&";

/// Every keyword.
pub(super) const KEYWORDS: &[Keyword] = &[
    word("passw", Strength::Password),
    word("passphrase", Strength::Password),
    word("passcode", Strength::Password),
    short("pass", GOES_ON, Strength::Pass),
    short("pwd", ENDS, Strength::Password),
    word("pswd", Strength::Password),
    word("psswd", Strength::Password),
    word("paswd", Strength::Password),
    word("access_id", Strength::Weak),
    word("accessid", Strength::Weak),
    short("pw", "=: \t\"'\\]", Strength::Pass),
    short("pw=", "!-~", Strength::Pass),
    short("pw ", "!-~", Strength::Pass),
    short("psk", "=: \t\"'\\]", Strength::Pass),
    word("rootpw", Strength::Password),
    word("bindpw", Strength::Password),
    word("masterauth", Strength::Password),
    short("psw", "=: \t\"'\\\\]", Strength::Password),
    word("p/w:", Strength::Password),
    word("secret", Strength::Secret),
    word("credential", Strength::Secret),
    word("creds", Strength::Secret),
    word("token", Strength::Token),
    short("key", ENDS, Strength::Key),
    word("bearer", Strength::Bearer),
    word("authorization", Strength::Header),
    short("auth", ALONE, Strength::Auth),
    short("jwt", "=: \t\"'", Strength::Token),
    short("salt", GOES_ON, Strength::Salt),
    word("pepper", Strength::Salt),
    short("nonce", ENDS, Strength::Salt),
    short("seed", GOES_ON, Strength::Weak),
    short("pin", "=: \"'\\", Strength::Pin),
    word("cookie", Strength::Cookie),
    short("sig", "=", Strength::Weak),
    word("signature", Strength::Weak),
    word("identified by", Strength::Sql),
    word("reporter_id", Strength::Token),
    short("crumb", ALONE, Strength::Weak),
    short("_pat", ALONE, Strength::Weak),
    // Other languages. Cyrillic and Latin beyond ASCII are written in both cases where needed.
    word("парол", Strength::Password),
    word("Парол", Strength::Password),
    word("ПАРОЛ", Strength::Password),
    word(r"\u043f\u0430\u0440\u043e\u043b", Strength::Password),
    word(r"\u041f\u0430\u0440\u043e\u043b", Strength::Password),
    word(r"\u0441\u0435\u043a\u0440\u0435\u0442", Strength::Secret),
    word(r"\u0442\u043e\u043a\u0435\u043d", Strength::Token),
    word("секрет", Strength::Secret),
    word("Секрет", Strength::Secret),
    word("СЕКРЕТ", Strength::Secret),
    word("токен", Strength::Token),
    word("Токен", Strength::Token),
    word("ТОКЕН", Strength::Token),
    word("ключ доступа", Strength::Secret),
    word("Ключ доступа", Strength::Secret),
    word("парольная фраза", Strength::Password),
    word("kennwort", Strength::Password),
    word("geheimnis", Strength::Secret),
    word("schluessel", Strength::Weak),
    word("schlüssel", Strength::Weak),
    word("mot de passe", Strength::Password),
    word("motdepasse", Strength::Password),
    word("mot_de_passe", Strength::Password),
    word("jeton", Strength::Token),
    word("contraseña", Strength::Password),
    word("contrasena", Strength::Password),
    short("clave", ENDS, Strength::Pass),
    short("senha", ENDS, Strength::Password),
    short("chave", ENDS, Strength::Weak),
    word("chiave", Strength::Weak),
    short("haslo", ENDS, Strength::Password),
    word("hasło", Strength::Password),
    word("wachtwoord", Strength::Password),
    word("sleutel", Strength::Weak),
    short("sifre", ENDS, Strength::Password),
    word("şifre", Strength::Password),
    word("Şifre", Strength::Password),
    short("parola", ENDS, Strength::Password),
    word("密码", Strength::Password),
    word("密碼", Strength::Password),
    word("口令", Strength::Password),
    word("密钥", Strength::Secret),
    word("令牌", Strength::Token),
    word("パスワード", Strength::Password),
    word("秘密鍵", Strength::Secret),
    word("비밀번호", Strength::Password),
    word("패스워드", Strength::Password),
    word("토큰", Strength::Token),
    // Scandinavia, Finland, the Baltic.
    short("kodeord", ENDS, Strength::Password),
    short("adgangskode", ENDS, Strength::Password),
    word("lösenord", Strength::Password),
    short("losenord", ENDS, Strength::Password),
    short("passord", ENDS, Strength::Password),
    short("salasana", ENDS, Strength::Password),
    word("lykilorð", Strength::Password),
    word("pasahitza", Strength::Password),
    word("fjalëkalim", Strength::Password),
    short("parool", ENDS, Strength::Password),
    short("parole", "=:", Strength::Password),
    word("slaptažodis", Strength::Password),
    short("slaptazodis", ENDS, Strength::Password),
    // Central Europe and the Balkans.
    short("heslo", ENDS, Strength::Password),
    word("jelszó", Strength::Password),
    short("jelszo", ENDS, Strength::Password),
    word("parolă", Strength::Password),
    short("lozinka", ENDS, Strength::Password),
    word("лозинк", Strength::Password),
    word("Лозинк", Strength::Password),
    short("geslo", ENDS, Strength::Password),
    word("κωδικ", Strength::Password),
    word("Κωδικ", Strength::Password),
    word("секретний ключ", Strength::Secret),
    word("секретный ключ", Strength::Secret),
    short("ключ", "=: ", Strength::Weak),
    short("Ключ", "=: ", Strength::Weak),
    // Romance languages.
    word("palavra-passe", Strength::Password),
    word("palavra_passe", Strength::Password),
    short("contrasenya", ENDS, Strength::Password),
    word("chiave segreta", Strength::Secret),
    // Arabic, Persian, Hebrew, Hindi, Thai, Vietnamese, Malay.
    word("كلمة المرور", Strength::Password),
    word("كلمة السر", Strength::Password),
    word("رمز عبور", Strength::Password),
    word("گذرواژه", Strength::Password),
    word("סיסמ", Strength::Password),
    word("पासवर्ड", Strength::Password),
    word("รหัสผ่าน", Strength::Password),
    word("mật khẩu", Strength::Password),
    word("Mật khẩu", Strength::Password),
    short("mat_khau", ENDS, Strength::Password),
    short("matkhau", ENDS, Strength::Password),
    word("kata sandi", Strength::Password),
    word("kata_sandi", Strength::Password),
    short("katasandi", ENDS, Strength::Password),
    short("katalaluan", ENDS, Strength::Password),
    // East Asia.
    word("비번", Strength::Password),
    word("암호", Strength::Password),
    word("暗証番号", Strength::Password),
];

/// Words after the keyword that make the name something else; prefixes of the next word.
pub(super) static NOT_AFTER: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "\
         id name path file dir url uri type len size count min max policy policies regex pattern \
         placeholder label hint prompt title text error err message msg expir ttl timeout version \
         format index prefix suffix env var provider endpoint location class input enabled disabled \
         required reset change at date age arn ref ring word board code down up press frame space \
         binding map stroke is manager helper service handler generator factory builder parser \
         stream tree kind strength check valid verif confirm field param attr column col header form \
         page view screen dialog modal button link icon style css usage limit lifetime life duration \
         period rotation algo method mode level status state store bucket scope audience issuer \
         source set get list array iter match range event listener callback func fn encod decod cmd \
         command script program agent plugin module ary ed ing ion port enger ive through thru by \
         off on chain vault slot spec schema def option opts config setting template example \
         test_case description desc doc comment note help info exists present missing changed \
         updated created modified number num sort order prop extractor resolver loader reader writer \
         filter mapper converter serializer comparator equals hash_algo bits bytes pair selector \
         protector derivation exchange agreement lookup request response property variable constant \
         visible visibility context encryption toggle show hide forgot forget recover grant flow auth_method login \
         hasher public manager mgr startswith endswith contains review",
    )
});

/// Words after a name that make its value a digest.
pub(super) static DIGESTS: LazyLock<Words> =
    LazyLock::new(|| Words::new("sha md digest checksum fingerprint integrity"));

/// Words after a password's name under which it is written once more.
pub(super) static AGAIN: LazyLock<Words> =
    LazyLock::new(|| Words::new("confirm confirmation confirmed repeat repeated again"));

/// Last words before `key` or `token` that make the name public.
pub(super) static NOT_BEFORE: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "\
         public pub publishable foreign primary partition sort cache row object index unique hot \
         short shortcut arrow translation i18n lang locale message dict map hash json registry \
         config prop property next previous prev page continuation last start sync resume cancel \
         cancellation invalid unexpected group sorting host known lookup query route tab space field \
         column attribute attr param meta data item event tag label metric state parent child \
         component react list enum type class symbol word keyboard modifier dedup idempotency issue \
         project lock composite natural surrogate candidate reverse lemma stop eos bos pad unk mask \
         html syntax lex end first current peek max min num setting settings option sitemap \
         theme color repository",
    )
});

/// Ends of lower-case compounds in which `key` or `pass` counts although no separator stands
/// before it.
pub(super) static COMPOUNDS: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "\
         require api access secret auth master priv private sign signing crypt cryption hmac license licence \
         storage account app db deploy server service user admin root ssh sudo smtp mail email ftp \
         sql pg redis become store my ssl tls rsa aes des jwt session shared preshared client \
         consumer key wifi wpa ldap sa mongo proxy login http https svn git test default sub \
         subscription ocp maps dev prod pre psk vnc sys system bind net web host vault node cert \
         data",
    )
});

/// Whole values that say nothing.
pub(super) static EMPTY_WORDS: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "\
         ssid true false null nil none undefined void string str text hidden input required optional \
         password passwd passphrase pass pwd secret token key username user email login bearer basic \
         digest default number integer int bool boolean bytes object array value changeme change-me \
         change_me redacted masked filtered removed placeholder dummy todo tbd fixme unknown yes no \
         on off enabled disabled varchar char self this file env environment prompt ask never always \
         auto any all else return const let var function async await import export and or not is if \
         in for the a an to of with from authorization authentication credentials oauth oauth2 jwt \
         api_key apikey api-key credential ed25519 id_ed25519 id_rsa access_token refresh_token id_token client_secret private_key \
         public_key secret_key header cookie query body xxx xxxx foo bar baz abc name id new old \
         current confirm option empty blank missing invalid valid example sample insert replace \
         include omit same-origin mandatory private public internal external generated random same \
         above below later yourself hidden plain plaintext encrypted hashed salted stored typed \
         replaceme replace_me hunter n/a utf-8 utf8 utf-16 ascii latin-1 latin1 hex base64 binary",
    )
});

/// Pieces that mark a value as a stand-in, as whole words of it.
pub(super) static STAND_INS: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "\
         your yours changeme change replace insert todo example redacted masked hidden filtered \
         dummy placeholder enter here goes sample removed omitted fixme put put_your my",
    )
});

/// Words of names: of fields, messages, routes, types, settings.
pub(super) static PLACES: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "\
         password passwords passwd pass pwd passphrase user users username login logout auth \
         authentication account accounts reset forgot forgotten change changed confirm confirmation \
         new old current previous field label input form error errors invalid required missing \
         wrong incorrect hash hashed type view page screen dialog button text hidden key token \
         secret secrets id name file path config value string plain cleartext encrypted encoded \
         only none set unset get show hide update create delete add remove enable disable enabled \
         disabled expired expires expiry policy policies manager prompt entry basic grant \
         credentials credential mode method flow public private email mail code otp pin protected \
         the is a an and or not no with for from must should use using at to in of be your please \
         request response handler helper service client server data base hostname host port \
         verified psw cannot connect failed unavailable",
    )
});

/// Words that make a password of a value, whatever else it names: `test_password`, `top_secret`.
pub(super) static SAMPLES: LazyLock<Words> =
    LazyLock::new(|| Words::new("test tests testing fake top super"));

/// Functions that look a name up: what follows the name is its default.
pub(super) static LOOKS_UP: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "getenv get env environ config getproperty param getstring fetch optional lookup \
         setdefault opt",
    )
});

/// Methods that compare with a secret, or write it into a form.
pub(super) static METHODS: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "equals equalsignorecase eq contentequals compareto type fill sendkeys send_keys setvalue \
         set_value fillfield clearandtype append push_str val tobe toequal tostrictequal unwrap_or \
         unwrap_or_else",
    )
});

/// Calls that write a text into a field of a form.
pub(super) static FILLS: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "type fill change sendkeys send_keys fill_in fillin fillfield setvalue set_value clearandtype entertext replacetext",
    )
});

/// Functions that only wrap a literal.
pub(super) static WRAPS: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "from new string str bytes secret secretstring b64decode decode encode buffer \
         tochararray literal unhexlify fromhex value quote byte some into password secretstr \
         unicode u nsstring val to_string atob btoa base64 default required mustparse sensitive \
         nonsensitive ptr stringptr hash md5 sha256 sha1 encrypt hashpw \
         generate_password_hash make_password stringvalue just parse hex2bin sodium_hex2bin \
         sodium_base642bin unhex hexdecode concat \
         stringbuilder stringbuffer",
    )
});

/// Schemes of an `Authorization` header.
pub(super) static SCHEMES: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "bearer basic token digest apikey negotiate ssws geniekey key accesskey oauth jwt \
         api-token private-token aws4-hmac-sha256",
    )
});

/// Words beside a value that make it something to publish: digests, versions, and what Git and
/// databases name by generated texts.
pub(super) static PUBLISHED: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "\
         sha sha1 sha256 sha512 hash digest checksum checksums integrity version commit commits \
         rev revision revisions ref refs url uri link href path image tag etag md5 fingerprint pixel \
         webhook release releases compare checkout sync merge merged merging bump branch head base \
         tree blob parent pull build builds deploy deploys deployed reverts revert cherry picked \
         changeset snapshot uuid id ids trace span constraint index table foreign references migration split subtree",
    )
});

/// Words directly before a generated text that need no operator before a generated text.
pub(super) static NAMES_SECRET: LazyLock<Words> = LazyLock::new(|| {
    Words::new("key token secret password pass pwd passwd auth apikey bearer credential")
});

/// Names of algorithms and encodings, which hold numbers by their nature.
pub(super) static ALGORITHMS: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "\
         sha base argon scram utf pbkdf oauth md aes rsa http https ipv ecdsa ed hmac bcrypt scrypt \
         crypt hash hashed encoded encoding with",
    )
});

/// Words of names that are counted: `input-field-2`.
pub(super) static COUNTED: LazyLock<Words> = LazyLock::new(|| {
    Words::new("version token field input test step phase part type form column row index level")
});

/// Words beyond the compounds that make the `key` after them a secret.
pub(super) static PROMISES: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "encryption decryption webhook security integration merchant cipher symmetric write \
         admin authentication authorization",
    )
});

/// How a value begins that stands for another.
pub(super) static REFERENCES: LazyLock<Prefixes> = LazyLock::new(|| {
    Prefixes::new(
        "$ANSIBLE_VAULT ${ $( {{ #{ #@ <% <? %( %{ {% @Microsoft.KeyVault !Ref !Sub !GetAtt !ImportValue !vault \\( $[ \
         @{ #[ &{ [[ __ {$ @@ ssm: vault: op:// arn: secretsmanager: kms: ref: ref+ resolve: \
         valueFrom secretKeyRef process.env os.environ os.getenv getenv System.getenv System.get \
         ENV[ $env: ENC[ data:image rgba( lookup( file( env( config( config.get projects/",
    )
});

/// Objects whose members are values kept elsewhere.
pub(super) static STORES: LazyLock<Prefixes> = LazyLock::new(|| {
    Prefixes::new(
        "env. ENV. secrets. vars. var. local. data. module. aws_ azurerm_ random_ self. this.",
    )
});

/// Endings of file and host names.
pub(super) static ENDINGS: LazyLock<Words> = LazyLock::new(|| {
    Words::new(
        "pem key crt cer p12 pfx jks json yml yaml txt xml html js ts py rb go java php css png \
         svg conf env gpg pub asc db sh com net org io",
    )
});
