//! Codecs over what enters and leaves with workflow tasks, failures included.

use perpetua_convert::{CodecError, DataConverter};
use perpetua_vocab::{Command, CommandKind, Event, Failure, Message, MessageBody, Outcome, QueryAnswer, WorkflowTask};
use perpetua_workflow::Answer;

/// Runs the codecs over what was polled.
pub(crate) async fn decode_task(converter: &DataConverter, task: &mut WorkflowTask) -> Result<(), CodecError> {
    converter.decode(task).await?;
    task.history.iter_mut().for_each(|event| reveal(converter, event));
    Ok(())
}

/// Runs the codecs over a page of history.
pub(crate) async fn decode_events(converter: &DataConverter, events: &mut Vec<Event>) -> Result<(), CodecError> {
    converter.decode(events).await?;
    events.iter_mut().for_each(|event| reveal(converter, event));
    Ok(())
}

/// Runs the codecs over an answer.
pub(crate) async fn encode_answer(converter: &DataConverter, answer: &mut Answer) -> Result<(), CodecError> {
    let hide = |failure: &mut Failure| converter.hide_failure(failure);
    answer.commands.iter_mut().filter_map(failure_in_command).for_each(hide);
    answer.messages.iter_mut().filter_map(failure_in_message).for_each(hide);
    answer.query_answers.values_mut().chain(&mut answer.answer).filter_map(failure_in_answer).for_each(hide);
    converter.encode(&mut answer.commands).await?;
    converter.encode(&mut answer.messages).await?;
    for query in answer.query_answers.values_mut().chain(&mut answer.answer) {
        converter.encode(query).await?;
    }
    Ok(())
}

/// Runs the codecs over a failure that we report.
pub(crate) async fn encode_failure(converter: &DataConverter, failure: &mut Failure) -> Result<(), CodecError> {
    converter.hide_failure(failure);
    converter.encode(failure).await
}

/// Shows the hidden message of the failure in an event.
fn reveal(converter: &DataConverter, event: &mut Event) {
    if let Some(failure) = event.kind.failure_mut() {
        converter.reveal_failure(failure);
    }
}

fn failure_in_command(command: &mut Command) -> Option<&mut Failure> {
    match &mut command.kind {
        CommandKind::FailWorkflow { failure } => Some(failure),
        CommandKind::RecordMarker(marker) => marker.failure.as_deref_mut(),
        _ => None,
    }
}

fn failure_in_message(message: &mut Message) -> Option<&mut Failure> {
    match &mut message.body {
        MessageBody::Reject { failure, .. } | MessageBody::Respond { outcome: Outcome::Failure(failure), .. } => {
            Some(failure)
        }
        _ => None,
    }
}

fn failure_in_answer(answer: &mut QueryAnswer) -> Option<&mut Failure> {
    match answer {
        QueryAnswer::Failed(failure) => Some(failure),
        QueryAnswer::Answered(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use perpetua_convert::DataConverter;
    use perpetua_vocab::{Identity, MessageId, UpdateId};

    use super::*;

    fn failure() -> Failure {
        Failure { message: "secret".to_owned(), ..Failure::default() }
    }

    fn hidden(failure: &Failure) -> bool {
        failure.message != "secret" && failure.encoded_attributes.is_some()
    }

    #[tokio::test]
    async fn every_failure_of_an_answer_is_hidden_where_that_is_asked_for() {
        let converter = DataConverter::default().with_encoded_failures();
        let respond =
            MessageBody::Respond { identity: Identity::default(), outcome: Outcome::Failure(Box::new(failure())) };
        let message = Message { id: MessageId::new("m"), update: UpdateId::new("u"), sequencing: None, body: respond };
        let mut answer = Answer {
            commands: vec![CommandKind::FailWorkflow { failure: Box::new(failure()) }.into()],
            messages: vec![message],
            answer: Some(QueryAnswer::Failed(Box::new(failure()))),
            ..Answer::default()
        };
        encode_answer(&converter, &mut answer).await.expect("no codec can fail");
        assert!(answer.commands.iter_mut().filter_map(failure_in_command).all(|failure| hidden(failure)));
        assert!(answer.messages.iter_mut().filter_map(failure_in_message).all(|failure| hidden(failure)));
        assert!(hidden(answer.answer.as_mut().and_then(failure_in_answer).expect("a failure")));
    }
}
