//! A browser, driven as the `WebDriver` standard says: <https://www.w3.org/TR/webdriver2/>.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// How often something is looked for.
const TRIES: u32 = 300;

/// A Chromium without a window, and the server that drives it. Both end with it.
pub(crate) struct Browser {
    driver: Child,
    port: u16,
    session: String,
    folder: PathBuf,
}

/// Where both programs are, if they are.
pub(crate) fn is_there() -> bool {
    ["chromium", "chromedriver"].iter().all(|name| {
        let mut command = Command::new(name);
        let version = command
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        version.status().is_ok_and(|status| status.success())
    })
}

impl Browser {
    /// Starts it, with a profile of its own in a new folder.
    pub(crate) fn start(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("wiretape-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let driver = Command::new("chromedriver")
            .arg(format!("--port={port}"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut browser = Self {
            driver,
            port,
            session: String::new(),
            folder,
        };
        browser.wait();
        let profile = browser.folder.join("profile");
        let args = [
            "--headless".into(),
            "--no-sandbox".into(),
            "--disable-gpu".into(),
            "--disable-quic".into(),
            "--disable-dev-shm-usage".into(),
            "--no-first-run".into(),
            "--disable-background-networking".into(),
            "--disable-component-update".into(),
            "--disable-sync".into(),
            "--hide-scrollbars".into(),
            format!("--user-data-dir={}", profile.display()),
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": args, "perfLoggingPrefs": {"enableNetwork": true}},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let session = browser.ask("POST", "/session", &wanted);
        browser.session = session["sessionId"].as_str().unwrap().into();
        browser
    }

    fn wait(&self) {
        for _ in 0..TRIES {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        panic!("chromedriver does not listen");
    }

    /// One request; its `value`.
    fn ask(&self, method: &str, path: &str, body: &Value) -> Value {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let body = if method == "POST" {
            body.to_string()
        } else {
            String::new()
        };
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n\
             content-type: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len()
        )
        .unwrap();
        let mut reader = BufReader::new(stream);
        let (mut line, mut length) = (String::new(), 0);
        while reader.read_line(&mut line).unwrap() > 2 {
            let lower = line.to_ascii_lowercase();
            if let Some(value) = lower.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
            line.clear();
        }
        let mut answer = vec![0; length];
        reader.read_exact(&mut answer).unwrap();
        let mut answer: Value = serde_json::from_slice(&answer).unwrap();
        let value = answer["value"].take();
        assert!(value.get("error").is_none(), "{path}: {value}");
        value
    }

    fn post(&self, path: &str, body: &Value) -> Value {
        self.ask("POST", &format!("/session/{}/{path}", self.session), body)
    }

    /// A command of Chromium's own protocol.
    fn command(&self, name: &str, params: &Value) -> Value {
        self.post("goog/cdp/execute", &json!({"cmd": name, "params": params}))
    }

    /// The screen's size in CSS pixels, and which colours the user prefers.
    pub(crate) fn screen(&self, width: u32, height: u32, scheme: &str) {
        let phone = width < 500;
        self.command(
            "Emulation.setDeviceMetricsOverride",
            &json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}),
        );
        let features = json!([{"name": "prefers-color-scheme", "value": scheme}]);
        self.command("Emulation.setEmulatedMedia", &json!({"features": features}));
    }

    /// With scripts, or without.
    pub(crate) fn scripts(&self, on: bool) {
        self.command(
            "Emulation.setScriptExecutionDisabled",
            &json!({"value": !on}),
        );
    }

    pub(crate) fn open(&self, page: &Path) {
        self.post("url", &json!({"url": format!("file://{}", page.display())}));
    }

    /// What the script returns.
    pub(crate) fn run(&self, script: &str) -> Value {
        self.post("execute/sync", &json!({"script": script, "args": []}))
    }

    /// Until that is so: what a key does, it does a little later.
    pub(crate) fn wait_for(&self, what: &str) {
        for _ in 0..TRIES {
            if self.run(&format!("return Boolean({what})")) == true {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let script = "return document.activeElement.outerHTML.slice(0, 200)";
        panic!(
            "it does not come to {what}; the focus is on {}",
            self.run(script)
        );
    }

    /// Presses and releases keys, by what they type: `"\u{e004}"` is Tab, `"\u{e007}"` Enter.
    pub(crate) fn press(&self, keys: &[&str]) {
        let downs = keys.iter().flat_map(|key| {
            [
                json!({"type": "keyDown", "value": key}),
                json!({"type": "keyUp", "value": key}),
            ]
        });
        let actions: Vec<Value> = downs.collect();
        self.post(
            "actions",
            &json!({"actions": [{"type": "key", "id": "keys", "actions": actions}]}),
        );
    }

    /// What is to be seen now, as PNG.
    pub(crate) fn shot(&self) -> Vec<u8> {
        let shot = self.command("Page.captureScreenshot", &json!({"format": "png"}));
        let data = shot["data"].as_str().unwrap();
        base64::Engine::decode(&base64::engine::general_purpose::STANDARD, data).unwrap()
    }

    /// The lines of a log since it was last asked for: `browser`, `performance`.
    pub(crate) fn log(&self, kind: &str) -> Vec<Value> {
        let log = self.post("se/log", &json!({"type": kind}));
        log.as_array().unwrap().clone()
    }

    /// A folder that goes with it.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        if !self.session.is_empty() && !std::thread::panicking() {
            self.ask(
                "DELETE",
                &format!("/session/{}", self.session),
                &Value::Null,
            );
        } else if !self.session.is_empty() {
            // A driver that is asked to end ends its browser, too.
            let _ = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
                self.ask(
                    "DELETE",
                    &format!("/session/{}", self.session),
                    &Value::Null,
                )
            }));
        }
        let _ = self.driver.kill();
        let _ = self.driver.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}
