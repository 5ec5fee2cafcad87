//! Aligned columns for people. Widths count characters, which is right for all that we print but a few scripts.

/// Lines of a table with a heading; the last column is not padded.
pub fn table(head: &[&str], rows: &[Vec<String>]) -> Vec<String> {
    let mut widths: Vec<usize> = head.iter().map(|cell| cell.chars().count()).collect();
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let head: Vec<String> = head.iter().map(|cell| (*cell).to_owned()).collect();
    std::iter::once(&head)
        .chain(rows)
        .map(|row| aligned(row, &widths))
        .collect()
}

fn aligned(row: &[String], widths: &[usize]) -> String {
    let cells: Vec<String> = row
        .iter()
        .zip(widths)
        .map(|(cell, width)| format!("{cell:<width$}"))
        .collect();
    cells.join("  ").trim_end().to_owned()
}

/// Text cut to so many characters.
pub fn cut(text: &str, most: usize) -> String {
    let text = super::one_line(text);
    if text.chars().count() <= most {
        return text;
    }
    let kept: String = text.chars().take(most.saturating_sub(1)).collect();
    format!("{kept}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_line_up() {
        let rows = [
            vec!["a".to_owned(), "longer".to_owned(), "x".to_owned()],
            vec!["äöü€".to_owned(), String::new(), "y".to_owned()],
        ];
        assert_eq!(
            table(&["ID", "NAME", "Z"], &rows),
            ["ID    NAME    Z", "a     longer  x", "äöü€          y"]
        );
        assert_eq!(cut("a\nlong\u{1b}[31m name", 12), "a long [31m…");
    }
}
