//! Text into HTML.

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
    let mut html = format!("<div class=\"scroll\"><table><caption>{}</caption><thead><tr>", escape(caption));
    for (index, column) in columns.iter().enumerate() {
        let name = escape(column.trim_start_matches('#'));
        html.push_str(&format!("<th scope=\"col\"{}>{name}</th>", class(index)));
    }
    html.push_str("</tr></thead>\n<tbody>\n");
    for row in rows {
        html.push_str("<tr>");
        for (index, cell) in row.iter().enumerate() {
            if index == 0 {
                html.push_str(&format!("<th scope=\"row\">{cell}</th>"));
            } else {
                html.push_str(&format!("<td{}>{cell}</td>", class(index)));
            }
        }
        html.push_str("</tr>\n");
    }
    html.push_str("</tbody></table></div>\n");
    html
}

/// A list of names and values; the values are HTML.
pub(super) fn facts(pairs: &[(&str, String)]) -> String {
    let items: String =
        pairs.iter().map(|(name, value)| format!("<dt>{}</dt><dd>{value}</dd>\n", escape(name))).collect();
    format!("<dl class=\"facts\">\n{items}</dl>\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_in_names_stays_text() {
        assert_eq!(escape("<b a=\"1\" b='2'>&"), "&lt;b a=&quot;1&quot; b=&#39;2&#39;&gt;&amp;");
        assert_eq!(escape_quoted("`a<b` failed"), "<code>a&lt;b</code> failed");
        let table = table("x<y", &["a", "#n"], &[vec!["one".to_owned(), "1".to_owned()]]);
        assert!(table.contains("x&lt;y") && table.contains("<td class=\"number\">1</td>"), "{table}");
    }
}
