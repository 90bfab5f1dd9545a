//! Programs to run, without a room.

use protocol::language::Language;
use protocol::path::FilePath;
use protocol::run::{Run, RunAnswer, RunState, SourceFile, SubmitRunRequest};

use crate::api::{Answer, Call};
use crate::stack::Stack;
use crate::wait::{DEADLINE, eventually};

/// An order for one file in the language's usual place.
#[must_use]
pub fn program(language: Language, content: &str) -> SubmitRunRequest {
    let path = FilePath::parse(language.info().entry).expect("an entry of the table is a path");
    let files = vec![SourceFile { path, content: content.to_owned() }];
    SubmitRunRequest { language, files, entry: None, stdin: None, args: None, flags: None, cases: None, priority: None }
}

/// True once nothing changes it any more.
#[must_use]
pub fn is_over(run: &Run) -> bool {
    !matches!(run.state, RunState::Queued | RunState::Running)
}

impl Stack {
    /// Submits a program without account and room.
    #[must_use]
    pub fn submit(&self, request: &SubmitRunRequest) -> Call {
        self.post("/api/v1/runs").json(request)
    }

    /// Runs a program to its end.
    pub async fn run(&self, request: &SubmitRunRequest) -> Run {
        let answer = self.post("/api/v1/runs?wait=true").json(request).send().await;
        let run = answer.data::<RunAnswer>().run;
        if is_over(&run) {
            assert_eq!(answer.status, 200, "{answer}");
            return run;
        }
        // The only runner was busy with other tests' programs.
        assert_eq!(answer.status, 202, "{answer}");
        self.end_of(&run).await
    }

    /// A run of nobody as its record stands.
    pub async fn look_at(&self, run: &Run) -> Run {
        self.get(&format!("/api/v1/runs/{}", run.id)).send().await.data::<RunAnswer>().run
    }

    /// Waits for the end of a run of nobody.
    pub async fn end_of(&self, run: &Run) -> Run {
        eventually(DEADLINE * 2, "the end of the run", async || {
            let run = self.look_at(run).await;
            if is_over(&run) { Ok(run) } else { Err(run) }
        })
        .await
    }
}

/// What an answer to a submission holds.
#[must_use]
pub fn run_of(answer: &Answer) -> Run {
    answer.data::<RunAnswer>().run
}
