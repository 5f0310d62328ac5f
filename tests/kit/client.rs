//! A small client of HTTP/1.1 over tokio's sockets, as an agent's author might write one.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// One answer as it arrives.
pub(crate) struct Answer {
    stream: TcpStream,
    bytes: Vec<u8>,
    pub(crate) head: String,
}

/// Sends a POST with a JSON body and reads the head of the answer.
pub(crate) async fn post(base_url: &str, path: &str, body: &str) -> Answer {
    let rest = base_url.strip_prefix("http://").unwrap();
    let (host, prefix) = rest.split_once('/').unwrap_or((rest, ""));
    let prefix = if prefix.is_empty() {
        String::new()
    } else {
        format!("/{prefix}")
    };
    let mut stream = TcpStream::connect(host).await.unwrap();
    let request = format!(
        "POST {prefix}{path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
         x-api-key: sesame\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Answer {
        stream,
        bytes: Vec::new(),
        head: String::new(),
    };
    let head = answer.until(b"\r\n\r\n").await.unwrap();
    answer.head = String::from_utf8(head).unwrap();
    answer
}

impl Answer {
    pub(crate) fn status(&self) -> u16 {
        self.head[9..12].parse().unwrap()
    }

    fn length(&self) -> Option<usize> {
        let head = self.head.to_ascii_lowercase();
        let line = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "))?;
        line.parse().ok()
    }

    /// The next chunk; `None` where the body is complete, an error where it was cut.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Vec<u8>>, &'static str> {
        let line = self.until(b"\r\n").await?;
        let line = std::str::from_utf8(&line).unwrap().trim_end();
        let size = usize::from_str_radix(line, 16).unwrap();
        let mut chunk = self.take(size + 2).await?;
        chunk.truncate(size);
        Ok(Some(chunk).filter(|chunk| !chunk.is_empty()))
    }

    /// All that is left.
    pub(crate) async fn body(&mut self) -> Result<Vec<u8>, &'static str> {
        if let Some(length) = self.length() {
            return self.take(length).await;
        }
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            body.extend(chunk);
        }
        Ok(body)
    }

    async fn until(&mut self, mark: &[u8]) -> Result<Vec<u8>, &'static str> {
        loop {
            let found = self
                .bytes
                .windows(mark.len())
                .position(|bytes| bytes == mark);
            if let Some(at) = found {
                return self.take(at + mark.len()).await;
            }
            self.more().await?;
        }
    }

    async fn take(&mut self, length: usize) -> Result<Vec<u8>, &'static str> {
        while self.bytes.len() < length {
            self.more().await?;
        }
        Ok(self.bytes.drain(..length).collect())
    }

    async fn more(&mut self) -> Result<(), &'static str> {
        match self.stream.read_buf(&mut self.bytes).await {
            Ok(0) => Err("closed"),
            Ok(_) => Ok(()),
            Err(_) => Err("reset"),
        }
    }
}
