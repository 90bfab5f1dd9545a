//! The Lambda function `attempts`: see [`functions::attempts`].

use functions::attempts::router::{Attempts, router};
use functions::{config, log};

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let state = Attempts::start(config::process().attempts()?).await?;
    lambda_http::run(router(state)).await
}
