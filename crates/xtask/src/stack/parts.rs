//! The command line and environment of each part.
//!
//! Each part gives its program and where it is asked how it is.

use std::{path::PathBuf, time::Duration};

use super::{Settings, Stack};
use crate::{
    builds::EDGE_IS_BUILT,
    cli::Switch,
    local_aws,
    supervisor::{Health, Program},
};

/// The name of the part whose data must be saved last.
pub(super) const AWS: &str = "aws";

/// The Lambda functions with a URL, by the name of their binary.
pub(super) const HTTP_FUNCTIONS: [&str; 4] = ["auth", "rooms", "runs", "attempts"];

/// The Lambda functions that a queue or a schedule calls.
const TRIGGERED_FUNCTIONS: [&str; 3] = ["dead-letters", "sweeper", "audit"];

/// How many instances of one function run at a time; a function serves one request at a time, as on Lambda, and
/// `POST /runs?wait=true` keeps one busy for up to 25 s.
const FUNCTION_INSTANCES: &str = "4";

/// Any credentials do for the local AWS.
const LOCAL_CREDENTIALS: [(&str, &str); 4] = [
    ("AWS_ACCESS_KEY_ID", "local"),
    ("AWS_SECRET_ACCESS_KEY", "local"),
    ("AWS_REGION", "us-east-1"),
    ("AWS_DEFAULT_REGION", "us-east-1"),
];

pub(super) fn aws_url(settings: &Settings) -> String {
    format!("http://127.0.0.1:{}", settings.ports.aws)
}

pub(super) fn functions_url(settings: &Settings) -> String {
    format!("http://127.0.0.1:{}", settings.ports.functions)
}

/// Where mails go as files, since there is nobody to send them.
pub(super) fn outbox(settings: &Settings) -> PathBuf {
    settings.data.join(OUTBOX)
}

/// Name of that folder below the data.
pub(crate) const OUTBOX: &str = "mail";

/// ministack, with its state below the data folder.
pub(super) fn aws(stack: &Stack) -> (Program, Health) {
    let settings = &stack.settings;
    let data = settings.data.join("aws");
    let env = [
        ("GATEWAY_PORT", settings.ports.aws.to_string()),
        ("BIND_HOST", "127.0.0.1".to_owned()),
        // Queue URLs are made of this.
        ("MINISTACK_HOST", "127.0.0.1".to_owned()),
        ("AWS_ENDPOINT_URL", aws_url(settings)),
        ("PERSIST_STATE", "1".to_owned()),
        ("STATE_DIR", data.join("state").to_string_lossy().into_owned()),
        ("S3_PERSIST", "1".to_owned()),
        ("S3_DATA_DIR", data.join("s3").to_string_lossy().into_owned()),
        ("IOT_MTLS_ENABLED", "0".to_owned()),
        ("PYTHONUNBUFFERED", "1".to_owned()),
    ];
    let mut env = owned(env);
    // Triggers reach the functions where they run. It fires them itself: the queue's, and the schedule's as the template
    // has it, to within 10 s.
    for name in TRIGGERED_FUNCTIONS {
        let url = format!("{}/2015-03-31/functions/{name}/invocations", functions_url(settings));
        env.push((format!("MINISTACK_LAMBDA_PROXY_{}-{name}", local_aws::STACK_NAME), url));
    }
    let program = Program {
        name: AWS.to_owned(),
        path: stack.tools.local_aws.program("ministack"),
        args: Vec::new(),
        env,
        dir: settings.data.clone(),
        // It writes everything that it holds.
        grace: Duration::from_secs(30),
        is_fatal: |_line| false,
        busy_with: None,
    };
    (program, one_url(format!("{}/_ministack/health", aws_url(settings))))
}

/// Most runners on this machine: one that waits is a process of some 10 MB, and costs nothing else.
const RUNNERS_MAX: &str = "16";

/// All Lambda functions, by `cargo lambda watch`.
pub(super) fn functions(stack: &Stack, deployed: &local_aws::Stack, ecs_url: &str) -> (Program, Health) {
    let settings = &stack.settings;
    let port = settings.ports.functions.to_string();
    let manifest = stack.workspace.root().join("Cargo.toml").to_string_lossy().into_owned();
    let mut args = vec!["lambda", "watch", "--invoke-address", "127.0.0.1", "--invoke-port", &port];
    args.extend(["--concurrency", FUNCTION_INSTANCES, "--manifest-path", &manifest]);
    if !settings.reload {
        args.push("--ignore-changes");
    }
    let mut env: Vec<_> = deployed.function_environment.clone().into_iter().collect();
    env.extend(aws_env(settings));
    env.push(("AWS_ENDPOINT_URL_ECS".to_owned(), ecs_url.to_owned()));
    if settings.limits == Switch::Off {
        env.push(("LIMITS".to_owned(), settings.limits.as_str().to_owned()));
    }
    env.push(("MAX_WARM_TASKS".to_owned(), RUNNERS_MAX.to_owned()));
    env.push(("MAIL_OUTBOX_DIR".to_owned(), outbox(settings).to_string_lossy().into_owned()));
    if let Some(wait) = settings.waits.run_queued_max {
        env.push(("RUN_QUEUED_MAX_MS".to_owned(), wait.as_millis().to_string()));
    }
    let program = Program {
        name: "functions".to_owned(),
        path: stack.tools.cargo_lambda.program("cargo-lambda"),
        args: args.into_iter().map(str::to_owned).collect(),
        env,
        // What it watches for changes.
        dir: stack.workspace.root().join("functions"),
        grace: Duration::from_secs(5),
        is_fatal: if settings.reload { lost_an_instance_by_itself } else { lost_an_instance },
        // It becomes the function when everything is compiled.
        busy_with: Some("cargo"),
    };
    (program, one_url(format!("{}/lambda-url/auth/.well-known/jwks.json", functions_url(settings))))
}

