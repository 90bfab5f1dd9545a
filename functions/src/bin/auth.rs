//! The Lambda function `auth`: see [`functions::auth`].

use functions::auth::router::{Auth, router};
use functions::{config, log};

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let state = Auth::start(config::process().auth()?).await?;
    lambda_http::run(router(state)).await
}
