//! What is wrong with a request is said with the right code and in the right words: for every method, and every field of a
//! request that it minds.
//!
//! `testdata/refusals` has a request for each method. Each is sent as it is, and with one thing wrong at a time
//! ([`variations`]); the files say what is answered. Where the real server answers something else, they say that too.
//!
//! * `REWRITE=1` writes the answers into the files; a person reads the difference.
//! * `PERPETUA_REFUSALS_AT=host:port` sends the requests to a real server there, which must be new and have nothing else to
//!   do, and compares its answers. It does not serve the `TestService`, which is left out then.

mod table;
mod variations;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bytes::Bytes;
use perpetua_server::Server;
use perpetua_testkit::Outcome;
use perpetua_testkit::raw::{Methods, call};
use prost::Message;
use prost_reflect::MethodDescriptor;
use table::Entry;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};

/// How long callers wait: what polls need at least, so that they are not refused for that.
const PATIENCE: Duration = Duration::from_secs(3);

/// Who answers.
enum Party {
    Ours(Server),
    Real(Channel),
}

impl Party {
    async fn new() -> Outcome<Self> {
        match std::env::var("PERPETUA_REFUSALS_AT") {
            Ok(address) => Ok(Self::Real(Endpoint::from_shared(format!("http://{address}"))?.connect().await?)),
            Err(_) => Ok(Self::Ours(Server::builder().seed(1).skip_time_unless_locked(1).start()?)),
        }
    }

    fn is_real(&self) -> bool {
        matches!(self, Self::Real(_))
    }

    /// The answer, in one line.
    async fn ask(&self, method: &MethodDescriptor, request: Bytes) -> String {
        let answer = match self {
            Self::Ours(server) => call(server.transport(), method, request, PATIENCE).await,
            Self::Real(channel) => call(channel.clone(), method, request, PATIENCE).await,
        };
        match answer {
            Ok(_) => "Ok".to_owned(),
            Err(status) => in_one_line(&status),
        }
    }
}

/// A refusal without what differs each time.
fn in_one_line(status: &Status) -> String {
    let message = status.message().replace(&variations::long(), "<long>").replace('\n', "\\n");
    let words = message.split_inclusive(|c: char| !c.is_ascii_hexdigit() && c != '-');
    let message: String = words
        .map(|word| {
            let id = word.trim_end_matches(|c: char| !c.is_ascii_hexdigit());
            let is_uuid = uuid::Uuid::try_parse(id).is_ok() && id.contains('-');
            if is_uuid { word.replace(id, "<uuid>") } else { word.to_owned() }
        })
        .collect();
    let message = match message.split_once("please retry (") {
        Some((words, _)) => format!("{words}please retry (<number>)"),
        None => message,
    };
    if message.is_empty() { format!("{:?}", status.code()) } else { format!("{:?}: {message}", status.code()) }
}

fn files() -> Outcome<Vec<PathBuf>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../testdata/refusals");
    let mut files = std::fs::read_dir(folder)?.map(|file| Ok(file?.path())).collect::<Outcome<Vec<_>>>()?;
    files.sort();
    Ok(files)
}

#[test]
fn each_method_says_what_is_wrong_with_a_request() -> Outcome {
    let is_real = std::env::var_os("PERPETUA_REFUSALS_AT").is_some();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(!is_real).build()?;
    let differences = runtime.block_on(play())?;
    assert!(differences.is_empty(), "answers differ; REWRITE=1 writes them down\n{}", differences.join("\n"));
    Ok(())
}

/// Sends every request; the answers that the files do not have.
async fn play() -> Outcome<Vec<String>> {
    let methods = Methods::new()?;
    let rewrites = std::env::var_os("REWRITE").is_some();
    let mut missing: BTreeSet<&str> = methods.all().iter().map(MethodDescriptor::name).collect();
    let mut differences = Vec::new();
    let party = Party::new().await?;
    for file in files()? {
        let (head, mut entries) = table::read(&std::fs::read_to_string(&file)?)?;
        for entry in &mut entries {
            let method = methods.named(&entry.method).ok_or_else(|| format!("there is no {}", entry.method))?;
            if !missing.remove(method.name()) {
                differences.push(format!("{}: is there twice", method.name()));
            }
            if party.is_real() && method.parent_service().name() == "TestService" {
                continue;
            }
            differences.extend(try_method(&party, method, entry).await?);
        }
        if rewrites {
            std::fs::write(&file, table::write(&head, &entries))?;
        }
    }
    differences.extend(missing.into_iter().map(|method| format!("{method}: has no request in testdata/refusals")));
    if rewrites { Ok(Vec::new()) } else { Ok(differences) }
}

/// Sends the requests of one method, and notes the answers.
async fn try_method(party: &Party, method: &MethodDescriptor, entry: &mut Entry) -> Outcome<Vec<String>> {
    let mut differences = Vec::new();
    let mut rows = Vec::new();
    for (name, request) in variations::of(method, &entry.request)? {
        let answer = party.ask(method, request.encode_to_vec().into()).await;
        let expected = entry.rows.iter().find(|row| row.variation == name);
        let wanted = expected.map_or("nothing", |row| if party.is_real() { row.real() } else { &row.answer });
        if wanted != answer {
            differences.push(format!("{}, {name}:\n  expected {wanted}\n  got      {answer}", entry.method));
        }
        rows.push(table::Row::new(name, answer, expected, party.is_real()));
    }
    if entry.rows.len() > rows.len() {
        differences.push(format!("{}: has answers to requests that are not made", entry.method));
    }
    entry.rows = rows;
    Ok(differences)
}

/// Whatever else is written into the files: nothing panics, and nobody is told of a fault of the server's own.
#[test]
fn no_answer_in_the_files_is_a_fault_of_the_server() -> Outcome {
    for file in files()? {
        let (_, entries) = table::read(&std::fs::read_to_string(file)?)?;
        for row in entries.iter().flat_map(|entry| &entry.rows) {
            for code in [Code::Internal, Code::Unknown, Code::Unavailable] {
                assert!(!row.answer.starts_with(&format!("{code:?}")), "{}: {}", row.variation, row.answer);
            }
        }
    }
    Ok(())
}
