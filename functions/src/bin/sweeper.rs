//! The Lambda function `sweeper`: see [`functions::sweeper`].

use functions::ambient::now_ms;
use functions::sweeper::Sweeper;
use functions::{config, log};
use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let sweeper = Sweeper::start(config::process().sweeper()?).await?;
    // The schedule's event says nothing that matters.
    let handler =
        |_: LambdaEvent<serde_json::Value>| async { Ok::<_, lambda_http::Error>(sweeper.sweep(now_ms()).await) };
    lambda_runtime::run(service_fn(handler)).await
}
