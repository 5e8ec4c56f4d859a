//! Assignments in the spellings of languages, formats and command lines, `{}` being the secret;
//! and lines that look alike but hold none.

use crate::Redactor;

fn redact(path: &str, text: &str) -> String {
    let redactor = Redactor::new(&[7; 32]).for_path(path);
    String::from_utf8(redactor.redact(text.as_bytes()).bytes.into_owned()).unwrap()
}

/// Spellings in which any password is one.
const ANY: &[(&str, &str)] = &[
    ("a.py", r#"password = "{}""#),
    ("a.py", "self.password = '{}'"),
    ("a.py", r#"connect(host="x", user="y", password="{}")"#),
    ("a.py", r#"psycopg2.connect("dbname=x user=y password={}")"#),
    ("a.py", "auth=('bob', '{}')"),
    ("a.py", r#"client.login("bob", "{}")"#),
    ("a.py", r#"os.environ["DB_PASSWORD"] = "{}""#),
    ("a.py", r#"os.environ.get("DB_PASSWORD", "{}")"#),
    ("a.py", r#"def login(user, password="{}"):"#),
    ("a.py", r#"PASSWORDS = ["{}"]"#),
    ("a.py", r#"data = "user=a&password={}""#),
    ("A.java", r#"props.setProperty("password", "{}");"#),
    (
        "A.java",
        r#"getConnection("jdbc:mysql://h/d", "root", "{}")"#,
    ),
    ("A.java", r#"user.setPassword("{}");"#),
    ("A.java", r#".withPassword("{}")"#),
    ("A.java", r#"if (password.equals("{}")) {"#),
    ("A.java", r#"if ("{}".equals(user.password)) {"#),
    ("A.java", r#"@Value("${db.password:{}}")"#),
    ("A.java", r#"char[] password = "{}".toCharArray();"#),
    ("a.js", "createConnection({user:'root',password:'{}'})"),
    ("a.js", r#"process.env.DB_PASSWORD || "{}""#),
    ("a.js", "cy.get('#password').type('{}')"),
    ("a.php", "define('DB_PASSWORD', '{}');"),
    ("a.php", "'password' => '{}',"),
    (
        "a.php",
        r#"mysqli_connect("localhost", "root", "{}", "db")"#,
    ),
    ("a.php", "new PDO('mysql:host=h', 'root', '{}')"),
    ("a.rb", r#":password => "{}""#),
    ("a.rb", r#"ENV["PASSWORD"] ||= "{}""#),
    ("a.go", r#"var password string = "{}""#),
    ("a.go", r#"password := "{}""#),
    ("a.go", r#"flag.String("password", "{}", "the password")"#),
    ("a.go", r#"req.SetBasicAuth("u", "{}")"#),
    ("a.cs", r#"new NetworkCredential("u", "{}")"#),
    ("a.cs", r#"string pwd = @"{}";"#),
    ("a.c", r#"#define PASSWORD "{}""#),
    ("a.c", r#"if (strcmp(password, "{}") == 0)"#),
    ("a.cpp", r#"std::string password{"{}"};"#),
    ("a.m", r#"[self setPassword:@"{}"];"#),
    ("a.rs", r#"password: "{}".to_string(),"#),
    ("a.rs", r#".password(Some("{}"))"#),
    ("a.kt", r#"val password: String? = "{}""#),
    ("a.gradle", r#"storePassword "{}""#),
    ("a.pl", "my $password = q({});"),
    ("a.pl", r#"my $pw = "{}";"#),
    ("a.ps1", r#"ConvertTo-SecureString "{}" -AsPlainText"#),
    ("a.ps1", r#"Connect -User x -Password "{}""#),
    ("a.sh", "mysql -u root -p{} db"),
    ("a.sh", "PGPASSWORD={} psql -h x"),
    ("a.sh", "curl --user 'bob:{}' https://x"),
    ("a.sh", "sshpass -p {} ssh h"),
    ("a.sh", "redis-cli -a {} ping"),
    ("a.sh", "tool --password {} --verbose"),
    ("a.sh", "curl -d '{\"password\":\"{}\"}' x"),
    ("Dockerfile", "ENV PASSWORD {}\n"),
    ("compose.yml", "      - MYSQL_ROOT_PASSWORD={}\n"),
    ("a.sql", "CREATE USER x IDENTIFIED BY '{}';"),
    ("a.sql", "ALTER USER x PASSWORD '{}';"),
    ("a.sql", "CREATE LOGIN x WITH PASSWORD = N'{}';"),
    ("a.tf", "variable \"db_password\" {\n  default = \"{}\"\n}"),
    ("a.yml", "  password: {}\n"),
    ("a.yml", "  - name: DB_PASSWORD\n    value: {}\n"),
    ("a.yml", "password: |\n  {}\n"),
    ("a.ini", "password = {}\n"),
    ("a.properties", "spring.datasource.password={}\n"),
    ("a.conf", "requirepass {}\n"),
    ("wpa.conf", "psk=\"{}\"\n"),
    ("a.json", r#"{"password": "{}"}"#),
    ("a.json", "{\"Key\": \"password\",\n \"Value\": \"{}\"}"),
    ("a.json", r#""\u043f\u0430\u0440\u043e\u043b\u044c": "{}""#),
    ("a.xml", "<password>{}</password>"),
    ("a.xml", "<password>\n    {}\n</password>"),
    ("a.xml", r#"<add key="Password" value="{}"/>"#),
    ("a.xml", r#"connectionString="Server=a;Uid=sa;Pwd={};""#),
    ("a.md", "- **Password**: `{}`"),
    ("a.md", "**Password:** `{}`"),
    ("notes", "DB_PASSWORD={} # for now\n"),
    ("notes", "docker run -e MYSQL_ROOT_PASSWORD={} mysql"),
    ("notes", "https://bob:{}@example.org/x"),
    ("notes", "redis://:{}@h:6379"),
    ("a.py", "пароль = \"{}\""),
    ("a.py", "contraseña = \"{}\""),
    ("a.pl", "$fields{user} = $fields{password} = '{}';"),
    ("a.pl", "'oldpassword={}&newpassword=x'"),
    ("a.sh", "curl -d user=x -d password={} https://h"),
    ("a.rb", r#":password_confirmation => "{}""#),
    ("a.rst", "  user: bob\n  password: {}\n"),
    ("a.rst", "$ tool user create nova --password {}"),
    ("a.ldif", "userPassword: {}\n"),
];

/// Spellings of tokens, which must look generated.
const TOKENS: &[(&str, &str)] = &[
    ("notes", r#"{p}_token = "{}""#),
    ("notes", "{p}Token = {}"),
    ("notes", "{p}_token: {}"),
    ("notes", r#"var {p}Token string = "{}""#),
    ("notes", r#"{p}_TOKEN :::= "{}""#),
    ("notes", r#"{p}_TOKEN ?= "{}""#),
    ("notes", r#"${p}Token .= "{}""#),
    ("notes", "<{p}Token>\n    {}\n</{p}Token>"),
    ("notes", r#"\"{p}_token\": \"{}\""#),
    ("notes", "tool --{p}-token {}"),
    ("notes", "X-{p}-Token: {}"),
    ("notes", r#"{p}_api_key = "{}""#),
    ("notes", r#"{p}ClientSecret: "{}","#),
    ("notes", r#"finicity_access_id = "{}""#),
    ("notes", "kraken: {}"),
    ("a.py", "    X-{p}-Token: {}"),
    ("a.php", "$cfg['{p}_secret'] = sodium_hex2bin('{}');"),
];

/// Lines that hold none.
const CLEAN: &[(&str, &str)] = &[
    ("a.py", "password = None"),
    ("a.py", r#"password = getpass.getpass("Password: ")"#),
    ("a.py", "password_hash = hash_password(password)"),
    ("a.py", r#"tokens = text.split(" ")"#),
    ("a.py", r#"if token == "(":"#),
    ("a.py", r#"["username", "password", "email"]"#),
    ("a.py", r#"raise ValueError("password: too short")"#),
    ("a.js", r#"password: "Password","#),
    ("a.js", "const token = getToken();"),
    (
        "a.js",
        r#"errors.password = "must be at least 8 characters""#,
    ),
    ("a.js", r#"key === "Enter""#),
    ("a.js", r#"t("auth.password.required")"#),
    ("a.ts", "password: string;"),
    ("a.rs", "pub password: Option<String>,"),
    ("a.md", "uses the method identified by `algorithm-2`, then"),
    ("a.rs", "fn check(given: &Password) -> PasswordKind {"),
    (
        "a.rs",
        "pub fn load_op(this: &RenderPass) -> LoadOperation;",
    ),
    ("a.rs", "pub const PASSWORD_EXPIRED: u32 = 2150859184u32;"),
    ("notes", "pub const BAD_PASSWORD: u32 = 12014u32;"),
    ("a.go", r#"token := r.Header.Get("X-Token")"#),
    ("a.go", r#"fmt.Printf("token: %s", token)"#),
    ("a.go", "Password string `json:\"password\"`"),
    ("A.java", r#"String PASSWORD_KEY = "user.password";"#),
    ("A.java", r#"if (password.equals(other)) {"#),
    ("a.php", "$token = $this->getToken();"),
    ("a.sql", "password VARCHAR(255) NOT NULL"),
    ("a.yml", "password: ${DB_PASSWORD}"),
    ("a.yml", "secretName: my-app-tls-secret"),
    ("a.sh", "TOKEN=$(curl -s https://x)"),
    ("a.sh", r#"PASSWORD="$2""#),
    ("a.conf", "password_encryption = scram-sha-256"),
    ("a.xml", "<password></password>"),
    ("a.html", r#"<input type="password" name="password">"#),
    ("a.html", r#"<label for="password">Password</label>"#),
    ("a.md", "The password is required."),
    ("a.md", "**Password**: the password of the user"),
    ("a.json", r#""type": "password""#),
    (
        "a.json",
        r#""discord_version": "3f786850e387550fdab836ed7e6dc881""#,
    ),
    ("a.tf", "secret = aws_secretsmanager_secret.db.arn"),
    ("a.json", r#""managerPassword":"Contraseña""#),
    ("a.json", r#""changePassword":"更改密码""#),
    ("a.json", r#""base-passwd": "3.5.46""#),
    (
        "a.py",
        r#"PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"]"#,
    ),
    (
        "a.php",
        r"'/user-password' => 'App\\Controllers\\UserPasswordController',",
    ),
    (
        "a.php",
        "'password' => '--password='.$connection['password'],",
    ),
    ("a.md", r#"-d '{"user": {"password": "'$NEW_PASS'"} }'"#),
    ("a.conf", r#"PASS = "$mysql_health_password$""#),
    (
        "a.py",
        "key fingerprint is SHA256:YoCAfKKwVzweLXJea3YXz2q7D/6g8VadfbUXgK/wIsh",
    ),
    (
        "a.php",
        "'credentialPublicKey' => 'Y3JlZGVudGlhbFB1YmxpY0tleTE'",
    ),
    ("a.md", "The flag --password suffers from the same"),
    (
        "a.html",
        "<label>{% translate 'New password:' %}</label> more 'x1y2z3'",
    ),
    ("a.js", "x = 'password=' + pw + '&b=1'"),
    ("a.py", "password_utf8 = password.encode('utf-8')"),
    (
        "a.md",
        "Repository Key: 642692c14c9fc399da523a5f4e24fe306a0a6ee1cc79a10e4555b3c6ab02f71e",
    ),
];

#[test]
fn a_password_is_found_in_every_spelling() {
    for (path, spelling) in ANY {
        for secret in ["hunter22", "Zx9!kLm2q", "test123"] {
            let text = spelling.replace("{}", secret);
            let redacted = redact(path, &text);
            assert!(!redacted.contains(secret), "{path}: {text} -> {redacted}");
        }
    }
}

#[test]
fn a_token_is_found_in_every_spelling() {
    for (path, spelling) in TOKENS {
        for name in ["acme", "BIG", "my_app"] {
            for secret in [
                "9f86d081884c7d659a2feaa0c55ad015",
                "k3j9sx0qpz7lmn2vb8ty",
                "gHsKdpQwLmzXvBnTqRwZ",
                "k3J9sX0qPz7LmN2vB8tYk3J9sX0qPz7L",
            ] {
                let text = spelling.replace("{p}", name).replace("{}", secret);
                let redacted = redact(path, &text);
                assert!(!redacted.contains(secret), "{path}: {text} -> {redacted}");
            }
        }
    }
}

#[test]
fn what_only_looks_like_an_assignment_stays() {
    for (path, text) in CLEAN {
        assert_eq!(redact(path, text), *text, "{path}");
    }
}

#[test]
fn words_are_passwords_where_nothing_else_is_meant() {
    for (path, text, secret) in [
        ("a.py", r#"password = "open-sesame""#, "open-sesame"),
        ("a.py", r#"password = "superMan""#, "superMan"),
        ("a.py", r#"password = "test_password""#, "test_password"),
        ("a.py", r#"password = "top_secret""#, "top_secret"),
        ("a.js", r#"secret: "keyboard cat""#, "keyboard cat"),
        (
            "a.py",
            r#""key_passphrase": "correct horse battery staple""#,
            "horse",
        ),
        ("a.js", r#"passwords: ["hunter22", "letmein"]"#, "letmein"),
        ("notes", "Username: admin\nPassword: letmein\n", "letmein"),
        ("a.sh", "PGPASSWORD=letmein psql -h x", "letmein"),
        ("a.rst", "user: bob\npassword: letmein\n", "letmein"),
        ("a.pl", "'user=french&password=french'", "password=french"),
    ] {
        let redacted = redact(path, text);
        assert!(!redacted.contains(secret), "{path}: {text} -> {redacted}");
    }
    for (path, text) in [
        ("a.js", r#"RESET_PASSWORD = "reset-password""#),
        ("a.js", r#"password: "current-password""#),
        ("a.js", r#"password: "forgot password""#),
        ("a.js", r#"passphrase: "enter the words of your key""#),
        ("a.ts", r#"password: "userPassword""#),
        ("notes", "username: string\npassword: string\n"),
        ("a.conf", r#"password = request.form["password"]"#),
        ("a.conf", "pwd = os.getcwd()"),
        ("a.json", r#""expires_token": "2021-01-01T00:00:00Z""#),
    ] {
        assert_eq!(redact(path, text), text, "{path}");
    }
}

#[test]
fn a_type_that_is_a_token_is_none() {
    let redacted = redact(
        "notes",
        "netlify_secret: 9jiar7dx8f4uioozf_13f3=j2jmacu84wa1vff6uth2",
    );
    assert_eq!(
        redacted.len(),
        "netlify_secret: gf_sha256:0123456789abcdef".len(),
        "{redacted}"
    );
}
