//! What holds for every request, whatever it asks for.

use std::{sync::Arc, time::Duration};

use axum::{
    body::{Body, HttpBody as _},
    extract::{Request, State},
    http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, SemaphorePermit};

use super::{
    api::{ATTACHMENT_LIMIT_BYTES, COMMAND_LIMIT_BYTES, attachment_too_large, command_too_large},
    problem::Problem,
};

/// The longest that an answer may take.
const TIME_LIMIT: Duration = Duration::from_secs(30);

const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    // Persons' data stands in nearly every answer.
    (header::CACHE_CONTROL, "no-store"),
];

/// Requests that may be under way at once, so that neither memory nor open files are the buffer: both together stay below the
/// 1,024 open files that a system commonly allows. More than a centre's share of the log's queue, so that one centre which
/// fills its share does not close the door to the others.
const COMMANDS_AT_ONCE: usize = 640;
/// Apart from commands: when the disk stalls and every command waits, reading goes on.
const READS_AT_ONCE: usize = 128;
/// Bytes of bodies that may be under way at once, in KiB.
const BODIES_KIB: u32 = 64 << 10;

/// Files that may be under way at once, in or out. Each is in memory, plain and sealed, until it is there.
const FILES_AT_ONCE: usize = 4;

/// What is asked for, as far as it takes room.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Read,
    Command,
    /// An attachment, in or out.
    File,
}

impl Kind {
    fn of(request: &Request) -> Self {
        let path = request.uri().path();
        match request.method() {
            _ if path.ends_with("/attachments") || path.contains("/attachments/") => Self::File,
            &Method::POST => Self::Command,
            _ => Self::Read,
        }
    }

    /// The longest body.
    fn limit(self) -> usize {
        if self == Self::File { ATTACHMENT_LIMIT_BYTES } else { COMMAND_LIMIT_BYTES }
    }
}

/// How much more may come in.
pub(super) struct Door {
    commands: Semaphore,
    reads: Semaphore,
    files: Arc<Semaphore>,
    bodies_kib: Semaphore,
}

/// What a request holds until it is answered.
#[derive(Default)]
struct Places<'a> {
    _place: Option<SemaphorePermit<'a>>,
    _body: Option<SemaphorePermit<'a>>,
    /// Until its answer is sent, too.
    file: Option<OwnedSemaphorePermit>,
}

impl Door {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self {
            commands: Semaphore::new(COMMANDS_AT_ONCE),
            reads: Semaphore::new(READS_AT_ONCE),
            files: Arc::new(Semaphore::new(FILES_AT_ONCE)),
            bodies_kib: Semaphore::new(BODIES_KIB as usize),
        })
    }

    /// A place for the request until it is answered. Whether the service lives is told at any time.
    fn enter(&self, request: &Request) -> Result<Places<'_>, Problem> {
        if matches!(request.uri().path(), "/healthz" | "/readyz") {
            return Ok(Places::default());
        }
        let body = || self.bodies_kib.try_acquire_many(body_kib(request.headers()));
        let places = match Kind::of(request) {
            Kind::Read => self.reads.try_acquire().and_then(|place| Ok((place, body()?))),
            Kind::Command => self.commands.try_acquire().and_then(|place| Ok((place, body()?))),
            Kind::File => match Arc::clone(&self.files).try_acquire_owned() {
                Ok(file) => return Ok(Places { file: Some(file), ..Places::default() }),
                Err(error) => Err(error),
            },
        };
        let Ok((place, body)) = places else {
            tracing::warn!(path = request.uri().path(), "more requests at once than are let in");
            let detail = "同时办理的请求太多，这一个还没有办理。请过几秒再试；命令用同一个编号再提交";
            return Err(Problem::later("too-many-at-once", 1, detail));
        };
        Ok(Places { _place: Some(place), _body: Some(body), file: None })
    }
}

