//! The Lambda function `dead-letters`: see [`functions::dead_letters`].

use functions::ambient::now_ms;
use functions::dead_letters::{Batch, DeadLetters};
use functions::{config, log};
use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let dead_letters = DeadLetters::start(config::process().attempts()?).await?;
    let handler = |event: LambdaEvent<Batch>| async {
        Ok::<_, lambda_http::Error>(dead_letters.handle(event.payload, now_ms()).await)
    };
    lambda_runtime::run(service_fn(handler)).await
}
