//! Text into HTML.

use std::fmt::Write;

/// Text as HTML content or attribute value.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            other => escaped.push(other),
        }
    }
    escaped
}

/// Text as HTML content; what stands between backticks becomes code.
pub(super) fn escape_quoted(text: &str) -> String {
    let parts = text.split('`').enumerate();
    parts
        .map(|(index, part)| if index % 2 == 1 { format!("<code>{}</code>", escape(part)) } else { escape(part) })
        .collect()
}

/// A table; `columns` are headings, a heading that starts with `#` (not shown) is one of numbers. The cells are HTML; the
/// first one of a row is its heading.
pub(super) fn table(caption: &str, columns: &[&str], rows: &[Vec<String>]) -> String {
    let class = |index: usize| if columns[index].starts_with('#') { " class=\"number\"" } else { "" };
    let heading = |(index, column): (usize, &&str)| {
        format!("<th scope=\"col\"{}>{}</th>", class(index), escape(column.trim_start_matches('#')))
    };
    let headings: Vec<String> = columns.iter().enumerate().map(heading).collect();
    let mut html = format!(
        "<div class=\"scroll\"><table><caption>{}</caption><thead><tr>{}</tr></thead>\n<tbody>\n",
        escape(caption),
        headings.concat()
    );
    for row in rows {
        // Where there is no room for columns, each cell stands below the other with its heading.
        let label = |index: usize| escape(columns[index].trim_start_matches('#'));
        let cell = |(index, cell): (usize, &String)| match index {
            0 => format!("<th scope=\"row\">{cell}</th>"),
            _ => format!("<td{} data-label=\"{}\">{cell}</td>", class(index), label(index)),
        };
        let cells: Vec<String> = row.iter().enumerate().map(cell).collect();
        writeln!(html, "<tr>{}</tr>", cells.concat()).expect("writing to a string does not fail");
    }
    html + "</tbody></table></div>\n"
}

/// A list of names and values; the values are HTML.
pub(super) fn facts(pairs: &[(&str, String)]) -> String {
    let items: Vec<String> =
        pairs.iter().map(|(name, value)| format!("<dt>{}</dt><dd>{value}</dd>\n", escape(name))).collect();
    format!("<dl class=\"facts\">\n{}</dl>\n", items.concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_stays_text() {
        assert_eq!(escape("<b a=\"1\" b='2'>&"), "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;");
        assert_eq!(escape_quoted("`a<b` failed"), "<code>a&lt;b</code> failed");
        let table = table("x<y", &["a", "#n"], &[vec!["one".to_owned(), "1".to_owned()]]);
        assert!(table.contains("x&lt;y") && table.contains("<td class=\"number\" data-label=\"n\">1</td>"), "{table}");
    }
}
