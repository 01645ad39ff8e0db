//! Queries and their answers.

use perpetua_proto::{enums, query};

use super::payload::{encode_header, encode_payloads, header, payloads};
use crate::{Query, QueryAnswer};

impl From<query::WorkflowQuery> for Query {
    fn from(wire: query::WorkflowQuery) -> Self {
        let query::WorkflowQuery { query_type, query_args, header: wire_header } = wire;
        Self { name: query_type.into(), arguments: query_args.map(payloads), header: wire_header.map(header) }
    }
}

impl From<Query> for query::WorkflowQuery {
    fn from(query: Query) -> Self {
        let Query { name, arguments, header } = query;
        Self {
            query_type: name.into_string(),
            query_args: arguments.map(encode_payloads),
            header: header.map(encode_header),
        }
    }
}

impl From<QueryAnswer> for query::WorkflowQueryResult {
    fn from(answer: QueryAnswer) -> Self {
        match answer {
            QueryAnswer::Answered(values) => Self {
                result_type: enums::QueryResultType::Answered.into(),
                answer: Some(encode_payloads(values)),
                error_message: String::new(),
                failure: None,
            },
            QueryAnswer::Failed(failure) => Self {
                result_type: enums::QueryResultType::Failed.into(),
                answer: None,
                error_message: failure.message.clone(),
                failure: Some((*failure).into()),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Failure, Payload};

    #[test]
    fn an_answer_carries_its_values() {
        let wire = query::WorkflowQueryResult::from(QueryAnswer::Answered(vec![Payload::encoded("json/plain", "1")]));
        assert_eq!(wire.result_type(), enums::QueryResultType::Answered);
        assert_eq!(wire.answer.map(|answer| answer.payloads.len()), Some(1));
        assert_eq!((wire.error_message.as_str(), wire.failure), ("", None));
    }

    #[test]
    fn a_failed_answer_says_why_twice_because_old_servers_read_only_the_text() {
        let failure = Failure { message: "no such query".to_owned(), ..Failure::default() };
        let wire = query::WorkflowQueryResult::from(QueryAnswer::Failed(Box::new(failure)));
        assert_eq!(wire.result_type(), enums::QueryResultType::Failed);
        assert_eq!(wire.error_message, "no such query");
        assert_eq!(wire.failure.map(|failure| failure.message), Some("no such query".to_owned()));
        assert_eq!(wire.answer, None);
    }
}
