//! The Lambda function `rooms`: see [`functions::rooms`].

use functions::rooms::router::{RoomsFunction, router};
use functions::{config, log};

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let state = RoomsFunction::start(config::process().rooms()?).await?;
    lambda_http::run(router(state)).await
}
