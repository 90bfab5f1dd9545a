//! The function `auth`: its state and its routes.

use std::sync::Arc;

use axum::Router;
use axum::routing::{delete, get, post};
use lambda_http::Error;
use protocol::token::KeySet;

use super::accounts::Accounts;
use super::handlers::{self, logins, recovery};
use super::post::Post;
use super::recovery::Recovery;
use crate::aws;
use crate::aws::accounts::DynamoAccounts;
use crate::config::AuthConfig;
use crate::edge::EdgeClient;
use crate::http::caller::HasKeys;
use crate::http::frame::framed;

/// What the handlers share.
pub struct Auth {
    pub(super) accounts: Accounts<DynamoAccounts, EdgeClient>,
    pub(super) post: Post,
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
        Ok(Self { accounts: Accounts { store, edge, signer }, post, origin })
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
        .route("/internal/health", get(handlers::health));
    framed(routes).with_state(Arc::new(auth))
}
