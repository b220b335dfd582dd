//! What went wrong, as an answer that the server makes a page of: a status, and what to do.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use uplift_core::error::{Error, ErrorKind};

/// An error on its way to a page.
#[derive(Debug)]
pub(crate) struct Failure(Error);

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self(error)
    }
}

impl From<tonic::Status> for Failure {
    fn from(status: tonic::Status) -> Self {
        Self(crate::services::failed(status))
    }
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let status = status(self.0.kind);
        if self.0.kind == ErrorKind::Internal {
            tracing::error!(cause = ?self.0.source, "{}", self.0.message);
        }
        (status, axum::Extension(Arc::new(self.0))).into_response()
    }
}

/// The status of an error.
pub(crate) fn status(kind: ErrorKind) -> StatusCode {
    match kind {
        ErrorKind::InvalidArgument => StatusCode::BAD_REQUEST,
        ErrorKind::NotFound => StatusCode::NOT_FOUND,
        ErrorKind::Unauthenticated => StatusCode::UNAUTHORIZED,
        ErrorKind::PermissionDenied => StatusCode::FORBIDDEN,
        ErrorKind::AlreadyExists | ErrorKind::FailedPrecondition | ErrorKind::Aborted => StatusCode::CONFLICT,
        ErrorKind::NotComputable => StatusCode::UNPROCESSABLE_ENTITY,
        ErrorKind::ResourceExhausted | ErrorKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        ErrorKind::DataLoss | ErrorKind::Internal => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// What happened, as a heading, and what a reader can do.
pub(crate) fn words(status: StatusCode) -> [(&'static str, &'static str); 2] {
    match status {
        StatusCode::NOT_FOUND => [
            ("There is no such page", "没有这个页面"),
            (
                "Check the address, or begin at the overview. What was here may have another name now: look for it among the indicators, the datasets or the editions.",
                "请检查网址，或从概览开始；也可在指标、数据集或版本中查找。",
            ),
        ],
        StatusCode::URI_TOO_LONG => [
            ("The address is too long", "网址过长"),
            (
                "Shorten it: search for a word or two, and name one area and period.",
                "请缩短：用一两个关键词搜索，只填一个地区和时期。",
            ),
        ],
        StatusCode::METHOD_NOT_ALLOWED => [
            ("This page cannot be used that way", "该页面不支持这种操作"),
            ("Open it by its link, or send the form that leads to it.", "请通过链接打开，或提交相应表单。"),
        ],
        StatusCode::PAYLOAD_TOO_LARGE => [
            ("The file is too large", "文件过大"),
            ("Send it in several files of at most 256 MiB.", "请拆分为不超过256 MiB的若干文件。"),
        ],
        StatusCode::CONFLICT => [
            ("That cannot be done now", "目前不能这样做"),
            ("See the reason above, and correct what it names.", "请按上述原因改正。"),
        ],
        StatusCode::FORBIDDEN | StatusCode::UNAUTHORIZED => [
            ("That is not allowed", "不允许这样做"),
            ("Open the form on this site, and send it from there.", "请在本站打开表单后提交。"),
        ],
        StatusCode::SERVICE_UNAVAILABLE => [
            ("A service does not answer", "服务暂不可用"),
            (
                "Try again in a moment. Nothing that was accepted is lost.",
                "请稍后再试；已接受的数据不会丢失。",
            ),
        ],
        status if status.is_client_error() => [
            ("What was asked is not right", "请求有误"),
            (
                "Go back and ask again: a part of the address or of the form is wrong, is there twice, or cannot be read.",
                "请返回改正后重试：网址或表单中有内容有误、重复或无法识别。",
            ),
        ],
        _ => [
            ("The server failed", "服务器出错"),
            (
                "Try again; if it stays so, tell the office that runs this server. Its log has the cause.",
                "请重试；如仍出错，请告知服务器管理单位，日志中有原因。",
            ),
        ],
    }
}