/// The edge, by `wrangler dev`.
pub(super) fn edge(stack: &Stack) -> (Program, Health) {
    let settings = &stack.settings;
    let ports = settings.ports;
    let wrangler = stack.workspace.client().join("node_modules/wrangler/bin/wrangler.js");
    let mut args = vec![
        wrangler.to_string_lossy().into_owned(),
        "dev".to_owned(),
        "--ip=127.0.0.1".to_owned(),
        format!("--port={}", ports.edge),
        format!("--inspector-port={}", ports.inspector),
        format!("--persist-to={}", settings.data.join("edge").display()),
        "--show-interactive-dev-session=false".to_owned(),
    ];
    args.extend(HTTP_FUNCTIONS.map(|name| {
        format!("--var={}_FUNCTION_URL:{}/lambda-url/{name}", name.to_uppercase(), functions_url(settings))
    }));
    args.extend(LOCAL_CREDENTIALS.map(|(name, value)| format!("--var={name}:{value}")));
    if settings.limits == Switch::Off {
        args.push(format!("--var=LIMITS:{}", settings.limits.as_str()));
    }
    args.extend(settings.edge_variables.iter().map(|(name, value)| format!("--var={name}:{value}")));
    let env = [
        ("CI", "1".to_owned()),
        ("NO_COLOR", "1".to_owned()),
        ("WRANGLER_SEND_METRICS", "false".to_owned()),
        ("PATH", stack.tools.path_with_node().to_string_lossy().into_owned()),
        (EDGE_IS_BUILT, if settings.reload { "" } else { "1" }.to_owned()),
    ];
    let program = Program {
        name: "edge".to_owned(),
        path: stack.tools.node.clone(),
        args,
        env: owned(env),
        dir: stack.workspace.root().to_owned(),
        grace: Duration::from_secs(10),
        is_fatal: |_line| false,
        // wrangler holds requests back while it builds.
        busy_with: Some("xtask"),
    };
    let url = |path: &str| format!("http://127.0.0.1:{}/{path}", ports.edge);
    // The one asks all parts, the other the Worker alone.
    (program, Health { ready: url("health"), alive: url("favicon.svg") })
}

/// One runner, started by the ECS stand-in.
pub(super) fn runner(stack: &Stack, deployed: &local_aws::Stack) -> Program {
    let mut env: Vec<_> = deployed.runner_environment.clone().into_iter().collect();
    env.extend(aws_env(&stack.settings));
    if let Some(idle) = stack.settings.waits.runner_idle {
        env.push(("RUNNER_IDLE_MS".to_owned(), idle.as_millis().to_string()));
    }
    Program {
        name: "runner".to_owned(),
        path: stack.workspace.debug_binary("runner"),
        args: Vec::new(),
        env,
        dir: stack.workspace.root().to_owned(),
        // The stop timeout of the task definition is longer; a local run never takes more than 10 s.
        grace: Duration::from_secs(30),
        is_fatal: |_line| false,
        busy_with: None,
    }
}

fn one_url(url: String) -> Health {
    Health { ready: url.clone(), alive: url }
}

/// `cargo lambda watch` counts an instance that has died as one that is there, and sends it requests. Not so after a
/// failed compilation, code 101, which the next change of the source mends.
fn lost_an_instance(line: &str) -> bool {
    line.contains("command killed") || line.contains("command exited") && !line.contains("code=101")
}

/// The same where it kills instances itself, to start them anew from changed sources; a kill by others looks alike.
fn lost_an_instance_by_itself(line: &str) -> bool {
    lost_an_instance(line) && !line.contains("ForceStop")
}

fn aws_env(settings: &Settings) -> Vec<(String, String)> {
    let credentials = LOCAL_CREDENTIALS.map(|(name, value)| (name, value.to_owned()));
    let endpoint = ("AWS_ENDPOINT_URL", aws_url(settings));
    owned(credentials.into_iter().chain([endpoint]))
}

fn owned<'name>(pairs: impl IntoIterator<Item = (&'name str, String)>) -> Vec<(String, String)> {
    pairs.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
