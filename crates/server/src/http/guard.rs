//! What holds for every request, whatever it asks for.

use std::time::Duration;

use axum::{
    extract::Request,
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header},
    middleware::Next,
    response::{IntoResponse, Response},
};

use super::problem::Problem;

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

/// Only whoever addresses this machine by a name of its own is answered, and no answer takes for ever.
///
/// There are no accounts yet, so the loopback address is the only fence. A page from elsewhere could still reach it by
/// pointing its own name at 127.0.0.1 (DNS rebinding): then the Host header gives it away. It could also post a form here,
/// whence the Origin header, and the content type that only a script's own request can have.
pub(super) async fn guard(request: Request, next: Next) -> Response {
    let mut response = if is_local(request.uri(), request.headers()) {
        let answered = tokio::time::timeout(TIME_LIMIT, next.run(request)).await;
        answered.unwrap_or_else(|_| {
            Problem::later("timeout", 1, "办理超过30秒，已停止等候。请用同一个命令编号再提交：已办的不会重办")
                .into_response()
        })
    } else {
        let detail = "还没有账户，只接受本机的请求。请用 http://127.0.0.1 或 http://localhost 打开";
        Problem::new(StatusCode::MISDIRECTED_REQUEST, "not-this-machine", detail).into_response()
    };
    let headers = HEADERS.map(|(name, value)| (name, HeaderValue::from_static(value)));
    response.headers_mut().extend(headers);
    response
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
    use super::is_loopback_name;

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