/// What a body may take, as far as it is said beforehand. One beyond the limit is refused before it is read.
fn body_kib(headers: &HeaderMap) -> u32 {
    let most = u32::try_from(COMMAND_LIMIT_BYTES >> 10).unwrap_or(u32::MAX);
    match length(headers) {
        Some(bytes) => u32::try_from(bytes.div_ceil(1 << 10)).map_or(most, |kib| kib.min(most)),
        None if headers.contains_key(header::TRANSFER_ENCODING) => most,
        None => 0,
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

/// Holds on to its place until all of it was sent.
fn until_sent(response: Response, place: OwnedSemaphorePermit) -> Response {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.entry(header::CONTENT_LENGTH).or_insert(length.into());
    }
    let pieces = body.into_data_stream().map(move |piece| {
        let _place = &place;
        piece
    });
    Response::from_parts(parts, Body::from_stream(pieces))
}

/// Only whoever addresses this machine by a name of its own is answered, and no answer takes for ever.
///
/// There are no accounts yet, so the loopback address is the only fence. A page from elsewhere could still reach it by
/// pointing its own name at 127.0.0.1 (DNS rebinding): then the Host header gives it away. It could also post a form here,
/// whence the Origin header, and the content type that only a script's own request can have.
pub(super) async fn guard(State(door): State<Arc<Door>>, request: Request, next: Next) -> Response {
    let mut response = answer(&door, request, next).await.unwrap_or_else(IntoResponse::into_response);
    let headers = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    response
}

async fn answer(door: &Door, request: Request, next: Next) -> Result<Response, Problem> {
    if !is_local(request.uri(), request.headers()) {
        let detail = "还没有账户，只接受本机的请求。请用 http://127.0.0.1 或 http://localhost 打开";
        return Err(Problem::new(StatusCode::MISDIRECTED_REQUEST, "not-this-machine", detail));
    }
    let kind = Kind::of(&request);
    if length(request.headers()).is_some_and(|bytes| bytes > kind.limit() as u64) {
        read_to_its_end(request.into_body(), kind).await;
        return Err(if kind == Kind::File { attachment_too_large() } else { command_too_large() });
    }
    let mut places = match door.enter(&request) {
        Ok(places) => places,
        Err(problem) => {
            read_to_its_end(request.into_body(), kind).await;
            return Err(problem);
        }
    };
    let answered = tokio::time::timeout(TIME_LIMIT, next.run(request)).await.map_err(|_| {
        let again = match kind {
            Kind::File => "请再传一次",
            _ => "请用同一个命令编号再提交：已办的不会重办",
        };
        Problem::later("timeout", 1, format!("办理超过30秒，已停止等候。{again}"))
    });
    match places.file.take() {
        Some(place) => answered.map(|response| until_sent(response, place)),
        None => answered,
    }
}

/// Reads what nobody wants, piece by piece. A connection that is closed with something unread in it is reset, and the
/// refusal may be lost on the way.
async fn read_to_its_end(body: Body, kind: Kind) {
    let (mut pieces, mut left) = (body.into_data_stream(), 2 * kind.limit());
    // Whatever became of it, the answer is the same.
    let read = async {
        while let (1.., Some(Ok(piece))) = (left, pieces.next().await) {
            left = left.saturating_sub(piece.len());
        }
    };
    let _ = tokio::time::timeout(TIME_LIMIT, read).await;
}

fn is_local(uri: &Uri, headers: &HeaderMap) -> bool {
    let text = |name: HeaderName| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let host = text(header::HOST).or_else(|| uri.authority().map(axum::http::uri::Authority::as_str));
    let origin = text(header::ORIGIN).map(|origin| origin.split_once("://").map_or(origin, |(_, host)| host));
    host.is_some_and(is_loopback_name) && origin.is_none_or(is_loopback_name)
}

/// `localhost`, `127.0.0.1` or `[::1]`, with a port or without.
fn is_loopback_name(host: &str) -> bool {
    let end = if host.starts_with('[') {
        host.find(']').map_or(0, |end| end + 1)
    } else {
        host.find(':').unwrap_or(host.len())
    };
    let (name, port) = host.split_at(end);
    let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(|port| port.parse::<u16>().is_ok());
    is_port && (name.eq_ignore_ascii_case("localhost") || name == "127.0.0.1" || name == "[::1]")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_takes_what_it_says_and_never_more_than_a_command_may() {
        let with = |name, value: &'static str| HeaderMap::from_iter([(name, HeaderValue::from_static(value))]);
        assert_eq!(body_kib(&HeaderMap::new()), 0);
        for (length, kib) in
            [("0", 0), ("1", 1), ("1024", 1), ("1025", 2), ("1048577", 1_024), ("9999999999999", 1_024)]
        {
            assert_eq!(body_kib(&with(header::CONTENT_LENGTH, length)), kib, "{length}");
        }
        assert_eq!(body_kib(&with(header::TRANSFER_ENCODING, "chunked")), 1_024);
    }

    #[tokio::test]
    async fn files_have_places_of_their_own_until_they_are_sent() {
        let (door, ask) = (Door::new(), |path: &str| Request::post(path).body(Body::empty()).unwrap());
        let file = ask("/api/v1/centres/410404/cases/1/attachments");
        let mut all: Vec<_> = (0..FILES_AT_ONCE).map(|_| door.enter(&file).unwrap()).collect();
        assert!(door.enter(&file).is_err() && door.enter(&ask("/api/v1/commands")).is_ok());
        let place = all.pop().unwrap().file.unwrap();
        let sent = until_sent(Response::new(Body::from("x")), place);
        assert_eq!(sent.headers()[header::CONTENT_LENGTH], "1");
        assert!(door.enter(&file).is_err(), "it is not sent yet");
        drop(sent);
        assert!(door.enter(&file).is_ok());
    }

    #[test]
    fn only_names_of_this_machine_are_local() {
        for host in ["localhost", "LOCALHOST:8404", "127.0.0.1", "127.0.0.1:8404", "[::1]", "[::1]:8404"] {
            assert!(is_loopback_name(host), "{host}");
        }
        for host in [
            "",
            "null",
            "evil.example",
            "localhost.evil.example",
            "127.0.0.1.evil.example:80",
            "127.0.0.1:evil",
            "[::1]evil",
            "[::1",
            "::1",
        ] {
            assert!(!is_loopback_name(host), "{host}");
        }
    }
}
