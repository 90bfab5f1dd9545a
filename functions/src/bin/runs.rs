//! The Lambda function `runs`: see [`functions::runs`].

use functions::runs::router::{Runs, router};
use functions::{config, log};

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let state = Runs::start(config::process().runs()?).await?;
    lambda_http::run(router(state)).await
}
