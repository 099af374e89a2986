use std::io::Write;

use super::*;

fn load(file: &str, variables: &[(&str, &str)], overrides: Overrides) -> Result<Config, String> {
    let mut toml = tempfile::NamedTempFile::new().unwrap();
    toml.write_all(file.as_bytes()).unwrap();
    let variables = variables.iter().map(|(name, value)| (name.to_string(), value.to_string()));
    Config::load(Some(toml.path()), variables, overrides).map_err(|error| error.to_string())
}

#[test]
fn later_sources_win() {
    let file = "[unit]\nlisten = '127.0.0.1:1'\ndata = 'file'\nmaster_token = 'file'\n[log]\nfilter = 'file'";
    let variables = [("SAIBO_UNIT__DATA", "variable"), ("SAIBO_UNIT__MASTER_TOKEN", "007"), ("PATH", "/bin")];
    let overrides =
        Overrides { data: Some("flag".into()), log_format: Some(LogFormat::Json), ..Overrides::default() };
    let config = load(file, &variables, overrides).unwrap();
    assert_eq!(config.unit.listen.port(), 1);
    assert_eq!(config.unit.data, Path::new("flag"));
    assert_eq!(config.unit.master_token.unwrap().expose(), "007");
    assert_eq!(config.log.filter, "file");
    assert_eq!(config.log.format, LogFormat::Json);
    assert_eq!(config.limits.dav_children_per_collection, 1024);
}

#[test]
fn providers_need_little() {
    let google = "[[authentication.oidc]]\nname = 'google'\nclient_ids = ['c']\n";
    let other = "[[authentication.oidc]]\nname = 'x'\nissuer = 'https://x.example'\nclient_ids = ['c']\n";
    let config = load(&format!("{google}{other}account_claim = 'sub'"), &[], Overrides::default()).unwrap();
    let [google, other] = &config.authentication.oidc[..] else { panic!() };
    assert_eq!(google.issuer(), Some("https://accounts.google.com"));
    assert_eq!((google.account_claim.as_str(), other.account_claim.as_str()), ("email", "sub"));
    assert!(load("[[authentication.oidc]]\nname = 'google'", &[], Overrides::default()).is_err());
}

#[test]
fn every_type_of_value_comes_from_a_variable() {
    let variables = [
        ("SAIBO_UNIT__PATH_BASED_CELL_URL", "false"),
        ("SAIBO_UNIT__URL", "https://unit.example"),
        ("SAIBO_UNIT__UNIT_USER_ISSUERS", "https://a.example/, https://b.example/"),
        ("SAIBO_UNIT__TRUSTED_PROXIES", "10.0.0.0/8"),
        ("SAIBO_LIMITS__CONNECTIONS", "7"),
        ("SAIBO_CELL__RELAY_HTML_URL", "https://app.example/"),
        ("SAIBO_LOG__FORMAT", "json"),
        ("SAIBO_CONFIG", "somewhere.toml"),
    ];
    let config = load("", &variables, Overrides::default()).unwrap();
    assert!(!config.unit.path_based_cell_url);
    assert_eq!(config.unit.url.unwrap().as_str(), "https://unit.example/");
    assert_eq!(config.unit.unit_user_issuers, ["https://a.example/", "https://b.example/"]);
    assert_eq!(config.unit.trusted_proxies, ["10.0.0.0/8".parse().unwrap()]);
    assert_eq!(config.limits.connections, 7);
    assert_eq!(config.cell.relay_html_url.as_deref(), Some("https://app.example/"));
    assert_eq!(config.log.format, LogFormat::Json);
}

#[test]
fn what_is_not_known_is_refused() {
    for (file, variables, part) in [
        ("[unit]\nlisten_on = 1", &[][..], "listen_on"),
        ("[units]\n", &[], "units"),
        ("[unit]\nlisten = 'localhost'", &[], "unit.listen"),
        ("[unit]\nurl = 'localhost:9998'", &[], "not the URL of a unit"),
        ("[unit]\nmaster_token = ' '", &[], "master_token must not be empty"),
        ("[limits]\nconnections = 0", &[], "connections"),
        ("[limits]\nconnections = -1", &[], "connections"),
        ("[unit", &[], "TOML"),
        ("", &[("SAIBO_UNIT__NO_SUCH", "1")], "SAIBO_UNIT__NO_SUCH"),
        ("", &[("SAIBO_UNIT_MASTER_TOKEN", "1")], "did you mean SAIBO_UNIT__MASTER_TOKEN?"),
        ("", &[("SAIBO_LIMITS__CONNECTIONS", "many")], "must be a whole number"),
        ("", &[("SAIBO_UNIT__PATH_BASED_CELL_URL", "maybe")], "must be true or false"),
        ("", &[("SAIBO_UNIT__MASTER_TOKEN", "\u{fffd}")], "must be text in UTF-8"),
    ] {
        let error = load(file, variables, Overrides::default()).unwrap_err();
        assert!(error.contains(part), "{file}{variables:?}: {error}");
    }
}

#[test]
fn a_missing_file_is_named() {
    let path = Path::new("/no/such/file.toml");
    let error = Config::load(Some(path), [], Overrides::default()).unwrap_err().to_string();
    assert!(error.contains("/no/such/file.toml"), "{error}");
}

#[test]
fn secrets_are_not_shown() {
    let config = load("[unit]\nmaster_token = 'hidden'", &[], Overrides::default()).unwrap();
    assert!(!format!("{config:?}").contains("hidden"));
    assert!(!serde_json::to_string(&config).unwrap().contains("hidden"));
}
