//! The Lambda function `audit`: see [`functions::audit`].

use functions::audit::Auditor;
use functions::audit::change::Batch;
use functions::{config, log};
use lambda_http::lambda_runtime::{self, LambdaEvent, service_fn};

#[tokio::main]
async fn main() -> Result<(), lambda_http::Error> {
    log::start();
    let auditor = Auditor::start(config::process().audit()?).await?;
    let handler =
        |event: LambdaEvent<Batch>| async { Ok::<_, lambda_http::Error>(auditor.handle(event.payload).await) };
    lambda_runtime::run(service_fn(handler)).await
}
