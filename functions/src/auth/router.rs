//! The function `auth`: its state and its routes.

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};
use lambda_http::Error;
use protocol::token::KeySet;

use super::accounts::Accounts;
use super::handlers::{self, credentials, logins, recovery, second_factor};
use super::post::Post;
use super::recovery::Recovery;
use super::seal::Sealer;
use crate::admin::{Administrators, handlers as admin};
use crate::aws;
use crate::aws::accounts::DynamoAccounts;
use crate::aws::audit::DynamoAudit;
use crate::config::AuthConfig;
use crate::edge::EdgeClient;
use crate::http::caller::HasKeys;
use crate::http::frame::framed;

/// What the handlers share.
pub struct Auth {
    pub(super) accounts: Accounts<DynamoAccounts, EdgeClient>,
    pub(super) post: Post,
    /// What administrators read.
    pub(crate) audit: DynamoAudit,
    admin_emails: Vec<String>,
    /// What links in mails begin with.
    pub(super) origin: String,
}

impl HasKeys for Auth {
    fn keys(&self) -> &KeySet {
        self.accounts.signer.key_set()
    }
}

impl Auth {
    /// Opens the clients.
    ///
    /// # Errors
    /// When a part that every request needs cannot be reached.
    pub async fn start(config: AuthConfig) -> Result<Self, Error> {
        let aws = aws::connect().await;
        let signer = Arc::new(aws::secrets::signer(&aws, &config.trust.signing_key_secret_id).await?);
        let store = DynamoAccounts::new(&aws, config.accounts_table);
        store.reach().await?;
        let origin = config.trust.edge_url.clone();
        let edge = EdgeClient::new(config.trust.edge_url, Arc::clone(&signer))?;
        let post = Post::open(config.mail, &aws);
        let audit = DynamoAudit::new(&aws, config.audit_table);
        let sealer = Sealer::new(&aws::secrets::text(&aws, &config.sealing_secret_id).await?);
        let accounts = Accounts { store, edge, signer, sealer };
        Ok(Self { accounts, post, audit, admin_emails: config.admin_emails, origin })
    }

    pub(crate) fn administrators(&self) -> Administrators<'_, DynamoAccounts, EdgeClient> {
        Administrators { accounts: &self.accounts, emails: &self.admin_emails }
    }

    pub(super) fn recovery(&self) -> Recovery<'_, DynamoAccounts, EdgeClient, Post> {
        Recovery { accounts: &self.accounts, mailer: &self.post, origin: &self.origin }
    }
}

/// All routes.
pub fn router(auth: Auth) -> Router {
    let routes = Router::new()
        .route("/.well-known/jwks.json", get(handlers::jwks))
        .route("/api/v1/auth/register", post(handlers::register))
        .route("/api/v1/auth/login", post(handlers::login))
        .route("/api/v1/auth/refresh", post(handlers::refresh))
        .route("/api/v1/auth/logout", post(handlers::logout))
        .route("/api/v1/auth/me", get(handlers::me).put(handlers::update_me).delete(logins::delete_me))
        .route("/api/v1/auth/me/export", get(logins::export))
        .route("/api/v1/auth/change-password", post(handlers::change_password))
        .route("/api/v1/auth/logins", get(logins::list).delete(logins::end_others))
        .route("/api/v1/auth/logins/{id}", delete(logins::end))
        .route("/api/v1/auth/forgot-password", post(recovery::forgot_password))
        .route("/api/v1/auth/reset-password", post(recovery::reset_password))
        .route("/api/v1/auth/verify-email", post(recovery::verify_email))
        .route("/api/v1/auth/verify-email/send", post(recovery::send_verification))
        .route("/api/v1/admin/users", get(admin::users))
        .route("/api/v1/admin/users/{id}", get(admin::user).put(admin::update_user))
        .route("/api/v1/admin/audit", get(admin::audit))
        .route("/api/v1/auth/totp", post(second_factor::begin).delete(second_factor::end))
        .route("/api/v1/auth/totp/confirm", post(second_factor::confirm))
        .route("/api/v1/auth/totp/recovery-codes", post(second_factor::renew_recovery_codes))
        .route("/api/v1/auth/api-keys", get(credentials::list).post(credentials::create))
        .route("/api/v1/auth/api-keys/{id}", get(credentials::find).delete(credentials::delete))
        .route("/api/v1/auth/api-keys/{id}/rotate", post(credentials::rotate))
        .route("/internal/credentials/exchange", post(credentials::exchange))
        .route("/internal/health", get(handlers::health));
    framed(routes).with_state(Arc::new(auth))
}
