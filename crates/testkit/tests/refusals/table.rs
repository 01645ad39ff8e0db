//! The files: requests, and what is answered.
//!
//! ```text
//! # what it is about
//!
//! SignalWorkflowExecution
//!   namespace: "default" workflow_execution { workflow_id: "nobody" }
//! > as it is: NotFound: workflow not found for ID: nobody
//! > without namespace: InvalidArgument: Namespace is not set on request.
//! >> InvalidArgument: what the real server says, if it is something else
//! ```

use perpetua_testkit::Outcome;

/// A method, a request and the answers to its variations.
pub(crate) struct Entry {
    pub(crate) method: String,
    /// In the text format of protobuf.
    pub(crate) request: String,
    pub(crate) rows: Vec<Row>,
}

/// What is answered to a variation.
pub(crate) struct Row {
    pub(crate) variation: String,
    pub(crate) answer: String,
    /// What the real server answers, where that is something else.
    elsewhere: Option<String>,
}

impl Row {
    /// With the answer of one of the two; what was known of the other stays.
    pub(crate) fn new(variation: String, answer: String, known: Option<&Self>, is_real: bool) -> Self {
        let (ours, real) = match (known, is_real) {
            (Some(known), true) => (known.answer.clone(), answer),
            (Some(Self { elsewhere: Some(real), .. }), false) => (answer, real.clone()),
            // What is there alone was said by both; if it is not said any more, it is still what the real server says.
            (Some(known), false) if !known.answer.is_empty() => (answer, known.answer.clone()),
            (Some(_), false) => (answer.clone(), answer),
            (None, true) => (String::new(), answer),
            (None, false) => (answer.clone(), answer),
        };
        let elsewhere = (ours != real).then_some(real);
        Self { variation, answer: ours, elsewhere }
    }

    /// What the real server answers.
    pub(crate) fn real(&self) -> &str {
        self.elsewhere.as_deref().unwrap_or(&self.answer)
    }
}

/// Reads a file: the comment at its top, and what follows.
pub(crate) fn read(text: &str) -> Outcome<(String, Vec<Entry>)> {
    let mut head = String::new();
    let mut entries: Vec<Entry> = Vec::new();
    for line in text.lines().filter(|line| !line.is_empty()) {
        let wrong = || format!("this line belongs to nothing: {line}");
        if line.starts_with('#') {
            head += line;
            head.push('\n');
        } else if let Some(answer) = line.strip_prefix(">> ") {
            let row = entries.last_mut().and_then(|entry| entry.rows.last_mut()).ok_or_else(wrong)?;
            row.elsewhere = Some(answer.to_owned());
        } else if let Some(row) = line.strip_prefix("> ") {
            let (variation, answer) =
                row.split_once(": ").or(row.strip_suffix(':').map(|row| (row, ""))).ok_or_else(wrong)?;
            let (variation, answer) = (variation.to_owned(), answer.to_owned());
            entries.last_mut().ok_or_else(wrong)?.rows.push(Row { variation, answer, elsewhere: None });
        } else if line.starts_with(' ') {
            let request = &mut entries.last_mut().ok_or_else(wrong)?.request;
            *request += line;
            request.push('\n');
        } else {
            entries.push(Entry { method: line.to_owned(), request: String::new(), rows: Vec::new() });
        }
    }
    Ok((head, entries))
}

/// Writes a file.
pub(crate) fn write(head: &str, entries: &[Entry]) -> String {
    let mut text = head.to_owned();
    for Entry { method, request, rows } in entries {
        text += &format!("\n{method}\n{request}");
        for Row { variation, answer, elsewhere } in rows {
            let row = format!("> {variation}: {answer}");
            text += row.trim_end();
            text.push('\n');
            if let Some(real) = elsewhere {
                text += &format!(">> {real}\n");
            }
        }
    }
    text
}
