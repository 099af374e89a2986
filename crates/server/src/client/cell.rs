//! A Cell of a unit: its export, import and snapshots.

use std::io::Read;

use saibo_core::snapshot::media_type;
use serde_json::{Value, json};
use url::Url;

use super::{Answer, Client, ClientError, JobStatus, Result};

/// The control objects that a Cell can have, but for messages, which others send.
const CONTENT: [&str; 7] = ["Account", "Box", "Role", "ExtCell", "ExtRole", "Relation", "Rule"];

/// The code for what a Cell does not have.
const NO_RESOURCE: &str = "PR404-DV-0001";

/// A Cell, by its URL.
#[derive(Clone, Debug)]
pub(crate) struct RemoteCell {
    client: Client,
    unit: String,
    name: String,
    url: String,
}

impl RemoteCell {
    /// The Cell of a name in a unit, which is asked what the URLs of its Cells look like. Whether there is such a
    /// Cell is not asked.
    ///
    /// # Errors
    /// If there is no unit.
    pub(crate) fn find(client: Client, unit: &Url, name: &str) -> Result<Self> {
        let mut unit = unit.clone();
        if !unit.path().ends_with('/') {
            unit.set_path(&format!("{}/", unit.path()));
        }
        let answer = client.call("GET", unit.as_str()).header("Accept", "application/json").send()?;
        let about = answer.expect(&[200])?.json()?;
        let Some(path_based) = about["unit"]["path_based_cellurl_enabled"].as_bool() else {
            return Err(ClientError::Unexpected {
                method: "GET",
                url: unit.into(),
                why: "it does not say what URLs Cells have, so this may not be a Personium unit".to_owned(),
            });
        };
        let url = if path_based {
            format!("{unit}{name}/")
        } else {
            let mut url = unit.clone();
            let host = format!("{name}.{}", unit.host_str().unwrap_or_default());
            url.set_host(Some(&host)).map_err(|error| ClientError::Unexpected {
                method: "GET",
                url: unit.to_string(),
                why: format!("{host} is no host ({error})"),
            })?;
            url.into()
        };
        Ok(Self { client, unit: unit.into(), name: name.to_owned(), url })
    }

    /// The Cell of a URL: of a unit whose Cells are in paths, or have host names of their own.
    ///
    /// # Errors
    /// If there is no unit, or its Cells have other URLs.
    pub(crate) fn at(client: Client, url: &str) -> Result<Self> {
        let wrong = |why: &str| ClientError::Unexpected {
            method: "GET",
            url: url.to_owned(),
            why: format!("{why}, so this cannot be the URL of a Cell"),
        };
        let parsed = Url::parse(url).map_err(|_| wrong("it is no URL"))?;
        let path = parsed.path().trim_matches('/');
        let (unit, name) = match path.rsplit_once('/') {
            _ if path.is_empty() => {
                let (name, host) = parsed
                    .host_str()
                    .and_then(|host| host.split_once('.'))
                    .ok_or_else(|| wrong("it names no Cell"))?;
                let mut unit = parsed.clone();
                unit.set_host(Some(host)).map_err(|_| wrong("its host is none"))?;
                (unit, name.to_owned())
            }
            Some((above, name)) => (with_path(&parsed, &format!("/{above}/")), name.to_owned()),
            None => (with_path(&parsed, "/"), path.to_owned()),
        };
        let found = Self::find(client, &unit, &name)?;
        if found.url == url { Ok(found) } else { Err(wrong("the unit there has its Cells elsewhere")) }
    }

    /// Its URL, with a slash at the end.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What it is talked to with.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// The same Cell with another token.
    pub(crate) fn with_client(&self, client: Client) -> Self {
        Self { client, ..self.clone() }
    }

