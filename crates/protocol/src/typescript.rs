//! The TypeScript that the browser client reads these types as: `edge/client/src/wire.ts`.

use ts_rs::{Config, TS};

use crate::{account, envelope, event, history, language, poll, rights, room, run, runner, terminal, tier};

/// The whole text of `wire.ts`.
///
/// # Panics
/// Never for the types listed: each has a declaration.
#[must_use]
pub fn wire_types() -> String {
    let config = Config::default();
    let mut text = String::from(
        "// Generated from crates/protocol by `UPDATE_WIRE=1 cargo test -p protocol`; a test fails when it is stale.\n",
    );
    // Ids and paths are strings there; the names keep signatures readable.
    for alias in
        ["RoomId", "RunId", "UserId", "ParticipantId", "LinkId", "LoginId", "SnapshotId", "TerminalId", "FilePath"]
    {
        text.push_str(&format!("\nexport type {alias} = string;\n"));
    }
    macro_rules! declare {
        ($($type:ty),* $(,)?) => {
            $(
                text.push_str("\nexport ");
                text.push_str(&<$type as TS>::decl(&config));
                text.push('\n');
            )*
        };
    }
    declare!(
        envelope::ErrorCode,
        envelope::FieldError,
        envelope::ErrorBody,
        envelope::Meta,
        envelope::Page<()>,
        rights::Role,
        rights::Rights,
        language::Language,
        language::LanguageInfo,
        language::Languages,
        account::User,
        account::RegisterRequest,
        account::LoginRequest,
        account::RefreshRequest,
        account::UpdateMeRequest,
        account::ChangePasswordRequest,
        account::Session,
        account::Me,
        tier::Tier,
        account::Login,
        account::EndedLogins,
        account::ForgotPasswordRequest,
        account::ResetPasswordRequest,
        account::VerifyEmailRequest,
        account::DeleteAccountRequest,
        account::AccountExport,
        account::TotpSetup,
        account::ConfirmTotpRequest,
        account::DisableTotpRequest,
        account::RenewRecoveryCodesRequest,
        account::RecoveryCodes,
        account::Scope,
        account::ApiKey,
        account::CreateApiKeyRequest,
        account::ApiKeySecret,
        account::ApiKeyAnswer,
        account::OAuthProvider,
        account::OAuthProviders,
        account::AdminUser,
        account::UpdateUserRequest,
        account::AuditRecord,
        room::Visibility,
        room::ForkedFrom,
        room::Room,
        room::CreateRoomRequest,
        room::UpdateRoomRequest,
        room::ForkRoomRequest,
        room::RebuildAnswer,
        room::RoomAnswer,
        room::JoinRoomRequest,
        room::CreateLinkRequest,
        room::Link,
        room::LinkAnswer,
        room::RoomTokenRequest,
        room::RoomToken,
        room::RoomFile,
        room::RoomFiles,
        poll::PollSession,
        run::RunState,
        run::RunReason,
        run::Priority,
        run::Waiting,
        run::Verdict,
        run::CaseVerdict,
        run::Run,
        run::RunAnswer,
        run::SourceFile,
        run::RunCase,
        run::RoomRunRequest,
        run::SubmitRunRequest,
        runner::OutputStream,
        terminal::TerminalProgram,
        terminal::TerminalSize,
        terminal::Terminal,
        terminal::TerminalWithOutput,
        terminal::TerminalEnd,
        terminal::TerminalChange,
        history::EditRecord,
        history::HistoryItem,
        history::Author,
        history::HistoryPage,
        history::ChatPage,
        history::Snapshot,
        history::CreateSnapshotRequest,
        history::SnapshotAnswer,
        history::SnapshotPage,
        history::RestoreRequest,
        history::RestoreAnswer,
        history::MergeRequest,
        history::MergeAnswer,
        history::FileChange,
        history::FileDiff,
        history::DocumentDiff,
        event::Participant,
        event::ChatMessage,
        event::OutputChunk,
        event::RunWithOutput,
        event::RoomEvent,
        event::ClientEvent,
    );
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test is asked by an environment variable to write the file")]
    fn the_committed_types_are_those_of_the_code() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../edge/client/src/wire.ts");
        if std::env::var_os("UPDATE_WIRE").is_some() {
            std::fs::write(path, wire_types()).expect("wire.ts can be written");
        }
        let committed = std::fs::read_to_string(path).expect("wire.ts exists");
        assert!(committed == wire_types(), "stale: run `UPDATE_WIRE=1 cargo test -p protocol`");
    }
}