    /// Creates it.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn create(&self) -> Result<()> {
        let url = format!("{}__ctl/Cell", self.unit);
        self.client.call("POST", &url).json(&json!({ "Name": self.name })).send()?.expect(&[201])?;
        Ok(())
    }

    /// Whether it has no control objects, and its main box no files and collections.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn is_empty(&self) -> Result<bool> {
        for set in CONTENT {
            let url = format!("{}__ctl/{set}?$top=1", self.url);
            let answer = self.client.call("GET", &url).header("Accept", "application/json").send()?;
            let list = answer.expect(&[200])?.json()?;
            if list["d"]["results"].as_array().is_none_or(|results| !results.is_empty()) {
                return Ok(false);
            }
        }
        let url = format!("{}__/", self.url);
        let answer =
            self.client.call("PROPFIND", &url).header("Depth", "1").send()?.expect(&[207])?.whole()?;
        // Where the element begins, and where it ends: the box itself.
        Ok(String::from_utf8_lossy(&answer).matches("response>").count() == 2)
    }

    /// How its exports stand.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn export_status(&self) -> Result<JobStatus> {
        self.status("__export")
    }

    /// How its imports stand.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn import_status(&self) -> Result<JobStatus> {
        self.status("__import")
    }

    fn status(&self, resource: &str) -> Result<JobStatus> {
        let url = format!("{}{resource}", self.url);
        let answer = self.client.call("GET", &url).header("Accept", "application/json").send()?;
        let body = answer.expect(&[200])?.json()?;
        JobStatus::parse(&body).ok_or_else(|| ClientError::Unexpected {
            method: "GET",
            url,
            why: format!("it is no status: {body}"),
        })
    }

    /// Begins an export, as a request's body asks for it.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn start_export(&self, request: &Value) -> Result<()> {
        let url = format!("{}__export", self.url);
        self.client.call("POST", &url).json(request).send()?.expect(&[202])?;
        Ok(())
    }

    /// Begins an import or a dry run, as a request's body asks for it.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn start_import(&self, request: &Value) -> Result<()> {
        let url = format!("{}__import", self.url);
        self.client.call("POST", &url).json(request).send()?.expect(&[202])?;
        Ok(())
    }

    /// What the status of imports has under a key, as the unit says it: what the last dry run came to, or how the last
    /// import ended.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn told_of_imports(&self, key: &str) -> Result<Value> {
        let url = format!("{}__import", self.url);
        let answer = self.client.call("GET", &url).header("Accept", "application/json").send()?;
        Ok(answer.expect(&[200])?.json()?[key].take())
    }

    /// Cancels the export that runs.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn cancel_export(&self) -> Result<()> {
        self.cancel("__export")
    }

    /// Cancels the import that runs.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn cancel_import(&self) -> Result<()> {
        self.cancel("__import")
    }

    fn cancel(&self, resource: &str) -> Result<()> {
        let url = format!("{}{resource}", self.url);
        self.client.call("DELETE", &url).header("Accept", "application/json").send()?.expect(&[204])?;
        Ok(())
    }

    /// What became of its imports and dry runs, the latest first.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn imports(&self) -> Result<Vec<Value>> {
        self.history("__import")
    }

    /// What became of its last move, also if it has moved.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn last_move(&self) -> Result<Value> {
        Ok(self.history("__move")?.into_iter().next().unwrap_or_default())
    }

    fn history(&self, resource: &str) -> Result<Vec<Value>> {
        let url = format!("{}{resource}/history", self.url);
        let answer = self.client.call("GET", &url).header("Accept", "application/json").send()?;
        match answer.expect(&[200])?.json()?["history"].take() {
            Value::Array(past) => Ok(past),
            _ => Ok(Vec::new()),
        }
    }

    /// Begins to move it, or tells it that it was, or takes that back, as a request's body says.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn post_move(&self, request: &Value) -> Result<()> {
        let url = format!("{}__move", self.url);
        self.client.call("POST", &url).json(request).send()?.expect(&[202, 204])?;
        Ok(())
    }

    /// How its move stands.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn move_status(&self) -> Result<JobStatus> {
        self.status("__move")
    }

    /// Where it says that it has moved.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn moved_to(&self) -> Result<Option<String>> {
        let url = format!("{}__move", self.url);
        let answer = self.client.call("GET", &url).header("Accept", "application/json").send()?;
        match answer.status {
            200 => Ok(answer.json()?["moved_to"].as_str().map(str::to_owned)),
            // It is still there, and does not tell everybody what it does.
            401 | 403 => Ok(None),
            _ => Err(answer.refusal()),
        }
    }

    /// The URLs that it says that it had before; none of a unit that does not know such.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn former(&self) -> Result<Vec<String>> {
        let url = format!("{}__move/former", self.url);
        let answer = self.client.call("GET", &url).header("Accept", "application/json").send()?;
        if answer.status == 404 {
            return Ok(Vec::new());
        }
        let body = answer.expect(&[200])?.json()?;
        let urls = body["former"].as_array().into_iter().flatten().filter_map(Value::as_str);
        Ok(urls.map(str::to_owned).collect())
    }

    /// Cancels the move that runs.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn cancel_move(&self) -> Result<()> {
        self.cancel("__move")
    }

    /// Brings back what the last import replaced.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn undo_import(&self) -> Result<()> {
        let url = format!("{}__import", self.url);
        self.client.call("POST", &url).json(&json!({ "Undo": true })).send()?.expect(&[204])?;
        Ok(())
    }

    fn schedule_url(&self) -> String {
        format!("{}__export/schedule", self.url)
    }

    /// Its schedule of exports and how that stands, if it has one.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn schedule(&self) -> Result<Option<Value>> {
        let url = self.schedule_url();
        let call = self.client.call("GET", &url).header("Accept", "application/json");
        match call.send()?.expect(&[200]) {
            Ok(answer) => answer.json().map(Some),
            Err(error) if error.code() == Some(NO_RESOURCE) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sets it, as a request's body asks for it; how it stands then.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn set_schedule(&self, request: &Value) -> Result<Value> {
        self.client.call("PUT", &self.schedule_url()).json(request).send()?.expect(&[200, 201])?.json()
    }

    /// Removes it.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn remove_schedule(&self) -> Result<()> {
        let url = self.schedule_url();
        self.client.call("DELETE", &url).header("Accept", "application/json").send()?.expect(&[204])?;
        Ok(())
    }

    /// URL of a snapshot file, with its ending.
    pub(crate) fn snapshot_url(&self, file: &str) -> String {
        format!("{}__snapshot/{file}", self.url)
    }

    /// Whether there is a snapshot file.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn has_snapshot(&self, file: &str) -> Result<bool> {
        // PROPFIND rather than HEAD, which the API does not list.
        let call = self.client.call("PROPFIND", &self.snapshot_url(file)).header("Depth", "0");
        match call.send()?.expect(&[207]) {
            Ok(_) => Ok(true),
            Err(error) if error.status() == Some(404) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Length of a snapshot file, if it is there.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn snapshot_length(&self, file: &str) -> Result<Option<u64>> {
        // No more than the headers are read.
        match self.get_snapshot(file, None)?.expect(&[200]) {
            Ok(answer) => Ok(answer.header("content-length").and_then(|length| length.parse().ok())),
            Err(error) if error.status() == Some(404) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Why the export of a name left no snapshot, as its `.error` file says.
    ///
    /// # Errors
    /// If it left no such file either.
    pub(crate) fn export_failure(&self, name: &str) -> Result<JobStatus> {
        let url = self.snapshot_url(&format!("{name}.error"));
        let body = self.client.call("GET", &url).send()?.expect(&[200])?.json()?;
        JobStatus::parse(&body).ok_or_else(|| ClientError::Unexpected {
            method: "GET",
            url,
            why: format!("it is no report: {body}"),
        })
    }

    /// URL of the collection of snapshot files.
    pub(super) fn snapshots_url(&self) -> String {
        format!("{}__snapshot", self.url)
    }

    /// URL of an upload in parts.
    pub(super) fn upload_url(&self, id: &str) -> String {
        format!("{}__snapshot/__upload/{id}", self.url)
    }

    /// A request of the tus protocol; a body is the next part of an upload.
    pub(super) fn tus(
        &self,
        method: &'static str,
        url: &str,
        headers: &[(&'static str, String)],
        part: Option<(&mut dyn Read, u64)>,
    ) -> Result<Answer> {
        let mut call = self.client.call(method, url).header("Tus-Resumable", "1.0.0");
        for (name, value) in headers {
            call = call.header(name, value);
        }
        match part {
            Some((body, length)) => call.stream("application/offset+octet-stream", body, length).send(),
            None => call.send(),
        }
    }

    /// Sends a snapshot in one request, as every unit takes it.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn upload(&self, file: &str, content: &mut dyn Read, length: u64) -> Result<()> {
        let url = self.snapshot_url(file);
        let call = self.client.call("PUT", &url).stream(media_type(file.ends_with(".age")), content, length);
        call.send()?.expect(&[201, 204])?;
        Ok(())
    }

    /// Takes a snapshot away.
    ///
    /// # Errors
    /// What the unit says.
    pub(crate) fn delete_snapshot(&self, file: &str) -> Result<()> {
        self.client.call("DELETE", &self.snapshot_url(file)).send()?.expect(&[204])?;
        Ok(())
    }

    /// `GET` of a snapshot, from a byte on if the unit's file still has that ETag.
    pub(super) fn get_snapshot(&self, file: &str, from: Option<(u64, &str)>) -> Result<Answer> {
        let url = self.snapshot_url(file);
        let mut call = self.client.call("GET", &url);
        if let Some((from, etag)) = from {
            call = call.header("Range", format!("bytes={from}-")).header("If-Range", etag);
        }
        call.send()
    }
}

fn with_path(url: &Url, path: &str) -> Url {
    let mut url = url.clone();
    url.set_path(path);
    url
}
